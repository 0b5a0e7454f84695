//! Finds the folder of a corpus from a path: an artefact, a run, or a sweep.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use boldface::Result;

use crate::store::{RECORD, Record, SWEEP, StageKind, SweepRecord, json, manifest};

/// Returns the folder of the corpus at `path`.
///
/// # Errors
/// Fails if `path` is none of these or has no finished corpus. The message names an alternative.
pub fn find(path: &Path) -> Result<PathBuf> {
    let shown = path.display();
    let is_there = |name: &str| path.join(name).is_file();
    if is_there(manifest::FILE) {
        return Ok(path.to_owned());
    }
    if is_there(RECORD) {
        return of_run(path);
    }
    if is_there(SWEEP) {
        return of_sweep(path);
    }
    if !path.exists() {
        return Err(format!("there is no `{shown}`").into());
    }
    let help =
        "name the folder of a run, such as `runs/latest`, or of a corpus, such as `runs/cache/corpus-...`";
    Err(format!("`{shown}` has no corpus: {help}").into())
}

/// Returns the corpus that a run made or used.
fn of_run(path: &Path) -> Result<PathBuf> {
    let record: Record = json(&path.join(RECORD))?;
    let shown = path.display();
    if record.experiment.corpora.is_empty() {
        return Err(format!("`{shown}` is a run without a corpus: its spec has no `[corpora.NAME]`").into());
    }
    let stage = record.stages.iter().find(|stage| stage.stage.kind == StageKind::Corpus);
    let stage =
        stage.ok_or_else(|| format!("`{shown}` is a run that stopped before its corpus; run it again"))?;
    // `runs/latest` is a link, and the arms of a sweep are nested deeper than runs.
    let dir = fs::canonicalize(path).map_err(|error| format!("`{shown}`: {error}"))?;
    let found = dir.ancestors().map(|runs| runs.join(&stage.artefact)).find(|artefact| artefact.is_dir());
    let artefact = stage.artefact.display();
    found.ok_or_else(|| {
        format!("the corpus of `{shown}` is no longer in the store (`{artefact}`); run it again").into()
    })
}

/// Returns the corpus shared by all arms of a sweep.
fn of_sweep(path: &Path) -> Result<PathBuf> {
    let record: SweepRecord = json(&path.join(SWEEP))?;
    let arms = record.arms.iter().filter(|arm| path.join(&arm.run).join(RECORD).is_file());
    let arms: Vec<&PathBuf> = arms.map(|arm| &arm.run).collect();
    let found = arms.iter().map(|arm| of_run(&path.join(arm))).collect::<Result<BTreeSet<PathBuf>>>()?;
    let mut found = found.into_iter();
    let shown = path.display();
    match (found.next(), found.next(), arms.first()) {
        (Some(only), None, _) => Ok(only),
        (Some(_), Some(_), Some(arm)) => {
            let arm = path.join(arm);
            let help = format!("name one of them, such as `{}`", arm.display());
            Err(format!("`{shown}` is a sweep whose arms have different corpora; {help}").into())
        }
        _ => Err(format!("no arm of the sweep `{shown}` has a corpus").into()),
    }
}
