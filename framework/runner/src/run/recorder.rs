//! Takes a stage's numbers, shows its progress, and passes on the wish to stop.

use std::time::{Duration, Instant};

use boldface::{Interrupted, Metric, MetricRow, Observer, Part, Result};

use super::Events;
use crate::plan::Stage;

/// Progress is shown at most this often.
const PAUSE: Duration = Duration::from_millis(50);

/// Watches one stage.
pub struct Recorder<'a> {
    stage: &'a Stage,
    events: &'a dyn Events,
    rows: Vec<MetricRow>,
    shown: Option<Instant>,
}

impl<'a> Recorder<'a> {
    /// A recorder that has seen nothing.
    pub fn new(stage: &'a Stage, events: &'a dyn Events) -> Recorder<'a> {
        Recorder { stage, events, rows: Vec::new(), shown: None }
    }

    /// Takes a number about one part, resting on `n` scans or examples.
    pub fn part(&mut self, part: Part, metric: Metric, n: usize) {
        let row = MetricRow { split: part.name().to_owned(), n: Some(n as u64), ..self.row(metric) };
        self.rows.push(row);
    }

    /// Takes rows made from [`Recorder::row`].
    pub fn extend(&mut self, rows: impl IntoIterator<Item = MetricRow>) {
        self.rows.extend(rows);
    }

    /// A row of this stage: of its plugin, of no part and no step.
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
        }
    }

    /// Everything it took, in order.
    pub fn into_rows(self) -> Vec<MetricRow> {
        self.rows
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
            return Err(Interrupted.into());
        }
        let due = self.shown.is_none_or(|shown| shown.elapsed() >= PAUSE);
        if due || done >= total {
            self.shown = Some(Instant::now());
            self.events.progress(self.stage, done, total);
        }
        Ok(())
    }
}
