//! Hashes of the data that an experiment reads, found when it is resolved.

use std::collections::{BTreeMap, BTreeSet};

use boldface::Part;

/// What stands in the keys for files: their content, whatever their paths.
#[derive(Clone, Debug, Default)]
pub struct DataContent {
    /// Hash of each dataset's files, by name.
    pub datasets: BTreeMap<String, String>,
    /// Hash of the file of general text.
    pub text: Option<String>,
    /// Hash of the backbone's published weights, if it reads any.
    pub weights: Option<String>,
    /// The part of every person, if a file or an export defines the split.
    pub split: Option<BTreeMap<String, Part>>,
    /// Names of the only scans to use, for a dry try. `None` for a whole experiment.
    pub limit: Option<BTreeSet<String>>,
}
