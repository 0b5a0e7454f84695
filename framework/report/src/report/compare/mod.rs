//! Compares runs: which keys differ and which metrics changed, or a leaderboard over a sweep.
//!
//! Paired intervals come from scoring the stored answers again, since runs store no resamples. This
//! needs the task's plugin (`--plugin` for a library).

mod beside;
mod board;
mod chosen;
mod error;
mod folders;
mod groups;
mod latex;
mod marks;
mod multiples;
mod page;
mod paired;
mod run;
mod runs;
mod scores;
mod settings;
mod sheets;
mod standing;

use std::path::{Path, PathBuf};

use boldface::Part;
use boldface_tables::export::{self, Sheet};

use super::document::{Block, ReportDocument, metric_label, plain, strong};
use super::{markdown, number, terminal};
use crate::spec::Unit;
use board::Board;
pub use error::{CompareError, CompareResult};
use folders::{FinishedArm, RecordedSweep, RunOrSweep};
pub(super) use latex::escape as latex_escape;
use run::Run;
use scores::Bench;

/// A request for a comparison.
#[derive(Clone, Copy, Debug)]
pub struct ComparisonRequest<'a> {
    /// Folders of runs or sweeps, or names of experiments.
    pub paths: &'a [PathBuf],
    /// The folder in which experiment names are looked up.
    pub runs: &'a Path,
    /// `condition.auroc` or `auroc`. Default: all metrics of runs, one headline metric of a sweep.
    pub metric: Option<&'a str>,
    /// The part whose scores are compared.
    pub part: Part,
    /// Whether the table for other programs is needed, which takes longer.
    pub with_sheet: bool,
}

/// A comparison, not yet formatted.
#[derive(Debug)]
pub struct Comparison {
    title: String,
    /// The runs or the sweep, and how they differ.
    about: Vec<Block>,
    /// Tables and plots of the scores.
    results: Vec<Block>,
    sheet: Sheet,
    /// The sweep's folder, if a single sweep was given.
    pub folder: Option<PathBuf>,
    /// The unit of the split in all these runs.
    unit: Unit,
}

/// Compares runs, or the arms of one sweep. The same runs always give the same bytes.
///
/// # Errors
/// If a path is neither run nor sweep, a file is damaged, or there is nothing to compare.
pub fn compare(asked: &ComparisonRequest<'_>) -> CompareResult<Comparison> {
    let found = asked
        .paths
        .iter()
        .map(|path| folders::find(path, asked.runs))
        .collect::<CompareResult<Vec<RunOrSweep>>>()?;
    if let [RunOrSweep::Sweep(sweep)] = &found[..] {
        return of_sweep(sweep, asked);
    }
    let mut dirs = Vec::new();
    for found in found {
        match found {
            RunOrSweep::Run(dir) => dirs.push(dir),
            RunOrSweep::Sweep(sweep) if sweep.arms.is_empty() => {
                return Err(no_arm(&sweep, sweep.failed.clone()));
            }
            RunOrSweep::Sweep(sweep) => dirs.extend(sweep.arms.into_iter().map(|arm| arm.dir)),
        }
    }
    if let [one] = &dirs[..] {
        return Err(CompareError::One(one.display().to_string()));
    }
    of_runs(&dirs, asked)
}

fn of_runs(dirs: &[PathBuf], asked: &ComparisonRequest<'_>) -> CompareResult<Comparison> {
    let runs = dirs.iter().map(|dir| Run::read(dir)).collect::<CompareResult<Vec<Run>>>()?;
    let mut tasks = runs.first().map(Run::tasks).unwrap_or_default();
    tasks.retain(|task| runs.iter().all(|run| run.tasks().contains(task)));
    if tasks.is_empty() {
        let has = |run: &Run| {
            let tasks = run.tasks().iter().map(|task| format!("`{task}`")).collect::<Vec<_>>().join(", ");
            (run.label(), if tasks.is_empty() { "none that was scored".to_owned() } else { tasks })
        };
        return Err(CompareError::NoTask { has: runs.iter().map(has).collect() });
    }
    let groups = groups::groups(&runs);
    let mut bench = Bench::new(&runs);
    let mut lines = Vec::new();
    for task in &tasks {
        let metric = match asked.metric {
            Some(metric) => match wanted(&runs, task, metric) {
                Some(metric) => Some(metric),
                None => continue,
            },
            None => None,
        };
        lines.push(bench.lines(&groups, task, asked.part, metric.as_deref()));
    }
    if let Some(metric) = asked.metric.filter(|_| lines.is_empty()) {
        return Err(no_metric(&runs, &tasks, metric));
    }
    let results = runs::results(&mut bench, &groups, &lines, asked.part);
    let tasks = tasks.into_iter().map(|task| {
        let metric = asked.metric.and_then(|metric| wanted(&runs, &task, metric));
        (task, metric)
    });
    let tasks: Vec<_> = tasks.filter(|(_, metric)| asked.metric.is_none() || metric.is_some()).collect();
    let mut names = Vec::new();
    let measures = sheets::measures(&bench, &tasks, &[asked.part], &mut names);
    let lines = if asked.with_sheet { sheets::lines_of_groups(&groups) } else { Vec::new() };
    let labels: Vec<&str> = groups.iter().map(|group| group.label.as_str()).collect();
    Ok(Comparison {
        title: if labels.len() <= 3 { labels.join(" and ") } else { number::count(labels.len(), "group") },
        about: runs::differences(&runs, &groups),
        results,
        sheet: sheets::sheet(&mut bench, &lines, &measures, "run", None),
        folder: None,
        unit: unit(&runs),
    })
}

fn of_sweep(sweep: &RecordedSweep, asked: &ComparisonRequest<'_>) -> CompareResult<Comparison> {
    let read = |arm: &FinishedArm| {
        Run::read(&arm.dir).map_err(|error| format!("{} cannot be read: {error}", arm.name))
    };
    let read: Vec<CompareResult<Run, String>> = sweep.arms.iter().map(read).collect();
    let (mut runs, mut arms, mut failed) = (Vec::new(), Vec::new(), sweep.failed.clone());
    for (run, arm) in read.into_iter().zip(&sweep.arms) {
        match run {
            Ok(run) => {
                runs.push(run);
                arms.push(arm);
            }
            Err(why) => failed.push(why),
        }
    }
    if runs.is_empty() {
        return Err(no_arm(sweep, failed));
    }
    let (task, metric) = headline(&runs, asked.metric.or(sweep.metric.as_deref()))?;
    let board = |task: &str, metric: &str| Board {
        sweep,
        runs: &runs,
        task: task.to_owned(),
        metric: metric.to_owned(),
        higher_is_better: direction(&runs, task, metric),
        part: asked.part,
    };
    let first = board(&task, &metric);
    let trials = first.trials(&arms);
    let mut bench = Bench::new(&runs);
    let rows = first.rows(&mut bench, &trials);
    let mut results = first.blocks(&mut bench, &trials, &rows);
    let tasks = match asked.metric {
        Some(_) => vec![(task.clone(), Some(metric.clone()))],
        None => all_tasks(&runs).into_iter().map(|task| (task, None)).collect(),
    };
    for (other, _) in tasks.iter().filter(|(other, _)| *other != task) {
        let Some(metric) = first_metric(&runs, other) else { continue };
        let board = board(other, &metric);
        let trials = board.trials(&arms);
        let rows = board.rows(&mut bench, &trials);
        results.push(Block::Section(format!("Task {other}")));
        results.extend(board.ranking(&mut bench, &trials, &rows));
    }
    let mut names = Vec::new();
    let measures = sheets::measures(&bench, &tasks, &[Part::Validation, Part::Test], &mut names);
    let lines = if asked.with_sheet { sheets::lines_of_sweep(&trials, &rows) } else { Vec::new() };
    let sheet = sheets::sheet(&mut bench, &lines, &measures, "arm", Some((&task, &metric)));
    results.extend(bench.notes.iter().map(|note| Block::Text(vec![plain(note.clone())])));
    results.push(Block::Text(vec![plain(marks::LEGEND)]));

    let total = number::count(sweep.arms.len() + sweep.failed.len(), "run");
    let of_arms = match rows.len() {
        1 => String::new(),
        n => format!(" in {}", number::count(n, "arm")),
    };
    let lead = format!("{} of {total}{of_arms}; {task} {}.", runs.len(), metric_label(&metric));
    let mut about = vec![Block::Lead(vec![plain(lead)])];
    if !failed.is_empty() {
        about.push(Block::Details {
            summary: format!("Left out: {}", number::count(failed.len(), "run")),
            code: failed.join("\n"),
        });
    }
    Ok(Comparison {
        title: format!("Sweep {}", sweep.name),
        about,
        results,
        sheet,
        folder: Some(sweep.dir.clone()),
        unit: unit(&runs),
    })
}

impl Comparison {
    /// Formats it for the terminal, at most 110 characters wide.
    pub fn terminal(&self) -> String {
        terminal::document(&self.document(true, false))
    }

    /// Formats it as Markdown, without plots.
    pub fn markdown(&self) -> String {
        markdown::write(&self.document(true, false))
    }

    /// Formats the tables of scores as LaTeX.
    pub fn latex(&self) -> String {
        latex::write(&self.document(false, false))
    }

    /// Formats it as one self-contained HTML page with sortable tables and plots.
    pub fn html(&self) -> String {
        page::write(&self.document(true, true))
    }

    /// Formats the scores as CSV, one row per score.
    pub fn csv(&self) -> String {
        export::csv(&self.sheet)
    }

    /// Writes the scores as Parquet, one row per score.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn parquet(&self, path: &Path) -> CompareResult<()> {
        Ok(export::parquet(path, &self.sheet)?)
    }

    fn document(&self, with_about: bool, with_plots: bool) -> ReportDocument {
        let about = self.about.iter().filter(|_| with_about);
        let blocks =
            about.chain(&self.results).filter(|block| with_plots || !matches!(block, Block::Figures(_)));
        let document = ReportDocument { title: self.title.clone(), blocks: blocks.cloned().collect() };
        let mut document = document.worded(|text| self.unit.worded(text));
        let caution = self.unit.caution().filter(|_| with_about);
        document.blocks.extend(caution.map(|caution| {
            let words = plain(format!("In these runs {}.", caution.replace('`', "")));
            Block::Text(vec![strong("About known people. "), words])
        }));
        document
    }
}

/// Returns the unit of all runs' splits. Subjects if the runs differ.
fn unit(runs: &[Run]) -> Unit {
    match runs.iter().all(|run| run.unit() == Unit::Run) {
        true => Unit::Run,
        false => Unit::Subject,
    }
}

/// Finds the metric that the user named as `task.metric` or `metric`, if this task has it.
fn wanted(runs: &[Run], task: &str, asked: &str) -> Option<String> {
    let mut scores = runs.iter().flat_map(|run| &run.scores);
    let stage = format!("evaluation.{task}");
    let is_asked = |metric: &str| metric == asked || format!("{task}.{metric}") == asked;
    scores.find(|row| row.stage == stage && is_asked(&row.metric)).map(|row| row.metric.clone())
}

/// Chooses the task and the metric of a leaderboard.
fn headline(runs: &[Run], asked: Option<&str>) -> CompareResult<(String, String)> {
    let tasks = all_tasks(runs);
    let found = match asked {
        Some(asked) => tasks.iter().find_map(|task| Some((task.clone(), wanted(runs, task, asked)?))),
        None => tasks.iter().find_map(|task| Some((task.clone(), first_metric(runs, task)?))),
    };
    found.ok_or_else(|| no_metric(runs, &tasks, asked.unwrap_or_default()))
}

/// Lists the tasks that any run has, sorted.
fn all_tasks(runs: &[Run]) -> Vec<String> {
    let mut tasks: Vec<String> = runs.iter().flat_map(Run::tasks).collect();
    tasks.sort();
    tasks.dedup();
    tasks
}

/// Returns the headline metric of a task, which it reports first.
fn first_metric(runs: &[Run], task: &str) -> Option<String> {
    let stage = format!("evaluation.{task}");
    let first = |run: &Run| run.scores.iter().find(|row| row.stage == stage).map(|row| row.metric.clone());
    runs.iter().find_map(first)
}

/// Returns the direction of a metric.
fn direction(runs: &[Run], task: &str, metric: &str) -> Option<bool> {
    let parts = [Part::Validation, Part::Test];
    let rows = runs.iter().flat_map(|run| parts.map(|part| run.score(task, part, metric)));
    rows.flatten().find_map(|row| row.higher_is_better)
}

fn no_metric(runs: &[Run], tasks: &[String], metric: &str) -> CompareError {
    let mut known: Vec<String> = Vec::new();
    for row in runs.iter().flat_map(|run| &run.scores) {
        let task = row.stage.strip_prefix("evaluation.").unwrap_or(&row.stage);
        let name = format!("`{task}.{}`", row.metric);
        if tasks.iter().any(|known| known == task) && !known.contains(&name) {
            known.push(name);
        }
    }
    let known = if known.is_empty() { "is none".to_owned() } else { format!("are {}", known.join(", ")) };
    CompareError::NoMetric { metric: metric.to_owned(), known }
}

fn no_arm(sweep: &RecordedSweep, failed: Vec<String>) -> CompareError {
    CompareError::NoArm { dir: sweep.dir.clone(), failed }
}
