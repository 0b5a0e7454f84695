//! Expands the tables of a sweep into arms. Expansion is pure, so equal sweeps have equal arms everywhere.

use std::collections::BTreeMap;

use boldface::Problem;
use serde_json::Value;

use super::axes::{Axes, matches};
use super::keys::{ArmSettings, Setting, SweepBase, settings};
use super::names::{KeyLabels, distinguish, join};
use super::table::SweepTable;
use super::{ablate, names};

/// One arm of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ArmSpec {
    /// Its name, unique in the sweep and valid as a folder name.
    pub name: String,
    /// Its changes to the base.
    pub settings: ArmSettings,
    /// The place in the sweep that defines it.
    pub at: String,
}

/// An expanded sweep.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expansion {
    /// Every varied key with its values, in order. A dropped key has the value null.
    pub axes: BTreeMap<String, Vec<Value>>,
    /// The arms: combinations, then ablations, then named ones. Seeds vary fastest.
    pub arms: Vec<ArmSpec>,
}

/// Expands a sweep on `base`.
///
/// # Errors
/// Returns every problem of the sweep itself, at its place in the file.
pub(crate) fn expand(table: &SweepTable, base: &SweepBase<'_>) -> Result<Expansion, Vec<Problem>> {
    let mut problems = Vec::new();
    let axes = Axes::read(table, base, &mut problems);
    let changes = table.ablate.as_ref().map(|table| ablate::changes(table, base, &mut problems));
    let changes = changes.unwrap_or_default();
    let keys = axes.all().map(|axis| axis.key.as_str());
    let labels = KeyLabels::new(keys.chain(changes.iter().map(|change| change.key.as_str())));

    let mut arms = Vec::new();
    // Combinations of broken axes would only repeat their problems.
    if problems.is_empty() {
        for point in axes.points(base, &mut problems) {
            let parts: Vec<String> =
                point.values.iter().map(|(key, value)| labels.value(key, value)).collect();
            let at = point.settings.values().next().map(|setting| setting.at.clone()).unwrap_or_default();
            arms.push(ArmSpec { name: join(&parts), settings: point.settings, at });
        }
        if let Some(table) = &table.ablate {
            let ablations = ablate::arms(table.design, &changes, &labels, &mut problems);
            let at = || "ablate".to_owned();
            arms.extend(ablations.into_iter().map(|(name, settings)| ArmSpec { name, settings, at: at() }));
        }
    }
    exclude(table, base, &mut arms, &mut problems);
    shorten(&mut arms);
    named(table, base, &mut arms, &mut problems);
    if problems.is_empty() {
        check_equal(&arms, &mut problems);
    }
    let arms = seeded(table, arms, &mut problems);
    if problems.is_empty() && arms.is_empty() {
        let help = "add a `[grid]`, a `[zip]`, `ablate`, `seeds` or an arm such as `[arms.NAME]`";
        problems.push(Problem::at("base", "the sweep has no arm").help(help));
    }
    problems.dedup();
    let axes = varied(&axes, &changes, table);
    if problems.is_empty() { Ok(Expansion { axes, arms }) } else { Err(problems) }
}

/// Removes excluded combinations.
fn exclude(table: &SweepTable, base: &SweepBase<'_>, arms: &mut Vec<ArmSpec>, problems: &mut Vec<Problem>) {
    let mut kept = vec![true; arms.len()];
    for (i, table) in table.exclude.iter().enumerate() {
        let at = format!("exclude[{i}]");
        let wanted = settings(table, &at, problems);
        for (key, setting) in &wanted {
            base.check(key, &setting.at, problems);
        }
        if !problems.is_empty() {
            continue;
        }
        let hits: Vec<usize> =
            (0..arms.len()).filter(|&i| matches(&arms[i].settings, &wanted, base)).collect();
        if hits.is_empty() {
            let problem = Problem::at(&at, "no combination has these values, so nothing is excluded");
            problems.push(problem.help("compare them with the axes, or remove this table"));
        } else if hits.len() == arms.len() {
            let message = format!("all {} combinations have these values, so none would be left", arms.len());
            problems.push(Problem::at(&at, message).help("name more keys in this table"));
        }
        hits.into_iter().for_each(|i| kept[i] = false);
    }
    if problems.is_empty() && !arms.is_empty() && kept.iter().all(|&kept| !kept) {
        let message = format!("together these leave out all {} combinations", arms.len());
        problems.push(Problem::at("exclude", message).help("remove one of them"));
    }
    let mut kept = kept.into_iter();
    arms.retain(|_| kept.next().unwrap_or(true));
}

fn shorten(arms: &mut [ArmSpec]) {
    let mut short: Vec<String> = arms.iter().map(|arm| arm.name.clone()).collect();
    distinguish(&mut short, |i| identity(&arms[i].settings));
    arms.iter_mut().zip(short).for_each(|(arm, name)| arm.name = name);
}

/// Adds the arms with names of their own.
fn named(table: &SweepTable, base: &SweepBase<'_>, arms: &mut Vec<ArmSpec>, problems: &mut Vec<Problem>) {
    for (name, table) in &table.arms {
        let at = format!("arms.{name}");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(is_plain) {
            let problem = Problem::at(&at, format!("`{name}` cannot be the name of a folder"));
            problems.push(problem.help("name it with letters, digits, `-` and `_`"));
        }
        let settings = settings(table, &at, problems);
        for (key, setting) in &settings {
            match setting.value {
                Some(_) => base.check(key, &setting.at, problems),
                None => base.check_dropped(key, &setting.at, problems),
            }
        }
        if let Some(other) = arms.iter().find(|arm| arm.name.eq_ignore_ascii_case(name)) {
            let problem = Problem::at(&at, format!("another arm is called `{}`", other.name));
            problems.push(
                problem.help("rename this one: some file systems do not tell large letters from small"),
            );
        }
        arms.push(ArmSpec { name: name.clone(), settings, at });
    }
}

fn check_equal(arms: &[ArmSpec], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for arm in arms {
        if let Some(other) = seen.insert(identity(&arm.settings), &arm.name) {
            let message = format!("the arms `{other}` and `{}` have equal settings", arm.name);
            problems.push(Problem::at(&arm.at, message).help("remove one of them, or change a setting"));
        }
    }
}

/// Repeats every arm with each seed. If there is no arm, repeats the base.
fn seeded(table: &SweepTable, arms: Vec<ArmSpec>, problems: &mut Vec<Problem>) -> Vec<ArmSpec> {
    let Some(seeds) = &table.seeds else { return arms };
    if seeds.is_empty() {
        let problem = Problem::at("seeds", "there is no seed in the list");
        problems.push(problem.help("list some, or remove it"));
    }
    if let Some(i) = (1..seeds.len()).find(|&i| seeds[..i].contains(&seeds[i])) {
        let problem = Problem::at(format!("seeds[{i}]"), format!("the seed {} occurs twice", seeds[i]));
        problems.push(problem.help("remove one of them"));
    }
    let is_alone = arms.is_empty() && problems.is_empty();
    let base = ArmSpec { name: String::new(), settings: ArmSettings::new(), at: "seeds".to_owned() };
    let arms = if is_alone { vec![base] } else { arms };
    let each = |arm: &ArmSpec| {
        let arm = arm.clone();
        seeds.iter().enumerate().map(move |(i, &seed)| {
            let mut settings = arm.settings.clone();
            let setting = Setting { value: Some(seed.into()), at: format!("seeds[{i}]") };
            settings.insert("seed".to_owned(), setting);
            let name = names::join(&[arm.name.clone(), format!("seed={seed}")]);
            ArmSpec { name, settings, at: arm.at.clone() }
        })
    };
    arms.iter().flat_map(each).collect()
}

/// Returns a string that is equal for equal settings and different for different ones.
fn identity(settings: &ArmSettings) -> String {
    let said = |(key, setting): (&String, &Setting)| match &setting.value {
        // `1` and `1.0` are the same setting.
        Some(Value::Number(number)) => format!("{key}={:?}\n", number.as_f64()),
        Some(value) => format!("{key}={value}\n"),
        None => format!("no {key}\n"),
    };
    settings.iter().map(said).collect()
}

fn varied(axes: &Axes, changes: &[ablate::Change], table: &SweepTable) -> BTreeMap<String, Vec<Value>> {
    let mut varied: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut add = |key: &str, value: &Value| {
        let values = varied.entry(key.to_owned()).or_default();
        if !values.contains(value) {
            values.push(value.clone());
        }
    };
    axes.all().for_each(|axis| axis.values.iter().for_each(|value| add(&axis.key, value)));
    for change in changes {
        add(&change.key, change.setting.value.as_ref().unwrap_or(&Value::Null));
    }
    table.seeds.iter().flatten().for_each(|&seed| add("seed", &seed.into()));
    varied
}
