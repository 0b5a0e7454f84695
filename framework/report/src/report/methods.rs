//! A methods paragraph written from the resolved spec, ready to paste into a paper.

mod training;

use boldface::{Answer, Decoding, Part};
use boldface_imaging::combat::Harmonization;
use serde_json::Value;

use super::asked;
use super::document::{Block, plain};
use super::number;
use super::stored::StoredRun;
use crate::spec::{Experiment, FactRecipe, Paradigm, SplitTable, Standardize, Table, Taken};
use crate::study::is_taught_by_asking;
use training::{alignment, fact_questions, forms, instruction, shown};

/// Builds the methods section.
pub fn blocks(stored: &StoredRun) -> Vec<Block> {
    let experiment = &stored.record.experiment;
    let paragraphs = [
        [data(stored), corpora(stored)].concat(),
        [tokenizer(experiment), language_model(stored)].concat(),
        [tasks(stored), harmonization(experiment), asked::sentences(stored), versions(stored)].concat(),
    ];
    let mut blocks = vec![
        Block::Section("Methods".into()),
        Block::Text(vec![plain(
            "Written from the resolved spec by boldface. Use it in a manuscript as it is or as a draft.",
        )]),
    ];
    let filled = paragraphs.into_iter().filter(|sentences| !sentences.is_empty());
    blocks.extend(filled.map(|sentences| Block::Text(vec![plain(sentences.join(" "))])));
    blocks
}

fn data(stored: &StoredRun) -> Vec<String> {
    let experiment = &stored.record.experiment;
    let names: Vec<&str> = experiment.datasets.keys().map(String::as_str).collect();
    let mut sentences = Vec::new();
    let size = stored.split.as_ref().filter(|_| !stored.scans.is_empty()).map(|(split, _)| {
        let size = number::count(stored.scans.len(), "scan");
        format!("{size} of {} from ", number::count(split.parts.len(), "{subject}"))
    });
    let regions = stored
        .regions
        .as_ref()
        .map_or_else(String::new, |regions| format!(" in {}", number::count(regions.names.len(), "region")));
    sentences.push(format!(
        "BOLD time series{regions} of {}{} were analysed.",
        size.unwrap_or_default(),
        names.join(", ")
    ));

    let signal = &experiment.signal;
    let times: Vec<f64> = stored.scans.iter().map(|scan| scan.tr).collect();
    let (least, most) =
        times.iter().fold((f64::INFINITY, 0.0f64), |(low, high), tr| (low.min(*tr), high.max(*tr)));
    let tr = match times.is_empty() {
        true => String::new(),
        false if least == most => format!(" (repetition time {} s)", number::plain(least)),
        false => format!(" (repetition times {} to {} s)", number::plain(least), number::plain(most)),
    };
    let scaled = match signal.standardize {
        Standardize::Zscore => {
            "each region was standardised to mean 0 and standard deviation 1 over these volumes"
        }
        Standardize::Robust => {
            "each region was standardised by its median and interquartile range over these volumes"
        }
        Standardize::None => "the signal was not standardised",
    };
    let most = number::count(signal.trs, "volume");
    let cropped = match signal.min_trs {
        None => most,
        Some(least) => format!(
            "at most {most} (scans had at least {}), in whole patches,",
            number::count(least, "volume")
        ),
    };
    sentences
        .push(format!("Every scan was cropped to {cropped} from volume {}{tr}, and {scaled}.", signal.start));
    if let Some((split, hash)) = &stored.split {
        let count = |part: Part| split.parts.values().filter(|of| **of == part).count();
        let [train, validation, test] = Part::ALL.map(count);
        let together = match &experiment.split.group {
            Some(column) => format!("{{subject}}s with the same {column} stayed in one part"),
            None => "all scans of a {subject} stayed together".to_owned(),
        };
        sentences.push(format!(
            "Before anything was fitted, {{subject}}s were divided into {train} for training, {validation} for validation \
             and {test} for testing{} (seed {}, BLAKE3 {}); {together}.",
            how(&experiment.split),
            experiment.split.seed.unwrap_or(experiment.seed),
            hash.get(..12).unwrap_or(hash)
        ));
    }
    sentences
}

/// Says by what rule subjects were divided.
fn how(split: &SplitTable) -> String {
    let mut how = String::new();
    if let (Some(folds), Some(fold)) = (split.folds, split.fold) {
        how += &format!(", by fold {} of {folds}-fold cross-validation", fold + 1);
    } else if let Some(column) = &split.leave_out {
        how += &format!(", testing on one {column} left out");
    } else if split.file.is_some() {
        how += ", as listed in a file";
    }
    if let (Some(repeats), Some(repeat)) = (split.repeats, split.repeat) {
        how += &format!(", repetition {} of {repeats}", repeat + 1);
    }
    if !split.stratify.is_empty() {
        how += &format!(", stratified by {}", split.stratify.join(" and "));
    }
    how
}

fn corpora(stored: &StoredRun) -> Vec<String> {
    let corpora = &stored.record.experiment.corpora;
    if corpora.is_empty() {
        return Vec::new();
    }
    let each: Vec<String> = corpora.iter().map(|(name, table)| described(name, table)).collect();
    let norm = stored.descriptors.iter().map(|descriptor| descriptor.norm_scans).max();
    let norm = norm.map_or_else(String::new, |scans| format!(" ({})", number::count(scans, "scan")));
    vec![format!(
        "Scans were described in words by {}, against norms fitted on training scans only{norm}.",
        each.join(" and ")
    )]
}

fn tokenizer(experiment: &Experiment) -> Vec<String> {
    let table = &experiment.tokenizer;
    if let Some(export) = started(experiment, Taken::Tokenizer) {
        let described = described("tokenizer", table);
        return vec![format!(
            "Signals were turned into tokens by the tokenizer {described}, which was taken from the export {export} as it was."
        )];
    }
    vec![format!(
        "Signals were turned into tokens by the tokenizer {}, fitted on training scans.",
        described("tokenizer", table)
    )]
}

fn language_model(stored: &StoredRun) -> Vec<String> {
    let experiment = &stored.record.experiment;
    let mut sentences = vec![format!(
        "Tokens and text were read by the language model {}.",
        described("backbone", &experiment.backbone)
    )];
    if let Some(export) = started(experiment, Taken::Model) {
        sentences.push(format!("It began as the model of the export {export}."));
    }
    let recipe = fact_recipe(experiment);
    let mut asks = false;
    if let Some(stage) = &experiment.alignment {
        asks = recipe.is_some();
        sentences.push(alignment(stage, asks));
    }
    if let (Some(stage), Some(mut taught)) = (&experiment.instruction, asked::taught(stored)) {
        let rehearses = recipe.is_some() && stage.rehearsal > 0;
        asks |= rehearses;
        taught.retain(|task| !answers(stored, task).any(is_taught_by_asking));
        let is_forecast =
            |task: &String| answers(stored, task).any(|answer| matches!(answer, Answer::Series { .. }));
        // A forecast always shows its scan.
        let has_forms = rehearses || !taught.iter().all(is_forecast);
        let of =
            if taught.len() == experiment.tasks.len() { "all tasks".to_owned() } else { taught.join(", ") };
        sentences.push(instruction(stage, &of, rehearses));
        sentences.extend(has_forms.then(|| forms(&stage.forms)));
    }
    sentences.extend(recipe.filter(|_| asks).map(fact_questions));
    sentences.extend(shown(&experiment.signal));
    sentences
}

/// Returns how training asks about facts. `None` if it does not.
fn fact_recipe(experiment: &Experiment) -> Option<FactRecipe> {
    let recipe = FactRecipe::new(experiment.alignment.as_ref());
    let asks = recipe.questions > 0 && recipe.weight > 0.0 && !experiment.corpora.is_empty();
    asks.then_some(recipe)
}

/// Returns the true answers of a task's stored outcomes.
fn answers<'a>(stored: &'a StoredRun, task: &str) -> impl Iterator<Item = &'a Answer> {
    let outcomes = stored.tasks.iter().filter(move |asked| asked.name == task);
    outcomes.flat_map(|asked| asked.answered.iter().map(|one| &one.outcome.example.answer))
}

/// Returns the path of the export that a part was taken from.
fn started(experiment: &Experiment, part: Taken) -> Option<String> {
    let start = experiment.start.as_ref().filter(|start| start.takes(part))?;
    Some(start.path.display().to_string())
}

fn harmonization(experiment: &Experiment) -> Vec<String> {
    let sentence = |how: &Harmonization| {
        let kept = match how.preserve.as_slice() {
            [] => String::new(),
            columns => format!(" with the effects of {} preserved", columns.join(" and ")),
        };
        format!(
            "The connectivity of the FC baselines (Fisher's z) was harmonised over {} by ComBat (parametric empirical \
             Bayes){kept}, fitted on training scans only.",
            how.batch
        )
    };
    experiment.harmonization.iter().map(sentence).collect()
}

fn tasks(stored: &StoredRun) -> Vec<String> {
    let experiment = &stored.record.experiment;
    if experiment.tasks.is_empty() {
        return Vec::new();
    }
    let each: Vec<String> = experiment.tasks.iter().map(|(name, table)| described(name, table)).collect();
    let scoring = &experiment.evaluation;
    let mut sentences = vec![format!("The tasks were {}.", each.join(", "))];
    sentences.extend(answering(stored));
    sentences.push(format!(
        "Intervals are the middle 95% of {} bootstrap resamples of {{subject}}s (seed {}); differences from baselines are \
         paired by {{subject}}. Nothing was chosen on test {{subject}}s.",
        scoring.resamples,
        scoring.seed.unwrap_or(experiment.seed)
    ));
    sentences
}

/// Says how the model answered the tasks. `None` if no answers are stored.
fn answering(stored: &StoredRun) -> Option<String> {
    let experiment = &stored.record.experiment;
    let (mut ranks, mut composes, mut generates, mut continues) = (false, false, false, false);
    for (name, table) in &experiment.tasks {
        let paradigm = asked::paradigm(table);
        for answer in answers(stored, name).filter(|_| paradigm != Paradigm::Probe) {
            match answer {
                _ if paradigm == Paradigm::Open => generates = true,
                Answer::Choice { .. } | Answer::Band { .. } => ranks = true,
                Answer::Value { edges, .. } => ranks |= !edges.is_empty(),
                Answer::Text { decoding: Decoding::Asked, .. } => composes = true,
                Answer::Text { decoding: Decoding::Free, .. } => generates = true,
                Answer::Series { .. } => continues = true,
            }
        }
    }
    let generated =
        format!("texts were generated greedily (up to {} tokens)", experiment.evaluation.longest_answer);
    let ways = [
        (ranks, "options were ranked by log-likelihood"),
        (composes, "captions were assembled from answers about single facts"),
        (generates, generated.as_str()),
        (continues, "series were continued as codes and decoded"),
    ];
    let used: Vec<&str> = ways.iter().filter(|(is_used, _)| *is_used).map(|(_, how)| *how).collect();
    (!used.is_empty()).then(|| format!("In evaluation, {}.", number::listed(&used)))
}

fn versions(stored: &StoredRun) -> Vec<String> {
    let each: Vec<String> =
        stored.record.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let seed = stored.record.experiment.seed;
    vec![format!(
        "Computed with {} on the engine {} (seed {seed}), after the method of fMRI-LM (arXiv:2511.21760).",
        each.join(", "),
        stored.record.experiment.engine
    )]
}

/// Names a plugin with its settings: `vq (patch 40, codebook-size 128)`.
fn described(name: &str, table: &Table) -> String {
    let plugin = table.get("type").and_then(Value::as_str).unwrap_or(name);
    let settings = table.iter().filter(|(key, value)| *key != "type" && !asked::is_usual(key, value));
    let settings = settings.filter_map(|(key, value)| Some(format!("{key} {}", setting(value)?)));
    let is_named = !matches!(name, "tokenizer" | "backbone") && name != plugin;
    let inside: Vec<String> = is_named.then(|| plugin.to_owned()).into_iter().chain(settings).collect();
    let head = if is_named { name } else { plugin };
    if inside.is_empty() { head.to_owned() } else { format!("{head} ({})", inside.join(", ")) }
}

fn setting(value: &Value) -> Option<String> {
    match value {
        Value::Number(of) => Some(of.as_f64().map_or_else(|| of.to_string(), number::plain)),
        Value::Bool(of) => Some(if *of { "on" } else { "off" }.to_owned()),
        Value::String(text) => Some(format!("“{text}”")),
        Value::Array(values) => {
            let each: Option<Vec<String>> = values.iter().map(setting).collect();
            each.map(|each| each.join(" / "))
        }
        Value::Null | Value::Object(_) => None,
    }
}
