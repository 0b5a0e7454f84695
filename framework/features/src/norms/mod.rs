//! Norms: mean and spread of every feature over the training scans, and z-scores of scans against them.

mod adjusted;
mod spread;

#[cfg(test)]
mod tests;

use boldface::{Deserialize, Result, ScanInfo, Serialize};

use crate::{Feature, Measurement, Missing};
use adjusted::NormCovariates;
use spread::Norm;

/// Mean and spread of every feature, learned from training scans alone.
///
/// Every *person* counts once: each scan of a person with `n` scans has the weight `1 / n`, so the mean
/// is the mean of the people's own means. The SD is the root of the weighted squares over the number of
/// people minus one and minus the number of coded columns. With one scan per person it is the SD with
/// ddof 1. With several it is the SD of one scan drawn per person, which contains the differences
/// between people and those between scans of one person: a new scan has both. The SD is slightly too
/// large if scans of one person differ much. A missing value leaves the scan out of that feature only.
///
/// With `adjust`, the mean is the prediction of weighted least squares for a scan's columns (`value =
/// mean + slopes * coded columns`), and the SD is that of the residuals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", try_from = "Form", into = "Form")]
pub struct Norms {
    covariates: NormCovariates,
    norms: Vec<Norm>,
}

/// A scan's value compared with the norm of one feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Standard deviations from the norm's mean. Finite; a missing value keeps its reason.
    pub z: Result<f64, Missing>,
    /// Number of training scans with a value.
    pub scans: usize,
    /// Number of people with those scans.
    pub people: usize,
}

/// Written form of the norms.
#[derive(Clone, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
struct Form {
    version: u32,
    adjust: NormCovariates,
    norms: Vec<Norm>,
}

impl Norms {
    /// Version of the written form and of the meaning of its numbers.
    pub const VERSION: u32 = 1;

    /// Fits norms to `rows`, one per scan, all with the same features in the same order. Norms are
    /// adjusted for the columns `adjust` of the scans. A column is numeric if every scan has a number;
    /// otherwise each of its levels gets its own mean.
    ///
    /// # Errors
    /// If there is no scan, scans have different features, or one has no value in a column; if a column
    /// is the same in every scan or follows from the others; if there are no more people than
    /// parameters.
    pub fn fit(rows: &[Vec<Measurement>], scans: &[&ScanInfo], adjust: &[String]) -> Result<Norms> {
        if rows.len() != scans.len() {
            return Err(format!("{} scans were measured of {}", rows.len(), scans.len()).into());
        }
        let first = rows.first().ok_or("there are no training scans to take norms from")?;
        for (row, scan) in rows.iter().zip(scans) {
            if !row.iter().map(|one| &one.feature).eq(first.iter().map(|one| &one.feature)) {
                return Err(format!("`{}` and `{}` have different features", scans[0].id, scan.id).into());
            }
        }
        let covariates = NormCovariates::learn(adjust, scans)?;
        let norms = spread::fit(rows, scans, &covariates)?;
        Ok(Norms { covariates, norms })
    }

    /// Compares a scan with the norms, feature by feature in order.
    ///
    /// # Errors
    /// If the features are not those of the norms; if the scan has no value in a column that is adjusted
    /// for, or one that does not occur in training.
    pub fn compare(&self, measured: &[Measurement], scan: &ScanInfo) -> Result<Vec<Compared>> {
        let features = measured.iter().map(|one| &one.feature);
        if !features.eq(self.features()) {
            let error = format!("`{}` has other features than the scans that the norms rest on", scan.id);
            return Err(error.into());
        }
        let coded = self.covariates.code(scan)?;
        let compared = |(one, norm): (&Measurement, &Norm)| Compared {
            z: one.value.and_then(|value| norm.z(value, &coded)),
            scans: norm.scans,
            people: norm.people,
        };
        Ok(measured.iter().zip(&self.norms).map(compared).collect())
    }

    /// Returns the features, in order.
    pub fn features(&self) -> impl ExactSizeIterator<Item = &Feature> {
        self.norms.iter().map(|norm| &norm.feature)
    }

    /// Returns the columns that are adjusted for, in the requested order.
    pub fn adjusted(&self) -> impl Iterator<Item = &str> {
        self.covariates.columns()
    }

    /// Returns a hash that changes with any number, name or level in the norms, and is the same on every
    /// machine.
    pub fn fingerprint(&self) -> u64 {
        let text = boldface::serde_json::to_vec(self).expect("norms are made of finite numbers and names");
        // FNV-1a, 64 bits.
        text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

impl From<Norms> for Form {
    fn from(Norms { covariates, norms }: Norms) -> Form {
        Form { version: Norms::VERSION, adjust: covariates, norms }
    }
}

impl TryFrom<Form> for Norms {
    type Error = String;

    fn try_from(Form { version, adjust, norms }: Form) -> Result<Norms, String> {
        if version != Norms::VERSION {
            return Err(format!("has version {version}, expected {}", Norms::VERSION));
        }
        let width = adjust.check()?;
        norms.iter().try_for_each(|norm| norm.check(width))?;
        Ok(Norms { covariates: adjust, norms })
    }
}
