//! Features of the connectivity baselines: connectivity of the questions' windows, in three forms.

use std::collections::BTreeMap;

use boldface::{Result, ScanId, TimeSeries, Window};
use boldface_features::{Tangent, flattened};
use rayon::prelude::*;

use super::super::cases::QuestionCase;
use super::fc_logistic;
use crate::inputs::CohortSignals;

/// A form of connectivity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectivityForm {
    /// Fisher's z of each correlation.
    Correlation,
    /// The correlation matrix to the power [`POWER`].
    Flat,
    /// The shrunk covariance relative to the training scans' geometric mean. A region without a signal
    /// counts as uncorrelated there, and its cells as the mean.
    Tangent,
}

impl ConnectivityForm {
    /// Every form with the prefix of its models' names.
    pub const ALL: [(ConnectivityForm, &str); 3] = [
        (ConnectivityForm::Correlation, "fc"),
        (ConnectivityForm::Flat, "fc-flat"),
        (ConnectivityForm::Tangent, "tangent"),
    ];
}

/// Eigenvalues of the correlation matrix are raised to this power, so that small ones weigh almost as
/// much. Few volumes leave most at 0, and those are left out.
const POWER: f64 = 0.35;

/// Most regions for a tangent space. Each scan is decomposed several times, in time that grows with the
/// cube.
pub const MOST_ROIS: usize = 400;

/// A window of a scan.
type Place = (ScanId, Window);

/// Returns the features of each case, of which the first `train` are training cases. NaN where they are
/// undefined. `None` if the form is too costly for so many regions.
pub fn features(
    form: ConnectivityForm,
    signals: &CohortSignals,
    cases: &[&QuestionCase<'_>],
    train: usize,
) -> Result<Option<Vec<Vec<f32>>>> {
    // Questions about one window share its features.
    let mut places: BTreeMap<Place, bool> = BTreeMap::new();
    for (place, case) in cases.iter().enumerate() {
        let of = (case.scan.info.id.clone(), case.example.window);
        *places.entry(of).or_default() |= place < train;
    }
    let windows: Vec<TimeSeries> = places
        .par_iter()
        .map(|((id, window), _)| signals.series_of(id)?.window(*window))
        .collect::<Result<_>>()?;
    let rois = windows.first().map_or(0, TimeSeries::rois);
    let found: Vec<Vec<f32>> = match form {
        // Correlations do not depend on the window's standardisation.
        ConnectivityForm::Correlation => windows.par_iter().map(fc_logistic::features).collect(),
        ConnectivityForm::Flat => {
            let missing = vec![f32::NAN; rois * rois.saturating_sub(1) / 2];
            let of = |series| flattened(series, POWER).map_or_else(|_| missing.clone(), narrow);
            windows.par_iter().map(of).collect()
        }
        ConnectivityForm::Tangent if rois > MOST_ROIS => return Ok(None),
        ConnectivityForm::Tangent => {
            let missing = vec![f32::NAN; rois * (rois + 1) / 2];
            let is_known = places.values();
            let known = windows.iter().zip(is_known).filter(|(_, is_known)| **is_known);
            let known: Vec<TimeSeries> = known.map(|(series, _)| series.clone()).collect();
            let tangent = Tangent::fit(&known).ok();
            let of = |series| {
                let cells = tangent.as_ref().and_then(|tangent| tangent.embed(series).ok());
                cells.map_or_else(|| missing.clone(), narrow)
            };
            windows.par_iter().map(of).collect()
        }
    };
    let by: BTreeMap<&Place, &Vec<f32>> = places.keys().zip(&found).collect();
    let of_case = |case: &&QuestionCase<'_>| by[&(case.scan.info.id.clone(), case.example.window)].clone();
    Ok(Some(cases.iter().map(of_case).collect()))
}

fn narrow(cells: Vec<f64>) -> Vec<f32> {
    cells.into_iter().map(|cell| cell as f32).collect()
}
