//! Checkpoints of a stage in progress, `runs/cache/.progress-<stage>-<key>/<fit>-<step>/`.
//!
//! A checkpoint is written to a temporary folder, manifest last, and renamed. Every file is checked
//! against the manifest before use. The previous checkpoint is kept until the next.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use boldface::{MetricRow, Result, guard};
use tracing::warn;

use crate::store::manifest::sync_folder;
use crate::store::{Cost, Manifest, Stage, cannot};

/// The checkpoints of one stage.
pub struct StageProgress<'a> {
    dir: PathBuf,
    stage: &'a Stage,
    every: Duration,
    /// Number of the fit within the stage. `None` before the first.
    fit: Option<u32>,
    /// Step of the checkpoint that was last read or written.
    last: Option<u64>,
    /// Time of the last checkpoint, or of the start.
    since: Instant,
    begun: Instant,
    /// Seconds spent on the stage before this process.
    before: f64,
    tokens: TokenCount,
}

/// Counts the tokens that a stage has read. Clones share their count.
#[derive(Clone, Debug, Default)]
pub struct TokenCount(Arc<AtomicU64>);

impl TokenCount {
    /// Adds to the count.
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Returns the count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A checkpoint to resume from.
pub struct ResumePoint {
    /// Steps that are done.
    pub step: u64,
    /// Rows that the stage had recorded by then.
    pub rows: Vec<MetricRow>,
}

const ASIDE: &str = ".tmp";
const STATE: &str = "state";
const ROWS: &str = "rows.parquet";

impl<'a> StageProgress<'a> {
    /// Manages the checkpoints of `stage` in `dir`, which need not exist. `every` is the time between
    /// two.
    pub fn new(dir: PathBuf, stage: &'a Stage, every: Duration) -> StageProgress<'a> {
        let now = Instant::now();
        let tokens = TokenCount::default();
        StageProgress {
            dir,
            stage,
            every,
            fit: None,
            last: None,
            since: now,
            begun: now,
            before: 0.0,
            tokens,
        }
    }

    /// Returns the count of tokens, which checkpoints keep.
    pub fn tokens(&self) -> TokenCount {
        self.tokens.clone()
    }

    /// Returns the latest step of any checkpoint in `dir`, complete or not.
    pub fn newest(dir: &Path) -> Option<u64> {
        checkpoints(dir).into_iter().max().map(|(_, step)| step)
    }

    /// Whether another checkpoint is due.
    pub fn is_due(&self) -> bool {
        self.since.elapsed() >= self.every
    }

    /// Returns the seconds spent on the stage, in this process and in those before its checkpoint.
    pub fn seconds(&self) -> f64 {
        self.before + self.begun.elapsed().as_secs_f64()
    }

    /// Begins the next fit of the stage from its last complete checkpoint that `read` accepts, if any.
    pub fn resume(&mut self, read: &mut dyn FnMut(&Path) -> Result<()>) -> Option<ResumePoint> {
        let fit = self.fit.map_or(0, |fit| fit + 1);
        (self.fit, self.last) = (Some(fit), None);
        let mut steps: Vec<u64> =
            checkpoints(&self.dir).into_iter().filter(|&(of, _)| of == fit).map(|(_, step)| step).collect();
        steps.sort_unstable();
        for step in steps.into_iter().rev() {
            let dir = self.checkpoint(fit, step);
            match open(&dir, self.stage, read) {
                Ok((rows, manifest)) => {
                    self.last = Some(step);
                    self.before = self.before.max(manifest.seconds);
                    self.tokens.0.store(manifest.tokens.unwrap_or_default(), Ordering::Relaxed);
                    return Some(ResumePoint { step, rows });
                }
                Err(error) => {
                    let (stage, dir) = (self.stage.name(), dir.display());
                    warn!(stage, %dir, %error, "A checkpoint is damaged; the one before it is used, or the start.");
                }
            }
        }
        None
    }

    /// Whether the last checkpoint of the current fit is at `step`.
    pub fn has(&self, step: u64) -> bool {
        self.last == Some(step)
    }

    /// Begins the next fit of the stage, which has no checkpoint.
    pub fn begin_next(&mut self) {
        (self.fit, self.last) = (Some(self.fit.map_or(0, |fit| fit + 1)), None);
    }

    /// Saves a checkpoint of the current fit. Once it is complete, removes all older ones except the
    /// last.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(
        &mut self,
        step: u64,
        rows: &[MetricRow],
        write: &mut dyn FnMut(&Path) -> Result<()>,
    ) -> Result<()> {
        // Also reset after an error, so that the next try is as far away as after a success.
        self.since = Instant::now();
        let fit = *self.fit.get_or_insert(0);
        let aside = self.dir.join(ASIDE);
        remove(&aside)?;
        let written = self.write(&aside, rows, write).and_then(|()| {
            let dir = self.checkpoint(fit, step);
            remove(&dir)?;
            fs::rename(&aside, &dir).map_err(cannot("write", &dir))?;
            Ok(sync_folder(&self.dir).map_err(cannot("write", &self.dir))?)
        });
        self.since = Instant::now();
        if written.is_err() {
            // The first error is reported. A leftover folder is removed next time.
            let _ = remove(&aside);
            return written;
        }
        let kept = [Some(step), self.last.replace(step)];
        for (of, old) in checkpoints(&self.dir) {
            if of == fit && !kept.contains(&Some(old)) {
                remove(&self.checkpoint(fit, old))?;
            }
        }
        Ok(())
    }

    fn write(
        &self,
        aside: &Path,
        rows: &[MetricRow],
        write: &mut dyn FnMut(&Path) -> Result<()>,
    ) -> Result<()> {
        let state = aside.join(STATE);
        fs::create_dir_all(&state).map_err(cannot("make", &state))?;
        guard(|| write(&state))?;
        boldface_tables::metrics::write(&aside.join(ROWS), &self.stage.name(), rows)?;
        let cost = Cost { seconds: self.seconds(), peak_memory: None, tokens: Some(self.tokens.get()) };
        let manifest = Manifest::create(aside, self.stage, Default::default(), cost);
        Ok(manifest.and_then(|manifest| manifest.write(aside)).map_err(cannot("write", aside))?)
    }

    fn checkpoint(&self, fit: u32, step: u64) -> PathBuf {
        self.dir.join(format!("{fit}-{step}"))
    }
}

/// Lists the fit and the step of everything in `dir` that is named like a checkpoint.
fn checkpoints(dir: &Path) -> Vec<(u32, u64)> {
    let parse = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.ok()?.file_name();
        let (fit, step) = name.to_str()?.split_once('-')?;
        Some((fit.parse().ok()?, step.parse().ok()?))
    };
    fs::read_dir(dir).map(|entries| entries.filter_map(parse).collect()).unwrap_or_default()
}

fn open(
    dir: &Path,
    stage: &Stage,
    read: &mut dyn FnMut(&Path) -> Result<()>,
) -> Result<(Vec<MetricRow>, Manifest)> {
    let manifest = Manifest::verify(dir, stage).map_err(|unusable| unusable.to_string())?;
    let rows = boldface_tables::metrics::read(&dir.join(ROWS))?;
    guard(|| read(&dir.join(STATE)))?;
    Ok((rows, manifest))
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot("remove", dir)(error).into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use boldface::Metric;

    use super::super::Events;
    use super::super::recorder::Recorder;
    use super::*;
    use crate::store::{Key, StageKind};

    struct Quiet;
    impl Events for Quiet {}

    fn stage() -> Stage {
        let (kind, key) = (StageKind::Tokenizer, Key("0".repeat(32)));
        let (config, size) = (serde_json::Value::Null, boldface::Size::default());
        Stage { kind, plugin: "vq".into(), seed: 0, inputs: vec![], config, size, key }
    }

    fn begun<'a>(dir: &Path, stage: &'a Stage) -> StageProgress<'a> {
        StageProgress::new(dir.to_owned(), stage, Duration::ZERO)
    }

    fn save(progress: &mut StageProgress<'_>, step: u64) -> Result<()> {
        let recorder = Recorder::new(progress.stage, &Quiet, begun(Path::new(""), progress.stage));
        let rows = vec![recorder.row(Metric::neutral("lr", step as f64)); step as usize];
        progress.save(step, &rows, &mut |dir| Ok(fs::write(dir.join("state"), format!("at {step}"))?))
    }

    /// Returns the state that a new process resumes from, its step and its number of rows.
    fn resume(dir: &Path, stage: &Stage) -> Option<(String, u64, usize)> {
        let mut state = String::new();
        let point = begun(dir, stage).resume(&mut |dir| {
            state = fs::read_to_string(dir.join("state"))?;
            Ok(())
        });
        point.map(|point| (state, point.step, point.rows.len()))
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_last_whole_checkpoint_is_used() {
        let (dir, stage) = (tempfile::tempdir().unwrap(), stage());
        let dir = dir.path().join("made-later");
        assert_eq!((resume(&dir, &stage), StageProgress::newest(&dir)), (None, None));
        let mut writing = begun(&dir, &stage);
        assert!(writing.resume(&mut |_| panic!("there is nothing to read")).is_none());
        for step in [5, 9, 12] {
            save(&mut writing, step).unwrap();
        }
        assert_eq!(names(&dir), ["0-12", "0-9"]);
        assert_eq!(
            (resume(&dir, &stage), StageProgress::newest(&dir)),
            (Some(("at 12".into(), 12, 12)), Some(12))
        );

        // Killed while writing, a changed byte, a missing file, a checkpoint of another stage.
        fs::create_dir_all(dir.join(".tmp/state")).unwrap();
        fs::write(dir.join("0-12/state/state"), "at 13").unwrap();
        assert_eq!(resume(&dir, &stage), Some(("at 9".into(), 9, 9)));
        save(&mut writing, 15).unwrap();
        fs::remove_file(dir.join("0-15/manifest.json")).unwrap();
        fs::write(dir.join("0-12/state/state"), "at 12").unwrap();
        assert_eq!(resume(&dir, &stage), Some(("at 12".into(), 12, 12)));
        let other = Stage { key: Key("1".repeat(32)), ..stage.clone() };
        assert_eq!(resume(&dir, &other), None);
    }

    #[test]
    fn what_the_plugin_refuses_or_panics_at_is_not_used() {
        let (dir, stage) = (tempfile::tempdir().unwrap(), stage());
        let mut writing = begun(dir.path(), &stage);
        [3, 4].into_iter().for_each(|step| save(&mut writing, step).unwrap());
        let mut tried = 0;
        let point = begun(dir.path(), &stage).resume(&mut |_| {
            tried += 1;
            if tried == 1 { panic!("index 7 of 3") } else { Err("it is of another shape".into()) }
        });
        assert!(point.is_none() && tried == 2);
    }

    #[test]
    fn a_failed_save_keeps_the_one_before_and_leaves_nothing() {
        let (dir, stage) = (tempfile::tempdir().unwrap(), stage());
        let mut writing = begun(dir.path(), &stage);
        save(&mut writing, 3).unwrap();
        let error = writing.save(4, &[], &mut |_| Err("no room".into())).unwrap_err();
        assert_eq!((error.to_string(), names(dir.path())), ("no room".into(), vec!["0-3".to_owned()]));
    }

    #[test]
    fn each_fit_of_a_stage_has_its_own_checkpoints() {
        let (dir, stage) = (tempfile::tempdir().unwrap(), stage());
        let mut writing = begun(dir.path(), &stage);
        writing.resume(&mut |_| Ok(()));
        save(&mut writing, 8).unwrap();
        writing.resume(&mut |_| Ok(()));
        save(&mut writing, 2).unwrap();
        let mut reading = begun(dir.path(), &stage);
        let steps = [0; 3].map(|_| reading.resume(&mut |_| Ok(())).map(|point| point.step));
        assert_eq!(steps, [Some(8), Some(2), None]);
    }
}
