//! Measured values: a feature with its number, or with the reason why it has none.

use std::fmt;

use boldface::{Deserialize, Serialize};
use thiserror::Error;

/// A property of a scan: a measure, and the networks, components or gradients it is about.
///
/// Displayed as `measure`, `measure.a` or `measure.a-b`, which is its name in facts and tables.
///
/// ```
/// use boldface_features::Feature;
/// assert_eq!(Feature::new("modularity", &[]).to_string(), "modularity");
/// assert_eq!(Feature::new("coupling", &["Default", "Vis"]).to_string(), "coupling.Default-Vis");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub struct Feature {
    /// Name of the measure in kebab case, such as `coupling`.
    pub measure: String,
    /// Networks, components or gradients, such as `Default` and `Vis`; empty for a measure of the whole
    /// scan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
}

impl Feature {
    /// Creates the feature `measure` of `of`.
    pub fn new(measure: &str, of: &[&str]) -> Feature {
        Feature { measure: measure.to_owned(), of: of.iter().map(|&of| of.to_owned()).collect() }
    }

    /// Combines the feature with its value. A number that is not finite becomes [`Missing::Undefined`].
    pub fn is(self, value: Result<f64, Missing>) -> Measurement {
        let value =
            value.and_then(|value| if value.is_finite() { Ok(value) } else { Err(Missing::Undefined) });
        Measurement { feature: self, value }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.measure)?;
        if self.of.is_empty() { Ok(()) } else { write!(f, ".{}", self.of.join("-")) }
    }
}

/// A finite number measured on a scan, or the reason why it is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Measured feature.
    pub feature: Feature,
    /// Value in the unit of the measure.
    pub value: Result<f64, Missing>,
}

/// Reason why a value is missing. The reasons are few and fixed, so that a report can count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Error)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case")]
pub enum Missing {
    /// Regions are constant over time, or NaN.
    #[error("too many regions have no signal")]
    Dead,
    /// There are not enough volumes to compute it.
    #[error("the scan has too few volumes")]
    Short,
    /// The measure needs two regions in the network.
    #[error("the network has one region")]
    Alone,
    /// Some regions cannot be reached from others, and the measure needs a connected graph.
    #[error("the graph is in pieces")]
    Pieces,
    /// The graph has no edges, or none where the measure needs them.
    #[error("the graph has no edges")]
    NoEdges,
    /// The TR is too long to see the frequencies of the measure.
    #[error("the TR is too long for its frequencies")]
    SlowTr,
    /// The series was filtered: only rounding noise is left at some frequencies of the measure.
    #[error("a filter has taken out some of its frequencies")]
    Filtered,
    /// An iteration did not converge.
    #[error("the computation did not converge")]
    Unsettled,
    /// The scan has no value in a column of the tables.
    #[error("the tables have no value")]
    NoValue,
    /// The value is not defined, such as 0 / 0.
    #[error("it is not defined for this scan")]
    Undefined,
    /// Norms: all training scans have the same value, or fewer than two people have one.
    #[error("it does not vary in training")]
    NoSpread,
}

impl Missing {
    /// Returns every reason.
    pub fn all() -> impl Iterator<Item = Missing> {
        std::iter::successors(Some(Missing::Dead), |missing| missing.next())
    }

    /// Returns the next reason of a chain through all of them, so that a new one does not compile
    /// without a place.
    fn next(self) -> Option<Missing> {
        match self {
            Missing::Dead => Some(Missing::Short),
            Missing::Short => Some(Missing::Alone),
            Missing::Alone => Some(Missing::Pieces),
            Missing::Pieces => Some(Missing::NoEdges),
            Missing::NoEdges => Some(Missing::SlowTr),
            Missing::SlowTr => Some(Missing::Filtered),
            Missing::Filtered => Some(Missing::Unsettled),
            Missing::Unsettled => Some(Missing::NoValue),
            Missing::NoValue => Some(Missing::Undefined),
            Missing::Undefined => Some(Missing::NoSpread),
            Missing::NoSpread => None,
        }
    }
}
