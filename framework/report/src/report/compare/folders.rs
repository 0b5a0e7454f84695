//! Finds the folders of runs that a user names: a run, a sweep, or the latest of an experiment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::error::{CompareError, CompareResult};
use super::settings::text;
use crate::report::stored::{ReportError, parse, read};
use crate::store::{RECORD, SWEEP};

/// A run or sweep at a path.
#[derive(Debug)]
pub enum RunOrSweep {
    /// The folder of a run.
    Run(PathBuf),
    /// A sweep.
    Sweep(RecordedSweep),
}

/// A sweep as recorded in its folder.
#[derive(Debug)]
pub struct RecordedSweep {
    /// Its folder.
    pub dir: PathBuf,
    /// Its name.
    pub name: String,
    /// The values of each axis, in order.
    pub axes: BTreeMap<String, Vec<String>>,
    /// The metric that selects the arm.
    pub metric: Option<String>,
    /// Its finished arms.
    pub arms: Vec<FinishedArm>,
    /// Arms that are not finished, and why.
    pub failed: Vec<String>,
}

/// One finished arm.
#[derive(Debug)]
pub struct FinishedArm {
    /// Its name.
    pub name: String,
    /// Its settings, by dotted key.
    pub settings: BTreeMap<String, String>,
    /// The folder of its run.
    pub dir: PathBuf,
}

/// The part of `sweep.json` that comparisons need.
#[derive(Deserialize)]
struct File {
    name: String,
    #[serde(default)]
    axes: BTreeMap<String, Vec<Value>>,
    #[serde(default)]
    select: Option<Value>,
    arms: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    settings: BTreeMap<String, Value>,
    status: String,
    #[serde(default)]
    error: Option<String>,
    run: Option<PathBuf>,
}

/// Finds the run or sweep at `path`: its folder, the folder of an experiment (whose latest is taken),
/// or an experiment's name in the folder `runs`.
///
/// # Errors
/// If there is no such folder, or `sweep.json` is damaged.
pub fn find(path: &Path, runs: &Path) -> CompareResult<RunOrSweep> {
    let place = if path.exists() { path.to_owned() } else { runs.join(path) };
    let no_run = |why: String| CompareError::NoRun { path: path.to_owned(), why };
    if !place.is_dir() {
        return Err(no_run("there is no such folder".to_owned()));
    }
    if let Some(found) = at(&place)? {
        return Ok(found);
    }
    let entries = fs::read_dir(&place).map_err(|source| ReportError::Read { path: place.clone(), source })?;
    let mut inside: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    inside.retain(|path| path.is_dir());
    inside.sort_by_key(|path| in_time(path));
    for latest in inside.iter().rev() {
        if let Some(found) = at(latest)? {
            return Ok(found);
        }
    }
    Err(no_run("neither it nor a folder in it has a `plan.json` or a `sweep.json`".to_owned()))
}

fn at(dir: &Path) -> CompareResult<Option<RunOrSweep>> {
    let is_sweep = dir.join(SWEEP).is_file();
    let is_run = dir.join(RECORD).is_file();
    if !is_sweep && !is_run {
        return Ok(None);
    }
    // `runs/latest` is a link, so its parent is not the run's parent.
    let dir = fs::canonicalize(dir).map_err(|source| ReportError::Read { path: dir.to_owned(), source })?;
    Ok(Some(if is_sweep { RunOrSweep::Sweep(sweep(dir)?) } else { RunOrSweep::Run(dir) }))
}

fn sweep(dir: PathBuf) -> CompareResult<RecordedSweep> {
    let path = dir.join(SWEEP);
    let file: File = parse(&path, &read(&path)?.unwrap_or_default())?;
    let texts = |values: &Vec<Value>| values.iter().map(text).collect();
    let metric = file.select.as_ref().and_then(|select| select["metric"].as_str()).map(str::to_owned);
    let mut sweep = RecordedSweep {
        name: file.name,
        axes: file.axes.iter().map(|(key, values)| (key.clone(), texts(values))).collect(),
        metric,
        arms: Vec::new(),
        failed: Vec::new(),
        dir,
    };
    for arm in file.arms {
        let run = arm.run.as_ref().map(|run| sweep.dir.join(run)).filter(|_| arm.status == "finished");
        match run {
            Some(dir) => {
                let settings = arm.settings.iter().map(|(key, value)| (key.clone(), text(value))).collect();
                sweep.arms.push(FinishedArm { name: arm.name, settings, dir });
            }
            None => {
                let why = arm.error.map_or_else(String::new, |error| format!(": {error}"));
                sweep.failed.push(format!("{} {}{why}", arm.name, arm.status));
            }
        }
    }
    Ok(sweep)
}

/// Returns the sort key of a folder name. The number after the time counts: `2026-11-23T03-12-45-10`
/// comes after `2026-11-23T03-12-45-2`.
fn in_time(path: &Path) -> (String, u64) {
    const TIME: usize = "2026-11-23T03-12-45".len();
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    match name.get(TIME..).and_then(|rest| rest.strip_prefix('-')?.parse().ok()) {
        Some(number) => (name[..TIME].to_owned(), number),
        None => (name, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_run_of_a_second_is_the_one_with_the_highest_number() {
        let names = ["2026-11-23T03-12-45-10", "2026-11-23T03-12-45-2", "2026-11-23T03-12-45", "notes"];
        let mut sorted = names.map(Path::new);
        sorted.sort_by_key(|path| in_time(path));
        assert_eq!(sorted, [names[2], names[1], names[0], names[3]].map(Path::new));
    }
}
