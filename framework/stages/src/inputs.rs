//! Access to the artefacts that a stage's plan entry lists, and to no others.
//!
//! A stage gets no path to the store, so it reads only what its key hashed.

mod settings;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use boldface::{
    Codes, Describer, Descriptor, Fact, FactQuestion, Features, FitContext, FittedTokenizer, FmriShape,
    LanguageModel, Regions, Result, Runtime, Scan, ScanId, ScanInfo, Split, TextSpace, TimeSeries,
};

use super::config::Configs;
use super::windows::standardized;
use crate::spec::Unit;
use crate::store::arrays::{Arrays, matrix};
use crate::store::corpus::QUESTIONS;
use crate::store::{
    Artefact, CODES, DESCRIPTORS, FEATURES, MODEL, OutcomeLine, REGIONS, SCANS, SERIES, SHAPE, SPLIT,
    StageKind, TEXT_SIDE, TOKENIZER, VECTORS, json, read_answers,
};

/// The artefacts of the stages that a plan entry lists.
pub struct Inputs<'a> {
    configs: &'a Configs<'a>,
    runtime: &'a Runtime,
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
    /// Access to the artefacts in `listed`, read with the configs of the stages that made them.
    pub fn new(
        configs: &'a Configs<'a>,
        runtime: &'a Runtime,
        listed: ListedArtefacts,
        memory: &'a RunCache,
    ) -> Inputs<'a> {
        Inputs { configs, runtime, listed, memory }
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
            let how = self.series().signal.standardize;
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
        json(&self.dir(&StageKind::Split).join(SPLIT))
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
        let mut descriptors = boldface_tables::descriptors::read(&self.corpus().join(DESCRIPTORS))?;
        // The table stores scan names only, without the unit of the split.
        self.dir(&StageKind::Split);
        let by_run = self.configs.split.table.unit == Unit::Run;
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
        self.listed.sees_held_out
            || !self.held_out().iter().any(|pattern| FactQuestion::is_named(pattern, feature))
    }

    /// Loads every corpus generator's fitted describer, in the plan's order. Empty without a corpus.
    pub fn describers(&self) -> Result<Vec<Box<dyn Describer>>> {
        let Some(config) = self.corpus_config() else { return Ok(Vec::new()) };
        config.corpora.iter().map(|entry| entry.config.load(&self.corpus().join(entry.name))).collect()
    }

    /// Returns the text vectors that the tokenizer is aligned with.
    pub fn text_space(&self) -> Result<TextSpace> {
        let dir = self.dir(&StageKind::TextSpace);
        let ids: Vec<ScanId> = json(&dir.join(SCANS))?;
        let mut arrays = Arrays::read(&dir.join(VECTORS))?.floats()?;
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
        let dir = self.dir(&StageKind::Tokenizer).join(TOKENIZER);
        self.configs.tokenizer.tokenizer.config.load(&dir, self.runtime)
    }

    /// Returns the features and codes of every scan.
    pub fn codes(&self) -> Result<Arc<Coded>> {
        let dir = self.dir(&StageKind::Codes);
        remembered(&self.memory.coded, || Coded::read(dir))
    }

    /// Returns the language model from the last stage that this one may read, or from the export that
    /// the experiment starts from. A new model otherwise.
    pub fn language_model(&self, cx: &mut FitContext<'_>) -> Result<Box<dyn LanguageModel>> {
        let text_space = self.text_space_config();
        let backbone = text_space.backbone.config;
        let trained =
            [StageKind::Instruction, StageKind::Alignment].into_iter().find(|kind| self.reads(kind));
        match trained {
            Some(kind) => backbone.load(&self.dir(&kind).join(MODEL), self.runtime),
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
                if let Some(why) = text_space.start.as_ref().and_then(|part| part.start.refuses(shape)) {
                    return Err(why.into());
                }
                backbone.load(&begun, self.runtime)
            }
        }
    }

    /// Returns the baselines' answers to the task called `task`.
    pub fn baseline(&self, task: &str) -> Result<Vec<OutcomeLine>> {
        read_answers(self.dir(&StageKind::Baseline(task.to_owned())))
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
        let infos: Vec<ScanInfo> = json(&dir.join(SCANS))?;
        let mut arrays = Arrays::read(&dir.join(SERIES))?.floats()?;
        let mut series = Vec::new();
        for info in &infos {
            let name = info.id.to_string();
            let (shape, values) = arrays.remove(&name).ok_or_else(|| format!("`{name}` has no series"))?;
            let (trs, rois) = matrix(&name, &shape)?;
            series.push(TimeSeries::new(trs, rois, info.tr, values)?);
        }
        let regions = Arc::new(json(&dir.join(REGIONS))?);
        Ok(CohortSignals { infos: infos.into_iter().map(Arc::new).collect(), series, regions })
    }
}

impl Coded {
    fn read(dir: &Path) -> Result<Coded> {
        let shape = json(&dir.join(SHAPE))?;
        let ids: Vec<ScanId> = json(&dir.join(SCANS))?;
        let mut features = Arrays::read(&dir.join(FEATURES))?.floats()?;
        let mut codes = Arrays::read(&dir.join(CODES))?.counts()?;
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
    use crate::store::{Cost, Key, Stage, Store};

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
        let artefact = store.draft(&split).unwrap().finish(&split, BTreeMap::new(), Cost::default()).unwrap();
        let artefacts = [("split".to_owned(), artefact)].into();
        let listed = ListedArtefacts { stage: "corpus".into(), sees_held_out: false, artefacts };
        assert!(listed.dir(&StageKind::Split).join("manifest.json").exists());
        let refused = guard(|| Ok(listed.dir(&StageKind::Series).to_owned())).unwrap_err();
        let expected = "panicked: corpus may not read series: its plan entry does not list it";
        assert_eq!(refused.to_string(), expected);
    }
}
