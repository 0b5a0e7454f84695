//! Harmonises features across scanners by ComBat, fitted on training scans and applied to all.
//!
//! It applies to features and not to series: standardising a series over its window already removes a
//! site's mean and scale.

use std::collections::BTreeSet;

use boldface::{Result, ScanId};
use boldface_imaging::combat::{BatchMembership, Combat, Harmonization};
use boldface_imaging::matrix::Matrix;

use super::StageContext;
use super::linear::Featured;

/// File of the model fitted on correlations, in the stage's artefact.
pub const FILE: &str = "harmonization.json";

/// Fits ComBat on `train` only and applies it to the features of `train` and `asked`. Saves the model
/// as `file`, and the list of scans it was fitted on.
///
/// # Errors
/// If a scan lacks one of the columns, the training scans cannot be harmonised, or a scan in `asked`
/// belongs to a batch without training scans.
pub fn harmonize<C>(
    work: &StageContext<'_, C>,
    how: &Harmonization,
    file: &str,
    train: &mut [Featured<'_>],
    asked: &mut [Featured<'_>],
) -> Result<Combat> {
    if train.is_empty() {
        return Err("there is no training scan to fit it on".into());
    }
    let combat = Combat::fit(&matrix(train), &origins(train, how)?, how)?;
    let fitted_on: BTreeSet<&ScanId> = train.iter().map(|(case, _)| &case.scan.info.id).collect();
    work.fitted_on(fitted_on)?;
    work.write_json(file, &combat)?;
    apply(&combat, how, train)?;
    apply(&combat, how, asked)?;
    Ok(combat)
}

fn apply(combat: &Combat, how: &Harmonization, scans: &mut [Featured<'_>]) -> Result<()> {
    let harmonized = combat.apply(&matrix(scans), &origins(scans, how)?)?;
    for (place, (_, features)) in scans.iter_mut().enumerate() {
        features.iter_mut().zip(harmonized.row(place)).for_each(|(feature, &value)| *feature = value as f32);
    }
    Ok(())
}

fn origins(scans: &[Featured<'_>], how: &Harmonization) -> Result<Vec<BatchMembership>> {
    scans.iter().map(|(case, _)| how.origin(&case.scan.info)).collect()
}

/// Returns the features as a scans by features matrix.
fn matrix(scans: &[Featured<'_>]) -> Matrix {
    let columns = scans.first().map_or(0, |(_, features)| features.len());
    let values = scans.iter().flat_map(|(_, features)| features.iter().map(|&value| f64::from(value)));
    Matrix { rows: scans.len(), columns, values: values.collect() }
}
