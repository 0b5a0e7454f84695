//! Records a stage's metrics and checkpoints, shows its progress, and passes on the user's interrupt.

use std::path::Path;
use std::time::{Duration, Instant};

use boldface::{Interrupted, Metric, MetricRow, Observer, Part, Result};
use tracing::warn;

use super::Events;
use super::progress::{StageProgress, TokenCount};
use crate::store::Stage;

/// Shortest time between two updates of the display.
const PAUSE: Duration = Duration::from_millis(50);

/// Records one stage.
pub struct Recorder<'a> {
    stage: &'a Stage,
    events: &'a dyn Events,
    progress: StageProgress<'a>,
    rows: Vec<MetricRow>,
    shown: Option<Instant>,
    unsaved: Unsaved,
}

/// Steps since the last checkpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unsaved {
    /// None, or none that a checkpoint will be offered for.
    None,
    /// Some. An interrupt waits for the next checkpoint.
    Some,
    /// Some, and an interrupt has already waited.
    Waited,
}

impl<'a> Recorder<'a> {
    /// Makes a recorder without rows that keeps checkpoints in `progress`.
    pub fn new(stage: &'a Stage, events: &'a dyn Events, progress: StageProgress<'a>) -> Recorder<'a> {
        Recorder { stage, events, progress, rows: Vec::new(), shown: None, unsaved: Unsaved::None }
    }

    /// Records a metric of one part, based on `n` scans or examples.
    pub fn part(&mut self, part: Part, metric: Metric, n: usize) {
        let row = MetricRow { split: part.name().to_owned(), n: Some(n as u64), ..self.row(metric) };
        self.rows.push(row);
    }

    /// Records rows made by [`Recorder::row`].
    pub fn extend(&mut self, rows: impl IntoIterator<Item = MetricRow>) {
        self.rows.extend(rows);
    }

    /// Makes a row of this stage and its plugin, without part and step.
    pub fn row(&self, metric: Metric) -> MetricRow {
        MetricRow {
            stage: self.stage.name(),
            key: self.stage.key.0.clone(),
            plugin: self.stage.plugin.clone(),
            split: String::new(),
            group: None,
            seed: self.stage.seed,
            step: None,
            metric: metric.name,
            value: Some(metric.value).filter(|value| !value.is_nan()),
            low: None,
            high: None,
            n: None,
            against: None,
            higher_is_better: metric.higher_is_better,
            chance: metric.chance,
            unit: metric.unit,
        }
    }

    /// Returns everything recorded so far, in order.
    pub fn rows(&self) -> &[MetricRow] {
        &self.rows
    }

    /// Resumes a stage of many independent pieces. Calls `read` with every batch that was kept, until
    /// one cannot be used.
    pub fn batches(&mut self, read: &mut dyn FnMut(&Path) -> Result<()>) {
        let mut done = None;
        while let Some(point) = self.progress.resume(read) {
            done = Some(point.step);
        }
        if let Some(done) = done {
            self.events.resumed(self.stage, done);
        }
    }

    /// Saves the pieces made since the last batch, if a checkpoint is due. `done` is the total number
    /// of pieces made. Returns whether they were saved.
    pub fn keep_batch(&mut self, done: u64, write: &mut dyn FnMut(&Path) -> Result<()>) -> bool {
        self.checkpoint(done, write);
        let is_kept = self.unsaved == Unsaved::None && self.progress.has(done);
        if is_kept {
            self.progress.begin_next();
        }
        is_kept
    }

    /// Returns the count of tokens that the stage has read.
    pub fn tokens(&self) -> TokenCount {
        self.progress.tokens()
    }

    /// Returns the seconds spent on the stage, including those before its last checkpoint.
    pub fn seconds(&self) -> f64 {
        self.progress.seconds()
    }
}

impl Observer for Recorder<'_> {
    fn record(&mut self, step: u64, metric: Metric) {
        self.events.recorded(self.stage, step, &metric);
        let row = MetricRow { step: Some(step), ..self.row(metric) };
        self.rows.push(row);
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<()> {
        if self.events.interrupted() {
            if self.unsaved != Unsaved::Some {
                return Err(Interrupted.into());
            }
            self.unsaved = Unsaved::Waited;
        }
        let due = self.shown.is_none_or(|shown| shown.elapsed() >= PAUSE);
        if due || done >= total {
            self.shown = Some(Instant::now());
            self.events.progress(self.stage, done, total);
        }
        Ok(())
    }

    fn resume(&mut self, read: &mut dyn FnMut(&Path) -> Result<()>) -> u64 {
        let Some(point) = self.progress.resume(read) else { return 0 };
        self.rows = point.rows;
        self.events.resumed(self.stage, point.step);
        point.step
    }

    fn checkpoint(&mut self, step: u64, write: &mut dyn FnMut(&Path) -> Result<()>) {
        if !self.progress.is_due() && !self.events.interrupted() {
            self.unsaved = Unsaved::Some;
            return;
        }
        self.unsaved = Unsaved::None;
        if let Err(error) = self.progress.save(step, &self.rows, write) {
            let stage = self.stage.name();
            warn!(stage, step, %error, "A checkpoint could not be kept; the stage goes on without it.");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::store::{Key, StageKind};

    /// A user who presses Ctrl-C at some point.
    #[derive(Default)]
    struct User(std::sync::atomic::AtomicBool);

    impl Events for User {
        fn interrupted(&self) -> bool {
            self.0.load(std::sync::atomic::Ordering::SeqCst)
        }
    }

    #[test]
    fn a_wish_to_stop_is_followed_after_a_checkpoint_and_at_once_without_one() {
        let (kind, key) = (StageKind::Tokenizer, Key("0".repeat(32)));
        let (config, size) = (serde_json::Value::Null, boldface::Size::default());
        let stage = Stage { kind, plugin: String::new(), seed: 0, inputs: vec![], config, size, key };
        let dir = tempfile::tempdir().unwrap();
        let user = User::default();
        let recorder = || {
            let progress = StageProgress::new(dir.path().join("made"), &stage, Duration::from_secs(3600));
            Recorder::new(&stage, &user, progress)
        };
        let saved = Cell::new(0);
        let step = |recorder: &mut Recorder<'_>, step: u64| {
            recorder.checkpoint(step, &mut |_| {
                saved.set(step);
                Ok(())
            });
        };
        let mut fit = recorder();
        step(&mut fit, 1);
        fit.progress(1, 9).unwrap();
        step(&mut fit, 2);
        assert_eq!(saved.get(), 0, "none is due within the hour");
        user.0.store(true, std::sync::atomic::Ordering::SeqCst);
        // Between the two calls, the next step is still made and saved.
        fit.progress(2, 9).unwrap();
        step(&mut fit, 3);
        assert_eq!(saved.get(), 3);
        assert!(fit.progress(3, 9).unwrap_err().is::<Interrupted>());
        assert_eq!(recorder().resume(&mut |_| Ok(())), 3);

        // Work without checkpoints, and work after the last one, stops at once or after one more step.
        assert!(recorder().progress(1, 9).unwrap_err().is::<Interrupted>());
        user.0.store(false, std::sync::atomic::Ordering::SeqCst);
        let mut fit = recorder();
        step(&mut fit, 4);
        user.0.store(true, std::sync::atomic::Ordering::SeqCst);
        fit.progress(4, 9).unwrap();
        assert!(fit.progress(5, 9).unwrap_err().is::<Interrupted>());
    }
}
