//! References for what the methods paragraph names, as BibTeX. Each entry rests on a field, as each sentence does.

use std::fmt::Write;

use boldface::{Training, Tuning};
use serde_json::Value;

use super::ran;
use crate::report::compare::latex_escape;
use crate::report::stored::StoredRun;

const FMRI_LM: &str = "@misc{fmri-lm,\n  title = {fMRI-LM},\n  year = {2025},\n  eprint = {2511.21760},\n  archivePrefix = {arXiv}\n}\n";
const ADAMW: &str = "@inproceedings{adamw,\n  title = {Decoupled Weight Decay Regularization},\n  author = {Loshchilov, Ilya and Hutter, Frank},\n  booktitle = {International Conference on Learning Representations},\n  year = {2019}\n}\n";
const LORA: &str = "@inproceedings{lora,\n  title = {{LoRA}: Low-Rank Adaptation of Large Language Models},\n  author = {Hu, Edward J. and others},\n  booktitle = {International Conference on Learning Representations},\n  year = {2022}\n}\n";
const POWER: &str = "@article{power2012,\n  title = {Spurious but systematic correlations in functional connectivity {MRI} networks arise from subject motion},\n  author = {Power, Jonathan D. and Barnes, Kelly A. and Snyder, Abraham Z. and Schlaggar, Bradley L. and Petersen, Steven E.},\n  journal = {NeuroImage},\n  volume = {59},\n  number = {3},\n  pages = {2142--2154},\n  year = {2012},\n  doi = {10.1016/j.neuroimage.2011.10.018}\n}\n";
const COMBAT: &str = "@article{johnson2007,\n  title = {Adjusting batch effects in microarray expression data using empirical {Bayes} methods},\n  author = {Johnson, W. Evan and Li, Cheng and Rabinovic, Ariel},\n  journal = {Biostatistics},\n  volume = {8},\n  number = {1},\n  pages = {118--127},\n  year = {2007},\n  doi = {10.1093/biostatistics/kxj037}\n}\n";

/// Writes the entries of a run. Empty if it names nothing.
pub(super) fn write(stored: &StoredRun) -> String {
    let record = &stored.record;
    let mut out = String::new();
    if let Some(version) = record.versions.get("boldface") {
        entry(&mut out, "software", "boldface", &[("title", Some("boldface")), ("version", Some(version))]);
    }
    for (name, about) in &record.descriptions {
        let fields = [
            ("title", about.name.as_deref()),
            ("doi", about.dataset_doi.as_deref()),
            ("note", about.how_to_acknowledge.as_deref()),
        ];
        if fields.iter().any(|(_, text)| text.is_some()) {
            entry(&mut out, "misc", &format!("data-{name}"), &fields);
        }
    }
    let experiment = &record.experiment;
    let trainings: Vec<Training> = [
        experiment.alignment.as_ref().filter(|_| ran(stored, "alignment")).map(|stage| stage.training()),
        experiment.instruction.as_ref().filter(|_| ran(stored, "instruction")).map(|stage| stage.training()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let displacement = |table: &crate::spec::Table| {
        table.get("scrub").and_then(|scrub| scrub.get("fd")).is_some_and(Value::is_number)
    };
    let used = [
        (ran(stored, "alignment"), FMRI_LM),
        (ran(stored, "series") && experiment.datasets.values().any(displacement), POWER),
        (!trainings.is_empty(), ADAMW),
        (trainings.iter().any(|training| matches!(training.tuning, Tuning::Lora(_))), LORA),
        (super::statistics::is_harmonized(stored), COMBAT),
    ];
    out.extend(used.into_iter().filter(|(is_used, _)| *is_used).map(|(_, entry)| entry));
    out
}

fn entry(out: &mut String, kind: &str, key: &str, fields: &[(&str, Option<&str>)]) {
    let key: String = key.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let _ = write!(out, "@{kind}{{{key}");
    for (name, text) in fields {
        if let Some(text) = text {
            // A DOI is an address, and BibTeX styles print it as it is.
            let text =
                if *name == "doi" { text.replace(['{', '}', '\\', '\n'], "") } else { latex_escape(text) };
            let _ = write!(out, ",\n  {name} = {{{text}}}");
        }
    }
    out.push_str("\n}\n");
}
