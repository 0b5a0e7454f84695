//! State of a run as lines of text, built from its progress events.

use std::collections::BTreeMap;
use std::path::Path;

use boldface_runner::run::{JournalEvent, JournalLine};

use crate::commands::amounts::duration;

/// Width of a curve in characters.
const CURVE: usize = 24;
/// Number of stages listed at once. Finished stages at the top that do not fit are only counted.
const MOST: usize = 30;

/// State of a run.
pub struct RunState {
    name: String,
    stages: Vec<(String, Stage)>,
    /// Seconds of the latest event.
    at: f64,
    over: Option<String>,
}

#[derive(Debug, Default)]
struct Stage {
    how: How,
    progress: Option<(u64, u64)>,
    /// Values of each metric, in the order of arrival.
    metrics: BTreeMap<String, Vec<f64>>,
}

#[derive(Debug, Default, PartialEq)]
enum How {
    #[default]
    ToDo,
    /// Another run is making it.
    Elsewhere,
    /// Running since this time, in seconds.
    Runs(f64),
    Stopped,
    Finished(f64),
    Cached,
    Failed(String),
}

impl RunState {
    /// Creates the state of a run without events yet.
    pub fn new(folder: &Path) -> RunState {
        RunState { name: folder.display().to_string(), stages: Vec::new(), at: 0.0, over: None }
    }

    /// Returns whether the run has ended.
    pub fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Marks the run as killed: nobody runs it any more, and it never reported its end.
    pub fn stopped(&mut self) {
        for (_, stage) in &mut self.stages {
            if matches!(stage.how, How::Runs(_) | How::Elsewhere) {
                stage.how = How::Stopped;
            }
        }
        self.over = Some("it was killed; `boldface run` with its spec continues it".to_owned());
    }

    /// Takes an event, and returns the line to print where nothing can be drawn.
    pub fn take(&mut self, line: JournalLine) -> Option<String> {
        self.at = line.at;
        match line.event {
            JournalEvent::Opened { stages } => {
                self.stages = stages.into_iter().map(|name| (name, Stage::default())).collect();
                return Some(format!("{}: {} stages", self.name, self.stages.len()));
            }
            JournalEvent::Waiting { stage } => {
                self.stage(&stage).how = How::Elsewhere;
                return Some(format!("{stage}: another run is making it"));
            }
            JournalEvent::Started { stage, plugin } => {
                *self.stage(&stage) = Stage { how: How::Runs(line.at), ..Stage::default() };
                let by = if plugin.is_empty() { String::new() } else { format!(" ({plugin})") };
                return Some(format!("{stage}{by}: started"));
            }
            JournalEvent::Resumed { stage, step } => {
                return Some(format!("{stage}: resumes after step {step}"));
            }
            JournalEvent::Progress { stage, done, total } => {
                self.stage(&stage).progress = Some((done, total))
            }
            JournalEvent::Metric { stage, metric, value, .. } => {
                self.stage(&stage).metrics.entry(metric).or_default().extend(value);
            }
            JournalEvent::Finished { stage, seconds, cached } => {
                let one = self.stage(&stage);
                one.how = if cached { How::Cached } else { How::Finished(seconds) };
                return Some(format!("{stage}: {}", how(&self.stage(&stage).how, line.at)));
            }
            JournalEvent::Failed { stage, error } => {
                self.stage(&stage).how = How::Failed(error.clone());
                return Some(format!("{stage}: {error}"));
            }
            JournalEvent::Ended { error } => {
                let error = error.map(|error| format!("stopped: {error}"));
                self.over = Some(error.unwrap_or_else(|| "finished".to_owned()));
                for (_, stage) in
                    self.stages.iter_mut().filter(|(_, stage)| matches!(stage.how, How::Runs(_)))
                {
                    stage.how = How::Stopped;
                }
            }
        }
        None
    }

    /// Formats every stage and its state, with the newest numbers of running ones.
    pub fn lines(&self) -> Vec<String> {
        let finished = |stage: &Stage| matches!(stage.how, How::Finished(_) | How::Cached);
        let done = self.stages.iter().filter(|(_, stage)| finished(stage)).count();
        let mut lines = vec![format!("{}  {done} of {} stages", self.name, self.stages.len())];
        let skip = match self.stages.len() {
            few if few <= MOST => 0,
            many => {
                self.stages.iter().position(|(_, stage)| !finished(stage)).unwrap_or(many).min(many - MOST)
            }
        };
        if skip > 0 {
            lines.push(format!("  ... {skip} finished before"));
        }
        let width = self.stages.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, stage) in self.stages.iter().skip(skip).take(MOST) {
            lines.push(format!("  {name:<width$}  {}", how(&stage.how, self.at)).trim_end().to_owned());
            if matches!(stage.how, How::Runs(_)) {
                lines.extend(stage.running(self.at));
            }
        }
        if let Some(over) = &self.over {
            lines.push(over.clone());
        }
        lines
    }

    fn stage(&mut self, name: &str) -> &mut Stage {
        let place = self.stages.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.stages.push((name.to_owned(), Stage::default()));
            self.stages.len() - 1
        });
        &mut self.stages[place].1
    }
}

impl Stage {
    fn running(&self, now: f64) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Some((done, total)), How::Runs(since)) =
            (self.progress.filter(|(_, total)| *total > 0), &self.how)
        {
            let share = done as f64 / total as f64;
            let filled = (share * CURVE as f64) as usize;
            let bar = "=".repeat(filled) + &" ".repeat(CURVE.saturating_sub(filled));
            let left = (now - since) * (1.0 - share) / share.max(1e-9);
            let left = if share > 0.0 { format!(", {} left", duration(left)) } else { String::new() };
            lines.push(format!("    [{bar}] {done} of {total}{left}"));
        }
        let width = self.metrics.keys().map(String::len).max().unwrap_or(0);
        for (name, values) in &self.metrics {
            let Some(last) = values.last() else { continue };
            lines.push(format!("    {name:<width$} {} {last:.4}", curve(values)));
        }
        lines
    }
}

fn how(how: &How, now: f64) -> String {
    match how {
        How::ToDo => String::new(),
        How::Elsewhere => "another run is making it".to_owned(),
        How::Runs(since) => format!("running, {}", duration(now - since)),
        How::Stopped => "not finished".to_owned(),
        How::Finished(took) => duration(*took),
        How::Cached => "cached".to_owned(),
        How::Failed(error) => format!("failed: {}", error.lines().next().unwrap_or_default()),
    }
}

/// Draws values as blocks of eight heights between the lowest and the highest. Each character is the
/// mean of a stretch of values.
fn curve(values: &[f64]) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let stretch = values.len().div_ceil(CURVE).max(1);
    let means: Vec<f64> =
        values.chunks(stretch).map(|chunk| chunk.iter().sum::<f64>() / chunk.len() as f64).collect();
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let place =
        |mean: &f64| if high > low { ((mean - low) / (high - low) * 7.0).round() as usize } else { 0 };
    means.iter().map(|mean| STEPS[place(mean).min(7)]).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn told(events: Vec<(f64, JournalEvent)>) -> RunState {
        let mut state = RunState::new(Path::new("runs/quick/now"));
        for (at, event) in events {
            state.take(JournalLine { at, event });
        }
        state
    }

    fn events() -> Vec<(f64, JournalEvent)> {
        let stages = ["series", "tokenizer", "codes"].map(str::to_owned).to_vec();
        let stage = || "tokenizer".to_owned();
        let loss = |step: u64| {
            let value = Some(8.0 - step as f64);
            (2.0, JournalEvent::Metric { stage: stage(), step, metric: "loss".into(), value })
        };
        let mut events = vec![
            (0.0, JournalEvent::Opened { stages }),
            (0.5, JournalEvent::Finished { stage: "series".into(), seconds: 0.4, cached: true }),
            (1.0, JournalEvent::Started { stage: stage(), plugin: "vq".into() }),
        ];
        events.extend((1..=8).map(loss));
        events.push((11.0, JournalEvent::Progress { stage: stage(), done: 8, total: 32 }));
        events
    }

    #[test]
    fn a_running_stage_shows_its_bar_and_its_curve() {
        // 8 of 32 steps in 10 s: 24 more take 30 s.
        expect![[r"
            runs/quick/now  1 of 3 stages
              series     cached
              tokenizer  running, 10 s
                [======                  ] 8 of 32, 30 s left
                loss █▇▆▅▄▃▂▁ 0.0000
              codes"]]
        .assert_eq(&told(events()).lines().join("\n"));
    }

    #[test]
    fn a_run_that_ended_or_was_killed_says_so() {
        let mut killed = told(events());
        killed.stopped();
        let lines = killed.lines();
        assert_eq!(lines[2], "  tokenizer  not finished");
        assert!(killed.is_over() && lines[4].starts_with("it was killed"), "{lines:?}");

        let mut ended = events();
        ended.push((12.0, JournalEvent::Ended { error: Some("stage `tokenizer` failed".into()) }));
        let ended = told(ended);
        assert_eq!(ended.lines().last().map(String::as_str), Some("stopped: stage `tokenizer` failed"));
        let finished = told(vec![(0.0, JournalEvent::Ended { error: None })]);
        assert_eq!(finished.lines().last().map(String::as_str), Some("finished"));
    }

    #[test]
    fn curves_are_as_long_as_their_values_up_to_a_width() {
        assert_eq!(curve(&[1.0, 1.0]), "▁▁");
        assert_eq!(curve(&[0.0, 7.0, 3.5]), "▁█▅");
        assert_eq!(curve(&(0..1000).map(f64::from).collect::<Vec<_>>()).chars().count(), CURVE);
    }
}
