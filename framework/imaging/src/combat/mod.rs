//! ComBat: removes differences between scanners from features, and keeps the effect of chosen columns.
//!
//! No crate implements it; the tests compare with neuroCombat and neuroHarmonize. Features are
//! harmonised rather than series: series are standardised over their window, which already removes a
//! site's mean and spread.

mod config;
mod covariates;
mod design;
mod posterior;

#[cfg(test)]
mod tests;

use boldface::{Deserialize, Result, Serialize};
use rayon::prelude::*;

pub use config::{BatchMembership, Harmonization, HarmonizationKind};
use covariates::PreservedCovariates;
use design::{BatchDesign, Moments};

use crate::matrix::Matrix;

/// A fitted ComBat with parametric empirical Bayes (Johnson et al. 2007; Fortin et al. 2018).
///
/// A feature is modelled as `mean + slopes of the covariates + shift and scale of the batch`. Mean,
/// slopes and spread are least-squares estimates over the fitted scans. Shifts and scales of a batch are
/// shrunk towards those of the batch's other features. Applying it learns nothing from the new scans,
/// but their batches must be known. Results equal those of neuroCombat 0.2.12.
///
/// Beyond neuroCombat, a missing value (NaN) is left out of the fit of its feature and stays missing. A
/// feature that is equal in all scans stays as it is. A feature that cannot be fitted (fewer than two
/// values in a batch, or no spread within the batches) becomes missing in all scans, because its raw
/// values would reveal the batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub struct Combat {
    version: u32,
    /// Names of the batches, sorted.
    batches: Vec<String>,
    /// Number of fitted scans in each batch.
    scans: Vec<usize>,
    covariates: PreservedCovariates,
    features: Vec<Feature>,
}

/// Version of the format and of the meaning of its numbers.
const VERSION: u32 = 1;

/// The estimates of one feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case", deny_unknown_fields)]
enum Feature {
    Fitted {
        /// Mean over the batches, weighted by their scans, at the mean of the covariates.
        mean: f64,
        /// Root of the mean squared residual.
        sd: f64,
        /// Slope of each coded covariate.
        slopes: Vec<f64>,
        /// Shift of each batch, in units of `sd`.
        shifts: Vec<f64>,
        /// Scale of each batch: the root of its variance, in units of `sd`.
        scales: Vec<f64>,
    },
    /// Equal in all scans, and left unchanged.
    Constant,
    /// Could not be fitted, and becomes missing.
    Missing,
}

impl Combat {
    /// Fits to `features`, scans x features. `origins` has one entry per scan.
    ///
    /// # Errors
    /// If a batch has one scan, there are fewer than two batches or features, a covariate is redundant
    /// given the batches and the covariates before it, or there are too few scans for the number of
    /// estimates.
    pub fn fit(features: &Matrix, origins: &[BatchMembership], how: &Harmonization) -> Result<Combat> {
        check_rows(features, origins)?;
        let mut batches: Vec<String> = origins.iter().map(|origin| origin.batch.clone()).collect();
        batches.sort_unstable();
        batches.dedup();
        let place =
            |origin: &BatchMembership| batches.binary_search(&origin.batch).expect("every batch is listed");
        let batch: Vec<usize> = origins.iter().map(place).collect();
        let scans: Vec<usize> =
            (0..batches.len()).map(|one| batch.iter().filter(|&&other| other == one).count()).collect();
        if let Some(alone) = scans.iter().position(|&scans| scans < 2) {
            return Err(format!(
                "`{}` is `{}` in only one training scan, but a batch needs two; leave that scan \
                 out, or join batches in another column",
                how.batch, batches[alone]
            )
            .into());
        }
        if batches.len() < 2 {
            let only = batches.first().map_or("missing", String::as_str);
            return Err(format!(
                "`{}` is `{only}` in every training scan: there is nothing to harmonise",
                how.batch
            )
            .into());
        }
        let covariates = PreservedCovariates::learn(&how.preserve, origins)?;
        let coded = origins.iter().map(|origin| covariates.code(origin)).collect::<Result<Vec<_>>>()?;
        let design = BatchDesign::new(&batch, &scans, &coded, &covariates.names(), &how.batch)?;
        let columns = 0..features.columns;
        let moments: Vec<Option<Moments>> = columns
            .into_par_iter()
            .map(|feature| design.moments(&features.column(feature).collect::<Vec<f64>>()))
            .collect();
        let fitted: Vec<&Moments> =
            moments.iter().flatten().filter(|moments| moments.spread.is_finite()).collect();
        if fitted.len() < 2 {
            return Err(
                "ComBat shrinks each feature towards the others of its batch, so it needs two or more \
                        that vary within the batches"
                    .into(),
            );
        }
        let posteriors: Vec<Vec<(f64, f64)>> =
            (0..batches.len()).into_par_iter().map(|batch| posterior::estimate(&fitted, batch)).collect();
        let mut next = 0;
        let feature = |moments: &Option<Moments>| match moments {
            None => Feature::Constant,
            Some(moments) if !moments.spread.is_finite() => Feature::Missing,
            Some(moments) => {
                let own: Vec<(f64, f64)> = posteriors.iter().map(|batch| batch[next]).collect();
                next += 1;
                Feature::Fitted {
                    mean: moments.mean,
                    sd: moments.spread,
                    slopes: moments.slopes.clone(),
                    shifts: own.iter().map(|(shift, _)| *shift).collect(),
                    scales: own.iter().map(|(_, variance)| variance.sqrt()).collect(),
                }
            }
        };
        let features = moments.iter().map(feature).collect();
        Ok(Combat { version: VERSION, batches, scans, covariates, features })
    }

    /// Harmonises `features`, scans x features. `origins` has one entry per scan.
    ///
    /// # Errors
    /// If the number of features differs from the fit, a batch or category is unknown, or another
    /// version wrote the estimates.
    pub fn apply(&self, features: &Matrix, origins: &[BatchMembership]) -> Result<Matrix> {
        check_rows(features, origins)?;
        if self.version != VERSION {
            return Err(format!("the harmonisation has version {}, expected {VERSION}", self.version).into());
        }
        if features.columns != self.features.len() {
            let (fitted, found) = (self.features.len(), features.columns);
            return Err(
                format!("the harmonisation was fitted on {fitted} features, there are {found}").into()
            );
        }
        let mut values = features.values.clone();
        for (row, origin) in values.chunks_exact_mut(features.columns.max(1)).zip(origins) {
            let batch = self.batches.binary_search(&origin.batch).map_err(|_| {
                let known: Vec<String> = self.batches.iter().map(|batch| format!("`{batch}`")).collect();
                format!(
                    "no training scan is from batch `{}`, so its effect is unknown; the training scans have {}",
                    origin.batch,
                    known.join(", ")
                )
            })?;
            let coded = self.covariates.code(origin)?;
            for (value, feature) in row.iter_mut().zip(&self.features) {
                *value = feature.harmonised(*value, batch, &coded);
            }
        }
        Ok(Matrix { rows: features.rows, columns: features.columns, values })
    }

    /// Returns the known batches, sorted, each with its number of fitted scans.
    pub fn batches(&self) -> impl Iterator<Item = (&str, usize)> {
        self.batches.iter().map(String::as_str).zip(self.scans.iter().copied())
    }

    /// Number of features that can be harmonised.
    pub fn fitted(&self) -> usize {
        self.features.iter().filter(|feature| matches!(feature, Feature::Fitted { .. })).count()
    }
}

impl Feature {
    fn harmonised(&self, value: f64, batch: usize, coded: &[f64]) -> f64 {
        match self {
            Feature::Constant => value,
            Feature::Missing => f64::NAN,
            Feature::Fitted { mean, sd, slopes, shifts, scales } => {
                let kept = mean + slopes.iter().zip(coded).map(|(slope, x)| slope * x).sum::<f64>();
                let z = (value - kept) / sd;
                (z - shifts[batch]) / scales[batch] * sd + kept
            }
        }
    }
}

fn check_rows(features: &Matrix, origins: &[BatchMembership]) -> Result<()> {
    if features.rows == origins.len() {
        return Ok(());
    }
    Err(format!("there are {} scans and batches of {}", features.rows, origins.len()).into())
}
