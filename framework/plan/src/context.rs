//! Checks that every prompt fits a published model, whose tokenizer is known before anything runs.

use std::sync::Arc;

use boldface::{Answer, Backbone, Cohort, FactQuestion, Problem, Task};
use boldface_imaging::regions::NO_NETWORK;
use serde_json::json;

use super::cohorts::{Cohorts, DataCache};
use super::resolve::ExperimentPlugins;
use super::{PlannedPlugin, leak};
use crate::spec::{Crop, Experiment, FactRecipe, QuestionTokens};
use crate::stages::{QUESTION, extent, options};
use crate::study::is_taught_by_asking;

/// A prompt about a scan.
struct Prompt {
    /// What it is, for the message.
    what: String,
    /// Patches of the scan that it shows.
    patches: usize,
    /// Tokens of each patch.
    tokens: usize,
    /// Question and answer. The answer is empty if its length is not known.
    text: (String, String),
}

/// Reports the longest prompt that does not fit the backbone's context. Descriptions and generated texts count
/// with their questions only.
pub(super) fn check(
    experiment: &Experiment,
    parts: &ExperimentPlugins,
    (found, asked): (&Cohorts, Option<&[FactQuestion]>),
    data: &DataCache,
    problems: &mut Vec<Problem>,
) {
    let (Some(backbone), Some(tokenizer)) = (&parts.backbone, &parts.tokenizer) else { return };
    let (Some(cohort), Some(context)) = (found.each.first(), backbone.config.context()) else { return };
    let is_said =
        |problem: &Problem| problem.key.starts_with("backbone") || problem.key.starts_with("signal");
    let patch = tokenizer.config.patch();
    if patch == 0 || problems.iter().any(is_said) {
        return;
    }
    let crop = Crop::new(&experiment.signal, patch);
    let longest_kept = found.each.iter().map(|cohort| crop.range(&cohort.scans).1).max().unwrap_or_default();
    let rois = cohort.regions.names.len();
    let asked_about = match experiment.signal.shown_tokens {
        QuestionTokens::Regions => rois,
        QuestionTokens::Networks => cohort.regions.network_names().len(),
    };
    let show = Show { experiment, patch, whole: longest_kept / patch, rois, asked_about };
    let mut prompts = show.alignment(asked);
    prompts.extend(parts.tasks.iter().flat_map(|task| show.task(task)));
    let texts: Vec<(String, String)> = prompts.iter().map(|prompt| prompt.text.clone()).collect();
    let by =
        json!([backbone.plugin, backbone.config.resolved(), context, rois, asked_about, texts, show.whole]);
    problems.extend(
        data.problems("context", &by, found, |problems| {
            problems.extend(longest(&*backbone.config, context, &prompts, texts));
        })
        .iter()
        .cloned(),
    );
}

/// Reports that questions cannot show networks.
pub(super) fn check_networks(
    experiment: &Experiment,
    parts: &ExperimentPlugins,
    found: &Cohorts,
    problems: &mut Vec<Problem>,
) {
    if experiment.signal.shown_tokens == QuestionTokens::Regions {
        return;
    }
    if let Some(backbone) = parts.backbone.as_ref().filter(|backbone| !backbone.config.reads_means()) {
        let message = format!("`{}` reads codes here, which have no mean over a network", backbone.plugin);
        let help = "use `regions`, or a backbone with `input = \"features\"`";
        problems.push(Problem::at("signal.shown-tokens", message).help(help));
    }
    let has_none = |cohort: &Arc<Cohort>| cohort.regions.networks.iter().all(|network| network == NO_NETWORK);
    if found.each.iter().any(has_none) {
        let message = "the regions have no networks";
        let help = "give the region table a column `network`, or use `regions`";
        problems.push(Problem::at("signal.shown-tokens", message).help(help));
    }
}

fn longest(
    backbone: &dyn Backbone,
    context: usize,
    prompts: &[Prompt],
    texts: Vec<(String, String)>,
) -> Option<Problem> {
    let lengths = backbone.prompt_lengths(&texts)?;
    let whole =
        prompts.iter().zip(lengths).map(|(prompt, text)| (prompt.patches * prompt.tokens, text, prompt));
    let (block, text, prompt) = whole.max_by_key(|(block, text, _)| block + text)?;
    let (what, patches, tokens) = (&prompt.what, prompt.patches, prompt.tokens);
    (block + text > context).then(|| {
        let message = format!(
            "{what} is {} tokens: {block} of the scan ({tokens} per patch x {patches} patches) and {text} of text; the \
             model reads at most {context}",
            block + text
        );
        let help = "show fewer tokens of the scan (`signal.shown-patches` for questions, `signal.trs`, \
                    `tokenizer.patch`), or use a model with a longer context";
        Problem::at("backbone.context", message).help(help)
    })
}

/// How much of a scan is shown.
struct Show<'a> {
    experiment: &'a Experiment,
    /// Volumes per patch.
    patch: usize,
    /// Patches of the longest scan.
    whole: usize,
    rois: usize,
    /// Tokens of a patch in a question.
    asked_about: usize,
}

impl Show<'_> {
    /// Patches that a question about a window of `patches` shows.
    fn behind_question(&self, patches: usize) -> usize {
        self.experiment.signal.shown_patches.unwrap_or(usize::MAX).min(patches)
    }

    /// Returns the prompts of descriptions and of questions about facts.
    fn alignment(&self, asked: Option<&[FactQuestion]>) -> Vec<Prompt> {
        let mut prompts = Vec::new();
        let alignment = self.experiment.alignment.as_ref();
        let describes = |config: &crate::spec::Alignment| {
            (config.fmri_to_text > 0.0 && !self.experiment.corpora.is_empty()) || config.fmri_to_fmri > 0.0
        };
        if alignment.is_some_and(describes) {
            let text = (QUESTION.to_owned(), String::new());
            let what = "`[alignment]`: a description without its text".to_owned();
            prompts.push(Prompt { what, patches: self.whole, tokens: self.rois, text });
        }
        let recipe = FactRecipe::new(alignment);
        let rehearses = self.experiment.instruction.as_ref().is_some_and(|config| config.rehearsal > 0);
        let asks = recipe.questions > 0 && recipe.weight > 0.0 && (alignment.is_some() || rehearses);
        for asked in asked.into_iter().flatten().filter(|_| asks) {
            for wording in &asked.wordings {
                prompts.extend(asked.bands.iter().map(|band| Prompt {
                    what: format!("the question about the fact `{}`", asked.feature),
                    patches: self.behind_question(self.whole),
                    tokens: self.asked_about,
                    text: (wording.clone(), band.name.clone()),
                }));
            }
        }
        prompts
    }

    /// Returns the prompts of a task's first example, in every wording drawn.
    fn task(&self, task: &PlannedPlugin<dyn Task>) -> Vec<Prompt> {
        let Some(example) = &task.asking.example else { return Vec::new() };
        // Facts have questions of their own.
        let Ok((window, _)) = extent(example, self.patch) else { return Vec::new() };
        if is_taught_by_asking(&example.answer) {
            return Vec::new();
        }
        let patches = window.trs / self.patch;
        let (patches, tokens) = match example.answer {
            Answer::Series { .. } => (patches, self.rois),
            _ => (self.behind_question(patches), self.asked_about),
        };
        let answers = match options(&example.answer) {
            Ok((options, _)) if task.asking.teaches() => options.into_owned(),
            _ => vec![String::new()],
        };
        let wordings = leak::wordings(task, &example.question);
        let prompt = |(wording, answer): (&String, &String)| Prompt {
            what: format!("the question of `tasks.{}`", task.name),
            patches,
            tokens,
            text: (wording.clone(), answer.clone()),
        };
        wordings
            .iter()
            .flat_map(|wording| answers.iter().map(move |answer| (wording, answer)))
            .map(prompt)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model with one token per character.
    #[derive(Debug, serde::Serialize)]
    struct Characters;

    impl Backbone for Characters {
        fn text_space(
            &self,
            _: &boldface::TextSource,
            _: &mut boldface::FitContext<'_>,
        ) -> boldface::Result<Box<dyn boldface::TextEncoder>> {
            Err("it only counts".into())
        }

        fn init(
            &self,
            _: &std::path::Path,
            _: boldface::FmriShape,
            _: &mut boldface::FitContext<'_>,
        ) -> boldface::Result<Box<dyn boldface::LanguageModel>> {
            Err("it only counts".into())
        }

        fn load(
            &self,
            _: &std::path::Path,
            _: &boldface::Runtime,
        ) -> boldface::Result<Box<dyn boldface::LanguageModel>> {
            Err("it only counts".into())
        }

        fn prompt_lengths(&self, prompts: &[(String, String)]) -> Option<Vec<usize>> {
            Some(prompts.iter().map(|(question, answer)| question.len() + answer.len()).collect())
        }
    }

    #[test]
    fn the_longest_prompt_must_fit() {
        let prompt = |what: &str, patches, question: &str| Prompt {
            what: what.to_owned(),
            patches,
            tokens: 10,
            text: (question.to_owned(), "yes".to_owned()),
        };
        let prompts = [prompt("one", 2, "Old?"), prompt("other", 1, "Is this person old?")];
        let texts = || prompts.iter().map(|prompt| prompt.text.clone()).collect();
        // 2 x 10 + 4 + 3 and 1 x 10 + 19 + 3 tokens.
        assert_eq!(longest(&Characters, 32, &prompts, texts()), None);
        let told = longest(&Characters, 31, &prompts, texts()).expect("32 tokens do not fit").message;
        assert_eq!(
            told,
            "other is 32 tokens: 10 of the scan (10 per patch x 1 patches) and 22 of text; the model reads at most 31"
        );
    }
}
