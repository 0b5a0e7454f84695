//! `boldface predict`, `boldface ask` and `boldface embed`: a finished model on new scans.

use std::path::PathBuf;

use boldface_imaging::export::{npy_matrix, replace};
use boldface_imaging::folder::{FileSelection, SIGNALS, ScanFolder};
use boldface_imaging::regions;
use boldface_runner::predict::{Model, ModelRequest, NewScans};
use boldface_tables::export::{ColumnValues, Sheet, csv, parquet};
use boldface_tables::predictions::{self, PredictionRow};

use super::libraries::Libraries;
use super::threads;
use crate::failure::{Failure, with_causes};
use crate::say;

/// The model, its place and the scans.
#[derive(clap::Args)]
pub struct FinishedModelArguments {
    /// Folder of an export or of a finished run, `latest`, or the name of an experiment (its latest run).
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Seconds between two volumes, for scans without a .json file that says so.
    #[arg(long, value_name = "SECONDS")]
    tr: Option<f64>,
    /// Region table of the scans (columns index and name), for files that do not name their regions.
    #[arg(long, value_name = "TSV")]
    regions: Option<PathBuf>,
    /// Folder of runs.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    /// Location of the published weights that the language model was made from.
    #[arg(long, value_name = "PATH")]
    weights: Option<PathBuf>,
    /// Compute on this device instead of the spec's.
    #[arg(long)]
    device: Option<String>,
    /// Number of threads; 0 uses one per core.
    #[arg(long, default_value_t = 0)]
    workers: usize,
    #[command(flatten)]
    libraries: Libraries,
}

/// Arguments of `boldface predict`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface predict latest new/sub-90_task-rest_timeseries.tsv
  boldface predict exports/pain new --regions atlas_dseg.tsv --tr 2.0 --out predictions.parquet
  boldface predict exports/pain new --task condition --out predictions.csv

The scans must have the regions, their order, the repetition time and the length that the model has learned. If one does
not fit, its mismatch is named and nothing is answered. Options are ranked by likelihood, captions are generated. A test
scan of the run gets the numbers in the run's predictions.parquet. Nothing is learned from the scans.")]
pub struct PredictArguments {
    #[command(flatten)]
    model: FinishedModelArguments,
    /// Scans (.npy, .tsv, .csv, .txt, .1D, .mat or .parquet, with one row per volume and one column per
    /// region), or folders with sub-..._timeseries files.
    #[arg(value_name = "SCANS", required = true)]
    scans: Vec<PathBuf>,
    /// Task to answer; may be given several times. Default: all.
    #[arg(long = "task", value_name = "NAME")]
    tasks: Vec<String>,
    /// Also write the table to this file, ending in .parquet or .csv.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Arguments of `boldface ask`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface ask latest sub-90_task-rest_timeseries.tsv \"How strongly is the default network coupled?\"

The answer is generated, so it may be wrong in ways that no score tells; `boldface predict` ranks the answers of a task.")]
pub struct AskArguments {
    #[command(flatten)]
    model: FinishedModelArguments,
    /// The scan, in one of the formats of `boldface predict`.
    #[arg(value_name = "SCAN")]
    scan: PathBuf,
    /// The question.
    #[arg(value_name = "QUESTION")]
    question: String,
}

/// Arguments of `boldface embed`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface embed exports/pain new --to embeddings

Writes one row per scan: tokenizer.npy has the mean of the tokenizer's features over all tokens, model.npy the pooled
hidden state of the language model after the prompt, and scans.tsv the scan of each row. The .parquet files hold the
same numbers with the names of the scans. The folder must not exist.")]
pub struct EmbedArguments {
    #[command(flatten)]
    model: FinishedModelArguments,
    /// Scans (.npy, .tsv, .csv, .txt, .1D, .mat or .parquet, with one row per volume and one column per
    /// region), or folders with sub-..._timeseries files.
    #[arg(value_name = "SCANS", required = true)]
    scans: Vec<PathBuf>,
    /// Folder to write; it must not exist yet.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Text of the prompt that shows the scan to the language model.
    #[arg(long, value_name = "TEXT", default_value = "Describe this scan.")]
    question: String,
}

/// Answers the tasks of a model.
pub fn predict(arguments: &PredictArguments) -> Result<(), Failure> {
    let out = arguments.out.as_deref();
    let extension = out.map(|out| out.extension().and_then(|end| end.to_str()).unwrap_or_default());
    if let Some((out, _)) = out.zip(extension).filter(|(_, end)| !["parquet", "csv"].contains(end)) {
        return Err(Failure::Usage(format!("--out `{}` must end in .parquet or .csv", out.display())));
    }
    let answers =
        opened(&arguments.model, &arguments.scans, |model, scans| model.predict(scans, &arguments.tasks))?;
    answers.notes.iter().for_each(|note| say::aside(format_args!("note: {note}")));
    let heads = ["scan", "task", "question", "answer", "option", "probability", "value"].map(str::to_owned);
    let number = |value: Option<f64>| value.map(|value| format!("{value:.4}")).unwrap_or_default();
    let mut rows = vec![heads];
    for row in &answers.rows {
        let answer = row.answer.answer.clone().unwrap_or_default();
        let option = row.answer.option.clone().unwrap_or_default();
        let (probability, value) = (number(row.answer.probability), number(row.answer.answer_value));
        rows.push([
            row.scan.without_dataset(),
            row.task.clone(),
            row.question.clone(),
            answer,
            option,
            probability,
            value,
        ]);
    }
    if let Some(out) = out {
        let written = match extension {
            Some("parquet") => predictions::write(out, &answers.rows).map_err(|error| with_causes(&error)),
            _ => replace(out, csv(&sheet(&answers.rows)).as_bytes()).map_err(|error| error.to_string()),
        };
        written.map_err(|error| Failure::Run(format!("--out `{}`: {error}", out.display())))?;
    }
    say::out(aligned(&rows));
    Ok(())
}

/// Answers a free question.
pub fn ask(arguments: &AskArguments) -> Result<(), Failure> {
    let scan = std::slice::from_ref(&arguments.scan);
    let answers = opened(&arguments.model, scan, |model, scans| model.ask(scans, &arguments.question))?;
    say::out(answers.join("\n") + "\n");
    Ok(())
}

/// Writes pooled states.
pub fn embed(arguments: &EmbedArguments) -> Result<(), Failure> {
    let to = &arguments.to;
    if to.exists() {
        let to = to.display();
        return Err(Failure::Usage(format!("--to `{to}` already exists, and nothing is overwritten")));
    }
    let (names, found) = opened(&arguments.model, &arguments.scans, |model, scans| {
        Ok((scans.names(), model.embed(scans, &arguments.question)?))
    })?;
    let width = |rows: &[Vec<f32>]| rows.first().map_or(0, Vec::len);
    let write = || -> boldface::Result<()> {
        std::fs::create_dir_all(to)?;
        std::fs::write(to.join("scans.tsv"), format!("scan\n{}\n", names.join("\n")))?;
        for (name, rows) in [("tokenizer", &found.tokenizer), ("model", &found.model)] {
            std::fs::write(
                to.join(format!("{name}.npy")),
                npy_matrix(rows.len(), width(rows), &rows.concat()),
            )?;
            let scans = ColumnValues::Text(names.iter().cloned().map(Some).collect());
            let state = |column: usize| {
                ColumnValues::Number(rows.iter().map(|row| Some(f64::from(row[column]))).collect())
            };
            let table = Sheet::new().with("scan", scans);
            let table =
                (0..width(rows)).fold(table, |table, column| table.with(column.to_string(), state(column)));
            parquet(&to.join(format!("{name}.parquet")), &table)?;
        }
        Ok(())
    };
    write().map_err(|error| Failure::Run(format!("--to `{}`: {}", to.display(), with_causes(&*error))))?;
    let (tokenizer, model) = (width(&found.tokenizer), width(&found.model));
    let (to, scans) = (to.display(), names.len());
    say::out(format_args!("{to}: {scans} rows of {tokenizer} (tokenizer) and {model} (model) numbers\n"));
    Ok(())
}

/// Opens the model, reads the scans and works with both.
fn opened<T: Send>(
    arguments: &FinishedModelArguments,
    scans: &[PathBuf],
    work: impl FnOnce(&Model, &NewScans) -> boldface::Result<T> + Send,
) -> Result<T, Failure> {
    arguments.libraries.load()?;
    let files = files(scans)?;
    let regions = arguments.regions.as_ref().map(|table| regions::read_names(table));
    let regions = regions.transpose().map_err(|error| Failure::Run(format!("--regions: {error}")))?;
    let pool = threads::start(arguments.workers)?;
    let request = ModelRequest {
        path: arguments.model.clone(),
        runs: arguments.runs.clone(),
        weights: arguments.weights.clone(),
        device: arguments.device.clone(),
        workers: pool.current_num_threads(),
    };
    let done = pool.install(|| -> boldface::Result<T> {
        let model = Model::open(&request)?;
        let scans = NewScans::read(&model, &files, arguments.tr, regions.as_deref())?;
        scans.warnings.iter().for_each(|warning| say::aside(format_args!("warning: {warning}")));
        boldface::guard(|| work(&model, &scans))
    });
    done.map_err(|error| Failure::Run(with_causes(&*error)))
}

/// Replaces folders by the scans in them.
fn files(scans: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in scans {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let none = std::collections::BTreeMap::new();
        let find = |suffix| {
            let wanted =
                FileSelection { suffix, extensions: &SIGNALS, only: &none, others: &[], subject: None };
            ScanFolder::find(path, &wanted).map_err(|error| Failure::Usage(error.to_string()))
        };
        let mut found = find("timeseries")?.scans;
        if found.is_empty() {
            found = find("")?.scans;
        }
        if found.is_empty() {
            let path = path.display();
            return Err(Failure::Usage(format!("no scan `sub-..._timeseries` or `sub-....csv` in `{path}`")));
        }
        files.extend(found.into_iter().map(|scan| scan.path));
    }
    Ok(files)
}

/// Makes the table of answers for other programs, in full precision.
fn sheet(rows: &[PredictionRow]) -> Sheet {
    let text =
        |of: &dyn Fn(&PredictionRow) -> Option<String>| ColumnValues::Text(rows.iter().map(of).collect());
    let number =
        |of: &dyn Fn(&PredictionRow) -> Option<f64>| ColumnValues::Number(rows.iter().map(of).collect());
    Sheet::new()
        .with("scan", text(&|row| Some(row.scan.without_dataset())))
        .with("task", text(&|row| Some(row.task.clone())))
        .with("question", text(&|row| Some(row.question.clone())))
        .with("answer", text(&|row| row.answer.answer.clone()))
        .with("option", text(&|row| row.answer.option.clone()))
        .with("probability", number(&|row| row.answer.probability))
        .with("value", number(&|row| row.answer.answer_value))
}

/// Formats a table with columns of equal width.
fn aligned(rows: &[[String; 7]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
        let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}
