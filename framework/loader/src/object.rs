//! Datasets, corpora and tasks from a library, as implementations of the framework's traits.

// A method left to its default would run here instead of in the library.
#![deny(clippy::missing_trait_methods)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boldface::abi::{CreatedPlugin, Request, SentCohort, SentMetric, SentRecorded, SentSeries, Series};
use boldface::serde_json::Value;
use boldface::{
    CheckContext, Cohort, CorpusGenerator, Dataset, Describer, Descriptor, Example, Fact, FactQuestion,
    Metric, Outcome, Problem, Recorded, Result, Scan, ScanInfo, Task, TimeSeries, TrainScans,
};
use serde::{Serialize, Serializer};

use crate::call::LoadedPlugin;

/// An object in a library. Dropping it here drops it there.
#[derive(Debug)]
pub(crate) struct Object {
    plugin: &'static LoadedPlugin,
    number: u64,
    config: Value,
    version: u32,
}

impl Object {
    /// Creates a plugin from its table.
    ///
    /// # Errors
    /// The problem with the table or the plugin.
    pub fn make(plugin: &'static LoadedPlugin, table: &Value) -> Result<Object, Problem> {
        let (kind, name) = (plugin.kind().to_owned(), plugin.name().to_owned());
        let made: Result<Result<CreatedPlugin, Problem>> =
            plugin.ask(Request::Make { kind, name, table: table.clone() });
        let CreatedPlugin { object, config, version } = made.map_err(|error| problem(&error))??;
        Ok(Object { plugin, number: object, config, version })
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if self.plugin.is_sound() {
            // A failure is harmless: the library keeps an unused object.
            let _ = self.plugin.ask::<()>(Request::Drop { object: self.number });
        }
    }
}

/// Serialises as the plugin's config, so that the blanket [`boldface::Config`] implementation applies.
impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.config.serialize(serializer)
    }
}

fn problem(error: &boldface::Error) -> Problem {
    Problem::at("", error.to_string())
}

/// Returns the problems that a check found. A failed check becomes a problem too.
fn problems(found: Result<Vec<Problem>>) -> Vec<Problem> {
    found.unwrap_or_else(|error| vec![problem(&error)])
}

/// A task in a library.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct LoadedTask(pub Object);

impl Task for LoadedTask {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let mut series = Series::default();
        let scan = Box::new(series.put_scan(scan));
        Ok(self.0.plugin.call(Request::Examples { object: self.0.number, scan }, series)?.0)
    }

    fn forecasts(&self) -> bool {
        // A library that fails here fails in `examples` too, which says so.
        self.0.plugin.ask(Request::Forecasts { object: self.0.number }).unwrap_or(false)
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        let mut series = Series::default();
        let outcomes = outcomes.iter().map(|outcome| series.put_outcome(outcome)).collect();
        let request = Request::Score { object: self.0.number, outcomes };
        let (metrics, _) = self.0.plugin.call::<Vec<SentMetric>>(request, series)?;
        Ok(metrics.into_iter().map(Metric::from).collect())
    }

    fn cautions(&self, cx: &CheckContext<'_>) -> Vec<String> {
        let CheckContext { scans, trs, patch } = *cx;
        let scans = scans.to_vec();
        let said = self.0.plugin.ask(Request::Cautions { object: self.0.number, scans, trs, patch });
        said.unwrap_or_else(|error| vec![error.to_string()])
    }

    fn check(&self, cx: &CheckContext<'_>) -> Vec<Problem> {
        let CheckContext { scans, trs, patch } = *cx;
        let scans = scans.to_vec();
        problems(self.0.plugin.ask(Request::CheckTask { object: self.0.number, scans, trs, patch }))
    }

    fn version(&self) -> u32 {
        self.0.version
    }
}

/// A corpus generator in a library. It sees the columns that it reports and those that its table names,
/// and the plan refuses tasks that ask for one of them. So no library can read an answer, neither while it
/// fits nor while it describes.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct LoadedCorpus {
    object: Object,
    #[serde(skip)]
    tells: Vec<String>,
    #[serde(skip)]
    seen: Arc<BTreeSet<String>>,
}

impl LoadedCorpus {
    /// Wraps a generator and immediately asks for the columns its sentences reveal. A failure is then a
    /// problem found before anything runs, and no column stays hidden from the leak checks.
    ///
    /// # Errors
    /// The problem that the library reports.
    pub fn new(object: Object) -> Result<LoadedCorpus, Problem> {
        let tells: Result<Vec<String>> = object.plugin.ask(Request::Tells { object: object.number });
        let tells = tells.map_err(|error| problem(&error))?;
        let mut seen = tells.iter().cloned().collect();
        // The leak checks read the same strings: `words` are wordings, not columns.
        let entries = object.config.as_object().into_iter().flatten().filter(|(key, _)| *key != "words");
        entries.for_each(|(_, value)| strings(value, &mut seen));
        Ok(LoadedCorpus { tells, seen: Arc::new(seen), object })
    }

    fn describer(&self, number: u64) -> Box<dyn Describer> {
        let Object { plugin, version, .. } = self.object;
        let object = Object { plugin, number, config: Value::Null, version };
        Box::new(LoadedDescriber { object, seen: Arc::clone(&self.seen) })
    }
}

impl CorpusGenerator for LoadedCorpus {
    fn fit(&self, train: &TrainScans<'_>, seed: u64) -> Result<Box<dyn Describer>> {
        let mut series = Series::default();
        let train = train.iter().map(|scan| series.put_scan(scan).with_columns(&self.seen)).collect();
        let (number, _) =
            self.object.plugin.call(Request::Fit { object: self.object.number, train, seed }, series)?;
        Ok(self.describer(number))
    }

    fn load(&self, dir: &Path) -> Result<Box<dyn Describer>> {
        let dir = dir.to_owned();
        Ok(self
            .describer(self.object.plugin.ask(Request::LoadDescriber { object: self.object.number, dir })?))
    }

    fn tells(&self) -> Vec<String> {
        self.tells.clone()
    }

    fn asks(&self, cohort: &Cohort) -> Option<Vec<FactQuestion>> {
        let cohort = SentCohort::from(cohort.clone());
        // A library that fails here fails in `check` or in the run, which report it.
        self.object.plugin.ask(Request::Asks { object: self.object.number, cohort }).ok().flatten()
    }

    fn check(&self, cohort: &Cohort) -> Vec<Problem> {
        let cohort = SentCohort::from(cohort.clone());
        problems(self.object.plugin.ask(Request::CheckCorpus { object: self.object.number, cohort }))
    }

    fn version(&self) -> u32 {
        self.object.version
    }
}

/// Collects the strings of a table, each of which may name a column.
fn strings(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => _ = found.insert(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(table) => table.values().for_each(|item| strings(item, found)),
        _ => {}
    }
}

/// A fitted corpus generator in a library.
struct LoadedDescriber {
    object: Object,
    seen: Arc<BTreeSet<String>>,
}

impl Describer for LoadedDescriber {
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>> {
        let mut series = Series::default();
        let scan = Box::new(series.put_scan(scan).with_columns(&self.seen));
        Ok(self.object.plugin.call(Request::Describe { object: self.object.number, scan }, series)?.0)
    }

    fn read(&self, text: &str) -> Result<Vec<Fact>> {
        self.object.plugin.ask(Request::Read { object: self.object.number, text: text.to_owned() })
    }

    fn questions(&self) -> Result<Vec<FactQuestion>> {
        self.object.plugin.ask(Request::Questions { object: self.object.number })
    }

    fn say(&self, feature: &str, band: &str) -> Result<Option<String>> {
        let (feature, band) = (feature.to_owned(), band.to_owned());
        self.object.plugin.ask(Request::Say { object: self.object.number, feature, band })
    }

    fn save(&self, dir: &Path) -> Result<()> {
        self.object.plugin.ask(Request::Save { object: self.object.number, dir: dir.to_owned() })
    }
}

/// A dataset in a library.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct LoadedDataset(pub Object);

impl Dataset for LoadedDataset {
    fn files(&self, root: &Path) -> Result<Vec<PathBuf>> {
        self.0.plugin.ask(Request::Files { object: self.0.number, root: root.to_owned() })
    }

    fn cohort(&self, root: &Path, name: &str) -> Result<Cohort> {
        let (root, name) = (root.to_owned(), name.to_owned());
        let request = Request::Cohort { object: self.0.number, root, name };
        Ok(self.0.plugin.ask::<SentCohort>(request)?.into())
    }

    fn load(&self, root: &Path, scan: &ScanInfo) -> Result<TimeSeries> {
        let (root, scan) = (root.to_owned(), Box::new(scan.clone()));
        let request = Request::Load { object: self.0.number, root, scan };
        let (sent, mut series) = self.0.plugin.call::<SentSeries>(request, Series::default())?;
        series.take(&sent)
    }

    fn record(&self, root: &Path, scan: &ScanInfo) -> Result<Recorded> {
        let (root, scan) = (root.to_owned(), Box::new(scan.clone()));
        let request = Request::Record { object: self.0.number, root, scan };
        let (sent, mut series) = self.0.plugin.call::<SentRecorded>(request, Series::default())?;
        series.take_recorded(sent)
    }

    fn looks_ahead(&self, root: &Path) -> Vec<Problem> {
        problems(self.0.plugin.ask(Request::LooksAhead { object: self.0.number, root: root.to_owned() }))
    }

    fn check(&self, root: &Path) -> Vec<Problem> {
        problems(self.0.plugin.ask(Request::CheckDataset { object: self.0.number, root: root.to_owned() }))
    }

    fn version(&self) -> u32 {
        self.0.version
    }
}
