//! Reads the values of the data before a run.

use boldface::{Problem, Result};

use super::Plan;
use crate::stages::{Configs, DatasetPreview, SeriesPreview};

impl Plan {
    /// Reads the scans and returns what the run would refuse of them, and a line per dataset about what was
    /// read. `tell` receives progress messages.
    ///
    /// # Errors
    /// If a cohort cannot be read any more.
    pub fn check_values(&self, tell: fn(&str)) -> Result<(Vec<Problem>, Vec<String>)> {
        let preview = SeriesPreview::read(&Configs::new(self), tell)?;
        let line = |dataset: &DatasetPreview| {
            let (name, scans, read) = (&dataset.name, dataset.scans, dataset.read);
            match scans - read {
                0 => format!("values of all {scans} scans of `{name}` read"),
                rest => format!(
                    "values of {read} of {scans} scans of `{name}` read; the other {rest} are read when the run begins, \
                     because the files are {:.1} GB",
                    dataset.bytes as f64 / 1e9
                ),
            }
        };
        Ok((preview.problems, preview.datasets.iter().map(line).collect()))
    }
}
