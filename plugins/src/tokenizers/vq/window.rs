//! Measurements of a training since the last row of the metric table.

use std::collections::BTreeMap;

use boldface::Metric;
use serde::{Deserialize, Serialize};

use crate::tokenizers::usage::Usage;

/// Measurements since the last row of the metric table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricWindow {
    sums: BTreeMap<String, Sum>,
    pub(super) codes: Vec<u32>,
}

/// A sum and the number of its terms.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sum {
    #[serde(with = "bits")]
    sum: f64,
    count: u64,
}

/// Serialises a number as its bits, because JSON has no infinity.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value.to_bits())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

impl MetricWindow {
    /// Adds a measurement of one step.
    pub(super) fn add(&mut self, name: &str, value: f64) {
        let sum = self.sums.entry(name.to_owned()).or_default();
        sum.sum += value;
        sum.count += 1;
    }

    /// Returns the means over the window, and the use of the codebook in it.
    pub(super) fn metrics(self, codebook_size: usize) -> Vec<Metric> {
        let metric = |(name, Sum { sum, count }): (String, Sum)| {
            let mean = sum / count as f64;
            // The encoder and the classifier pull the domain loss in opposite directions.
            let has_direction = !matches!(&*name, "domain" | "gradient_norm");
            if has_direction { Metric::lower_is_better(name, mean) } else { Metric::neutral(name, mean) }
        };
        let usage = (!self.codes.is_empty()).then(|| Usage::count(self.codes, codebook_size).metrics());
        self.sums.into_iter().map(metric).chain(usage.into_iter().flatten()).collect()
    }
}
