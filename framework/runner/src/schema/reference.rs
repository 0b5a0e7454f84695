//! The plugin reference: one page for all plugins in Markdown, and a page per plugin for the terminal.

use std::fmt::Write as _;

use boldface::registry::{RegistryEntry, entries};
use serde_json::Value;

use super::fields::{Field, fields};
use crate::spec::TaskKeys;

/// Returns the first sentence of a plugin's doc comment.
pub fn summary(entry: &RegistryEntry) -> String {
    let words = doc(entry).split_whitespace().collect::<Vec<_>>().join(" ");
    match words.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => words,
    }
}

/// Returns one plugin's page for a terminal.
pub fn explain(entry: &RegistryEntry) -> String {
    let mut page = format!("{} {}  ({})\n\n", entry.kind, entry.name, entry.source);
    page += &paragraphs(doc(entry));
    page.push('\n');
    for field in all_fields(entry) {
        let Field { name, holds, doc, .. } = &field;
        let _ = writeln!(page, "  {name}  {holds}{}", presence(&field));
        page += &wrapped(doc, "      ");
    }
    page
}

/// Returns the reference page of all plugins, in Markdown.
pub fn reference() -> String {
    let mut page = "# Plugins\n\nGenerated from the doc comments of the plugins' config structs: \
                    `UPDATE=1 cargo test --release -p boldface-tests --test generated` rewrites it. \
                    `boldface explain KIND NAME` prints one plugin's page.\n"
        .to_owned();
    let mut kind = "";
    for entry in entries() {
        if entry.kind != kind {
            kind = entry.kind;
            let _ = write!(page, "\n## {}\n", heading(kind));
        }
        let _ = write!(page, "\n### `{}`\n\n{}\n", entry.name, doc(&entry).trim());
        page += "\n| key | holds | default | meaning |\n|---|---|---|---|\n";
        for field in all_fields(&entry) {
            let Field { name, holds, default, is_required, doc } = &field;
            let default = match default {
                _ if *is_required => "required".to_owned(),
                Some(default) => format!("`{default}`"),
                None => String::new(),
            };
            let cell = |text: &str| text.replace('|', "\\|");
            let _ = writeln!(page, "| `{name}` | {} | {} | {} |", cell(holds), cell(&default), cell(doc));
        }
    }
    page
}

/// Returns a plugin's fields, after those of the framework.
pub(super) fn all_fields(entry: &RegistryEntry) -> Vec<Field> {
    let field = |name: &str, holds: &str, is_required: bool, doc: &str| Field {
        name: name.to_owned(),
        holds: holds.to_owned(),
        default: None,
        is_required,
        doc: doc.to_owned(),
    };
    let is_singular = matches!(entry.kind, "tokenizer" | "backbone");
    let doc = if is_singular { "This plugin." } else { "This plugin; the table's name if left out." };
    let mut all = vec![field("type", &format!("\"{}\"", entry.name), is_singular, doc)];
    if entry.kind == "dataset" {
        all.push(field("path", "text", false, "Folder of the data, relative to the spec."));
    }
    if is_singular {
        let doc = "Seed of this section alone; the experiment's if left out.";
        all.push(field("seed", "whole number", false, doc));
    }
    all.extend(fields(entry.schema.as_value()));
    if entry.kind == "task" {
        all.extend(fields(&schemars::schema_for!(TaskKeys).to_value()));
    }
    all
}

pub(super) fn presence(field: &Field) -> String {
    match &field.default {
        _ if field.is_required => ", required".to_owned(),
        Some(default) => format!(", default {default}"),
        None => String::new(),
    }
}

fn doc(entry: &RegistryEntry) -> &str {
    entry.schema.as_value().get("description").and_then(Value::as_str).unwrap_or_default()
}

fn heading(kind: &str) -> &str {
    match kind {
        "dataset" => "Datasets: `[datasets.NAME]`",
        "corpus" => "Corpora: `[corpora.NAME]`",
        "tokenizer" => "Tokenizers: `[tokenizer]`",
        "backbone" => "Backbones: `[backbone]`",
        "task" => "Tasks: `[tasks.NAME]`",
        other => other,
    }
}

/// Wraps each paragraph of a text, with an empty line between two.
pub(super) fn paragraphs(text: &str) -> String {
    text.split("\n\n").map(|paragraph| wrapped(paragraph, "")).collect::<Vec<_>>().join("\n")
}

/// Wraps text into lines of at most 100 characters.
pub(super) fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.chars().count() + 1 + word.chars().count() > 100 {
            let _ = writeln!(lines, "{indent}{line}");
            line.clear();
        }
        line += if line.is_empty() { "" } else { " " };
        line += word;
    }
    if !line.is_empty() {
        let _ = writeln!(lines, "{indent}{line}");
    }
    lines
}
