//! Live output of a run: `progress.jsonl` for `boldface watch`, and scalars for TensorBoard.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use boldface::{Metric, MetricRow};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::Events;
use super::folder::seconds_now;
use super::tensorboard::TensorboardFile;
use crate::plan::{Key, Stage};

/// Name of the file in a run's folder.
pub const FILE: &str = "progress.jsonl";

/// Shortest time between two progress lines.
const PAUSE: Duration = Duration::from_millis(500);

/// One line of `progress.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalLine {
    /// Seconds since the run began, from a monotonic clock.
    pub at: f64,
    /// What happened.
    pub event: JournalEvent,
}

/// What happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JournalEvent {
    /// The run began.
    Opened {
        /// Its stages, in order.
        stages: Vec<String>,
    },
    /// A stage that was not cached began.
    Started {
        /// Its name.
        stage: String,
        /// The plugin it runs; empty for the framework's own stages.
        plugin: String,
    },
    /// Another run is making a stage that this one needs.
    Waiting {
        /// Its name.
        stage: String,
    },
    /// A stage resumed from a checkpoint.
    Resumed {
        /// Its name.
        stage: String,
        /// Steps done before.
        step: u64,
    },
    /// A stage of a sweep failed. The sweep continues without the stages that depend on it.
    Failed {
        /// Its name.
        stage: String,
        /// The error message.
        error: String,
    },
    /// A stage made progress.
    Progress {
        /// Its name.
        stage: String,
        /// Steps done.
        done: u64,
        /// Total steps; 0 if unknown.
        total: u64,
    },
    /// A metric was recorded during training.
    Metric {
        /// The stage.
        stage: String,
        /// The training step.
        step: u64,
        /// The metric's name.
        metric: String,
        /// Its value. Missing if undefined.
        value: Option<f64>,
    },
    /// A stage is finished.
    Finished {
        /// Its name.
        stage: String,
        /// Seconds it took, in this run or an earlier one.
        seconds: f64,
        /// Whether it came from the store.
        cached: bool,
    },
    /// The run is over.
    Ended {
        /// Why it did not reach its last stage. Missing if it did.
        error: Option<String>,
    },
}

/// Writes a run's events to its journal and passes them on.
pub(super) struct Journal<'a> {
    next: &'a dyn Events,
    began: Instant,
    began_at: f64,
    /// Label of each stage: its name, with its key if a sweep has several of that name.
    labels: BTreeMap<Key, String>,
    written: Mutex<Written>,
}

struct Written {
    lines: Option<File>,
    board: Option<TensorboardFile>,
    /// Time of the last progress line.
    progress: Option<Instant>,
    /// First training step that was reported live, by stage.
    first_step: BTreeMap<String, u64>,
}

impl<'a> Journal<'a> {
    /// Opens the journal in a run's folder. If that fails, the run continues with a warning. With
    /// `board`, the numbers are also written for TensorBoard.
    pub fn open(dir: &Path, stages: &[&Stage], board: bool, next: &'a dyn Events) -> Journal<'a> {
        let seconds = seconds_now();
        let lines = said(dir, OpenOptions::new().create(true).append(true).open(dir.join(FILE)));
        // Held while the run is active, and released however it ends. This is how a watcher knows.
        let _ = lines.as_ref().map(lock);
        let board = board.then(|| said(dir, TensorboardFile::create(dir, seconds))).flatten();
        let written = Written { lines, board, progress: None, first_step: BTreeMap::new() };
        let mut named: BTreeMap<String, usize> = BTreeMap::new();
        stages.iter().for_each(|stage| *named.entry(stage.name()).or_default() += 1);
        let label = |stage: &&Stage| {
            let name = stage.name();
            let is_alone = named[&name] == 1;
            (stage.key.clone(), if is_alone { name } else { format!("{name} {}", stage.key.short()) })
        };
        let journal = Journal {
            next,
            began: Instant::now(),
            began_at: seconds as f64,
            labels: stages.iter().map(label).collect(),
            written: Mutex::new(written),
        };
        journal.write(JournalEvent::Opened {
            stages: stages.iter().map(|stage| journal.label(stage)).collect(),
        });
        journal
    }

    /// Records how the run ended.
    pub fn ended(&self, error: Option<String>) {
        self.write(JournalEvent::Ended { error });
    }

    fn label(&self, stage: &Stage) -> String {
        self.labels.get(&stage.key).cloned().unwrap_or_else(|| stage.name())
    }

    fn write(&self, event: JournalEvent) {
        let line = JournalLine { at: self.began.elapsed().as_secs_f64(), event };
        let mut text = serde_json::to_vec(&line).expect("an event is made of strings and numbers");
        text.push(b'\n');
        self.with(|written| match &mut written.lines {
            Some(file) => file.write_all(&text),
            None => Ok(()),
        });
    }

    fn scalar(&self, tag: &str, step: u64, value: f64) {
        let now = self.began_at + self.began.elapsed().as_secs_f64();
        self.with(|written| match &mut written.board {
            Some(board) => board.scalar(now, tag, step, value),
            None => Ok(()),
        });
    }

    /// Writes to the journal, or closes it after an error: a run matters more than its journal.
    fn with(&self, write: impl FnOnce(&mut Written) -> io::Result<()>) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = write(&mut written) {
            warn!(%error, "The journal cannot be written; the run goes on without it.");
            (written.lines, written.board) = (None, None);
        }
    }
}

impl Events for Journal<'_> {
    fn opened(&self, dir: &Path) {
        self.next.opened(dir);
    }

    fn started(&self, stage: &Stage, index: usize, total: usize) {
        self.write(JournalEvent::Started { stage: self.label(stage), plugin: stage.plugin.clone() });
        self.next.started(stage, index, total);
    }

    fn waiting(&self, stage: &Stage) {
        self.write(JournalEvent::Waiting { stage: self.label(stage) });
        self.next.waiting(stage);
    }

    fn resumed(&self, stage: &Stage, step: u64) {
        self.write(JournalEvent::Resumed { stage: self.label(stage), step });
        self.next.resumed(stage, step);
    }

    fn failed(&self, stage: &Stage, error: &str) {
        self.write(JournalEvent::Failed { stage: self.label(stage), error: error.to_owned() });
        self.next.failed(stage, error);
    }

    fn progress(&self, stage: &Stage, done: u64, total: u64) {
        let mut is_due = false;
        self.with(|written| {
            is_due = done == total || written.progress.is_none_or(|last| last.elapsed() >= PAUSE);
            written.progress = if is_due { Some(Instant::now()) } else { written.progress };
            Ok(())
        });
        if is_due {
            self.write(JournalEvent::Progress { stage: self.label(stage), done, total });
        }
        self.next.progress(stage, done, total);
    }

    fn recorded(&self, stage: &Stage, step: u64, metric: &Metric) {
        let (name, value) = (self.label(stage), Some(metric.value).filter(|value| value.is_finite()));
        self.scalar(&format!("{name}/{}", metric.name), step, metric.value);
        self.with(|written| {
            written.first_step.entry(name.clone()).or_insert(step);
            Ok(())
        });
        self.write(JournalEvent::Metric { stage: name, step, metric: metric.name.clone(), value });
        self.next.recorded(stage, step, metric);
    }

    fn measured(&self, stage: &Stage, rows: &[MetricRow]) {
        // Earlier steps of a stage that was cached or resumed were not reported live.
        let mut told = u64::MAX;
        self.with(|written| {
            told = written.first_step.get(&self.label(stage)).copied().unwrap_or(u64::MAX);
            Ok(())
        });
        for row in rows.iter().filter(|row| row.against.is_none() && row.group.is_none()) {
            let Some(value) = row.value else { continue };
            match row.step {
                Some(step) if step < told => self.scalar(&tag(self.label(stage), stage, row), step, value),
                Some(_) => {}
                None => self.scalar(&tag(self.label(stage), stage, row), 0, value),
            }
        }
        self.next.measured(stage, rows);
    }

    fn finished(&self, stage: &Stage, seconds: f64, cached: bool) {
        self.write(JournalEvent::Finished { stage: self.label(stage), seconds, cached });
        self.next.finished(stage, seconds, cached);
    }

    fn interrupted(&self) -> bool {
        self.next.interrupted()
    }
}

/// Locks a file as its writer. Retries, because a watcher may hold the lock for a moment.
fn lock(file: &File) -> bool {
    let try_again = |attempt| {
        std::thread::sleep(Duration::from_millis(attempt));
        file.try_lock().is_ok()
    };
    (0..10).any(try_again)
}

/// Names a scalar: `tokenizer/loss`, `evaluation.sex/test/auroc/gpt`. Numbers to compare share a
/// prefix.
fn tag(label: String, stage: &Stage, row: &MetricRow) -> String {
    let mut tag = label;
    let who = if row.plugin == stage.plugin { "" } else { &row.plugin };
    for part in [&row.split, &row.metric, who] {
        if !part.is_empty() {
            tag = format!("{tag}/{part}");
        }
    }
    tag
}

fn said<T>(dir: &Path, made: io::Result<T>) -> Option<T> {
    made.map_err(|error| warn!(%error, dir = %dir.display(), "The journal cannot be opened; the run goes on without it."))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Key, StageKind};

    #[test]
    fn a_line_reads_back_and_a_tag_says_what_is_measured() {
        let event =
            JournalEvent::Metric { stage: "tokenizer".into(), step: 3, metric: "loss".into(), value: None };
        let line = JournalLine { at: 0.5, event };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<JournalLine>(&text).unwrap(), line);

        let kind = StageKind::Evaluation("sex".into());
        let (key, config) = (Key("0".into()), serde_json::Value::Null);
        let stage = Stage {
            kind,
            plugin: "classification".into(),
            seed: 0,
            inputs: vec![],
            config,
            size: boldface::Size::default(),
            key,
        };
        let progress = super::super::progress::StageProgress::new("".into(), &stage, Duration::ZERO);
        let recorder = super::super::recorder::Recorder::new(&stage, &Silent, progress);
        let row = recorder.row(Metric::higher_is_better("auroc", 0.5));
        assert_eq!(tag(stage.name(), &stage, &row), "evaluation.sex/auroc");
        let row = MetricRow { split: "test".into(), plugin: "gpt".into(), ..row };
        assert_eq!(tag(stage.name(), &stage, &row), "evaluation.sex/test/auroc/gpt");
    }

    struct Silent;
    impl Events for Silent {}
}
