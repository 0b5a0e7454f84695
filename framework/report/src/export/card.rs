//! Writes `README.md` of an export: the model card, with front matter for model hubs.

use boldface::{Card, Part, ScanInfo, Split};

use crate::report::card::CardContent;
use crate::report::markdown::{code, escape};
use crate::store::Record;
use crate::store::export::Export;

/// The contents of the card.
pub struct Subject<'a> {
    /// The record of the run.
    pub record: &'a Record,
    /// The manifest of the export.
    pub export: &'a Export,
    /// Every scan.
    pub scans: &'a [ScanInfo],
    /// The part of each person.
    pub split: &'a Split,
    /// Texts from the report.
    pub told: &'a CardContent,
    /// The backbone's part of the card.
    pub card: &'a Card,
}

/// Returns the text of the card.
pub fn readme(of: &Subject<'_>) -> String {
    let Subject { record, export, told, card, .. } = of;
    let name = escape(&export.name);
    let [tokenizer, backbone] = [&export.tokenizer, &export.backbone]
        .map(|table| code(table.get("type").and_then(|plugin| plugin.as_str()).unwrap_or("?")));
    let base = match &card.base_model {
        Some(model) => format!("adapted from {}", code(model)),
        None => "trained from nothing".to_owned(),
    };
    let mut text = front_matter(card);
    text += &format!(
        "\n# {name}\n\nA language model that reads resting or task fMRI: a {tokenizer} tokenizer turns regional BOLD \
         series into tokens, and a {backbone} language model, {base}, reads them beside text. Trained and measured by \
         [boldface](https://arxiv.org/abs/2511.21760) {}, after the method of fMRI-LM, on the engine `{}`.\n",
        export.boldface, export.engine
    );
    text += &format!("\n## Data\n\n{}", data(of));
    text += "\n## Test\n\nSubjects that nothing was fitted on or chosen by, beside simpler models on the same questions.\n\n";
    text += if told.test.is_empty() { "No task was scored on test subjects.\n" } else { &told.test };
    text += "\nBrackets: 95% bootstrap interval over subjects; differences are paired by subject. Bold: the interval of \
             the difference excludes zero. Validation scores are in `metrics.md`, everything in `metrics.parquet`.\n";
    text += &format!("\n## Use\n\n{}", usage(export));
    text += &format!("\n## How it was made\n\n{}", told.methods);
    text += "\n`spec.toml` has every setting, defaults included; `versions.json` has the versions of the software.\n";
    text += &format!("\n## Limits\n\n{}", limits(record, told, card));
    text
}

fn front_matter(card: &Card) -> String {
    let mut text = "---\nlibrary_name: boldface\ntags:\n- boldface\n- fmri\n- neuroimaging\n".to_owned();
    text +=
        &card.base_model.as_ref().map(|model| format!("base_model: {}\n", quoted(model))).unwrap_or_default();
    text +=
        &card.licence.as_ref().map(|licence| format!("license: {}\n", quoted(licence))).unwrap_or_default();
    text + "---\n"
}

/// Quotes a string for YAML. JSON strings are valid YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn data(of: &Subject<'_>) -> String {
    let (signal, export) = (&of.record.experiment.signal, of.export);
    let mut text = String::new();
    for name in export.datasets.keys() {
        let said = of.told.data.iter().find(|(of, _)| of == name);
        let [title, licence, _, doi] = said.map(|(_, said)| said.clone()).unwrap_or_default();
        let known: Vec<String> =
            [title, licence, doi].into_iter().flatten().map(|said| escape(&said)).collect();
        let known = if known.is_empty() { String::new() } else { format!(": {}", known.join(", ")) };
        text += &format!("- **{name}**{known}\n");
    }
    text += "\n| part | subjects | scans |\n|---|---:|---:|\n";
    for part in Part::ALL {
        let is_of = |scan: &&ScanInfo| of.split.parts.get(&scan.id.person()) == Some(&part);
        let scans: Vec<&ScanInfo> = of.scans.iter().filter(is_of).collect();
        let mut people: Vec<(&str, &str)> =
            scans.iter().map(|scan| (scan.id.dataset.as_str(), scan.id.subject.as_str())).collect();
        people.sort_unstable();
        people.dedup();
        text += &format!("| {} | {} | {} |\n", part.name(), people.len(), scans.len());
    }
    let tr: Vec<String> = export.tr.iter().map(|tr| format!("{tr} s")).collect();
    text + &format!(
        "\nEvery scan: {} regions (`regions.tsv`), {}{} volumes from volume {}, repetition time {}. Series are standardised as \
         `normaliser.json` says, over the volumes that are shown.\n",
        export.shape.rois,
        if signal.min_trs.is_some() { "at most " } else { "" },
        signal.trs,
        signal.start,
        tr.join(", ")
    )
}

fn usage(export: &Export) -> String {
    let data = export.datasets.keys().map(|name| format!(" --data {name}=PATH")).collect::<String>();
    format!(
        "Compute a recorded test score again, on the data it is of:\n\n```sh\nboldface verify DIR{data}\n```\n\nStart an experiment \
         of your own from it, with the `[tokenizer]` and `[backbone]` of `spec.toml`; people whom it learned from \
         are refused in the test part:\n\n```toml\n[start]\npath = \"DIR\"\ntake = [\"tokenizer\", \"model\"]\n```\n\n`tokenizer/` and \
         `{}/` are as their plugins save them: weights as safetensors.\n",
        export.model.folder
    )
}

fn limits(record: &Record, told: &CardContent, card: &Card) -> String {
    let mut text = "- For research. It is no medical device, and no answer about a person may guide care.\n\
                    - What it says holds for scanners, regions, preprocessing and people like those of its data; nothing \
                    else was tested.\n\
                    - Its sentences can be fluent and false: trust no more than the table shows beside its baselines.\n"
        .to_owned();
    for limit in told.limits.iter().chain(&card.notes) {
        text += &format!("- {}.\n", escape(&sentence(limit)));
    }
    for (name, reason) in &record.experiment.leakage.accept {
        text += &format!("- Accepted by the author, {}: {}.\n", code(name), escape(&sentence(reason)));
    }
    text + "- Terms of data and model: `LICENCE.md`.\n"
}

/// Capitalises a sentence and removes its full stop.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
