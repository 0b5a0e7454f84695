//! What is typical: mean and spread of every coupling over the training scans.

use boldface::{Deserialize, Result, Scan, Serialize, TrainScans};
use boldface_features::fc;

use super::harmonized::Harmonized;
use super::pairs::{Pair, pairs};

/// What one coupling is like in the training scans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Norm {
    /// Such as `Default-Vis`.
    pub(super) feature: String,
    /// Mean over scans of the pair's mean Fisher z.
    pub(super) mean: Option<f64>,
    /// Standard deviation of the same, ddof 1; none if the scans do not differ.
    pub(super) sd: Option<f64>,
    /// How many scans had a value.
    pub(super) scans: usize,
}

/// A spread of Fisher z below this is rounding, not biology.
const LEAST_SD: f64 = 1e-9;

impl Norm {
    fn of(feature: String, values: &[f64]) -> Norm {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (squares / (n - 1.0)).sqrt();
        let scans = values.len();
        Norm {
            feature,
            mean: (scans > 0).then_some(mean),
            sd: (scans > 1 && sd > LEAST_SD).then_some(sd),
            scans,
        }
    }

    /// Standard deviations of `value` from the mean; none if there is no norm.
    pub(super) fn z(&self, value: f64) -> Option<f64> {
        Some((value - self.mean?) / self.sd?)
    }
}

/// Fits the norms of every pair of networks.
///
/// # Errors
/// If there is no scan, or scans have other regions than the first.
pub(super) fn fit(train: &TrainScans<'_>, harmonized: Option<&Harmonized>) -> Result<Vec<Norm>> {
    let first = train.iter().next().ok_or("there are no training scans to take norms from")?;
    let mut values: Vec<(String, Vec<f64>)> =
        pairs(&first.regions)?.into_iter().map(|pair| (pair.feature, Vec::new())).collect();
    for scan in train.iter() {
        if scan.regions != first.regions {
            return Err(format!("`{}` and `{}` have different regions", first.info.id, scan.info.id).into());
        }
        for ((_, values), (_, coupling)) in values.iter_mut().zip(couplings(scan, harmonized)?) {
            values.extend(coupling);
        }
    }
    Ok(values.into_iter().map(|(feature, values)| Norm::of(feature, &values)).collect())
}

/// The coupling of every pair of networks in one scan, as mean Fisher z, harmonised if that is asked for.
///
/// # Errors
/// If the region table does not fit the series, or the scan cannot be harmonised.
pub(super) fn couplings(scan: &Scan, harmonized: Option<&Harmonized>) -> Result<Vec<(String, Option<f64>)>> {
    let measured = measured(scan)?;
    match harmonized {
        Some(harmonized) => harmonized.apply(scan, measured),
        None => Ok(measured),
    }
}

/// The same as it is in the scan.
///
/// # Errors
/// If the region table does not fit the series.
pub(super) fn measured(scan: &Scan) -> Result<Vec<(String, Option<f64>)>> {
    if scan.series.rois() != scan.regions.networks.len() {
        let (id, rois, named) = (&scan.info.id, scan.series.rois(), scan.regions.networks.len());
        return Err(format!("`{id}` has {rois} regions, but its region table {named}").into());
    }
    let fc = fc(&scan.series);
    let value = |pair: Pair| {
        let coupling = pair.coupling(&fc);
        (pair.feature, coupling)
    };
    Ok(pairs(&scan.regions)?.into_iter().map(value).collect())
}
