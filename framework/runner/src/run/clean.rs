//! Frees what the store holds and no run folder needs.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use boldface::Result;
use serde_json::Value;

use super::folder::seconds_now;
use crate::store::{RECORD, SPEC, SWEEP, Store, StoreEntry, StoreEntryKind, SweepRecord, cannot};

/// Levels of folders below the folder of runs that may be a run: name, time, and the arm of a sweep.
const DEPTH: usize = 4;

/// What may be removed, of all that no run needs.
#[derive(Clone, Debug, Default)]
pub struct CacheLimits {
    /// Only what was made longer ago.
    pub older_than: Option<Duration>,
    /// Only what takes more bytes.
    pub larger_than: Option<u64>,
}

/// What goes and what stays of a store.
#[derive(Debug, Default)]
pub struct CachePlan {
    /// What goes, the largest first.
    pub remove: Vec<CacheRemoval>,
    /// Number of entries that stay.
    pub kept: usize,
    /// Their bytes.
    pub kept_bytes: u64,
    /// Why something stays that could have been expected to go.
    pub notes: Vec<String>,
}

/// An entry to remove.
#[derive(Debug)]
pub struct CacheRemoval {
    /// The entry.
    pub entry: StoreEntry,
    /// Time since it was made.
    pub age: Duration,
    /// Why nobody needs it.
    pub reason: &'static str,
}

/// What the run folders need.
#[derive(Debug, Default)]
struct Needed {
    /// Names of folders in the store.
    artefacts: BTreeSet<String>,
    /// Start of the earliest sweep that has arms without a record: which stages are theirs is not written
    /// down anywhere.
    unfinished: Option<(SystemTime, PathBuf)>,
}

impl CachePlan {
    /// Finds what no run in `runs` needs. Nothing is removed.
    ///
    /// # Errors
    /// If the store or the record of a run cannot be read.
    pub fn read(runs: &Path, limits: &CacheLimits) -> Result<CachePlan> {
        if !runs.is_dir() {
            return Err(
                format!("there is no folder of runs `{}`; name it with `--runs`", runs.display()).into()
            );
        }
        let mut needed = Needed::default();
        needed.collect(runs, 0)?;
        let now = UNIX_EPOCH + Duration::from_secs(seconds_now());
        let mut plan = CachePlan::default();
        let (mut checkpoints, mut recent) = (0, 0);
        for entry in Store::open(runs).entries()? {
            let age = now.duration_since(entry.modified).unwrap_or_default();
            let is_recent = needed.unfinished.as_ref().is_some_and(|(since, _)| entry.modified >= *since);
            let is_free = match entry.kind {
                StoreEntryKind::Damaged => true,
                StoreEntryKind::Checkpoints => {
                    checkpoints += usize::from(limits.older_than.is_none());
                    limits.older_than.is_some()
                }
                StoreEntryKind::Artefact if needed.artefacts.contains(&entry.name) => false,
                StoreEntryKind::Artefact => {
                    recent += usize::from(is_recent);
                    !is_recent
                }
            };
            let is_old = limits.older_than.is_none_or(|least| age > least);
            let is_large = limits.larger_than.is_none_or(|least| entry.bytes > least);
            if is_free && is_old && is_large {
                plan.remove.push(CacheRemoval { reason: reason(entry.kind), age, entry });
            } else {
                plan.kept += 1;
                plan.kept_bytes += entry.bytes;
            }
        }
        plan.remove.sort_by(|a, b| b.entry.bytes.cmp(&a.entry.bytes).then(a.entry.name.cmp(&b.entry.name)));
        if checkpoints > 0 {
            plan.notes.push(format!(
                "checkpoints of {checkpoints} unfinished stages are kept, so that the same run goes on from there; \
                 `--older-than DAYS` removes old ones"
            ));
        }
        if let Some((_, sweep)) = needed.unfinished.filter(|_| recent > 0) {
            plan.notes.push(format!(
                "{recent} stages are kept because they were made since `{}`, a sweep that has not finished; run it \
                 again, or remove its folder",
                sweep.display()
            ));
        }
        Ok(plan)
    }

    /// Removes what no run in `runs` needs, unless a run is going on.
    ///
    /// # Errors
    /// As [`CachePlan::read`], and if a run uses the store or an entry cannot be removed.
    pub fn apply(runs: &Path, limits: &CacheLimits) -> Result<CachePlan> {
        let store = Store::open(runs);
        if !store.root().exists() {
            return CachePlan::read(runs, limits);
        }
        store.entries()?;
        let busy = "a run is using the store, or its file system cannot tell; nothing was removed, clean when no run \
                    is going on";
        let _alone = store.enter_alone()?.ok_or(busy)?;
        let plan = CachePlan::read(runs, limits)?;
        plan.remove.iter().try_for_each(|removal| store.remove(&removal.entry))?;
        Ok(plan)
    }
}

fn reason(kind: StoreEntryKind) -> &'static str {
    match kind {
        StoreEntryKind::Artefact => "no run folder has it",
        StoreEntryKind::Checkpoints => "checkpoints of an unfinished stage",
        StoreEntryKind::Damaged => "damaged, made again since or not needed",
    }
}

impl Needed {
    /// Collects what the runs in a folder need. Links such as `latest` are not followed.
    fn collect(&mut self, dir: &Path, depth: usize) -> Result<()> {
        self.record(&dir.join(RECORD))?;
        self.sweep(dir)?;
        for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
            let entry = entry.map_err(cannot("read", dir))?;
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let is_cache = depth == 0 && entry.file_name() == "cache";
            if is_dir && !is_cache && depth < DEPTH {
                self.collect(&entry.path(), depth + 1)?;
            }
        }
        Ok(())
    }

    /// Adds the artefacts of a run. A record that cannot be read is an error: its stages are unknown.
    fn record(&mut self, path: &Path) -> Result<()> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            text => text.map_err(cannot("read", path))?,
        };
        let unreadable = || {
            format!("`{}` is damaged, so what this run needs is unknown; nothing was removed", path.display())
        };
        let record: Value = serde_json::from_slice(&text).map_err(|_| unreadable())?;
        for stage in record.get("stages").and_then(Value::as_array).ok_or_else(unreadable)? {
            let artefact = stage.get("artefact").and_then(Value::as_str).ok_or_else(unreadable)?;
            let name = Path::new(artefact).file_name().ok_or_else(unreadable)?;
            self.artefacts.insert(name.to_string_lossy().into_owned());
        }
        Ok(())
    }

    fn sweep(&mut self, dir: &Path) -> Result<()> {
        let path = dir.join(SWEEP);
        let Ok(text) = fs::read(&path) else { return Ok(()) };
        let sweep: SweepRecord = serde_json::from_slice(&text)
            .map_err(|error| format!("`{}` is damaged: {error}; nothing was removed", path.display()))?;
        if sweep.included().all(|arm| dir.join(&arm.run).join(RECORD).is_file()) {
            return Ok(());
        }
        let spec = dir.join(SPEC);
        let since =
            fs::metadata(&spec).and_then(|metadata| metadata.modified()).map_err(cannot("read", &spec))?;
        if self.unfinished.as_ref().is_none_or(|(earliest, _)| since < *earliest) {
            self.unfinished = Some((since, dir.to_owned()));
        }
        Ok(())
    }
}
