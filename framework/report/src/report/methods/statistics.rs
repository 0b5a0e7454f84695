//! How the methods paragraph tells tasks, baselines, controls and intervals.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Answer, Decoding, Part};
use boldface_imaging::combat::Harmonization;
use boldface_tables::summary::Score;

use super::{Sentence, answers, described, ran};
use crate::report::asked;
use crate::report::number;
use crate::report::results::results;
use crate::report::sections::meaning;
use crate::report::stored::StoredRun;
use crate::spec::Paradigm;

/// Intervals of fewer subjects than this are widened; see `score::intervals`.
const FEW: usize = 20;

/// Returns what was asked, beside what, and with which intervals.
pub(super) fn sentences(stored: &StoredRun) -> Vec<Sentence> {
    let all = [
        tasks(stored),
        answerers(stored, "baseline", "Baselines on the same questions were"),
        answerers(stored, "evaluation", "Controls were"),
        answering(stored),
        intervals(stored),
        harmonization(stored),
    ];
    all.into_iter().flatten().collect()
}

fn tasks(stored: &StoredRun) -> Option<Sentence> {
    let scored = stored.record.experiment.tasks.iter().filter(|(name, _)| is_scored(stored, name));
    let (texts, fields): (Vec<String>, Vec<String>) =
        scored.map(|(name, table)| (described(name, table), format!("experiment.tasks.{name}"))).unzip();
    (!texts.is_empty()).then(|| Sentence { text: format!("The tasks were {}.", texts.join(", ")), fields })
}

fn is_scored(stored: &StoredRun, task: &str) -> bool {
    ["baseline", "evaluation"].iter().any(|stage| ran(stored, &format!("{stage}.{task}")))
}

/// Names all that answered in the stages `kind` but the model itself, each with its meaning.
fn answerers(stored: &StoredRun, kind: &str, words: &str) -> Option<Sentence> {
    let mut tasks: BTreeSet<String> = BTreeSet::new();
    let mut found: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for score in stored.scores.iter().filter(|score| score.baseline == (kind == "baseline")) {
        let model = stored.task(&score.task).and_then(|task| task.model.as_deref());
        if model != Some(score.plugin.as_str()) {
            tasks.insert(format!("metrics.parquet: {kind}.{}", score.task));
            found.insert(&score.plugin, meaning(&score.plugin));
        }
    }
    let each = found.iter().map(|(name, meaning)| {
        meaning.map_or_else(|| (*name).to_owned(), |meaning| format!("{name} ({meaning})"))
    });
    let each: Vec<String> = each.collect();
    let text = format!("{words} {}.", each.join("; "));
    (!each.is_empty()).then(|| Sentence { text, fields: tasks.into_iter().collect() })
}

/// Says how the model answered the tasks. `None` if no answers of a model are stored.
fn answering(stored: &StoredRun) -> Option<Sentence> {
    let experiment = &stored.record.experiment;
    let (mut ranks, mut composes, mut generates, mut continues) = (false, false, false, false);
    let mut fields = Vec::new();
    for (name, table) in &experiment.tasks {
        let (stage, paradigm) = (format!("evaluation.{name}"), asked::paradigm(table));
        if paradigm == Paradigm::Probe || !ran(stored, &stage) {
            continue;
        }
        for answer in answers(stored, name) {
            match answer {
                _ if paradigm == Paradigm::Open => generates = true,
                Answer::Choice { .. } | Answer::Band { .. } => ranks = true,
                Answer::Value { edges, .. } => ranks |= !edges.is_empty(),
                Answer::Text { decoding: Decoding::Asked, .. } => composes = true,
                Answer::Text { decoding: Decoding::Free, .. } => generates = true,
                Answer::Series { .. } => continues = true,
            }
        }
        fields.push(format!("stages.{stage}"));
    }
    let generated =
        format!("texts were generated greedily (up to {} tokens)", experiment.evaluation.longest_answer);
    if generates {
        fields.push("experiment.evaluation.longest-answer".to_owned());
    }
    let ways = [
        (ranks, "options were ranked by log-likelihood"),
        (composes, "captions were assembled from answers about single facts"),
        (generates, generated.as_str()),
        (continues, "series were continued as codes and decoded"),
    ];
    let used: Vec<&str> = ways.iter().filter(|(is_used, _)| *is_used).map(|(_, how)| *how).collect();
    let text = format!("In evaluation, {}.", number::listed(&used));
    (!used.is_empty()).then_some(Sentence { text, fields })
}

/// Says how intervals were made. `None` if no score has one.
fn intervals(stored: &StoredRun) -> Option<Sentence> {
    let experiment = &stored.record.experiment;
    if !stored.scores.iter().any(|score| score.interval.is_some()) {
        return None;
    }
    let mut subjects = Part::ALL.into_iter().flat_map(|part| results(stored, part));
    let widened = match subjects.any(|one| one.subjects.is_some_and(|n| n < FEW) && one.has_intervals()) {
        true => format!(", widened as for Student's t where there were fewer than {FEW} {{subject}}s"),
        false => String::new(),
    };
    let is_paired = |score: &Score| score.differences.iter().any(|minus| minus.interval.is_some());
    let paired = match stored.scores.iter().any(is_paired) {
        true => "; those of differences are paired by {subject}",
        false => "",
    };
    let scoring = &experiment.evaluation;
    let text = format!(
        "Intervals are 95% percentile intervals of {} bootstrap resamples of {{subject}}s (seed {}){widened}{paired}.",
        scoring.resamples,
        scoring.seed.unwrap_or(experiment.seed)
    );
    Some(Sentence::new(text, &["experiment.evaluation", "metrics.parquet"]))
}

/// Says how the connectivity of baselines was harmonised. `None` if no baseline ran.
fn harmonization(stored: &StoredRun) -> Option<Sentence> {
    let how: &Harmonization = stored.record.experiment.harmonization.as_ref()?;
    let kept = match how.preserve.as_slice() {
        [] => String::new(),
        columns => format!(" with the effects of {} preserved", columns.join(" and ")),
    };
    let text = format!(
        "The connectivity of the FC baselines (Fisher's z) was harmonised over {} by ComBat (parametric empirical \
         Bayes){kept}, fitted on training scans only.",
        how.batch
    );
    is_harmonized(stored)
        .then(|| Sentence::new(text, &["experiment.harmonization", "metrics.parquet: harmonized"]))
}

/// Whether a baseline recorded that its features were harmonised.
pub(super) fn is_harmonized(stored: &StoredRun) -> bool {
    stored.rows.iter().any(|row| row.metric == "harmonized")
}
