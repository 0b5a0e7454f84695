//! The methods paragraph, ready to paste into a paper: what this run did, and nothing else. Each sentence names the
//! fields of the run's manifest (`plan.json`) or the files that it rests on. Without them there is no sentence.

mod bibtex;
mod preparation;
mod statistics;
#[cfg(test)]
mod tests;
mod training;

use boldface::{Answer, Part};
use serde_json::Value;

use super::asked;
use super::document::{Align, Block, ReportTable, TableCell, TextSpan, plain};
use super::number;
use super::stored::StoredRun;
use crate::spec::{Experiment, FactRecipe, QuestionTokens, SplitTable, Standardize, Table, Taken};
use crate::store::{Stage, StageKind};
use crate::study::is_taught_by_asking;
use training::{alignment, fact_questions, forms, instruction, shown};

/// A sentence, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// The sentence.
    pub text: String,
    /// Fields of `plan.json`, or files of the run and its artefacts.
    pub fields: Vec<String>,
}

impl Sentence {
    /// Makes a sentence that rests on `fields`.
    pub fn new(text: impl Into<String>, fields: &[&str]) -> Sentence {
        Sentence { text: text.into(), fields: fields.iter().map(|field| (*field).to_owned()).collect() }
    }
}

/// Builds the methods section.
pub fn blocks(stored: &StoredRun) -> Vec<Block> {
    let paragraphs = paragraphs(stored);
    let mut blocks = vec![
        Block::Section("Methods".into()),
        Block::Text(vec![plain(
            "Written by boldface from what this run recorded. Use it in a manuscript as it is or as a draft.",
        )]),
    ];
    for sentences in paragraphs.iter().filter(|sentences| !sentences.is_empty()) {
        let mut spans = Vec::new();
        for sentence in sentences {
            spans.extend((!spans.is_empty()).then(|| plain(" ")));
            let fields = sentence.fields.join(", ");
            spans.push(TextSpan::Sourced { text: sentence.text.clone(), fields });
        }
        blocks.push(Block::Text(spans));
    }
    let summary = "What each sentence rests on".to_owned();
    blocks.push(Block::Folded { summary, table: sources(&paragraphs.concat()) });
    let references = bibtex::write(stored);
    if !references.is_empty() {
        blocks.push(Block::Details { summary: "References as BibTeX".into(), code: references });
    }
    blocks
}

/// Returns the sentences, by paragraph.
fn paragraphs(stored: &StoredRun) -> [Vec<Sentence>; 3] {
    let mut paragraphs = [
        [data(stored), corpora(stored)].concat(),
        [tokenizer(stored), language_model(stored)].concat(),
        [statistics::sentences(stored), asked::sentences(stored), versions(stored)].concat(),
    ];
    // The record has defaults for what an old manifest lacks. Nobody wrote down that they were used.
    for sentences in &mut paragraphs {
        sentences.retain(|sentence| sentence.fields.iter().all(|field| is_recorded(stored, field)));
    }
    paragraphs
}

/// Whether the manifest has a field. Whoever writes a sentence about a file has read it.
fn is_recorded(stored: &StoredRun, field: &str) -> bool {
    match field.strip_prefix("stages.") {
        Some(stage) => ran(stored, stage),
        None => is_file(field) || has_field(&stored.manifest, field),
    }
}

fn is_file(field: &str) -> bool {
    let first = field.split('.').next().unwrap_or(field);
    !["descriptions", "excluded", "experiment", "stages", "versions"].contains(&first)
}

/// Whether a table has the field at a dotted path. Names in the path may have dots themselves.
fn has_field(table: &Value, path: &str) -> bool {
    let is_below = |(key, value): (&String, &Value)| match path.strip_prefix(key.as_str()) {
        Some("") => !value.is_null(),
        Some(rest) => rest.strip_prefix('.').is_some_and(|rest| has_field(value, rest)),
        None => false,
    };
    table.as_object().is_some_and(|table| table.iter().any(is_below))
}

/// Lists the sentences by their first words, with their fields.
fn sources(sentences: &[Sentence]) -> ReportTable {
    const WORDS: usize = 6;
    let row = |(place, sentence): (usize, &Sentence)| {
        let words: Vec<&str> = sentence.text.split(' ').take(WORDS).collect();
        vec![
            TableCell::new(format!("{}. {} …", place + 1, words.join(" "))),
            TableCell::new(sentence.fields.join(", ")),
        ]
    };
    ReportTable {
        caption: String::new(),
        columns: ["sentence", "fields of plan.json, or files"]
            .map(|name| (name.to_owned(), Align::Left))
            .into(),
        rows: sentences.iter().enumerate().map(row).collect(),
    }
}

/// Whether a stage of this run finished.
pub(super) fn ran(stored: &StoredRun, stage: &str) -> bool {
    stored.record.stages.iter().any(|record| record.stage.name() == stage)
}

fn data(stored: &StoredRun) -> Vec<Sentence> {
    if !ran(stored, "series") {
        return Vec::new();
    }
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
    let text = format!(
        "BOLD time series{regions} of {}{} were analysed.",
        size.unwrap_or_default(),
        names.join(", ")
    );
    sentences.push(Sentence::new(text, &["experiment.datasets", "regions.json", "scans.json", "split.json"]));
    sentences.extend(preparation::sentences(stored));

    let signal = &experiment.signal;
    let times: Vec<f64> = stored.scans.iter().map(|scan| scan.tr).collect();
    let (least, most) =
        times.iter().fold((f64::INFINITY, 0.0f64), |(low, high), tr| (low.min(*tr), high.max(*tr)));
    let tr = match times.is_empty() {
        true => String::new(),
        false if least == most => format!(" (repetition time {} s)", number::plain(least)),
        false => format!(" (repetition times {} to {} s)", number::plain(least), number::plain(most)),
    };
    let most = number::count(signal.trs, "volume");
    let cropped = match signal.min_trs {
        None => most,
        Some(least) => format!(
            "at most {most} (scans had at least {}), in whole patches",
            number::count(least, "volume")
        ),
    };
    let text = format!("Every scan was cropped to {cropped} from volume {}{tr}.", signal.start);
    sentences.push(Sentence::new(text, &["experiment.signal", "scans.json"]));
    // Only models and baselines see the standardised series.
    let is_seen = |stage: &Stage| matches!(stage.kind, StageKind::Tokenizer | StageKind::Baseline(_));
    if stored.record.stages.iter().any(|record| is_seen(&record.stage)) {
        let scaled = match signal.standardize {
            Standardize::Zscore => {
                "Each region was standardised to mean 0 and standard deviation 1 over these volumes."
            }
            Standardize::Robust => {
                "Each region was standardised by its median and interquartile range over these volumes."
            }
            Standardize::None => "The signal was not standardised.",
        };
        sentences.push(Sentence::new(scaled, &["experiment.signal.standardize", "stages"]));
    }
    if let Some((split, hash)) = &stored.split {
        let count = |part: Part| split.parts.values().filter(|of| **of == part).count();
        let [train, validation, test] = Part::ALL.map(count);
        let together = match &experiment.split.group {
            Some(column) => format!("{{subject}}s with the same {column} stayed in one part"),
            None => "all scans of a {subject} stayed together".to_owned(),
        };
        let text = format!(
            "Before anything was fitted, {{subject}}s were divided into {train} for training, {validation} for validation \
             and {test} for testing{} (seed {}, BLAKE3 {}); {together}.",
            how(&experiment.split),
            experiment.split.seed.unwrap_or(experiment.seed),
            hash.get(..12).unwrap_or(hash)
        );
        sentences.push(Sentence::new(text, &["experiment.split", "split.json"]));
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

fn corpora(stored: &StoredRun) -> Vec<Sentence> {
    let corpora = &stored.record.experiment.corpora;
    if corpora.is_empty() || !ran(stored, "corpus") {
        return Vec::new();
    }
    let each: Vec<String> = corpora.iter().map(|(name, table)| described(name, table)).collect();
    let norm = stored.descriptors.iter().map(|descriptor| descriptor.norm_scans).max();
    let norm = norm.map_or_else(String::new, |scans| format!(" ({})", number::count(scans, "scan")));
    let text = format!(
        "Scans were described in words by {}, against norms fitted on training scans only{norm}.",
        each.join(" and ")
    );
    vec![Sentence::new(text, &["experiment.corpora", "stages.corpus", "descriptors.parquet"])]
}

fn tokenizer(stored: &StoredRun) -> Vec<Sentence> {
    let experiment = &stored.record.experiment;
    if !ran(stored, "tokenizer") {
        return Vec::new();
    }
    let described = described("tokenizer", &experiment.tokenizer);
    let turned = format!("Signals were turned into tokens by the tokenizer {described}");
    vec![match started(experiment, Taken::Tokenizer) {
        Some(export) => Sentence::new(
            format!("{turned}, which was taken from the export {export} as it was."),
            &["experiment.tokenizer", "experiment.start", "stages.tokenizer"],
        ),
        None => Sentence::new(
            format!("{turned}, fitted on training scans."),
            &["experiment.tokenizer", "stages.tokenizer"],
        ),
    }]
}

fn language_model(stored: &StoredRun) -> Vec<Sentence> {
    let experiment = &stored.record.experiment;
    let is_user = |stage: &Stage| {
        use StageKind::{Alignment, Evaluation, Instruction, TextSpace};
        matches!(stage.kind, TextSpace | Alignment | Instruction | Evaluation(_))
    };
    if !stored.record.stages.iter().any(|record| is_user(&record.stage)) {
        return Vec::new();
    }
    let text = format!(
        "Tokens and text were read by the language model {}.",
        described("backbone", &experiment.backbone)
    );
    let mut sentences = vec![Sentence::new(text, &["experiment.backbone", "stages"])];
    if let Some(export) = started(experiment, Taken::Model) {
        let text = format!("It began as the model of the export {export}.");
        sentences.push(Sentence::new(text, &["experiment.start"]));
    }
    let recipe = fact_recipe(experiment);
    let mut asks = false;
    if let Some(stage) = experiment.alignment.as_ref().filter(|_| ran(stored, "alignment")) {
        asks = recipe.is_some();
        sentences.push(Sentence::new(alignment(stage, asks), &["experiment.alignment", "stages.alignment"]));
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
        let fields = ["experiment.instruction", "stages.instruction"];
        sentences.push(Sentence::new(instruction(stage, &of, rehearses), &fields));
        let forms = has_forms.then(|| forms(&stage.forms));
        sentences.extend(forms.map(|text| Sentence::new(text, &["experiment.instruction"])));
    }
    let questions = recipe.filter(|_| asks).map(fact_questions);
    sentences.extend(questions.map(|text| Sentence::new(text, &["experiment.alignment"])));
    let signal = &experiment.signal;
    let cut = signal.shown_patches.map(|_| "experiment.signal.shown-patches");
    let pooled =
        (signal.shown_tokens != QuestionTokens::default()).then_some("experiment.signal.shown-tokens");
    let fields: Vec<&str> = cut.into_iter().chain(pooled).collect();
    sentences.extend(shown(signal).map(|text| Sentence::new(text, &fields)));
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

fn versions(stored: &StoredRun) -> Vec<Sentence> {
    let record = &stored.record;
    let each: Vec<String> =
        record.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    if each.is_empty() {
        return Vec::new();
    }
    let experiment = &record.experiment;
    let text = format!(
        "Computed with {} on the engine {} (seed {}).",
        each.join(", "),
        experiment.engine,
        experiment.seed
    );
    vec![Sentence::new(text, &["versions", "experiment.engine", "experiment.seed"])]
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
