//! Couplings without what differs between scanners.

use std::fs;
use std::path::Path;

use boldface::{Result, Scan, TrainScans, serde_json};
use boldface_imaging::combat::{Combat, Harmonization, Origin};
use boldface_imaging::matrix::Matrix;

use super::norms::measured;

const FILE: &str = "harmonization.json";

/// ComBat of the couplings, fitted on training scans.
#[derive(Debug)]
pub(super) struct Harmonized {
    how: Harmonization,
    combat: Combat,
}

impl Harmonized {
    /// # Errors
    /// If a scan lacks a column, scans have other networks than the first, or they cannot be harmonised.
    pub(super) fn fit(how: &Harmonization, train: &TrainScans<'_>) -> Result<Harmonized> {
        let mut rows: Vec<Vec<f64>> = Vec::new();
        let mut origins: Vec<Origin> = Vec::new();
        for scan in train.iter() {
            let row: Vec<f64> =
                measured(scan)?.into_iter().map(|(_, coupling)| coupling.unwrap_or(f64::NAN)).collect();
            if rows.first().is_some_and(|first| first.len() != row.len()) {
                return Err(format!("`{}` has other networks than the scans before it", scan.info.id).into());
            }
            rows.push(row);
            origins.push(how.origin(&scan.info)?);
        }
        let columns = rows.first().map_or(0, Vec::len);
        let features = Matrix { rows: rows.len(), columns, values: rows.concat() };
        let combat =
            Combat::fit(&features, &origins, how).map_err(|error| format!("`harmonize`: {error}"))?;
        Ok(Harmonized { how: how.clone(), combat })
    }

    /// The couplings of one scan, harmonised; what is not available stays so.
    ///
    /// # Errors
    /// If the scan lacks a column, or is of a batch that no training scan is of.
    pub(super) fn apply(
        &self,
        scan: &Scan,
        couplings: Vec<(String, Option<f64>)>,
    ) -> Result<Vec<(String, Option<f64>)>> {
        let values = couplings.iter().map(|(_, coupling)| coupling.unwrap_or(f64::NAN)).collect();
        let features = Matrix { rows: 1, columns: couplings.len(), values };
        let harmonized = self.combat.apply(&features, &[self.how.origin(&scan.info)?]);
        let harmonized = harmonized.map_err(|error| format!("`harmonize`: {error}"))?;
        let own = |((feature, _), value): ((String, Option<f64>), f64)| {
            (feature, Some(value).filter(|value| value.is_finite()))
        };
        Ok(couplings.into_iter().zip(harmonized.values).map(own).collect())
    }

    /// # Errors
    /// If the file cannot be written.
    pub(super) fn save(&self, dir: &Path) -> Result<()> {
        let path = dir.join(FILE);
        let text = serde_json::to_string_pretty(&self.combat)?;
        fs::write(&path, text + "\n").map_err(|error| format!("`{}`: {error}", path.display()).into())
    }

    /// # Errors
    /// If there is no such file, or it says something else.
    pub(super) fn load(how: &Harmonization, dir: &Path) -> Result<Harmonized> {
        let path = dir.join(FILE);
        let named = |error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| named(&error))?;
        let combat = serde_json::from_str(&text).map_err(|error| named(&error))?;
        Ok(Harmonized { how: how.clone(), combat })
    }
}
