//! `boldface describe`: describes new people's scans with a finished corpus.

use std::collections::BTreeMap;
use std::path::PathBuf;

use boldface::{Descriptor, Scan, guard};
use boldface_imaging::regions;
use boldface_runner::describe::{Corpus, ScanDetails, named, shared};

use super::libraries::Libraries;
use crate::failure::{Failure, with_causes};
use crate::say;

/// Arguments of `boldface describe`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface describe --corpus runs/latest --series sub-90_task-rest_timeseries.tsv
  boldface describe --corpus runs/latest --series new/*.npy --regions atlas_dseg.tsv --tr 2.0 --trace
  boldface describe --corpus runs/latest --series sub-90_timeseries.npy --column age=34 --column sex=F --json

A scan is compared with the norms of the run's training scans; nothing is learned from it. Its regions must be those
of the corpus. They are read from the file's first line, from RegionOrder in the .json beside it, or from --regions.
A longer scan is cropped like those of the run. A shorter one is refused, because measures depend on the length.")]
pub struct DescribeArguments {
    /// Folder of a run, of an arm of a sweep, or of a stored corpus (runs/cache/corpus-KEY).
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// Scans: .npy, .tsv, .csv or .parquet, with one row per volume and one column per region.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    series: Vec<PathBuf>,
    /// Seconds between two volumes, for scans without a .json file that says so.
    #[arg(long, value_name = "SECONDS")]
    tr: Option<f64>,
    /// Region table of the scans (columns index and name), for files that do not name their regions.
    #[arg(long, value_name = "TSV")]
    regions: Option<PathBuf>,
    /// Value of a phenotype column for the person, such as age=34; may be given several times.
    #[arg(long = "column", value_name = "NAME=VALUE")]
    columns: Vec<String>,
    /// Dataset of the corpus that the scans belong to, if it has several.
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Print a table: each sentence with its feature, value and norm.
    #[arg(long, conflicts_with = "json")]
    trace: bool,
    /// Print one JSON object per sentence.
    #[arg(long)]
    json: bool,
    /// Also write the table of all sentences to this .parquet file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    libraries: Libraries,
}

/// Describes the scans.
pub fn execute(arguments: &DescribeArguments) -> Result<(), Failure> {
    let out = arguments.out.as_ref().filter(|out| out.extension().is_none_or(|end| end != "parquet"));
    if let Some(out) = out {
        return Err(Failure::Usage(format!("--out `{}` must end in .parquet", out.display())));
    }
    arguments.libraries.load()?;
    let corpus = Corpus::open(&arguments.corpus);
    let corpus = corpus.map_err(|error| Failure::Run(format!("--corpus: {}", with_causes(&*error))))?;
    let known = known(arguments)?;
    corpus.check(&known).map_err(|error| Failure::Usage(error.to_string()))?;
    let scans = scans(arguments, &corpus, &known)?;

    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let said = corpus.describe(&scans, threads).map_err(|error| {
        let told: Vec<&String> = known.columns.keys().collect();
        // The error may name a column that only the command line can give.
        let lacks =
            |column: &&String| error.to_string().contains(&format!("`{column}`")) && !told.contains(column);
        let lacking = corpus.saved().columns.iter().find(lacks);
        let help = lacking.map(|column| format!("\n  help: give it with `--column {column}=VALUE`"));
        Failure::Run(with_causes(&*error) + &help.unwrap_or_default())
    })?;
    if arguments.json {
        for descriptor in said.iter().flatten() {
            let line = serde_json::to_string(descriptor).expect("a sentence is made of strings and numbers");
            say::out(line + "\n");
        }
    } else if arguments.trace {
        say::out(trace(&said.concat()));
    } else {
        say::out(paragraphs(&said));
    }
    if let Some(out) = &arguments.out {
        let written = boldface_tables::descriptors::write(out, &said.concat());
        written.map_err(|error| Failure::Run(format!("--out: {}", with_causes(&error))))?;
    }
    Ok(())
}

/// Collects what the command line says about the scans.
fn known(arguments: &DescribeArguments) -> Result<ScanDetails, Failure> {
    let mut columns = BTreeMap::new();
    for written in &arguments.columns {
        let pair = written.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let Some((name, value)) = pair else {
            return Err(Failure::Usage(format!("--column `{written}` is not NAME=VALUE, such as age=34")));
        };
        if columns.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Failure::Usage(format!("--column gives `{name}` twice")));
        }
    }
    let regions = arguments.regions.as_ref().map(|table| regions::read_names(table));
    let regions = regions.transpose().map_err(|error| Failure::Run(format!("--regions: {error}")))?;
    Ok(ScanDetails { tr: arguments.tr, regions, columns, dataset: arguments.dataset.clone() })
}

/// Reads all requested scans, and prints their warnings.
fn scans(arguments: &DescribeArguments, corpus: &Corpus, known: &ScanDetails) -> Result<Vec<Scan>, Failure> {
    let files = &arguments.series;
    let names: Vec<_> = files.iter().map(|path| named(path, "")).collect();
    if let Some(message) = shared(files.iter().map(PathBuf::as_path).zip(&names)) {
        return Err(Failure::Usage(format!("--series: {message}")));
    }
    let (mut scans, mut bad) = (Vec::new(), Vec::new());
    let mut warnings: Vec<(String, Vec<String>)> = Vec::new();
    for path in files {
        let shown = path.display().to_string();
        match guard(|| corpus.scan(path, known)) {
            Ok(stranger) => {
                for warning in stranger.warnings {
                    match warnings.iter_mut().find(|(words, _)| *words == warning) {
                        Some((_, of)) => of.push(shown.clone()),
                        None => warnings.push((warning, vec![shown.clone()])),
                    }
                }
                scans.push(stranger.scan);
            }
            Err(error) => bad.push(format!("`{shown}`: {}", with_causes(&*error))),
        }
    }
    for (warning, of) in &warnings {
        let others = if of.len() > 1 { format!(" and {} more", of.len() - 1) } else { String::new() };
        say::aside(format_args!("warning: `{}`{others}: {warning}", of[0]));
    }
    match &bad[..] {
        [] => Ok(scans),
        [only] => Err(Failure::Run(format!("--series {only}"))),
        _ => {
            let lines: String = bad.iter().map(|line| format!("\n  {line}")).collect();
            Err(Failure::Run(format!("{} of {} scans cannot be described:{lines}", bad.len(), files.len())))
        }
    }
}

/// Formats one paragraph per generator, under headings if there are several scans or generators.
fn paragraphs(said: &[Vec<Descriptor>]) -> String {
    let mut text = String::new();
    for of_scan in said {
        let Some(first) = of_scan.first() else { continue };
        if said.len() > 1 {
            text += &format!("{}{}\n\n", if text.is_empty() { "" } else { "\n" }, first.scan);
        }
        let is_alone = of_scan.iter().all(|descriptor| descriptor.corpus == first.corpus);
        let mut paragraphs = Vec::new();
        for of_corpus in of_scan.chunk_by(|a, b| a.corpus == b.corpus) {
            let sentences: Vec<&str> = of_corpus.iter().map(|descriptor| descriptor.text.as_str()).collect();
            let name = if is_alone { String::new() } else { format!("{}: ", of_corpus[0].corpus) };
            paragraphs.push(format!("{name}{}\n", sentences.join(" ")));
        }
        text += &paragraphs.join("\n");
    }
    text
}

/// Formats a table with one row per sentence, with the fact and norm behind it.
fn trace(descriptors: &[Descriptor]) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    let heads = ["corpus", "feature", "value", "z", "band", "n", "norm", "scan", "window", "sentence"]
        .map(str::to_owned);
    let row = |descriptor: &Descriptor| {
        let Descriptor { scan, corpus, text, fact, norm_scans, norm_people, norm, window, .. } = descriptor;
        let end = window.start + window.trs;
        let reason = fact.reason.iter().map(|reason| format!(" ({reason})")).collect::<String>();
        [
            corpus.clone(),
            fact.feature.clone(),
            number(fact.value),
            number(fact.z),
            format!("{}{reason}", fact.band),
            if *norm_people == 0 { format!("{norm_scans}/-") } else { format!("{norm_scans}/{norm_people}") },
            if norm.is_empty() { "-".to_owned() } else { norm.clone() },
            scan.to_string(),
            format!("{}..{end}", window.start),
            text.clone(),
        ]
    };
    let rows: Vec<[String; 10]> = std::iter::once(heads).chain(descriptors.iter().map(row)).collect();
    let widths: Vec<usize> =
        (0..10).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cell = |(column, cell): (usize, &String)| {
            let gap = " ".repeat(widths[column] - cell.chars().count());
            if matches!(column, 2 | 3 | 5) { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        };
        let cells: Vec<String> = row.iter().enumerate().map(cell).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text + "\nn: training scans/people that the norm rests on; window: volumes of the cropped scan\n"
}
