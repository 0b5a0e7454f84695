//! Access to the artefacts that a stage's plan entry lists, and to no others.
//!
//! A stage gets no path to the store, so it reads only what its key hashed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use boldface::{
    Backbone, Codes, Describer, Descriptor, Fact, FactQuestion, Features, FitContext, FittedTokenizer,
    FmriShape, LanguageModel, Regions, Result, Scan, ScanId, ScanInfo, Split, TextSpace, TimeSeries,
};
use serde::de::DeserializeOwned;

use super::arrays::{Arrays, matrix};
use super::record::OutcomeLine;
use super::store::{Artefact, cannot};
use crate::plan::{Plan, StageKind};
use crate::spec::Unit;
use crate::stages::corpus::QUESTIONS;
use crate::stages::windows::standardized;

/// Folder of a language model in the artefact of the stage that trained it.
pub const MODEL: &str = "model";

/// Folder of the backbone's text side in the artefact of `text-space`.
pub const TEXT_SIDE: &str = "encoder";

/// The artefacts of the stages that a plan entry lists.
pub struct Inputs<'a> {
    plan: &'a Plan,
    listed: ListedArtefacts,
    memory: &'a RunCache,
}

/// The artefacts within a stage's reach.
pub struct ListedArtefacts {
    /// Name of the reading stage.
    pub stage: String,
    /// Whether it may see held-out facts: only if it evaluates or looks for leaks and trains nothing.
    /// Such facts show whether a model reads scans or has memorised each fact.
    pub sees_held_out: bool,
    /// The artefacts, by the name of the stage that made them.
    pub artefacts: BTreeMap<String, Artefact>,
}

impl ListedArtefacts {
    fn dir(&self, kind: &StageKind) -> &Path {
        let (stage, name) = (&self.stage, kind.to_string());
        let artefact = self.artefacts.get(&name);
        artefact
            .unwrap_or_else(|| panic!("{stage} may not read {name}: its plan entry does not list it"))
            .dir()
    }
}

/// Values read in this run that later stages need again.
#[derive(Default)]
pub struct RunCache {
    cohort: OnceLock<Arc<CohortSignals>>,
    plain: OnceLock<Arc<Vec<Scan>>>,
    described: OnceLock<Arc<Vec<Scan>>>,
    /// Like `described`, without held-out facts.
    taught: OnceLock<Arc<Vec<Scan>>>,
    coded: OnceLock<Arc<Coded>>,
}

/// Every scan, cropped and not yet standardised, in canonical order.
#[derive(Debug)]
pub struct CohortSignals {
    /// Metadata of each scan.
    pub infos: Vec<Arc<ScanInfo>>,
    /// The signal of each scan.
    pub series: Vec<TimeSeries>,
    /// The regions that all scans share.
    pub regions: Arc<Regions>,
}

/// Features and codes of the full crop of every scan.
#[derive(Debug)]
pub struct Coded {
    /// Features and codes, by scan.
    pub scans: BTreeMap<ScanId, (Arc<Features>, Arc<Codes>)>,
    /// The shape that a backbone needs to know.
    pub shape: FmriShape,
}

impl<'a> Inputs<'a> {
    /// Access to the artefacts in `listed`, read with the plugins of `plan`.
    pub fn new(plan: &'a Plan, listed: ListedArtefacts, memory: &'a RunCache) -> Inputs<'a> {
        Inputs { plan, listed, memory }
    }

    /// Whether the plan lets this stage read `kind`.
    pub fn reads(&self, kind: &StageKind) -> bool {
        self.listed.artefacts.contains_key(&kind.to_string())
    }

    /// Returns the folder of another stage's artefact.
    ///
    /// # Panics
    /// If the plan does not list it. A stage may only read what its key hashed.
    pub fn dir(&self, kind: &StageKind) -> &Path {
        self.listed.dir(kind)
    }

    /// Returns every scan, cropped and not standardised.
    pub fn signals(&self) -> Result<Arc<CohortSignals>> {
        let dir = self.dir(&StageKind::Series);
        remembered(&self.memory.cohort, || CohortSignals::read(dir))
    }

    /// Returns every scan, cropped and not standardised, for corpora. They describe amplitudes, and
    /// none of their measures depends on a region's mean.
    pub fn raw_scans(&self) -> Result<Vec<Scan>> {
        let signals = self.signals()?;
        let scans = signals.infos.iter().zip(&signals.series).map(|(info, series)| Scan {
            info: Arc::clone(info),
            series: series.clone(),
            regions: Arc::clone(&signals.regions),
            descriptors: Vec::new(),
        });
        Ok(scans.collect())
    }

    /// Returns every scan, cropped and standardised over all its volumes. If this stage may read the
    /// corpus, the scans have their descriptors.
    pub fn scans(&self) -> Result<Arc<Vec<Scan>>> {
        let plain = || {
            let signals = self.signals()?;
            let how = self.plan.experiment.signal.standardize;
            let scans = signals.infos.iter().zip(&signals.series).map(|(info, series)| Scan {
                info: Arc::clone(info),
                series: standardized(series, how),
                regions: Arc::clone(&signals.regions),
                descriptors: Vec::new(),
            });
            Ok(scans.collect())
        };
        self.dir(&StageKind::Series);
        if !self.reads(&StageKind::Corpus) {
            return remembered(&self.memory.plain, plain);
        }
        let known = if self.listed.sees_held_out { &self.memory.described } else { &self.memory.taught };
        remembered(known, || {
            let mut scans: Vec<Scan> = remembered(&self.memory.plain, plain)?.to_vec();
            let place: BTreeMap<ScanId, usize> =
                scans.iter().enumerate().map(|(place, scan)| (scan.info.id.clone(), place)).collect();
            for descriptor in self.descriptors()? {
                let scan = place.get(&descriptor.scan);
                let scan = *scan.ok_or_else(|| {
                    format!("the corpus describes `{}`, which is not a scan", descriptor.scan)
                })?;
                scans[scan].descriptors.push(descriptor);
            }
            Ok(scans)
        })
    }

    /// Returns the split.
    pub fn split(&self) -> Result<Split> {
        json(&self.dir(&StageKind::Split).join("split.json"))
    }

    /// Returns the corpus' sentences about each scan. Empty without a corpus.
    pub fn sentences(&self) -> Result<BTreeMap<ScanId, Vec<String>>> {
        let mut sentences: BTreeMap<ScanId, Vec<String>> = BTreeMap::new();
        if self.reads(&StageKind::Corpus) {
            for descriptor in self.descriptors()? {
                sentences.entry(descriptor.scan).or_default().push(descriptor.text);
            }
        }
        Ok(sentences)
    }

    /// Returns the descriptors of all scans.
    fn descriptors(&self) -> Result<Vec<Descriptor>> {
        let mut descriptors = boldface_tables::descriptors::read(&self.corpus().join("descriptors.parquet"))?;
        // The table stores scan names only, without the unit of the split.
        let by_run = self.plan.experiment.split.unit == Unit::Run;
        let questions = self.questions()?;
        descriptors.retain(|descriptor| self.may_know(&descriptor.fact.feature));
        for descriptor in &mut descriptors {
            descriptor.scan.by_run = by_run;
            let of_corpus = questions.get(&descriptor.corpus);
            descriptor.question = of_corpus.and_then(|known| known.get(&descriptor.fact.feature)).cloned();
        }
        Ok(descriptors)
    }

    /// Returns the question for each feature, by corpus and feature. Empty without a corpus.
    pub fn questions(&self) -> Result<BTreeMap<String, BTreeMap<String, Arc<FactQuestion>>>> {
        if !self.reads(&StageKind::Corpus) {
            return Ok(BTreeMap::new());
        }
        let written: BTreeMap<String, Vec<FactQuestion>> = json(&self.corpus().join(QUESTIONS))?;
        let by_feature = |questions: Vec<FactQuestion>| {
            let known = questions.into_iter().filter(|asked| self.may_know(&asked.feature));
            known.map(|asked| (asked.feature.clone(), Arc::new(asked))).collect()
        };
        Ok(written.into_iter().map(|(corpus, questions)| (corpus, by_feature(questions))).collect())
    }

    /// Whether this stage may see a feature.
    fn may_know(&self, feature: &str) -> bool {
        let held_out = &self.plan.experiment.facts.held_out;
        self.listed.sees_held_out || !held_out.iter().any(|pattern| FactQuestion::is_named(pattern, feature))
    }

    /// Loads every corpus generator's fitted describer, in the plan's order. Empty without a corpus.
    pub fn describers(&self) -> Result<Vec<Box<dyn Describer>>> {
        if !self.reads(&StageKind::Corpus) {
            return Ok(Vec::new());
        }
        let load = |entry: &crate::plan::PlannedPlugin<_>| -> Result<_> {
            let config: &dyn boldface::CorpusGenerator = &*entry.config;
            config.load(&self.corpus().join(&entry.name))
        };
        self.plan.corpora.iter().map(load).collect()
    }

    /// Returns the text vectors that the tokenizer is aligned with.
    pub fn text_space(&self) -> Result<TextSpace> {
        let dir = self.dir(&StageKind::TextSpace);
        let ids: Vec<ScanId> = json(&dir.join("scans.json"))?;
        let mut arrays = Arrays::read(&dir.join("vectors.safetensors"))?.floats()?;
        let mut features = |name: &str| -> Result<Features> {
            let (shape, values) =
                arrays.remove(name).ok_or_else(|| format!("the text space has no `{name}`"))?;
            Features::new(matrix(name, &shape)?.1, values)
        };
        let (pooled, tokens) = (features("descriptions")?, features("tokens")?);
        if pooled.rows != ids.len() {
            return Err(format!("the text space has {} vectors for {} scans", pooled.rows, ids.len()).into());
        }
        let vectors = (0..pooled.rows).map(|row| pooled.row(row).to_vec());
        Ok(TextSpace { descriptions: ids.into_iter().zip(vectors).collect(), tokens })
    }

    /// Loads the fitted tokenizer.
    pub fn tokenizer(&self) -> Result<Box<dyn FittedTokenizer>> {
        self.plan
            .tokenizer
            .config
            .load(&self.dir(&StageKind::Tokenizer).join("tokenizer"), &self.plan.runtime)
    }

    /// Returns the features and codes of every scan.
    pub fn codes(&self) -> Result<Arc<Coded>> {
        let dir = self.dir(&StageKind::Codes);
        remembered(&self.memory.coded, || Coded::read(dir))
    }

    /// Returns the language model from the last stage that this one may read, or from the export that
    /// the experiment starts from. A new model otherwise.
    pub fn language_model(&self, cx: &mut FitContext<'_>) -> Result<Box<dyn LanguageModel>> {
        let backbone: &dyn Backbone = &*self.plan.backbone.config;
        let trained =
            [StageKind::Instruction, StageKind::Alignment].into_iter().find(|kind| self.reads(kind));
        match trained {
            Some(kind) => backbone.load(&self.dir(&kind).join(MODEL), &self.plan.runtime),
            None => {
                let (dir, shape) = (self.dir(&StageKind::TextSpace), self.codes()?.shape);
                let begun = dir.join(MODEL);
                if !begun.exists() {
                    let mut model = backbone.init(&dir.join(TEXT_SIDE), shape, cx)?;
                    let regions = &self.signals()?.regions;
                    if regions.networks.len() == shape.rois {
                        model.name_regions(&regions.networks)?;
                    }
                    return Ok(model);
                }
                let start = self.plan.start.as_ref();
                if let Some(why) = start.and_then(|start| start.refuses(shape)) {
                    return Err(why.into());
                }
                backbone.load(&begun, &self.plan.runtime)
            }
        }
    }

    /// Returns the baselines' answers to the task called `task`.
    pub fn baseline(&self, task: &str) -> Result<Vec<OutcomeLine>> {
        let path = self.dir(&StageKind::Baseline(task.to_owned())).join("outcomes.jsonl");
        let text = std::fs::read_to_string(&path).map_err(cannot("read", &path))?;
        let parse = |line: &str| serde_json::from_str(line).map_err(|error| broken(&path, &error));
        text.lines().map(parse).collect()
    }

    fn corpus(&self) -> &Path {
        self.dir(&StageKind::Corpus)
    }
}

impl CohortSignals {
    /// Returns the signal of one scan, cropped and not standardised.
    pub fn series_of(&self, id: &ScanId) -> Result<&TimeSeries> {
        let place = self.infos.binary_search_by(|info| info.id.cmp(id));
        Ok(&self.series[place.map_err(|_| format!("there is no scan `{id}`"))?])
    }

    fn read(dir: &Path) -> Result<CohortSignals> {
        let infos: Vec<ScanInfo> = json(&dir.join("scans.json"))?;
        let mut arrays = Arrays::read(&dir.join("series.safetensors"))?.floats()?;
        let mut series = Vec::new();
        for info in &infos {
            let name = info.id.to_string();
            let (shape, values) = arrays.remove(&name).ok_or_else(|| format!("`{name}` has no series"))?;
            let (trs, rois) = matrix(&name, &shape)?;
            series.push(TimeSeries::new(trs, rois, info.tr, values)?);
        }
        let regions = Arc::new(json(&dir.join("regions.json"))?);
        Ok(CohortSignals { infos: infos.into_iter().map(Arc::new).collect(), series, regions })
    }
}

impl Coded {
    fn read(dir: &Path) -> Result<Coded> {
        let shape = json(&dir.join("shape.json"))?;
        let ids: Vec<ScanId> = json(&dir.join("scans.json"))?;
        let mut features = Arrays::read(&dir.join("features.safetensors"))?.floats()?;
        let mut codes = Arrays::read(&dir.join("codes.safetensors"))?.counts()?;
        let mut scans = BTreeMap::new();
        for id in ids {
            let name = id.to_string();
            let (of_features, of_codes) = (features.remove(&name), codes.remove(&name));
            let ((width, values), (patches, codes)) =
                of_features.zip(of_codes).ok_or_else(|| format!("`{name}` has no codes"))?;
            let ((_, width), (patches, rois)) = (matrix(&name, &width)?, matrix(&name, &patches)?);
            let features = Features::new(width, values)?;
            scans.insert(id, (Arc::new(features), Arc::new(Codes { patches, rois, codes })));
        }
        Ok(Coded { scans, shape })
    }
}

/// Collects the facts that any describer reads in `text`.
pub fn read_facts(describers: &[Box<dyn Describer>], text: &str) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    for describer in describers {
        facts.extend(describer.read(text)?);
    }
    Ok(facts)
}

/// Reads a JSON file of an artefact.
pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read(path).map_err(cannot("read", path))?;
    serde_json::from_slice(&text).map_err(|error| broken(path, &error))
}

fn broken(path: &Path, error: &serde_json::Error) -> boldface::Error {
    format!("`{}`: {error}", path.display()).into()
}

fn remembered<T>(cell: &OnceLock<Arc<T>>, read: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
    if let Some(known) = cell.get() {
        return Ok(Arc::clone(known));
    }
    let value = Arc::new(read()?);
    Ok(Arc::clone(cell.get_or_init(|| value)))
}

#[cfg(test)]
mod tests {
    use boldface::guard;

    use super::*;
    use crate::plan::{Key, Stage};
    use crate::run::Store;

    #[test]
    fn a_stage_cannot_read_what_its_plan_entry_does_not_list() {
        let runs = tempfile::tempdir().unwrap();
        let store = Store::open(runs.path());
        let split = Stage {
            kind: StageKind::Split,
            plugin: String::new(),
            seed: 0,
            inputs: vec![],
            config: serde_json::Value::Null,
            size: boldface::Size::default(),
            key: Key("0".repeat(32)),
        };
        let artefact = store
            .draft(&split)
            .unwrap()
            .finish(&split, BTreeMap::new(), crate::run::Cost::default())
            .unwrap();
        let artefacts = [("split".to_owned(), artefact)].into();
        let listed = ListedArtefacts { stage: "corpus".into(), sees_held_out: false, artefacts };
        assert!(listed.dir(&StageKind::Split).join("manifest.json").exists());
        let refused = guard(|| Ok(listed.dir(&StageKind::Series).to_owned())).unwrap_err();
        let expected = "panicked: corpus may not read series: its plan entry does not list it";
        assert_eq!(refused.to_string(), expected);
    }
}
