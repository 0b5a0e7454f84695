//! Looks up sections, keys and plugins by the name that a user knows: `alignment`, `signal.trs`, `vq`, `tokenizer.patch`.

use std::fmt::Write as _;

use boldface::registry::{RegistryEntry, entries};
use schemars::schema_for;

use super::fields::{Field, fields, fields_of};
use super::reference::{all_fields, explain, paragraphs, presence, summary, wrapped};
use crate::spec::{Experiment, SweepTable, suggest};

/// Sections with tables of plugins, and the plugins' kind.
const PLUGINS: [(&str, &str); 5] = [
    ("datasets", "dataset"),
    ("corpora", "corpus"),
    ("tokenizer", "tokenizer"),
    ("backbone", "backbone"),
    ("tasks", "task"),
];

/// Returns the list of sections, with the first sentence of each.
pub fn sections() -> String {
    let mut page = String::new();
    for field in keys().iter().filter(|field| !field.name.contains('.')) {
        let first = field.doc.split_once(". ").map_or(field.doc.as_str(), |(first, _)| first);
        let _ = writeln!(page, "{:<14} {}.", field.name, first.trim_end_matches('.'));
    }
    page
}

/// Returns the pages about `path`: a section, a key such as `signal.trs` or `tokenizer.patch`, or the name of a plugin.
///
/// # Errors
/// If there is none. The message names similar ones.
pub fn look_up(path: &str) -> Result<String, String> {
    let pages = [key(path), plugins(path), named(path)];
    let page = pages.into_iter().flatten().collect::<Vec<_>>().join("\n");
    if !page.is_empty() {
        return Ok(page);
    }
    let keys = keys();
    let (entries, sections) = (entries(), PLUGINS.map(|(section, _)| section));
    let of_plugins = entries.iter().flat_map(|entry| {
        let section = PLUGINS.iter().find(|(_, kind)| *kind == entry.kind).map_or("", |(section, _)| section);
        all_fields(entry).into_iter().map(move |field| format!("{section}.{}", field.name))
    });
    let of_plugins: Vec<String> = of_plugins.collect();
    let known = keys.iter().map(|field| field.name.as_str()).chain(sections);
    let known: Vec<&str> = known
        .chain(entries.iter().map(|entry| entry.name))
        .chain(of_plugins.iter().map(String::as_str))
        .collect();
    let help = suggest(path, known);
    let help =
        if help.starts_with("did") { help } else { "`boldface explain` lists the sections".to_owned() };
    Err(format!("no section, key or plugin is named `{path}`; {help}"))
}

/// Returns the keys of an experiment and of a sweep, each with the path of its table.
fn keys() -> Vec<Field> {
    let schema = schema_for!(Experiment).to_value();
    let mut found = Vec::new();
    for field in fields(&schema).into_iter().filter(|field| !field.name.contains('.')) {
        let section = field.name.clone();
        found.push(field);
        found.extend(fields_of(&schema, &section));
    }
    let sweep = schema_for!(SweepTable).to_value();
    found.push(Field {
        name: "sweep".to_owned(),
        holds: "table".to_owned(),
        default: None,
        is_required: false,
        doc: sweep["description"].as_str().unwrap_or_default().to_owned(),
    });
    let inner = fields(&sweep).into_iter();
    found.extend(inner.map(|field| Field { name: format!("sweep.{}", field.name), ..field }));
    found
}

/// Returns the page of a key and of the keys below it.
fn key(path: &str) -> Option<String> {
    let keys = keys();
    let own = keys.iter().find(|field| field.name == path)?;
    let mut page = format!("{path}  {}{}\n\n{}\n", own.holds, presence(own), paragraphs(&own.doc));
    let below = format!("{path}.");
    for field in keys.iter().filter(|field| field.name.starts_with(&below)) {
        let _ = writeln!(page, "  {}  {}{}", &field.name[below.len()..], field.holds, presence(field));
        page += &wrapped(&field.doc, "      ");
    }
    Some(page)
}

/// Returns the list of plugins that a section or kind chooses from, or what a key means to each that has it.
fn plugins(path: &str) -> Option<String> {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let (_, kind) = PLUGINS.iter().find(|(section, kind)| head == *section || head == *kind)?;
    let entries: Vec<RegistryEntry> = entries().into_iter().filter(|entry| entry.kind == *kind).collect();
    let Some(rest) = rest else {
        let mut page = String::new();
        for entry in &entries {
            let _ = writeln!(page, "{kind} {:<14} {}", entry.name, summary(entry));
        }
        return Some(page + &format!("\n`boldface explain {kind} NAME` prints the keys of one.\n"));
    };
    // `tasks.couplings.features` names the table, too.
    let inner = rest.split_once('.').map_or(rest, |(_, inner)| inner);
    let pages = entries.iter().flat_map(|entry| {
        let wanted = all_fields(entry).into_iter().filter(|field| field.name == rest || field.name == inner);
        wanted.map(|field| {
            let heading =
                format!("{kind} {}: {}  {}{}\n", entry.name, field.name, field.holds, presence(&field));
            heading + &wrapped(&field.doc, "    ")
        })
    });
    Some(pages.collect::<String>()).filter(|page| !page.is_empty())
}

/// Returns the pages of the plugins of a name.
fn named(path: &str) -> Option<String> {
    let pages: Vec<String> = entries().iter().filter(|entry| entry.name == path).map(explain).collect();
    (!pages.is_empty()).then(|| pages.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_and_key_has_a_page() {
        for field in keys() {
            let page = look_up(&field.name).unwrap();
            assert!(page.starts_with(&field.name), "{page}");
            assert!(!field.doc.is_empty(), "`{}` has no description", field.name);
        }
        let overview = sections();
        for section in ["alignment ", "signal ", "sweep ", "runtime "] {
            assert!(overview.contains(&format!("\n{section}")), "{overview}");
        }
    }

    #[test]
    fn a_key_says_what_it_holds_and_a_section_lists_its_keys() {
        let page = look_up("signal.trs").unwrap();
        assert!(page.starts_with("signal.trs  whole number, required\n\n"), "{page}");
        let page = look_up("alignment").unwrap();
        assert!(
            page.contains("\n  lora.rank  whole number") && page.contains("\n  steps  whole number"),
            "{page}"
        );
        assert!(look_up("sweep").unwrap().contains("\n  base  text, required\n"));
    }

    #[test]
    fn an_unknown_name_gets_the_nearest() {
        let told = |path: &str| look_up(path).unwrap_err();
        assert_eq!(
            told("signal.tr"),
            "no section, key or plugin is named `signal.tr`; did you mean `signal.trs`?"
        );
        assert_eq!(told("sweeps"), "no section, key or plugin is named `sweeps`; did you mean `sweep`?");
        assert!(told("xyzzy").ends_with("`boldface explain` lists the sections"), "{}", told("xyzzy"));
    }
}
