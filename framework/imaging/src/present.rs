//! Says which labels files have when none has those that are asked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::folder::names_below;
use crate::names::{Name, same_label};

/// Entity under which a wanted suffix is given.
pub const SUFFIX: &str = "suffix";

/// Most labels of one entity that are listed.
const LISTED: usize = 12;

/// Most entries of a folder that are listed.
const ENTRIES: usize = 5;

/// Lists the labels that the files below `root` with one of `extensions` have instead of the `wanted` ones,
/// each a pair of entity and label. An empty label stands for files without that entity. Begins with `; `, or
/// is empty if there is no such file.
pub fn labels_present(root: &Path, extensions: &[&str], wanted: &[(&str, &str)]) -> String {
    let Ok(names) = names_below(root, extensions) else { return String::new() };
    let names: Vec<&Name> = names.iter().filter(|name| name.get("sub").is_some()).collect();
    if names.is_empty() {
        return String::new();
    }
    // The labels of files of another kind would only confuse.
    let is_of_kind =
        |name: &&&Name| wanted.iter().all(|(entity, label)| *entity != SUFFIX || has(name, entity, label));
    let of_kind: Vec<&Name> = names.iter().filter(is_of_kind).copied().collect();
    let names = if of_kind.is_empty() { names } else { of_kind };
    let is_absent = |(entity, label): &&(&str, &str)| !names.iter().any(|name| has(name, entity, label));
    let absent: Vec<&(&str, &str)> = wanted.iter().filter(is_absent).collect();
    if !absent.is_empty() {
        let each = absent.into_iter().map(|(entity, label)| {
            format!("; no file has {}; present: {}", shown(entity, label), counts(&names, entity))
        });
        return each.collect();
    }
    let mut said = String::new();
    for (place, (entity, label)) in wanted.iter().enumerate().filter(|(_, (entity, _))| *entity != SUFFIX) {
        let fits = |name: &&&Name| {
            let mut others = wanted.iter().enumerate().filter(|(other, _)| *other != place);
            others.all(|(_, (entity, label))| has(name, entity, label))
        };
        let rest: Vec<&Name> = names.iter().filter(fits).copied().collect();
        if !rest.is_empty() {
            let (label, present) = (shown(entity, label), counts(&rest, entity));
            said += &format!("; no file with the other labels has {label}; present: {present}");
        }
    }
    said
}

fn label_of<'a>(name: &'a Name, entity: &str) -> &'a str {
    if entity == SUFFIX { &name.suffix } else { name.get(entity).unwrap_or_default() }
}

fn has(name: &Name, entity: &str, label: &str) -> bool {
    let own = label_of(name, entity);
    own.is_empty() == label.is_empty() && same_label(entity, own, label)
}

/// Formats a wanted label as it is in names.
fn shown(entity: &str, label: &str) -> String {
    match (entity, label) {
        (SUFFIX, suffix) => format!("the suffix `_{suffix}`"),
        (entity, "") => format!("no `{entity}-`"),
        (entity, label) => format!("`{entity}-{label}`"),
    }
}

/// Lists the labels of an entity with their numbers of files.
fn counts(names: &[&Name], entity: &str) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    names.iter().for_each(|name| *counts.entry(label_of(name, entity)).or_default() += 1);
    let all = counts.len();
    let one = |(label, count): (&str, usize)| {
        let files = if count == 1 { "file" } else { "files" };
        match label {
            "" => format!("no label ({count} {files})"),
            label => format!("`{label}` ({count} {files})"),
        }
    };
    let mut said: Vec<String> = counts.into_iter().take(LISTED).map(one).collect();
    if all > LISTED {
        said.push(format!("{} more", all - LISTED));
    }
    said.join(", ")
}

/// Lists the files beside a missing one that have its extension. Begins with `; `, or is empty if its folder
/// is missing too.
pub fn files_beside(missing: &Path) -> String {
    let extension = missing.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match missing.parent().filter(|folder| folder.is_dir()) {
        Some(folder) => entries(folder, extension),
        None => String::new(),
    }
}

/// Lists some entries of a folder whose names end with `end`.
pub(crate) fn entries(folder: &Path, end: &str) -> String {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.') && name.ends_with(end));
    names.sort();
    let mut shown: Vec<String> = names.iter().take(ENTRIES).map(|name| format!("`{name}`")).collect();
    if names.len() > ENTRIES {
        shown.push(format!("{} more", names.len() - ENTRIES));
    }
    if shown.is_empty() {
        "; nothing is there".to_owned()
    } else {
        format!("; present: {}", shown.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_are_there_are_listed_with_their_counts() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "sub-1_task-rest_space-MNI_desc-preproc_bold.nii.gz",
            "sub-2_task-rest_space-MNI_desc-preproc_bold.nii.gz",
            "sub-1_task-pain_space-T1w_desc-preproc_bold.nii.gz",
            "sub-1_task-pain_space-T1w_desc-preproc_bold.json",
            "sub-1_T1w.nii.gz",
        ] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let said = |wanted: &[(&str, &str)]| labels_present(dir.path(), &["nii.gz"], wanted);
        assert_eq!(
            said(&[("space", "MNI6"), ("task", "rest")]),
            "; no file has `space-MNI6`; present: no label (1 file), `MNI` (2 files), `T1w` (1 file)"
        );
        assert_eq!(
            said(&[("space", "T1w"), ("task", "rest")]),
            "; no file with the other labels has `space-T1w`; present: `MNI` (2 files); no file with the other labels \
             has `task-rest`; present: `pain` (1 file)"
        );
        assert_eq!(
            said(&[(SUFFIX, "bold"), ("space", "MNI6")]),
            "; no file has `space-MNI6`; present: `MNI` (2 files), `T1w` (1 file)"
        );
        assert_eq!(
            said(&[(SUFFIX, "cbv")]),
            "; no file has the suffix `_cbv`; present: `T1w` (1 file), `bold` (3 files)"
        );
        assert_eq!(said(&[("desc", "clean"), ("desc", "")]).matches("; no file has").count(), 1);
        assert!(files_beside(&dir.path().join("x.json")).ends_with("preproc_bold.json`"));
        assert_eq!(files_beside(&dir.path().join("x.tsv")), "; nothing is there");
        assert_eq!(labels_present(dir.path(), &["npy"], &[("space", "MNI6")]), "");
    }
}
