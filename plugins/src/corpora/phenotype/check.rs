//! Checks of the config against a cohort, before anything runs.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Cohort, Problem, ScanInfo};

use super::Phenotype;
use super::column::{Column, ColumnKind, Range, number};
use super::told::PhenotypeWords;

/// Maximum number of categories. A column with more probably holds numbers or names of people.
const MOST_CATEGORIES: usize = 50;

/// Finds missing columns, cells that contradict the config, ranges with gaps, and words that cannot be
/// told apart.
pub(super) fn check(config: &Phenotype, cohort: &Cohort) -> Vec<Problem> {
    let mut problems = Vec::new();
    if config.columns.is_empty() {
        let help = "name one, such as `columns.age = { kind = \"number\", unit = \"years\" }`";
        problems.push(Problem::at("columns", "there is no column to describe").help(help));
    }
    let mut labels: BTreeMap<String, &String> = BTreeMap::new();
    for (name, column) in &config.columns {
        let key = format!("columns.{name}");
        let found =
            column_problems(name, column, &cohort.scans).into_iter().map(|problem| problem.below(&key));
        problems.extend(found);
        let label = column.label(name);
        if !is_phrase(&label) {
            let message = format!("`{label}` cannot be a label: it has braces, or ends a sentence");
            problems.push(Problem::at(format!("{key}.label"), message));
        }
        if let Some(other) = labels.insert(label.to_lowercase(), name) {
            let message = format!("the column `{other}` also has the label `{label}`");
            problems
                .push(Problem::at(format!("{key}.label"), message).help("give one of them another label"));
        }
    }
    for (place, column) in config.adjust.iter().enumerate() {
        if config.columns.get(column).is_some_and(|told| told.kind == ColumnKind::Number) {
            let message = format!("`{column}` cannot be adjusted for itself");
            problems
                .push(Problem::at(format!("adjust[{place}]"), message).help("describe it in another corpus"));
        }
    }
    problems.extend(super::super::described::check_adjust(&config.adjust, cohort));
    if problems.is_empty() {
        let told = PhenotypeWords::new(config, &categories(config, cohort)).and_then(|told| told.check());
        problems.extend(told.err().map(|error| Problem::at("words", error.to_string())));
    }
    problems
}

/// Collects the categories of each categorical column.
fn categories(config: &Phenotype, cohort: &Cohort) -> BTreeMap<String, Vec<String>> {
    let of = |(name, column): (&String, &Column)| {
        let called = cohort.scans.iter().filter_map(|scan| column.category(name, scan).ok()?.ok());
        let all: BTreeSet<String> = called.map(str::to_owned).chain(column.names.values().cloned()).collect();
        (name.clone(), all.into_iter().collect())
    };
    config.columns.iter().filter(|(_, column)| column.kind == ColumnKind::Category).map(of).collect()
}

/// Lists problems at keys of the column's table.
fn column_problems(name: &str, column: &Column, scans: &[ScanInfo]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if scans.iter().all(|scan| scan.column(name).is_none()) {
        let known: BTreeSet<&str> =
            scans.iter().flat_map(|scan| scan.phenotype.keys()).map(String::as_str).collect();
        let known: Vec<&str> = known.into_iter().collect();
        let message = format!("no scan has a value in a column `{name}`");
        let help = format!("leave it out, or name one that the tables have: {}", known.join(", "));
        problems.push(Problem::at("", message).help(help));
    } else {
        match column.kind {
            ColumnKind::Number => problems.extend(of_numbers(name, column, scans)),
            ColumnKind::Category => problems.extend(of_categories(name, column, scans)),
        }
    }
    if column.kind == ColumnKind::Number && !column.names.is_empty() {
        let help = "set `kind = \"category\"`, or give `bands` with words of ranges";
        problems.push(Problem::at("names", "a number has no names").help(help));
    }
    let of_number = [
        ("unit", column.unit.is_some()),
        ("decimals", column.decimals.is_some()),
        ("bands", !column.bands.is_empty()),
    ];
    for (key, is_there) in of_number {
        if is_there && column.kind == ColumnKind::Category {
            let help = "leave it out, or set `kind = \"number\"`";
            problems.push(Problem::at(key, "a category cannot have this key").help(help));
        }
    }
    if column.decimals.is_some_and(|decimals| decimals > 10) {
        problems.push(Problem::at("decimals", "at most 10 decimals are possible").help("give fewer"));
    }
    problems.extend(of_bands(&column.bands));
    problems
}

fn of_numbers(name: &str, column: &Column, scans: &[ScanInfo]) -> Option<Problem> {
    let wrong = scans.iter().filter_map(|scan| Some((scan, column.number(name, scan).ok()?.err()?)));
    let wrong: Vec<(&ScanInfo, &str)> = wrong.collect();
    let (first, cell) = wrong.first()?;
    let message =
        format!("`{cell}` of `{}` is not a number, nor are {} other cells", first.id, wrong.len() - 1);
    let help = "list values that mean no value in `missing`, or set `kind = \"category\"`";
    Some(Problem::at("kind", message).help(help))
}

fn of_categories(name: &str, column: &Column, scans: &[ScanInfo]) -> Option<Problem> {
    let unnamed = scans.iter().filter_map(|scan| Some((scan, column.category(name, scan).ok()?.err()?)));
    if let Some((scan, cell)) = unnamed.into_iter().next() {
        let message = format!("`{cell}` of `{}` has no name", scan.id);
        return Some(Problem::at("names", message).help("name it, or list it in `missing`"));
    }
    let values: BTreeSet<&str> =
        scans.iter().filter_map(|scan| column.category(name, scan).ok()?.ok()).collect();
    if values.len() > MOST_CATEGORIES {
        let message = format!("there are {} categories", values.len());
        return Some(Problem::at("kind", message).help("set `kind = \"number\"`, or leave the column out"));
    }
    if let Some(code) = values.iter().find(|value| column.names.is_empty() && number(value).is_some()) {
        let help = format!(
            "say what it stands for: `names = {{ \"{code}\" = \"...\" }}`, or set `kind = \"number\"`"
        );
        return Some(
            Problem::at("names", format!("the category `{code}` is a number, not a word")).help(help),
        );
    }
    let name = values.iter().find(|name| !is_phrase(name))?;
    let help = format!("give it another name: `names = {{ \"{name}\" = \"...\" }}`");
    Some(Problem::at("names", format!("the category `{name}` has braces, or ends a sentence")).help(help))
}

/// Whether the words fit inside a sentence.
fn is_phrase(words: &str) -> bool {
    !words.trim().is_empty() && !words.contains(['{', '}', '.', '!', '?', '\n'])
}

fn of_bands(bands: &[Range]) -> Option<Problem> {
    let (first, last) = (bands.first()?, bands.last()?);
    let help = "let each begin where the one before ends, the first without `from`, the last without `to`";
    let at = |place: usize, message: &str| Some(Problem::at(format!("bands[{place}]"), message).help(help));
    if first.from.is_some() {
        return at(0, "nothing is below the first range");
    }
    if last.to.is_some() {
        return at(bands.len() - 1, "nothing is above the last range");
    }
    let mut names = BTreeSet::new();
    for (place, band) in bands.iter().enumerate() {
        if !names.insert(&band.name) {
            return at(place, "two ranges have this name");
        }
        if !is_phrase(&band.name) {
            return at(place, "its name has braces, or ends a sentence");
        }
        if place > 0 && (band.from.is_none() || band.from != bands[place - 1].to) {
            return at(place, "it does not begin where the range before it ends");
        }
        if band.from.zip(band.to).is_some_and(|(from, to)| from >= to) {
            return at(place, "it ends before it begins");
        }
    }
    None
}
