//! The folder of one run, `runs/<experiment>/<time>/`, and its files.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use boldface::MetricRow;
use boldface_tables::predictions::PredictionRow;
use serde::Serialize;
use tracing::warn;

use super::Failed;
use crate::plan::Plan;
use crate::store::{
    DatasetDescription, EXCLUSIONS, METRICS, PREDICTIONS, PROOF, Proof, QUALITY_TABLE, RECORD, Record, SPEC,
    StoreError, cannot, excluded,
};

/// Link to the last run that was started and has not ended.
pub const RUNNING: &str = "running";
/// Link to the last run that finished.
const FINISHED: &str = "latest";
/// Link to the last run that failed or was interrupted.
const FAILED: &str = "latest-failed";

/// The folder of one run.
#[derive(Debug)]
pub struct RunFolder {
    dir: PathBuf,
}

impl RunFolder {
    /// Creates `runs/<experiment>/<UTC time>/` with the spec in it, and points `runs/running` at it.
    pub fn create(runs: &Path, plan: &Plan) -> Result<RunFolder, Failed> {
        let folder = RunFolder::make(runs, &plan.name)?;
        folder.spec(&plan.source)?;
        folder.exclusions(plan)?;
        layers(&folder.dir.join("layers"), plan)?;
        Ok(folder)
    }

    /// Creates `runs/<name>/<UTC time>/` and points `runs/running` at it.
    pub fn make(runs: &Path, name: &str) -> Result<RunFolder, Failed> {
        if name == "cache" || [RUNNING, FINISHED, FAILED].contains(&name) {
            return Err(Failed::Name { name: name.to_owned() });
        }
        let parent = runs.join(name);
        fs::create_dir_all(&parent).map_err(cannot("make", &parent))?;
        let time = claim(&parent, seconds_now())?;
        point(&runs.join(RUNNING), &Path::new(name).join(&time));
        Ok(RunFolder { dir: parent.join(time) })
    }

    /// Creates the folder of an arm in the folder of its sweep.
    pub fn inside(sweep: &RunFolder, arm: &Path, plan: &Plan) -> Result<RunFolder, Failed> {
        let folder = RunFolder { dir: sweep.dir.join(arm) };
        fs::create_dir_all(&folder.dir).map_err(cannot("make", &folder.dir))?;
        folder.spec(&plan.source)?;
        folder.exclusions(plan)?;
        Ok(folder)
    }

    /// Writes the spec as it was read.
    pub fn spec(&self, source: &str) -> Result<(), Failed> {
        let spec = self.dir.join(SPEC);
        Ok(fs::write(&spec, source).map_err(cannot("write", &spec))?)
    }

    /// Writes the list of excluded scans, if there are any.
    fn exclusions(&self, plan: &Plan) -> Result<(), Failed> {
        if plan.excluded.is_empty() {
            return Ok(());
        }
        let path = self.dir.join(EXCLUSIONS);
        Ok(fs::write(&path, excluded::tsv(&plan.excluded)).map_err(cannot("write", &path))?)
    }

    /// Copies the table of quality measurements, if the artefact of `series` has one.
    pub fn quality(&self, artefact: &Path) -> Result<(), Failed> {
        let (from, to) = (artefact.join(QUALITY_TABLE), self.dir.join(QUALITY_TABLE));
        match fs::copy(&from, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot("write", &to)(error).into()),
            _ => Ok(()),
        }
    }

    /// Returns the path of the folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Rewrites `metrics.parquet`, `predictions.parquet` and `plan.json`, in this order, so that the
    /// record of a killed run never names a stage whose numbers are missing.
    pub fn keep(&self, record: &Record, rows: &[MetricRow], answers: &[PredictionRow]) -> Result<(), Failed> {
        self.metrics(&record.name, rows)?;
        boldface_tables::predictions::write(&self.dir.join(PREDICTIONS), answers)?;
        self.record(record)
    }

    fn record(&self, record: &Record) -> Result<(), Failed> {
        self.json(RECORD, record)
    }

    /// Rewrites `leakage.json`.
    pub fn leakage(&self, proof: &Proof) -> Result<(), Failed> {
        self.json(PROOF, proof)
    }

    /// Rewrites a JSON file atomically.
    pub fn json(&self, name: &str, value: &impl Serialize) -> Result<(), Failed> {
        let (path, aside) = (self.dir.join(name), self.dir.join(format!(".{name}")));
        let text = serde_json::to_string_pretty(value).expect("a record is made of strings and numbers");
        fs::write(&aside, text + "\n").map_err(cannot("write", &aside))?;
        Ok(fs::rename(&aside, &path).map_err(cannot("write", &path))?)
    }

    fn metrics(&self, experiment: &str, rows: &[MetricRow]) -> Result<(), Failed> {
        Ok(boldface_tables::metrics::write(&self.dir.join(METRICS), experiment, rows)?)
    }
}

/// Points `runs/latest` at a run that finished, and `runs/latest-failed` at another that ended. A run limited to a few
/// scans is neither. `runs/running` goes, unless it is a later run's.
pub fn ended(runs: &Path, run: &Path, is_finished: bool, is_limited: bool) {
    let Some((name, time)) = run.parent().and_then(Path::file_name).zip(run.file_name()) else { return };
    let target = Path::new(name).join(time);
    if !is_limited {
        point(&runs.join(if is_finished { FINISHED } else { FAILED }), &target);
    }
    let running = runs.join(RUNNING);
    if fs::read_link(&running).is_ok_and(|link| link == target) {
        let _ = fs::remove_file(&running);
    }
}

/// Makes the record of a run that has not begun.
pub fn begin(plan: &Plan) -> Record {
    let has_folder = |name: &String| plan.experiment.datasets[name].contains_key("path");
    let described = plan.datasets.iter().filter(|dataset| has_folder(&dataset.name));
    let descriptions = described
        .filter_map(|dataset| Some((dataset.name.clone(), DatasetDescription::read(&dataset.root)?)))
        .collect();
    Record {
        name: plan.name.clone(),
        spec: plan.path.clone(),
        versions: BTreeMap::from([("boldface".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        experiment: plan.experiment.clone(),
        excluded: plan.excluded.clone(),
        descriptions,
        stages: Vec::new(),
    }
}

/// Creates a folder in `parent` named after the time and returns its name.
fn claim(parent: &Path, seconds: u64) -> Result<String, StoreError> {
    let time = utc(seconds);
    let earlier = fs::read_dir(parent).map_err(cannot("read", parent))?;
    let earlier = earlier.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_time = |name: &String| name.len() >= time.len() && name.starts_with(|c: char| c.is_ascii_digit());
    if let Some(later) = earlier.filter(is_time).max().filter(|name| name[..] > time[..]) {
        let behind = "The clock is behind that of an earlier run, so names of runs are not in order; `latest` is this one.";
        // Runs within the same second need no warning.
        if !later.starts_with(&time) {
            warn!(now = time, earlier = later, "{behind}");
        }
    }
    let names = std::iter::once(time.clone()).chain((2..).map(|n| format!("{time}-{n}")));
    for name in names {
        let dir = parent.join(&name);
        match fs::create_dir(&dir) {
            Ok(()) => return Ok(name),
            // Another run started in the same second.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot("make", &dir)(error)),
        }
    }
    unreachable!("the names do not end")
}

/// Saves the files of a spec that extends others, as they were read, highest precedence first.
fn layers(dir: &Path, plan: &Plan) -> Result<(), Failed> {
    for (i, layer) in plan.layers.iter().enumerate() {
        fs::create_dir_all(dir).map_err(cannot("make", dir))?;
        let name = layer.path.file_name().unwrap_or_default().to_string_lossy();
        let path = dir.join(format!("{}-{name}", i + 1));
        fs::write(&path, &layer.text).map_err(cannot("write", &path))?;
    }
    Ok(())
}

/// Points the link `link` at `target`. The link is only a convenience, so failure is just a warning.
fn point(link: &Path, target: &Path) {
    #[cfg(unix)]
    let made = || {
        let aside = link.with_extension(format!("tmp-{}", std::process::id()));
        // A killed run with the same process id may have left its link.
        let _ = fs::remove_file(&aside);
        std::os::unix::fs::symlink(target, &aside)?;
        fs::rename(&aside, link)
    };
    #[cfg(not(unix))]
    let made = || fs::write(link.with_extension("txt"), target.to_string_lossy().as_bytes());
    if let Err(error) = made() {
        warn!(link = %link.display(), %error, "The link to the latest run could not be made.");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the run's folder is named after the clock, here and nowhere else"
)]
pub(super) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Formats seconds since 1970 as `2026-11-23T03-12-45`, in UTC.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years start in March, so that a leap day is the last day of its year. There are 719 468 days
    // between 1 March of year 0 and 1 January 1970, and 146 097 days in 400 years.
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year + month / 10, (month + 2) % 12 + 1);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{:02}", second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_by_date() {
        // `date -u -d @N +%FT%H-%M-%S`
        assert_eq!(utc(0), "1970-01-01T00-00-00");
        assert_eq!(utc(951_782_400), "2000-02-29T00-00-00");
        assert_eq!(utc(951_868_799), "2000-02-29T23-59-59");
        assert_eq!(utc(1_795_403_565), "2026-11-23T03-12-45");
        assert_eq!(utc(4_107_542_399), "2100-02-28T23-59-59");
        assert_eq!(utc(4_107_542_400), "2100-03-01T00-00-00");
    }

    #[test]
    #[cfg(unix)]
    fn the_latest_run_is_the_last_that_finished() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path();
        let led = |link: &str| fs::read_link(runs.join(link)).ok().map(|target| runs.join(target));
        let make = || RunFolder::make(runs, "pain").unwrap();
        let (good, bad, going) = (make(), make(), make());
        assert_eq!(led(RUNNING), Some(going.dir.clone()));
        ended(runs, good.dir(), true, false);
        ended(runs, bad.dir(), false, false);
        ended(runs, make().dir(), true, true);
        point(&runs.join(RUNNING), going.dir.strip_prefix(runs).unwrap());
        assert_eq!((led(FINISHED), led(FAILED)), (Some(good.dir), Some(bad.dir)));
        assert_eq!(led(RUNNING), Some(going.dir.clone()), "it has not ended");
        ended(runs, going.dir(), true, false);
        assert_eq!((led(FINISHED), led(RUNNING)), (Some(going.dir), None));
        for name in ["cache", RUNNING, FINISHED, FAILED] {
            assert!(RunFolder::make(runs, name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_overwrites_nothing() {
        let runs = tempfile::tempdir().unwrap();
        let claim = |seconds| claim(runs.path(), seconds).unwrap();
        let first = claim(1_795_403_565);
        fs::write(runs.path().join(&first).join("metrics.parquet"), "kept").unwrap();
        assert_eq!(claim(1_795_403_565), "2026-11-23T03-12-45-2");
        // A minute back, to 1970, and to the exact second of the first run.
        assert_eq!(claim(1_795_403_505), "2026-11-23T03-11-45");
        assert_eq!(claim(0), "1970-01-01T00-00-00");
        assert_eq!(claim(1_795_403_565), "2026-11-23T03-12-45-3");
        assert_eq!(fs::read_to_string(runs.path().join(first).join("metrics.parquet")).unwrap(), "kept");
    }
}
