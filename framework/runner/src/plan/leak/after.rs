//! Leakage checks of a run's artefacts, stage by stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{Answer, CorpusGenerator, Descriptor, Part, Result, Scan, ScanId, guard};

use super::asked::TaskExamples;
use super::{
    Check, CheckStatus, copies, described, fits, future, harmonized, nuisance, parts, recoded, related, text,
    words,
};
use crate::plan::{Plan, PlannedPlugin, StageKind};
use crate::run::inputs::{Inputs, json};
use crate::stages::harmonization;
use crate::stages::packing::general_text;

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
            checks.push(copies::check(&scans));
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
            if plan.experiment.text.is_some() {
                let (documents, sentences) = (general_text(plan)?, inputs.sentences()?);
                checks.push(text::descriptions(&documents, &sentences, &inputs.split()?));
            }
        }
        StageKind::Tokenizer | StageKind::Alignment | StageKind::Instruction => {
            checks.push(look.fitted(kind)?);
        }
        StageKind::Baseline(_) if inputs.dir(kind).join(harmonization::FILE).is_file() => {
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
        let scans: Vec<ScanId> = json(&self.inputs.dir(kind).join(fits::FITTED_ON))?;
        Ok(fits::check(&kind.to_string(), &scans, &self.inputs.split()?))
    }

    /// Returns the examples of every task, from real scans.
    fn asked(&self) -> Result<Vec<TaskExamples>> {
        let scans = self.inputs.scans()?;
        self.plan.tasks.iter().map(|task| TaskExamples::collect(task, &scans)).collect()
    }

    fn tasks(&self) -> Result<Vec<Check>> {
        let all = self.asked()?;
        let mut checks = Vec::new();
        let split = self.inputs.split()?;
        for (place, (task, asked)) in self.plan.tasks.iter().zip(&all).enumerate() {
            checks.extend(words::question(asked));
            checks.extend(nuisance::checks(asked, &self.plan.experiment));
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
                described.push(described::Described {
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
