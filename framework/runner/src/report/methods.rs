//! A methods paragraph written from the resolved spec, ready to paste into a paper.

use boldface::{Part, Training, Tuning};
use boldface_imaging::combat::Harmonization;
use serde_json::Value;

use super::asked;
use super::document::{Block, plain};
use super::number;
use super::stored::Stored;
use crate::spec::{Alignment, Experiment, Forms, Instruction, SplitTable, Standardize, Table, Taken};

/// Builds the methods section.
pub fn blocks(stored: &Stored) -> Vec<Block> {
    let experiment = &stored.record.experiment;
    let paragraphs = [
        [data(stored), corpora(stored)].concat(),
        [tokenizer(experiment), language_model(stored)].concat(),
        [tasks(experiment), harmonization(experiment), asked::sentences(stored), versions(stored)].concat(),
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

fn data(stored: &Stored) -> Vec<String> {
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
    sentences.push(format!(
        "Every scan was cropped to {} from volume {}{tr}, and {scaled}.",
        number::count(signal.trs, "volume"),
        signal.start
    ));
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

fn corpora(stored: &Stored) -> Vec<String> {
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

fn language_model(stored: &Stored) -> Vec<String> {
    let experiment = &stored.record.experiment;
    let mut sentences = vec![format!(
        "Tokens and text were read by the language model {}.",
        described("backbone", &experiment.backbone)
    )];
    if let Some(export) = started(experiment, Taken::Model) {
        sentences.push(format!("It began as the model of the export {export}."));
    }
    if let Some(stage) = &experiment.alignment {
        sentences.push(alignment(stage));
    }
    if let (Some(stage), Some(taught)) = (&experiment.instruction, asked::taught(stored)) {
        let of =
            if taught.len() == experiment.tasks.len() { "all tasks".to_owned() } else { taught.join(", ") };
        sentences.push(instruction(stage, &of));
        sentences.push(forms(&stage.forms));
    }
    sentences
}

/// Returns the path of the export that a part was taken from.
fn started(experiment: &Experiment, part: Taken) -> Option<String> {
    let start = experiment.start.as_ref().filter(|start| start.takes(part))?;
    Some(start.path.display().to_string())
}

fn alignment(stage: &Alignment) -> String {
    let [describe, predict, text] =
        [stage.fmri_to_text, stage.fmri_to_fmri, stage.text_to_text].map(|weight| weight.to_string());
    format!(
        "It was aligned with the signals by {}, on the weighted sum of describing scans (weight {describe}), predicting \
         the next patch's codes ({predict}) and general text ({text}).",
        trained(&stage.training(), stage.batch_size, "scans")
    )
}

fn instruction(stage: &Instruction, tasks: &str) -> String {
    format!(
        "It was then tuned on the training examples of {tasks} by {}, with the loss on answers only.",
        trained(&stage.training(), stage.batch_size, "examples")
    )
}

/// Says which controls ask in a form that the model was trained on.
fn forms(forms: &Forms) -> String {
    let text_only = match forms.text_only {
        0.0 => "None of its prompts held the question alone, so the control text-only asks in a form that it was \
                not tuned on"
            .to_owned(),
        share => format!(
            "A share of {} of its prompts held the question alone, the form of the control text-only",
            number::plain(share)
        ),
    };
    match forms.values {
        0.0 => format!("{text_only}."),
        share => format!(
            "{text_only}; a share of {} held the scan's facts as numbers instead of the scan, the form of the control \
             values.",
            number::plain(share)
        ),
    }
}

/// Says how stages 2 and 3 were trained, with micro-batches of `size`.
fn trained(training: &Training, size: usize, of: &str) -> String {
    let clip = match training.clip {
        0.0 => "no gradient clipping".to_owned(),
        clip => format!("gradients clipped at norm {}", number::plain(clip)),
    };
    let moved = match &training.tuning {
        Tuning::Lora(lora) => format!(
            "; low-rank adapters of rank {} (alpha {}) were trained and the language model was frozen",
            lora.rank,
            number::plain(lora.alpha)
        ),
        Tuning::Full => "; all weights were trained".to_owned(),
    };
    format!(
        "{} steps of AdamW on {} {of} each (learning rate {} after {} steps of linear warm-up, by a cosine to {}; \
         weight decay {}; {clip}{moved})",
        training.steps,
        size * training.accumulate,
        number::plain(training.peak_lr),
        training.warmup,
        number::plain(training.final_lr),
        number::plain(training.weight_decay)
    )
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

fn tasks(experiment: &Experiment) -> Vec<String> {
    if experiment.tasks.is_empty() {
        return Vec::new();
    }
    let each: Vec<String> = experiment.tasks.iter().map(|(name, table)| described(name, table)).collect();
    let scoring = &experiment.evaluation;
    vec![
        format!("The tasks were {}.", each.join(", ")),
        format!(
            "Options were ranked by log-likelihood, texts generated greedily (up to {} tokens) and series continued as \
             codes and decoded. Intervals are the middle 95% of {} bootstrap resamples of {{subject}}s (seed {}); differences \
             from baselines are paired by {{subject}}. Nothing was chosen on test {{subject}}s.",
            scoring.longest_answer,
            scoring.resamples,
            scoring.seed.unwrap_or(experiment.seed)
        ),
    ]
}

fn versions(stored: &Stored) -> Vec<String> {
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
