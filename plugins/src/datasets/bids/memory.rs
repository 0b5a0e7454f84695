//! Caches the files that a dataset found, for the calls that read its scans one by one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use boldface::{Result, ScanId};
use boldface_imaging::parcellation::Parcellation;
use boldface_imaging::recipe::WeightsCache;

use super::scan::FoundScan;

/// The last folder that was searched.
#[derive(Debug, Default)]
pub struct SearchCache(Mutex<Option<Arc<SearchedFolder>>>);

/// The result of searching a folder.
#[derive(Debug)]
pub struct SearchedFolder {
    root: PathBuf,
    /// Sorted by name.
    found: Vec<FoundScan>,
    /// The regions.
    pub parcellation: Parcellation,
    /// Weights that scans on the same grid share.
    pub weights: WeightsCache,
}

impl SearchedFolder {
    /// Returns the files of a scan.
    pub fn scan(&self, id: &ScanId) -> Option<&FoundScan> {
        // The search result does not depend on the dataset's name.
        let name = |id: &ScanId| ScanId { dataset: String::new(), ..id.clone() };
        let place = self.found.binary_search_by(|found| name(&found.id).cmp(&name(id)));
        place.ok().map(|place| &self.found[place])
    }
}

impl SearchCache {
    /// Stores a search result.
    pub fn keep(
        &self,
        root: &Path,
        found: Vec<FoundScan>,
        parcellation: Parcellation,
    ) -> Arc<SearchedFolder> {
        let known =
            SearchedFolder { root: root.to_owned(), found, parcellation, weights: WeightsCache::default() };
        let known = Arc::new(known);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        known
    }

    /// Returns the cached search of `root`, or the result of `look`.
    ///
    /// # Errors
    /// Same as `look`.
    pub fn get_or_search(
        &self,
        root: &Path,
        look: impl FnOnce() -> Result<(Vec<FoundScan>, Parcellation)>,
    ) -> Result<Arc<SearchedFolder>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match kept.filter(|kept| kept.root == root) {
            Some(known) => Ok(known),
            None => look().map(|(found, parcellation)| self.keep(root, found, parcellation)),
        }
    }
}
