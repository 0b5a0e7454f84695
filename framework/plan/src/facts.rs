//! Checks `[facts]`: every pattern must match a feature that a corpus asks about.

use std::sync::Arc;

use boldface::{Cohort, CorpusGenerator, FactQuestion, Problem, guard};

use super::PlannedPlugin;
use crate::spec::Experiment;
use crate::stages::advice;

/// Returns the questions of the corpora. `None` if one of them knows its questions only after the fit.
pub(super) fn asked(
    corpora: &[PlannedPlugin<dyn CorpusGenerator>],
    cohorts: &[Arc<Cohort>],
) -> Option<Vec<FactQuestion>> {
    let cohort = cohorts.first()?;
    let mut questions = Vec::new();
    for corpus in corpora {
        questions.extend(guard(|| Ok(corpus.config.asks(cohort))).ok().flatten()?);
    }
    Some(questions)
}

/// Reports patterns of held-out facts that match nothing. Features that are known only after a fit are
/// compared by the stage `corpus`.
pub(super) fn check(experiment: &Experiment, asked: Option<&[FactQuestion]>, problems: &mut Vec<Problem>) {
    let patterns = &experiment.facts.held_out;
    if patterns.is_empty() {
        return;
    }
    if experiment.corpora.is_empty() {
        let problem = Problem::at("facts.held-out", "no corpus measures facts of the scans");
        problems.push(problem.help("add a table such as `[corpora.connectivity]`, or remove `[facts]`"));
        return;
    }
    let Some(asked) = asked else { return };
    let known: Vec<String> = asked.iter().map(|asked| asked.feature.clone()).collect();
    for (place, pattern) in patterns.iter().enumerate() {
        if !known.iter().any(|feature| FactQuestion::is_named(pattern, feature)) {
            let message = format!("`{pattern}` matches no feature that a corpus asks about");
            problems
                .push(Problem::at(format!("facts.held-out[{place}]"), message).help(advice(pattern, &known)));
        }
    }
    let is_left = |feature: &String| !patterns.iter().any(|pattern| FactQuestion::is_named(pattern, feature));
    if !known.is_empty() && !known.iter().any(is_left) {
        let message = format!("all {} features are held out, so training asks for none", known.len());
        problems.push(Problem::at("facts.held-out", message).help("leave some for training"));
    }
}
