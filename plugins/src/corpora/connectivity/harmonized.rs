//! Couplings without differences between scanners.
//!
//! The series themselves are not harmonised: they are standardised over their window, which already
//! removes a site's mean and spread. A scan from a site without training scans is refused.

use boldface::{Result, ScanInfo};
use boldface_features::{Measurement, Missing};
use boldface_imaging::combat::{BatchMembership, Combat, Harmonization};
use boldface_imaging::matrix::Matrix;

/// Fits ComBat to the couplings of training scans.
///
/// # Errors
/// If a scan lacks a column, or the couplings cannot be harmonised.
pub(super) fn fit(how: &Harmonization, rows: &[Vec<Measurement>], scans: &[&ScanInfo]) -> Result<Combat> {
    let origins = scans.iter().map(|scan| how.origin(scan)).collect::<Result<Vec<BatchMembership>>>()?;
    let columns = rows.first().map_or(0, Vec::len);
    let values = rows.iter().flat_map(|row| numbers(row)).collect();
    let features = Matrix { rows: rows.len(), columns, values };
    Combat::fit(&features, &origins, how).map_err(|error| format!("`harmonize`: {error}").into())
}

/// Harmonises the couplings of one scan; missing ones stay missing.
///
/// # Errors
/// If the scan lacks a column, or no training scan has its batch.
pub(super) fn apply(
    how: &Harmonization,
    combat: &Combat,
    row: Vec<Measurement>,
    scan: &ScanInfo,
) -> Result<Vec<Measurement>> {
    let features = Matrix { rows: 1, columns: row.len(), values: numbers(&row).collect() };
    let harmonized = combat.apply(&features, &[how.origin(scan)?]);
    let harmonized = harmonized.map_err(|error| format!("`harmonize`: {error}"))?;
    let own = |(measured, value): (Measurement, f64)| {
        // A coupling that could not be fitted is missing everywhere: unharmonised, it would give the
        // batch away.
        let harmonized = if value.is_finite() { Ok(value) } else { Err(Missing::Undefined) };
        measured.feature.is(measured.value.and(harmonized))
    };
    Ok(row.into_iter().zip(harmonized.values).map(own).collect())
}

fn numbers(row: &[Measurement]) -> impl Iterator<Item = f64> {
    row.iter().map(|one| one.value.unwrap_or(f64::NAN))
}
