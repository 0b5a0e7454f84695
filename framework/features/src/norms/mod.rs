//! What is typical: mean and spread of every feature over the training scans, and how far a scan is from them.

mod adjusted;
mod spread;

#[cfg(test)]
mod tests;

use boldface::{Deserialize, Result, ScanInfo, Serialize};

use crate::{Feature, Measured, Missing};
use adjusted::Covariates;
use spread::Norm;

/// What is typical of every feature, learned from training scans; nothing is ever taken from a scan that is compared.
///
/// Every *person* counts once: a scan of somebody with `n` scans has the weight `1 / n`, so the mean is the mean of the
/// people's own means. The SD is the root of the weighted squares over the people less one (less the number of columns
/// that are adjusted for, if there are any): with one scan a person, the SD with ddof 1. With several it is that of one
/// scan drawn of each person: what differs between people and what differs between scans of one, which is what a new
/// scan is to be compared with. What a scan lacks is left out of that feature alone.
///
/// With `adjust`, mean is what weighted least squares expects of a scan with its columns (`value = mean + slopes * coded
/// columns`), and the SD is that of what is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", try_from = "Form", into = "Form")]
pub struct Norms {
    covariates: Covariates,
    norms: Vec<Norm>,
}

/// How a scan lies to the norm of one feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Standard deviations from what is typical. Finite; where there is no value, the reason of the value.
    pub z: Result<f64, Missing>,
    /// How many training scans had a value.
    pub scans: usize,
    /// How many people those scans are of.
    pub people: usize,
}

/// Norms as they are written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
struct Form {
    version: u32,
    adjust: Covariates,
    norms: Vec<Norm>,
}

impl Norms {
    /// Version of the written form and of what its numbers mean.
    pub const VERSION: u32 = 1;

    /// Learns what is typical from `rows`, one a scan with the same features in the same order, adjusted for the columns
    /// `adjust` of the scans: numbers if every scan has a number, else categories of which every level gets its own mean.
    ///
    /// # Errors
    /// If there is no scan, scans have different features, or one has no value in a column; if a column is the same in
    /// every scan or follows from the others; if there are no more people than things to estimate.
    pub fn fit(rows: &[Vec<Measured>], scans: &[&ScanInfo], adjust: &[String]) -> Result<Norms> {
        if rows.len() != scans.len() {
            return Err(format!("{} scans were measured of {}", rows.len(), scans.len()).into());
        }
        let first = rows.first().ok_or("there are no training scans to take norms from")?;
        for (row, scan) in rows.iter().zip(scans) {
            if !row.iter().map(|one| &one.feature).eq(first.iter().map(|one| &one.feature)) {
                return Err(format!("`{}` and `{}` have different features", scans[0].id, scan.id).into());
            }
        }
        let covariates = Covariates::of(adjust, scans)?;
        let norms = spread::fit(rows, scans, &covariates)?;
        Ok(Norms { covariates, norms })
    }

    /// How far a scan is from what is typical, one a feature and in their order.
    ///
    /// # Errors
    /// If the features are not those of the norms; if the scan has no value in a column that is adjusted for, or one
    /// that training does not know.
    pub fn compare(&self, measured: &[Measured], scan: &ScanInfo) -> Result<Vec<Compared>> {
        let features = measured.iter().map(|one| &one.feature);
        if !features.eq(self.features()) {
            let error = format!("`{}` has other features than the scans that the norms rest on", scan.id);
            return Err(error.into());
        }
        let coded = self.covariates.code(scan)?;
        let compared = |(one, norm): (&Measured, &Norm)| Compared {
            z: one.value.and_then(|value| norm.z(value, &coded)),
            scans: norm.scans,
            people: norm.people,
        };
        Ok(measured.iter().zip(&self.norms).map(compared).collect())
    }

    /// The features, in order.
    pub fn features(&self) -> impl ExactSizeIterator<Item = &Feature> {
        self.norms.iter().map(|norm| &norm.feature)
    }

    /// The columns that are adjusted for, as they were asked for.
    pub fn adjusted(&self) -> impl Iterator<Item = &str> {
        self.covariates.columns()
    }

    /// A number that changes with any number, name or level in the norms; the same on every machine.
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
