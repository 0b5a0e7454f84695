//! Progress of a run: a bar with rate and time left on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use boldface_runner::plan::sweep::Sweep;
use boldface_runner::plan::{Key, Stage};
use boldface_runner::run::Events;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tracing::info;

use crate::{interrupt, logs};

/// Longest silence between two plain lines of a running stage.
const SILENCE: Duration = Duration::from_secs(5);

static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Runs `write` while no bar is drawn on stderr. A terminal that has hung up is none any more, and bars panic if
/// they cannot be cleared.
pub fn aside<T>(write: impl FnOnce() -> T) -> T {
    if stderr().is_terminal() { BARS.suspend(write) } else { write() }
}

/// Shows the progress of a run.
#[derive(Debug)]
pub struct Screen {
    is_terminal: bool,
    /// Running stages by key; a sweep runs several at once.
    current: Mutex<BTreeMap<Key, Current>>,
    /// First arm of a sweep that has each stage.
    arms: BTreeMap<Key, String>,
}

/// A running stage.
#[derive(Debug)]
struct Current {
    label: String,
    bar: ProgressBar,
    started: Instant,
    said: Instant,
}

impl Screen {
    /// Creates a screen for one experiment.
    pub fn new() -> Screen {
        Screen { is_terminal: stderr().is_terminal(), current: Mutex::default(), arms: BTreeMap::new() }
    }

    /// Creates a screen for a sweep, which shows each stage with the first arm that has it.
    pub fn for_sweep(sweep: &Sweep) -> Screen {
        let mut arms = BTreeMap::new();
        for arm in &sweep.arms {
            for stage in &arm.plan.stages {
                arms.entry(stage.key.clone()).or_insert_with(|| arm.name.clone());
            }
        }
        Screen { arms, ..Screen::new() }
    }

    /// Returns a title such as `tokenizer (vq)`; in a sweep, also the arm.
    fn titled(&self, stage: &Stage) -> String {
        match self.arms.get(&stage.key) {
            Some(arm) => format!("{} of {arm}", titled(stage)),
            None => titled(stage),
        }
    }

    fn say(&self, line: &str) {
        aside(|| crate::say::aside(line));
    }
}

impl Events for Screen {
    fn opened(&self, dir: &Path) {
        if let Err(error) = logs::write_into(dir) {
            tracing::warn!(%error, dir = %dir.display(), "The run goes on without `log.jsonl`.");
        }
    }

    fn waiting(&self, stage: &Stage) {
        self.say(&format!("  another run is making `{}`; waiting for it", stage.name()));
        info!(stage = stage.name(), key = %stage.key, "Another run is making the stage.");
    }

    fn started(&self, stage: &Stage, index: usize, total: usize) {
        let label = format!("[{index}/{total}] {}", self.titled(stage));
        let bar = match self.is_terminal {
            true => BARS.add(
                ProgressBar::new(0)
                    .with_style(spinner())
                    .with_message(crate::say::shown(&label).into_owned()),
            ),
            false => ProgressBar::hidden(),
        };
        if self.is_terminal {
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            self.say(&label);
        }
        info!(stage = stage.name(), key = %stage.key, "Stage started.");
        let now = Instant::now();
        lock(&self.current).insert(stage.key.clone(), Current { label, bar, started: now, said: now });
    }

    fn resumed(&self, stage: &Stage, step: u64) {
        self.say(&format!("  `{}` resumes after step {step}, where it was stopped", stage.name()));
        info!(stage = stage.name(), key = %stage.key, step, "Stage resumed.");
    }

    fn progress(&self, stage: &Stage, done: u64, total: u64) {
        let mut current = lock(&self.current);
        let Some(current) = current.get_mut(&stage.key) else { return };
        if self.is_terminal {
            // A total of 0 means that it is unknown.
            if total > 0 && current.bar.length() != Some(total) {
                current.bar.set_length(total);
                current.bar.set_style(steps());
            }
            current.bar.set_position(done);
        } else if current.said.elapsed() >= SILENCE {
            current.said = Instant::now();
            let elapsed = current.started.elapsed();
            let how_far = match total {
                0 => format!("{:.0} s so far", elapsed.as_secs_f64()),
                _ => format!("{done} of {total}, {}", rate_and_rest(done, total, elapsed)),
            };
            self.say(&format!("{}: {how_far}", current.label));
        }
    }

    fn finished(&self, stage: &Stage, seconds: f64, cached: bool) {
        let current = lock(&self.current).remove(&stage.key);
        current.inspect(|current| current.bar.finish_and_clear());
        let how = if cached { "cached".to_owned() } else { format!("{seconds:.1} s") };
        self.say(&format!("  {:<40} {how}", self.titled(stage)));
        info!(stage = stage.name(), key = %stage.key, seconds, cached, "Stage finished.");
    }

    fn failed(&self, stage: &Stage, error: &str) {
        let current = lock(&self.current).remove(&stage.key);
        current.inspect(|current| current.bar.finish_and_clear());
        self.say(&format!("  {:<40} failed: {error}", self.titled(stage)));
        tracing::error!(stage = stage.name(), key = %stage.key, error, "Stage failed.");
    }

    fn interrupted(&self) -> bool {
        interrupt::is_interrupted()
    }
}

/// Counter of tasks that finish in any order: a bar on a terminal, occasional lines elsewhere.
#[derive(Debug)]
pub struct Counter {
    bar: ProgressBar,
    is_terminal: bool,
    total: u64,
    started: Instant,
    said: Mutex<(u64, Instant)>,
}

impl Counter {
    /// Creates a counter for `total` tasks; `what` names them, such as `scans`.
    pub fn new(what: &'static str, total: u64) -> Counter {
        let is_terminal = stderr().is_terminal();
        let bar = match is_terminal {
            true => BARS.add(ProgressBar::new(total).with_style(steps()).with_message(what)),
            false => ProgressBar::hidden(),
        };
        if is_terminal {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        let now = Instant::now();
        Counter { bar, is_terminal, total, started: now, said: Mutex::new((0, now)) }
    }

    /// Counts one more finished task, called `name`.
    pub fn finished(&self, name: &str) {
        self.bar.inc(1);
        let mut said = lock(&self.said);
        said.0 += 1;
        if !self.is_terminal && said.1.elapsed() >= SILENCE {
            said.1 = Instant::now();
            let rest = rate_and_rest(said.0, self.total, self.started.elapsed());
            crate::say::aside(format_args!("[{}/{}] {name}, {rest}", said.0, self.total));
        }
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Returns a title such as `tokenizer (vq)`, or `split` for a stage without a plugin.
fn titled(stage: &Stage) -> String {
    match stage.plugin.as_str() {
        "" => stage.name(),
        plugin => format!("{} ({plugin})", stage.name()),
    }
}

/// Returns rate and time left, such as `12 per second, 34 s left`.
fn rate_and_rest(done: u64, total: u64, elapsed: Duration) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(1e-3);
    let left = total.saturating_sub(done) as f64 / rate.max(1e-9);
    let digits = usize::from(rate < 10.0);
    let left = match left {
        long if long >= 120.0 => format!("{:.0} min", long / 60.0),
        short => format!("{short:.0} s"),
    };
    format!("{rate:.digits$} per second, {left} left")
}

fn steps() -> ProgressStyle {
    let style = ProgressStyle::with_template("  {msg} {bar:30} {pos}/{len}  {per_sec}  {eta} left");
    style.expect("the template is a constant").progress_chars("=> ")
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("  {msg} {spinner} {elapsed}").expect("the template is a constant")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_told_from_the_rate_so_far() {
        // 30 steps in 10 s are 3 per second; 90 more take 30 s.
        assert_eq!(rate_and_rest(30, 120, Duration::from_secs(10)), "3.0 per second, 30 s left");
        // 100 in 2 s are 50 per second; 15 000 more take 300 s.
        assert_eq!(rate_and_rest(100, 15_100, Duration::from_secs(2)), "50 per second, 5 min left");
    }
}
