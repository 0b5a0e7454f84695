//! Checks of every section against the scans. Each check runs once, however many arms share it.

use boldface::{Backbone, CheckContext, Config, FmriShape, Problem, TrainingContext, Window};
use serde_json::{Value, json};

use super::cohorts::{Cohorts, DataCache};
use super::resolve::ExperimentPlugins;
use super::{PlannedPlugin, data, harmonized, leak, lint, mixed, nuisances};
use crate::spec::{Crop, Experiment, ExperimentDraft};
use crate::stages::split;

/// All checks that need the scans.
pub(super) struct Checks<'a> {
    pub data: &'a DataCache,
    pub found: &'a Cohorts,
    pub problems: &'a mut Vec<Problem>,
}

impl Checks<'_> {
    /// Checks all sound sections.
    pub fn all(mut self, experiment: &Experiment, draft: &ExperimentDraft, parts: &ExperimentPlugins) {
        let (cohorts, scans) = (&self.found.each, &self.found.scans);
        let is_whole = draft.is_sound("datasets") && cohorts.len() == experiment.datasets.len();
        let (signal, patch) =
            (&experiment.signal, parts.tokenizer.as_ref().map(|entry| entry.config.patch()));
        let has_crop = draft.is_sound("signal") && signal.trs > 0;
        let crop = Crop::new(signal, patch.unwrap_or(1));
        if has_crop {
            self.once("lengths", json!(signal), |problems| {
                data::check_lengths(signal, crop, cohorts, problems);
            });
            patch.inspect(|&patch| lint::check_patch(signal, patch, self.problems));
        }
        self.once("alike", Value::Null, |problems| data::check_alike(cohorts, problems));
        if draft.is_sound("signal") {
            self.once("rates", json!(signal), |problems| data::check_rates(scans, signal, problems));
        }
        if draft.is_sound("split") {
            let seed = experiment.split.seed.unwrap_or(experiment.seed);
            self.once("split", json!([experiment.split, seed, is_whole]), |problems| {
                problems.extend(split::check(&experiment.split, seed, if is_whole { scans } else { &[] }));
            });
        }
        if is_whole {
            let by = json!([experiment.nuisances, experiment.evaluation.groups]);
            self.once("nuisances", by, |problems| nuisances::check(experiment, scans, problems));
            self.once("harmonization", json!(experiment.harmonization), |problems| {
                harmonized::check(experiment, scans, problems);
            });
        }
        for entry in &parts.corpora {
            self.once("corpus", identity(entry), |problems| {
                let key = format!("corpora.{}", entry.name);
                let found = cohorts.iter().flat_map(|cohort| entry.config.check(cohort));
                problems.extend(found.map(|problem| problem.below(&key)));
                let mut adjusted = Vec::new();
                leak::strings(&entry.config.resolved()["adjust"], &mut adjusted);
                let key = format!("{key}.adjust");
                problems.extend(adjusted.iter().filter_map(|column| mixed::check(&key, column, scans)));
            });
        }
        let (Some(first), true) = (cohorts.first(), is_whole) else { return };
        // If the crop or the patch is broken, use values that fit every scan length.
        let shortest = || scans.iter().map(|scan| scan.trs).min().unwrap_or(0);
        let crop = if has_crop { crop } else { Crop::fixed(Window::first(shortest())) };
        let (fewest, trs) = crop.range(scans);
        let cx = CheckContext { scans, trs, patch: patch.filter(|&patch| patch > 0).unwrap_or(1) };
        if let Some(tokenizer) = &parts.tokenizer {
            // Without a sound crop, no length of patch is wrong.
            let is_said = !has_crop || self.problems.iter().any(|problem| problem.key == "signal.trs");
            let found =
                tokenizer.config.check(&cx).into_iter().filter(|problem| !is_said || problem.key != "patch");
            self.problems.extend(found.map(|problem| problem.below("tokenizer")));
        }
        if let Some(backbone) = &parts.backbone {
            self.problems
                .extend(backbone.config.check(&cx).into_iter().map(|problem| problem.below("backbone")));
            if let (Some(context), Some(patch), true) = (backbone.config.context(), patch, has_crop) {
                let rois = first.regions.names.len();
                lint::check_context(context, rois, trs.checked_div(patch).unwrap_or(0), self.problems);
            }
            let shape = parts.tokenizer.as_ref().and_then(|tokenizer| tokenizer.config.fmri_shape(&cx));
            self.problems.extend(training(experiment, draft, &*backbone.config, shape));
        }
        // What a task asks for must fit into every scan.
        let cx = CheckContext { trs: fewest, ..cx };
        for task in &parts.tasks {
            self.once("task", json!([identity(task), cx.trs, cx.patch]), |problems| {
                let key = format!("tasks.{}", task.name);
                problems.extend(task.config.check(&cx).into_iter().map(|problem| problem.below(&key)));
            });
        }
    }

    /// Reports problems that depend only on the scans and on `by`.
    fn once(&mut self, question: &str, by: Value, find: impl FnOnce(&mut Vec<Problem>)) {
        let found = self.data.problems(question, &by, self.found, find);
        self.problems.extend(found.iter().cloned());
    }
}

/// Returns the backbone's problems with the stages that train it.
fn training(
    experiment: &Experiment,
    draft: &ExperimentDraft,
    backbone: &dyn Backbone,
    shape: Option<FmriShape>,
) -> Vec<Problem> {
    let alignment = experiment.alignment.as_ref().map(|table| (table.training(), table.batch_size));
    let instruction = experiment.instruction.as_ref().map(|table| (table.training(), table.batch_size));
    let device = &experiment.runtime.device;
    let stages = [("alignment", alignment), ("instruction", instruction)];
    let sound = stages.into_iter().filter(|(section, _)| draft.is_sound(section));
    let found = sound.filter_map(|(section, stage)| Some((section, stage?))).flat_map(|(section, stage)| {
        let (training, sequences) = &stage;
        let cx = TrainingContext { training, sequences: *sequences, shape, device };
        let found = backbone.check_training(&cx).into_iter();
        found.map(|problem| problem.below(section)).collect::<Vec<_>>()
    });
    found.collect()
}

/// Returns all values that a plugin's checks depend on.
fn identity<K: Config + ?Sized>(entry: &PlannedPlugin<K>) -> Value {
    json!([entry.name, entry.plugin, entry.library, entry.config.resolved()])
}
