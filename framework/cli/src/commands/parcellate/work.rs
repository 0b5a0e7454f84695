//! Processes many scans at once. A failure stops no other scan, and Ctrl-C keeps what is finished.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use boldface::{Result, guard};
use boldface_imaging::parcellation::Parcellation;
use boldface_imaging::recipe::{Recipe, WeightsCache};
use rayon::prelude::*;

use super::folder::SeriesDestination;
use super::made::SharedInputs;
use super::scans::PlannedSeries;
use super::settings::in_flags;
use crate::failure::Failure;
use crate::progress::Counter;
use crate::{interrupt, say};

/// Everything that is needed to process a scan.
pub struct ParcellationJob {
    pub recipe: Recipe,
    pub parcellation: Parcellation,
    pub weights: WeightsCache,
    pub inputs: SharedInputs,
    pub output: SeriesDestination,
}

/// Result of processing a scan.
enum Outcome {
    Made(Vec<String>),
    Passed,
    Failed(String),
    Stopped,
}

impl ParcellationJob {
    /// Makes the series of all scans, `workers` at once, and prints a summary.
    ///
    /// # Errors
    /// If scans failed (all of them are named, once the others are finished), or if the user stopped it.
    pub fn run(&self, scans: &[PlannedSeries], workers: usize) -> Result<(), Failure> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build();
        let pool = pool.map_err(|error| Failure::Run(format!("--workers {workers}: {error}")))?;
        interrupt::listen();
        let (started, counter) = (Instant::now(), Counter::new("scans", scans.len() as u64));
        let outcomes: Mutex<BTreeMap<usize, Outcome>> = Mutex::default();
        pool.install(|| {
            // One scan per task: scans take seconds, and none should wait for another on a busy thread.
            scans.par_iter().enumerate().with_max_len(1).for_each(|(at, scan)| {
                let outcome = self.outcome(scan);
                if !matches!(outcome, Outcome::Stopped) {
                    counter.finished(&scan.files.bold.display().to_string());
                }
                outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(at, outcome);
            });
        });
        counter.clear();
        let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.report(scans, &outcomes, started)
    }

    fn outcome(&self, scan: &PlannedSeries) -> Outcome {
        if interrupt::is_interrupted() {
            return Outcome::Stopped;
        }
        if self.inputs.is_made(scan) {
            return Outcome::Passed;
        }
        match guard(|| self.make(scan)) {
            Ok(warnings) => Outcome::Made(warnings),
            Err(error) => {
                let (bold, error) = (scan.files.bold.display().to_string(), in_flags(&error.to_string()));
                let is_named = error.contains(&bold) || error.starts_with("--");
                Outcome::Failed(if is_named { error } else { format!("`{bold}`: {error}") })
            }
        }
    }

    /// Makes one series and returns its warnings.
    fn make(&self, scan: &PlannedSeries) -> Result<Vec<String>> {
        // Taken first: a file that changes while it is read is processed again next time.
        let made_of = self.inputs.made_of(scan)?;
        let recorded = self.recipe.derive(&scan.files, &self.parcellation, &self.weights)?;
        self.inputs.write(scan, &self.parcellation, self.output.format, &made_of, &recorded)?;
        Ok(recorded.quality.warnings)
    }

    fn report(
        &self,
        scans: &[PlannedSeries],
        outcomes: &BTreeMap<usize, Outcome>,
        started: Instant,
    ) -> Result<(), Failure> {
        let mut warnings: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let (mut made, mut passed, mut failed, mut stopped) = (Vec::new(), 0, Vec::new(), 0);
        for (&at, outcome) in outcomes {
            match outcome {
                Outcome::Made(own) => {
                    made.push(at);
                    own.iter().for_each(|warning| warnings.entry(warning).or_default().push(at));
                }
                Outcome::Passed => passed += 1,
                Outcome::Failed(error) => failed.push(error.as_str()),
                Outcome::Stopped => stopped += 1,
            }
        }
        for (warning, of) in &warnings {
            let first = scans[of[0]].files.bold.display();
            let others = if of.len() > 1 { format!(" and {} more", of.len() - 1) } else { String::new() };
            let warning = in_flags(warning);
            say::aside(format_args!("warning: {warning} (`{first}`{others})"));
        }
        let folder = match (scans, self.output.folder.as_os_str().is_empty()) {
            ([scan], _) => scan.series.display().to_string(),
            (_, true) => ".".to_owned(),
            _ => self.output.folder.display().to_string(),
        };
        let mut told = vec![format!("{} made", made.len())];
        told.extend((passed > 0).then(|| format!("{passed} made before")));
        told.extend((!failed.is_empty()).then(|| format!("{} failed", failed.len())));
        told.extend((stopped > 0).then(|| format!("{stopped} not started")));
        let (told, seconds) = (told.join(", "), started.elapsed().as_secs_f64());
        let line =
            format!("{folder}: {told}; {} regions, {seconds:.1} s", self.parcellation.regions().names.len());
        if !failed.is_empty() {
            let list = failed.iter().map(|error| format!("\n  {error}")).collect::<String>();
            let end = if stopped > 0 { "\nstopped; run the same command again for the rest" } else { "" };
            return Err(Failure::Run(format!("{line}{list}{end}")));
        }
        if stopped > 0 {
            return Err(Failure::Interrupted(format!("{line}; run the same command again for the rest")));
        }
        say::out(format_args!("{line}\n"));
        Ok(())
    }
}
