//! Leakage checks of a run's artefacts, stage by stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{Answer, CorpusGenerator, Descriptor, Part, Result, Scan, ScanId, guard};

use super::asked::TaskExamples;
use super::held_out::HeldOut;
use super::signal::{self, SignalProperties};
use super::{
    Check, CheckStatus, alike, columns, copies, described, fits, future, harmonized, nuisance, parts,
    recoded, related, text, words,
};
use crate::stages::{HARMONIZATION, Inputs};
use crate::store::{FITTED_ON, TAUGHT, json};
use crate::{Plan, PlannedPlugin, StageKind};

/// Most answers of a task of which a scan is described again.
const ANSWERS: usize = 4;

/// Checks the artefact of the stage `kind` for leaks. `inputs` reads the artefact and the stage's own
/// inputs.
///
/// # Errors
/// Fails if an artefact cannot be read.
pub fn check(plan: &Plan, kind: &StageKind, inputs: &Inputs<'_>) -> Result<Vec<Check>> {
    let look = Look { plan, inputs };
    let mut checks = Vec::new();
    match kind {
        StageKind::Series => {
            let signals = inputs.signals()?;
            let scans: Vec<_> = signals.infos.iter().map(|info| &info.id).zip(&signals.series).collect();
            let exact = copies::pairs(&scans);
            checks.push(copies::check(&scans, &exact));
            checks.extend(alike::checks(&scans, &exact));
        }
        StageKind::Split => {
            let signals = inputs.signals()?;
            let scans: Vec<_> = signals.infos.iter().map(|info| (**info).clone()).collect();
            let of_split = related::checks(&scans, &inputs.split()?, &plan.experiment);
            checks.extend(of_split.into_iter().map(Check::in_run));
            if plan.corpora.is_empty() {
                checks.extend(look.tasks()?);
            }
        }
        StageKind::Corpus => {
            checks.push(look.fitted(kind)?);
            checks.extend(look.tasks()?);
            checks.extend(look.corpora()?);
        }
        // A part copied from an export reads nothing. Its people were checked on the plan.
        StageKind::TextSpace | StageKind::Tokenizer if !inputs.reads(&StageKind::Split) => {}
        StageKind::TextSpace => {
            checks.push(look.fitted(kind)?);
            checks.extend(look.taught(kind)?);
            if plan.experiment.text.is_some() {
                let (documents, sentences) = (text::documents(plan)?, inputs.sentences()?);
                checks.push(text::descriptions(&documents, &sentences, &inputs.split()?));
                checks.extend(look.text()?);
            }
        }
        StageKind::Tokenizer | StageKind::Alignment | StageKind::Instruction => {
            checks.push(look.fitted(kind)?);
            checks.extend(look.taught(kind)?);
            // Without a text side of its own, the experiment reads the general text here first.
            if *kind == StageKind::Alignment && plan.start.is_some() && plan.experiment.text.is_some() {
                checks.extend(look.text()?);
            }
        }
        StageKind::Baseline(_) if inputs.dir(kind).join(HARMONIZATION).is_file() => {
            checks.push(look.fitted(kind)?);
        }
        StageKind::Codes | StageKind::Baseline(_) | StageKind::Evaluation(_) => {}
    }
    Ok(checks)
}

struct Look<'a> {
    plan: &'a Plan,
    inputs: &'a Inputs<'a>,
}

impl Look<'_> {
    /// Compares the scans that the stage's plugins learned from with the split.
    fn fitted(&self, kind: &StageKind) -> Result<Check> {
        let scans: Vec<ScanId> = json(&self.inputs.dir(kind).join(FITTED_ON))?;
        Ok(fits::check(&kind.to_string(), &scans, &self.inputs.split()?))
    }

    /// Returns the facts that are held out. `None` if the experiment holds none out.
    fn held_out(&self) -> Result<Option<HeldOut<'_>>> {
        let patterns = &self.plan.experiment.facts.held_out;
        if patterns.is_empty() {
            return Ok(None);
        }
        let asked = self.inputs.questions()?;
        Ok(Some(HeldOut::new(patterns, asked.values().flat_map(BTreeMap::values).map(|asked| &**asked))))
    }

    /// Looks for facts that are held out in the general text.
    fn text(&self) -> Result<Option<Check>> {
        let Some(held_out) = self.held_out()? else { return Ok(None) };
        Ok(Some(held_out.check_text(&text::documents(self.plan)?, &self.inputs.describers()?)?.in_run()))
    }

    /// Compares what a stage taught with the facts that are held out.
    fn taught(&self, kind: &StageKind) -> Result<Option<Check>> {
        let Some(held_out) = self.held_out()? else { return Ok(None) };
        let taught = json(&self.inputs.dir(kind).join(TAUGHT))?;
        Ok(Some(held_out.check(&kind.to_string(), &taught).in_run()))
    }

    /// Returns the examples of every task, from real scans.
    fn asked(&self) -> Result<Vec<TaskExamples>> {
        let scans = self.inputs.scans()?;
        self.plan.tasks.iter().map(|task| TaskExamples::collect(task, &scans)).collect()
    }

    fn tasks(&self) -> Result<Vec<Check>> {
        let all = self.asked()?;
        let signals = self.inputs.signals()?;
        let measured = signals.infos.iter().zip(&signals.series);
        let measured: BTreeMap<ScanId, SignalProperties> =
            measured.map(|(info, series)| (info.id.clone(), SignalProperties::measure(series))).collect();
        let (how, told_by) = (self.plan.experiment.signal.standardize, self.told_of_gain()?);
        let described: Vec<String> =
            self.plan.corpora.iter().flat_map(|corpus| corpus.config.tells()).collect();
        let mut checks = Vec::new();
        let split = self.inputs.split()?;
        for (place, (task, asked)) in self.plan.tasks.iter().zip(&all).enumerate() {
            checks.extend(words::question(asked));
            checks.extend(nuisance::checks(asked, &self.plan.experiment));
            checks.extend(signal::checks(asked, &measured, how, &told_by));
            checks.extend(columns::telling(asked, &self.plan.experiment, &described));
            checks.extend(parts::windows(asked));
            let learns = !task.asking.keys.held_out;
            checks.extend(parts::checks(asked, Some(&split), &self.plan.experiment, learns));
            let taught = self.plan.tasks.iter().zip(&all).filter(|(other, _)| other.asking.teaches());
            if task.asking.keys.held_out {
                checks.extend(taught.filter_map(|(_, other)| recoded::check(asked, other)));
            }
            // A task that cannot be asked without a signal shows only now that it forecasts.
            let is_series = |example: &boldface::Example| matches!(example.answer, Answer::Series { .. });
            if asked.examples.iter().any(|(_, example)| is_series(example)) {
                checks.extend(future::checks(self.plan, &[task]));
            }
            let harmonization = &self.plan.experiment.harmonization;
            checks.extend(harmonization.iter().flat_map(|how| harmonized::checks(asked, how)));
            let others: Vec<&TaskExamples> =
                all.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, other)| other).collect();
            checks.extend(words::references(asked, &others));
        }
        Ok(checks.into_iter().map(Check::in_run).collect())
    }

    /// Returns the features of all corpora that change with the amplitude of the signal.
    fn told_of_gain(&self) -> Result<Vec<String>> {
        let signals = self.inputs.signals()?;
        let (Some(info), Some(series)) = (signals.infos.first(), signals.series.first()) else {
            return Ok(Vec::new());
        };
        let (info, regions) = (Arc::clone(info), Arc::clone(&signals.regions));
        let scan = Scan { info, series: series.clone(), regions, descriptors: Vec::new() };
        let mut features = Vec::new();
        for corpus in &self.plan.corpora {
            let describer = corpus.config.load(&self.inputs.dir(&StageKind::Corpus).join(&corpus.name))?;
            features.extend(signal::features_of_gain(&*describer, &scan)?);
        }
        Ok(features)
    }

    fn corpora(&self) -> Result<Vec<Check>> {
        let (scans, all) = (self.inputs.scans()?, self.asked()?);
        // The scan as the corpus stage saw it: not standardised and without descriptions.
        let signals = self.inputs.signals()?;
        let held_out = self.last_held_out(&scans)?;
        let silent = held_out.and_then(|scan| {
            let place = signals.infos.iter().position(|info| info.id == scan.info.id)?;
            let series = signals.series[place].clone();
            Some(Scan { series, descriptors: Vec::new(), ..scan.clone() })
        });
        let mut checks = Vec::new();
        for corpus in &self.plan.corpora {
            let start = checks.len();
            let is_own = |descriptor: &&Descriptor| descriptor.corpus == corpus.name;
            let own: Vec<&Descriptor> =
                scans.iter().flat_map(|scan| &scan.descriptors).filter(is_own).collect();
            checks.extend(all.iter().flat_map(|asked| described::checks(&corpus.name, &own, asked)));
            if let (Some(scan), Some(silent)) = (held_out, &silent) {
                let dir = self.inputs.dir(&StageKind::Corpus).join(&corpus.name);
                let alone = corpus.config.load(&dir)?.describe(silent)?;
                let before: Vec<&Descriptor> = scan.descriptors.iter().filter(is_own).collect();
                checks.push(described::order(&corpus.name, &scan.info.id, &before, &alone));
            }
            // A corpus that names, says or retells an answer is found already.
            if checks[start..].iter().all(|check| check.status != CheckStatus::Failed) {
                checks.extend(self.sees(corpus, &scans, &all)?);
            }
        }
        Ok(checks)
    }

    /// Describes held-out scans with and without the columns that tasks ask for.
    fn sees(
        &self,
        corpus: &PlannedPlugin<dyn CorpusGenerator>,
        scans: &[Scan],
        all: &[TaskExamples],
    ) -> Result<Vec<Check>> {
        let (signals, split) = (self.inputs.signals()?, self.inputs.split()?);
        let describer = corpus.config.load(&self.inputs.dir(&StageKind::Corpus).join(&corpus.name))?;
        let mut checks = Vec::new();
        for asked in all.iter().filter(|asked| !asked.targets.is_empty()) {
            // One scan for each of the first answers: a plugin may speak of one answer only.
            let mut chosen: BTreeMap<Option<String>, &ScanId> = BTreeMap::new();
            for ((info, _), answer) in asked.examples.iter().zip(asked.answers()) {
                if chosen.len() < ANSWERS && split.part(&info.id)? != Part::Train {
                    chosen.entry(answer).or_insert(&info.id);
                }
            }
            let mut described = Vec::new();
            for id in chosen.into_values() {
                let Some(scan) = scans.iter().find(|scan| scan.info.id == *id) else { continue };
                let whole =
                    Scan { series: signals.series_of(id)?.clone(), descriptors: Vec::new(), ..scan.clone() };
                let mut info = (*scan.info).clone();
                info.phenotype.retain(|column, _| !asked.targets.contains(column));
                let blind = Scan { info: Arc::new(info), ..whole.clone() };
                described.push(described::BlindDescription {
                    scan: id.clone(),
                    whole: guard(|| describer.describe(&whole))?,
                    blind: guard(|| describer.describe(&blind)),
                });
            }
            checks.push(described::sees(&corpus.name, asked, &described));
        }
        Ok(checks)
    }

    /// Returns the last held-out scan, which was described after most others.
    fn last_held_out<'s>(&self, scans: &'s [Scan]) -> Result<Option<&'s Scan>> {
        let split = self.inputs.split()?;
        let mut last = None;
        for scan in scans {
            if split.part(&scan.info.id)? != Part::Train {
                last = Some(scan);
            }
        }
        Ok(last)
    }
}

/// Merges the checks of a run into those of its plan. A repeated check replaces the earlier one.
pub fn join(checks: &mut Vec<Check>, later: Vec<Check>) {
    let mut places: BTreeMap<String, usize> =
        checks.iter().enumerate().map(|(place, check)| (check.id.clone(), place)).collect();
    for check in later {
        match places.get(&check.id) {
            Some(&place) => checks[place] = check,
            None => {
                places.insert(check.id.clone(), checks.len());
                checks.push(check);
            }
        }
    }
}
