//! A user's own split: a table with the part of every person.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boldface::{Part, Problem, ScanInfo};
use boldface_imaging::table::{TableRow, TextTable};

use crate::spec::suggest;

/// Most names in a message.
const SHOWN: usize = 3;

/// Reads the part of every person of `scans` from the table at `path`.
///
/// # Errors
/// All problems at once, with keys relative to `[split]`: the table cannot be read, a row matches
/// nobody, a person has no row or two parts, or a part is empty.
pub fn read(path: &Path, written: &Path, scans: &[ScanInfo]) -> Result<BTreeMap<String, Part>, Vec<Problem>> {
    let problem = |message: String| Problem::at("file", message);
    if !path.is_file() {
        let help = format!("a path is relative to the spec: this one is `{}`", path.display());
        return Err(vec![problem(format!("there is no file `{}`", written.display())).help(help)]);
    }
    let table = TextTable::read(path).and_then(|table| {
        table.require("participant_id")?;
        table.require("part")?;
        Ok(table)
    });
    let table = table.map_err(|error| vec![problem(format!("`{}`: {error}", written.display()))])?;

    let mut persons: BTreeMap<&str, BTreeSet<(&str, String)>> = BTreeMap::new();
    for scan in scans {
        persons.entry(&scan.id.subject).or_default().insert((&scan.id.dataset, scan.id.person()));
    }
    let mut problems = Vec::new();
    let mut parts: BTreeMap<String, (Part, u64)> = BTreeMap::new();
    for row in table.rows() {
        match read_row(&row, &persons) {
            Ok((person, part)) => {
                let (before, line) = *parts.entry(person).or_insert((part, row.line));
                if before != part {
                    let id = row.get("participant_id").unwrap_or_default();
                    problems.push(problem(format!(
                        "`{id}` is in `{}` on line {line} and in `{}` on line {}",
                        before.name(),
                        part.name(),
                        row.line
                    )));
                }
            }
            Err(found) => {
                problems.push(Problem { message: format!("line {}: {}", row.line, found.message), ..found })
            }
        }
    }
    let everyone: BTreeSet<&String> = persons.values().flatten().map(|(_, person)| person).collect();
    let missing: Vec<&&String> = everyone.iter().filter(|person| !parts.contains_key(**person)).collect();
    if problems.is_empty() && !missing.is_empty() {
        let named: Vec<String> = missing.iter().take(SHOWN).map(|person| format!("`{person}`")).collect();
        let more = match missing.len() - named.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let message = format!("`{}` has no row for {}{more}", written.display(), named.join(", "));
        problems
            .push(problem(message).help("give every subject a part, or leave subjects out of the dataset"));
    }
    for part in Part::ALL.into_iter().filter(|_| problems.is_empty()).collect::<Vec<_>>() {
        if parts.values().all(|(of, _)| *of != part) {
            let message = format!("`{}` puts nobody in `{}`", written.display(), part.name());
            problems.push(problem(message).help("all three parts are needed: train, validation and test"));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(parts.into_iter().map(|(person, (part, _))| (person, part)).collect())
}

fn read_row(
    row: &TableRow<'_>,
    persons: &BTreeMap<&str, BTreeSet<(&str, String)>>,
) -> Result<(String, Part), Problem> {
    let problem = |message: String| Problem::at("file", message);
    let id = row.get("participant_id").ok_or_else(|| problem("there is no `participant_id`".to_owned()))?;
    let subject = id.strip_prefix("sub-").unwrap_or(id);
    let said = row.get("part").ok_or_else(|| problem(format!("`{id}` has no `part`")))?;
    let part = Part::ALL.into_iter().find(|part| part.name() == said).ok_or_else(|| {
        let names = Part::ALL.map(Part::name);
        problem(format!("no part is named `{said}`")).help(suggest(said, names))
    })?;
    let with_id = persons.get(subject).ok_or_else(|| {
        problem(format!("no scan is of `{id}`")).help(suggest(subject, persons.keys().copied()))
    })?;
    let dataset = row.get("dataset");
    let mut found = with_id.iter().filter(|(of, _)| dataset.is_none_or(|dataset| dataset == *of));
    match (found.next(), found.next(), dataset) {
        (Some((_, person)), None, _) => Ok((person.clone(), part)),
        (Some(_), Some(_), _) => {
            let datasets: Vec<String> = with_id.iter().map(|(dataset, _)| format!("`{dataset}`")).collect();
            let problem = problem(format!("`{id}` is a subject of {}", datasets.join(" and ")));
            Err(problem.help("say which in a column `dataset`"))
        }
        (None, _, dataset) => {
            let dataset = dataset.unwrap_or_default();
            let known = with_id.iter().map(|(dataset, _)| *dataset);
            Err(problem(format!("no scan of dataset `{dataset}` is of `{id}`")).help(suggest(dataset, known)))
        }
    }
}
