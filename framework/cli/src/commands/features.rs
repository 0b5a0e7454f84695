//! `boldface features`: measures scans and writes a long table, without words.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use boldface::{Cohort, Interrupted};
use boldface_imaging::export::replace;
use boldface_imaging::regions;
use boldface_runner::describe::{Families, FamiliesError, Scans, sheet};
use boldface_tables::export;

use super::libraries::Libraries;
use super::threads;
use crate::failure::{Failure, with_causes};
use crate::progress::Counter;
use crate::{interrupt, say};

/// Arguments of `boldface features`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface features sub-01_timeseries.tsv sub-02_timeseries.tsv --regions atlas_dseg.tsv --tr 2.0 --out features.parquet
  boldface features derivatives/atlas --regions derivatives/atlas/seg-ATLAS_dseg.tsv --families graph,connectivity \\
      --config settings.toml --out features.csv

Each row is one number: scan, family, feature, value, and the reason for a missing value. Templates of gradients and
maps of components are fitted to all given scans. To measure people that nothing may be learned from, make a corpus
of a study and use `boldface describe`. --config has one table per family, with the keys of a spec's [corpora.X]:
  [graph]
  densities = [0.1, 0.2]")]
pub struct FeaturesArguments {
    /// Scans (.npy, .tsv, .csv or .parquet, with one row per volume and one column per region), or
    /// folders with sub-..._timeseries files. A scan is named by its BIDS name, or else by its file name
    /// without the extension.
    #[arg(value_name = "SERIES", required = true)]
    series: Vec<PathBuf>,
    /// Region table: a .tsv with the columns index, name and network; `boldface regions` makes one.
    #[arg(long, value_name = "TSV")]
    regions: PathBuf,
    /// Column of --regions that names the networks.
    #[arg(long, value_name = "COLUMN", default_value = "network")]
    networks: String,
    /// Seconds between two volumes, for scans without a .json file that says so.
    #[arg(long, value_name = "SECONDS")]
    tr: Option<f64>,
    /// Families to measure, such as graph,connectivity; by default, all that need no settings. `boldface
    /// list corpus` lists them.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    families: Option<Vec<String>>,
    /// Settings of families: a TOML file with one table per family.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Table to write, ending in .parquet, .tsv or .csv.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Number of threads; 0 (the default) uses one per core.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    #[command(flatten)]
    libraries: Libraries,
}

/// Format of a table.
#[derive(Clone, Copy)]
enum Format {
    Parquet,
    Tsv,
    Csv,
}

/// Measures the scans and writes the table.
pub fn execute(arguments: &FeaturesArguments) -> Result<(), Failure> {
    let format = format(&arguments.out)?;
    arguments.libraries.load()?;
    let settings = arguments.config.as_ref().map(|path| {
        let text = std::fs::read_to_string(path);
        text.map_err(|error| Failure::Usage(format!("--config `{}`: {error}", path.display())))
    });
    let settings = settings.transpose()?;
    let settings = arguments.config.as_deref().zip(settings.as_deref());
    let mut families = Families::new(arguments.families.as_deref(), settings).map_err(failure)?;
    let regions = regions::read(&arguments.regions, &arguments.networks);
    let regions = regions.map_err(|error| Failure::Run(format!("--regions: {error}")))?;
    let files = Scans::find(&arguments.series).map_err(|error| Failure::Usage(with_causes(&*error)))?;

    let pool = threads::start(arguments.threads)?;
    let threads = pool.current_num_threads();
    interrupt::listen();
    let shown = Shown::new("scans read", files.len());
    let read = Scans::read(files, &regions, arguments.tr, threads, &mut |done| shown.told(done));
    shown.counter.clear();
    let scans = read.map_err(|error| wrong(&error))?;
    let infos = scans.infos();
    let left_out = families.check(&Cohort::new(infos.clone(), regions)).map_err(failure)?;
    left_out.iter().for_each(|line| say::aside(format_args!("warning: {line}")));
    let mut rows = Vec::new();
    for family in &families.entries {
        let some = if infos.len() == 1 { "scan" } else { "scans" };
        say::aside(format_args!("  {}: {} {some}", family.name, infos.len()));
        let shown = Shown::new("scans measured", infos.len());
        let measured = pool.install(|| scans.measure(family, threads, &mut |done| shown.told(done)));
        shown.counter.clear();
        match measured {
            Ok(measured) => rows.extend(measured),
            // The user did not request this family, and the others have their numbers.
            Err(error) if !error.is::<Interrupted>() && !families.is_asked(&family.name) => {
                say::aside(format_args!("warning: left out: {}", with_causes(&*error)));
            }
            Err(error) => return Err(wrong(&error)),
        }
    }
    if rows.is_empty() {
        return Err(Failure::Run("no family could measure anything; name some with --families".to_owned()));
    }
    // Sorted by scan; each scan keeps the order of the families.
    rows.sort_by(|a, b| a.scan.cmp(&b.scan));

    let sheet = sheet(&rows);
    let out = &arguments.out;
    let written = match format {
        Format::Parquet => export::parquet(out, &sheet).map_err(|error| with_causes(&error)),
        Format::Tsv => replace(out, export::tsv(&sheet).as_bytes()).map_err(|error| error.to_string()),
        Format::Csv => replace(out, export::csv(&sheet).as_bytes()).map_err(|error| error.to_string()),
    };
    written.map_err(|error| Failure::Run(format!("--out `{}`: {error}", out.display())))?;
    let missing = rows.iter().filter(|row| row.value.is_err()).count();
    let left = if missing > 0 { format!(", {missing} of them not available") } else { String::new() };
    let (scans, numbers) = (infos.len(), rows.len());
    say::out(format_args!("{}: {numbers} numbers of {scans} scans{left}\n", out.display()));
    Ok(())
}

/// Progress of a step that reports how many scans are finished.
struct Shown {
    counter: Counter,
    told: AtomicUsize,
}

impl Shown {
    fn new(what: &'static str, total: usize) -> Shown {
        Shown { counter: Counter::new(what, total as u64), told: AtomicUsize::new(0) }
    }

    /// Reports that `done` scans are finished; fails if the user asked to stop.
    fn told(&self, done: usize) -> boldface::Result<()> {
        for _ in self.told.swap(done, Ordering::Relaxed)..done {
            self.counter.finished("");
        }
        if interrupt::is_interrupted() { Err(Interrupted.into()) } else { Ok(()) }
    }
}

fn format(out: &Path) -> Result<Format, Failure> {
    match out.extension().and_then(|extension| extension.to_str()) {
        Some("parquet") => Ok(Format::Parquet),
        Some("tsv") => Ok(Format::Tsv),
        Some("csv") => Ok(Format::Csv),
        _ => Err(Failure::Usage(format!("--out `{}` must end in .parquet, .tsv or .csv", out.display()))),
    }
}

fn failure(error: FamiliesError) -> Failure {
    match error {
        FamiliesError::Name(message) => Failure::Usage(message),
        FamiliesError::Settings(problems) => Failure::Spec(problems),
    }
}

fn wrong(error: &boldface::Error) -> Failure {
    if error.is::<Interrupted>() {
        return Failure::Interrupted("stopped; nothing was written".to_owned());
    }
    Failure::Run(with_causes(&**error))
}
