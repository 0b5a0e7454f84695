//! Cohorts of the datasets, read from their tables and headers once for any number of specs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use boldface::{Backbone, Cohort, Dataset, Problem, ScanInfo, guard};
use serde_json::{Value, json};

use super::content::{FileHashes, Hasher};
use super::hashes::Hashes;
use super::unchanged::HashedFiles;
use super::{PlannedPlugin, leak, nuisances};
use crate::spec::Experiment;
use crate::store::export::{Export, Refused};
use crate::store::{canonical_json, excluded};
use crate::study::counted;

/// Cohorts and file hashes, keyed by plugin, library, config and folder. Everything that depends on the
/// data alone is computed once and shared by all arms of a sweep (1,000 arms resolve in 0.6 s). The
/// files must not change during its lifetime.
#[derive(Debug)]
pub struct DataCache {
    hashes: Hashes,
    hashed: Arc<HashedFiles>,
    tell: fn(&str),
    datasets: KeyedCache<Found>,
    unions: KeyedCache<Vec<ScanInfo>>,
    contents: KeyedCache<Result<FileHashes, String>>,
    problems: KeyedCache<Vec<Problem>>,
    nuisances: KeyedCache<Filled>,
    /// Exports whose files were compared with their hashes.
    pub(super) exports: KeyedCache<Result<Arc<Export>, Refused>>,
    /// Results of the leakage lint.
    pub(super) leaks: leak::LeakCheckCache,
}

/// The nuisances and groups of a spec, with defaults filled in.
type Filled = (BTreeMap<String, String>, Option<Vec<String>>);

/// The cohorts of all readable datasets, in order, and their scans.
pub(super) struct Cohorts {
    /// One cohort per dataset.
    pub each: Vec<Arc<Cohort>>,
    /// The scans of all of them.
    pub scans: Arc<Vec<ScanInfo>>,
    /// Identifies the datasets and settings they were read with.
    id: String,
}

/// A dataset's cohort, or its problems.
#[derive(Debug)]
struct Found {
    cohort: Option<Arc<Cohort>>,
    problems: Vec<Problem>,
}

impl Default for DataCache {
    fn default() -> DataCache {
        DataCache::telling(|_| {})
    }
}

impl DataCache {
    /// Returns an empty cache. `tell` receives progress messages while files are hashed.
    pub fn telling(tell: fn(&str)) -> DataCache {
        DataCache {
            hashes: Hashes::default(),
            hashed: Arc::default(),
            tell,
            datasets: KeyedCache::default(),
            unions: KeyedCache::default(),
            contents: KeyedCache::default(),
            problems: KeyedCache::default(),
            nuisances: KeyedCache::default(),
            exports: KeyedCache::default(),
            leaks: leak::LeakCheckCache::default(),
        }
    }

    /// Stores file hashes in the folder `runs`.
    pub(super) fn remember_in(&self, runs: &Path) {
        self.hashes.lie_in(runs);
    }

    /// Returns the files hashed so far.
    pub(super) fn hashed_files(&self) -> Arc<HashedFiles> {
        Arc::clone(&self.hashed)
    }

    fn hasher(&self) -> Hasher<'_> {
        Hasher { known: &self.hashes, hashed: &self.hashed, tell: self.tell }
    }

    /// Returns the cohorts of all datasets. Problems have full keys.
    pub(super) fn cohorts(
        &self,
        datasets: &[PlannedPlugin<dyn Dataset>],
        experiment: &Experiment,
        problems: &mut Vec<Problem>,
    ) -> Cohorts {
        let (mut each, mut ids) = (Vec::new(), String::new());
        for dataset in datasets {
            let key = format!("datasets.{}", dataset.name);
            // The settings that [`counted`] depends on.
            let by = (experiment.split.unit, experiment.signal.start);
            let id = format!("{} {by:?}\n", id(dataset));
            let found = self.datasets.get(&id, || look(dataset, experiment));
            problems.extend(found.problems.iter().map(|problem| problem.clone().below(&key)));
            if let Some(cohort) = &found.cohort {
                each.push(Arc::clone(cohort));
                ids += &id;
            }
        }
        let union = || each.iter().flat_map(|cohort| cohort.scans.iter().cloned()).collect();
        Cohorts { scans: self.unions.get(&ids, union), each, id: ids }
    }

    /// Returns the problems that depend only on the scans and on `by`. They are searched for once.
    pub(super) fn problems(
        &self,
        question: &str,
        by: &Value,
        cohorts: &Cohorts,
        find: impl FnOnce(&mut Vec<Problem>),
    ) -> Arc<Vec<Problem>> {
        let key = format!("{question} {} {}", canonical_json(by), cohorts.id);
        self.problems.get(&key, || {
            let mut found = Vec::new();
            find(&mut found);
            found
        })
    }

    /// Fills in the spec's nuisances and groups from the scans.
    pub(super) fn fill_nuisances(&self, experiment: &mut Experiment, cohorts: &Cohorts) {
        let by = json!([experiment.nuisances, experiment.evaluation.groups, experiment.datasets.len()]);
        let filled = self.nuisances.get(&format!("{} {}", canonical_json(&by), cohorts.id), || {
            let mut experiment = experiment.clone();
            nuisances::fill_defaults(&mut experiment, &cohorts.scans);
            (experiment.nuisances, experiment.evaluation.groups)
        });
        (experiment.nuisances, experiment.evaluation.groups) = filled.as_ref().clone();
    }

    /// Hashes the files of a dataset, together and each on its own.
    ///
    /// # Errors
    /// Returns a message with the file that cannot be read.
    pub(super) fn content(&self, dataset: &PlannedPlugin<dyn Dataset>) -> Arc<Result<FileHashes, String>> {
        let hash = || {
            let files = dataset.config.files(&dataset.root).map_err(|error| error.to_string())?;
            FileHashes::read(&dataset.root, &files, self.hasher())
        };
        self.contents.get(&id(dataset), hash)
    }

    /// Hashes the published weights of a backbone. The path does not matter. Returns `None` if the
    /// backbone reads no files.
    ///
    /// # Errors
    /// Returns a message with the file that cannot be read.
    pub(super) fn weights(&self, backbone: &PlannedPlugin<dyn Backbone>) -> Result<Option<String>, String> {
        let files = guard(|| backbone.config.files()).map_err(|error| error.to_string())?;
        if files.is_empty() {
            return Ok(None);
        }
        let hash = || FileHashes::read(&backbone.root, &files, self.hasher());
        let content = self.contents.get(&format!("weights {}", backbone.root.display()), hash);
        content.as_ref().as_ref().map(|content| Some(content.hash.clone())).map_err(Clone::clone)
    }

    /// Hashes one file. Only its bytes count, so it may be renamed.
    ///
    /// # Errors
    /// Returns the reason why it cannot be read.
    pub(super) fn file(&self, path: &Path) -> Result<String, String> {
        let hash = || FileHashes::read(path, &[PathBuf::from(path)], self.hasher());
        let content = self.contents.get(&path.to_string_lossy(), hash);
        content.as_ref().as_ref().map(|content| content.hash.clone()).map_err(Clone::clone)
    }
}

/// A cache of values, each under a key that says what it was computed from.
#[derive(Debug)]
pub(super) struct KeyedCache<T>(Mutex<BTreeMap<String, Arc<T>>>);

impl<T> Default for KeyedCache<T> {
    fn default() -> KeyedCache<T> {
        KeyedCache(Mutex::default())
    }
}

impl<T> KeyedCache<T> {
    /// Returns the value for `key` and computes it if needed.
    pub fn get(&self, key: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let made = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = made().get(key) {
            return Arc::clone(value);
        }
        // Compute without the lock: a thread waiting for others may pick up another arm meanwhile.
        let value = Arc::new(make());
        Arc::clone(made().entry(key.to_owned()).or_insert(value))
    }
}

/// Identifies a cohort by everything that it depends on except the bytes of its files.
fn id(dataset: &PlannedPlugin<dyn Dataset>) -> String {
    let config = canonical_json(&dataset.config.resolved());
    let library = dataset.library.unwrap_or_default();
    format!("{} {} {library} {} {config}", dataset.name, dataset.plugin, dataset.root.display())
}

fn look(dataset: &PlannedPlugin<dyn Dataset>, experiment: &Experiment) -> Found {
    let mut problems = dataset.config.check(&dataset.root);
    let is_sound = problems.is_empty();
    let mut cohort = None;
    if let Some(problem) = folder(dataset, experiment) {
        problems.push(problem);
    } else if is_sound {
        match guard(|| dataset.config.cohort(&dataset.root, &dataset.name)) {
            Ok(mut found) => {
                problems.extend(excluded::check(&found));
                found.scans = found
                    .scans
                    .into_iter()
                    .map(|info| counted(info, experiment.split.unit, &experiment.signal))
                    .collect();
                match found.scans.is_empty() {
                    true if found.excluded.is_empty() => problems.push(Problem::at("", "it holds no scan")),
                    true => {}
                    false => cohort = Some(Arc::new(found)),
                }
            }
            Err(error) => problems.push(Problem::at("", error.to_string())),
        }
    }
    Found { cohort, problems }
}

/// Returns the problem with the folder of a dataset. A dataset that reads no files needs no folder.
fn folder(dataset: &PlannedPlugin<dyn Dataset>, experiment: &Experiment) -> Option<Problem> {
    let written = experiment.datasets.get(&dataset.name)?.get("path").and_then(|path| path.as_str());
    let Some(written) = written else {
        let reads_files =
            guard(|| dataset.config.files(&dataset.root)).map_or(true, |files| !files.is_empty());
        let help = "name the folder of the data, relative to the spec";
        return reads_files.then(|| Problem::at("", "missing field `path`").help(help));
    };
    let problem = || Problem::at("path", format!("there is no folder `{written}`"));
    let help = || match Path::new(written).is_absolute() {
        true => "check the path; after `--data` it is relative to the current folder".to_owned(),
        false => format!("a path is relative to the spec: this one is `{}`", dataset.root.display()),
    };
    (!dataset.root.is_dir()).then(|| problem().help(help()))
}
