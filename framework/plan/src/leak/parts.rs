//! Checks whether the parts of the split can show how well a task's answers are found.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Part, ScanInfo, Split};
use serde_json::json;

use super::asked::TaskExamples;
use super::cuts::{categories, cuts};
use super::nuisance::{LEAKS, SURE, said};
use super::predict::{TargetLabels, tell};
use super::{Check, CheckStatus, named};
use crate::spec::{Experiment, Unit};

/// Skill from which a property of groups is worth a warning.
const TELLS: f64 = 0.5;

/// Fewest people among whom one class is no chance of the draw: of five people, one in 16.
const FEW: usize = 5;

/// Fewest answers that are numbers among which equal ones are odd.
const NUMBERS: usize = 5;

/// Checks a task against the split. `split` is missing in a sweep over folds, in which each fold is
/// checked on its own. `learns` says whether anything learns the task from training scans.
pub fn checks(
    asked: &TaskExamples,
    split: Option<&Split>,
    experiment: &Experiment,
    learns: bool,
) -> Vec<Check> {
    let Some(labels) = asked.labels() else { return Vec::new() };
    let mut checks: Vec<Check> = unit(asked, &labels, experiment).into_iter().collect();
    let nested = experiment.split.leave_out.as_ref().and_then(|column| nested(asked, &labels, column));
    let is_nested = nested.is_some();
    checks.extend(nested);
    if let Some(split) = split.filter(|_| !is_nested) {
        checks.push(varies(asked, &labels, split, experiment, learns));
    }
    for (key, column) in [("group", &experiment.split.group), ("leave-out", &experiment.split.leave_out)] {
        checks.extend(column.iter().flat_map(|column| above(asked, &labels, experiment, key, column)));
    }
    checks
}

/// Checks that the answers differ within each part.
fn varies(
    asked: &TaskExamples,
    labels: &TargetLabels,
    split: &Split,
    experiment: &Experiment,
    learns: bool,
) -> Check {
    let mut by_part: BTreeMap<Part, Vec<String>> = BTreeMap::new();
    let mut people: BTreeMap<Part, BTreeSet<String>> = BTreeMap::new();
    for ((info, _), answer) in asked.examples.iter().zip(asked.answers()) {
        if let (Ok(part), Some(answer)) = (split.part(&info.id), answer) {
            by_part.entry(part).or_default().push(answer);
            people.entry(part).or_default().insert(info.id.person());
        }
    }
    let distinct = |answers: &[String]| answers.iter().collect::<BTreeSet<_>>().len();
    let least = if matches!(labels, TargetLabels::Classes(_)) { 1 } else { NUMBERS };
    let all: Vec<String> = by_part.values().flatten().cloned().collect();
    let is_one = |answers: &Vec<String>| answers.len() >= least && distinct(answers) == 1;
    let one: Vec<(Part, &String)> = by_part
        .iter()
        .filter(|(part, answers)| is_one(answers) && (learns || **part != Part::Train))
        .filter_map(|(part, answers)| Some((*part, answers.first()?)))
        .collect();
    let id = format!("{}.parts", asked.key);
    let counts: BTreeMap<&str, usize> =
        by_part.iter().map(|(part, answers)| (part.name(), distinct(answers))).collect();
    let evidence = json!({ "answers": counts });
    if one.is_empty() || distinct(&all) < 2 {
        let found = format!("the answers to `{}` differ within each part", asked.key);
        return Check::passed(id, "split", found).with(evidence);
    }
    let said: Vec<String> =
        one.iter().map(|(part, answer)| format!("`{answer}` in `{}`", part.name())).collect();
    let found = format!(
        "all answers to `{}` are {}: nothing can be learned from one answer, and scores of one are undefined",
        asked.key,
        said.join(" and ")
    );
    // A fold or a handful of people may have one class by chance: other folds still count, and of so few
    // no score has an interval. Validation only chooses.
    let table = &experiment.split;
    let is_fold = table.folds.is_some() || table.leave_out.is_some();
    let is_drawn_small = |part: Part| table.file.is_none() && people[&part].len() < FEW;
    let is_lost = |part: Part| match part {
        Part::Train => !is_drawn_small(part),
        Part::Test => !is_fold && !is_drawn_small(part),
        Part::Validation => false,
    };
    let status =
        if one.iter().any(|(part, _)| is_lost(*part)) { CheckStatus::Failed } else { CheckStatus::Warned };
    let help = "spread the answers over the parts with `[split] stratify`, or make the part larger";
    Check::passed(id, "split", found).but(status, help).with(evidence)
}

/// Checks whether each group that is left out has one class only.
fn nested(asked: &TaskExamples, labels: &TargetLabels, column: &str) -> Option<Check> {
    let TargetLabels::Classes(classes) = labels else { return None };
    let mut groups: BTreeMap<&str, (BTreeSet<usize>, BTreeSet<String>)> = BTreeMap::new();
    for ((info, _), &class) in asked.examples.iter().zip(classes) {
        let group = groups.entry(info.column(column)?).or_default();
        group.0.insert(class);
        group.1.insert(info.id.person());
    }
    let all = classes.iter().collect::<BTreeSet<_>>().len();
    if all < 2 || groups.values().any(|(classes, _)| classes.len() > 1) {
        return None;
    }
    let found = format!(
        "each of {} `{column}` has one class of `{}`: no test part has two classes, and what tells a `{column}` \
         tells the class",
        groups.len(),
        asked.key
    );
    // Leaving out one person at a time is no fault of the data.
    let is_person = groups.values().all(|(_, people)| people.len() == 1);
    let status = if is_person { CheckStatus::Warned } else { CheckStatus::Failed };
    let help = format!("leave out groups that have all classes, or balance the classes over `{column}`");
    let id = format!("{}.nested", asked.key);
    Some(Check::passed(id, "split.leave-out", found).but(status, help))
}

/// Finds columns that are the same within each group of the split and tell the answer, such as the vendor
/// of a site's scanner. Groups are kept apart, but what they share is in all parts.
fn above(
    asked: &TaskExamples,
    labels: &TargetLabels,
    experiment: &Experiment,
    key: &str,
    group: &str,
) -> Vec<Check> {
    let people = asked.people();
    let columns: BTreeSet<&String> =
        asked.examples.iter().flat_map(|(info, _)| info.phenotype.keys()).collect();
    let is_asked = |column: &&String| {
        column.as_str() == group
            || asked.targets.contains(*column)
            || experiment.nuisances.values().any(|nuisance| nuisance == *column)
    };
    let mut checks = Vec::new();
    for column in columns.into_iter().filter(|column| !is_asked(column)) {
        if !is_above(asked, group, column) {
            continue;
        }
        let values: Vec<Option<&str>> = asked.examples.iter().map(|(info, _)| info.column(column)).collect();
        let told = tell(&cuts(&values), labels, &people, TELLS);
        if told.skill < TELLS || told.p.is_none_or(|p| p > SURE) {
            continue;
        }
        let what =
            format!("`{}`: the column `{column}`, which is the same within each `{group}`,", asked.key);
        let found = format!("{}, and its values are in several parts", said(&what, labels, &told));
        let help =
            format!("keep `{column}` apart: `[split] {key} = \"{column}\"`, or balance it over the answers");
        let id = format!("{}.shared.{column}", asked.key);
        checks.push(
            Check::passed(id, format!("split.{key}"), found).but(CheckStatus::Warned, help).with(json!(told)),
        );
    }
    checks
}

/// Whether each group has one value of `column`, and some value belongs to several groups.
fn is_above(asked: &TaskExamples, group: &str, column: &str) -> bool {
    let mut value_of: BTreeMap<&str, &str> = BTreeMap::new();
    for (info, _) in &asked.examples {
        let (Some(group), Some(value)) = (info.column(group), info.column(column)) else { return false };
        if *value_of.entry(group).or_insert(value) != value {
            return false;
        }
    }
    let values = value_of.values().collect::<BTreeSet<_>>().len();
    values > 1 && values < value_of.len()
}

/// Checks whether the person tells the answer, where runs of one person are in several parts.
fn unit(asked: &TaskExamples, labels: &TargetLabels, experiment: &Experiment) -> Option<Check> {
    if experiment.split.unit != Unit::Run {
        return None;
    }
    let subject = |info: &ScanInfo| format!("{}/sub-{}", info.id.dataset, info.id.subject);
    let subjects: Vec<String> = asked.examples.iter().map(|(info, _)| subject(info)).collect();
    let told = tell(&[categories(&subjects)], labels, &asked.people(), LEAKS);
    let id = format!("{}.unit", asked.key);
    let what = format!("`{}`: the person", asked.key);
    let check = Check::passed(id, "split.unit", said(&what, labels, &told)).with(json!(told));
    let is_sure = told.skill >= LEAKS && told.p.is_some_and(|p| p <= SURE);
    if !is_sure && !is_trait(asked, &subjects) {
        return Some(check);
    }
    let found = format!("{}, and runs of one person are in several parts", check.found);
    let help =
        "divide people, `unit = \"subject\"`, or ask for something that differs between runs of a person";
    Some(Check { found, ..check }.but(CheckStatus::Failed, help))
}

/// Whether everybody has one answer in all runs, and several people have several runs.
fn is_trait(asked: &TaskExamples, subjects: &[String]) -> bool {
    let mut of_subject: BTreeMap<&String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for (((info, _), subject), answer) in asked.examples.iter().zip(subjects).zip(asked.answers()) {
        let (runs, answers) = of_subject.entry(subject).or_default();
        runs.insert(info.id.person());
        answers.extend(answer);
    }
    let all: BTreeSet<&String> = of_subject.values().flat_map(|(_, answers)| answers).collect();
    let several = of_subject.values().filter(|(runs, _)| runs.len() > 1).count();
    all.len() > 1 && several > 1 && of_subject.values().all(|(_, answers)| answers.len() == 1)
}

/// Checks whether one window has two answers to one question, as events do that overlap.
pub fn windows(asked: &TaskExamples) -> Option<Check> {
    asked.labels()?;
    let mut by_scan: BTreeMap<_, Vec<(usize, usize, String)>> = BTreeMap::new();
    for ((info, example), answer) in asked.examples.iter().zip(asked.answers()) {
        let window = (example.window.start, example.window.start + example.window.trs, answer?);
        by_scan.entry((&info.id, &example.question)).or_default().push(window);
    }
    let (mut same, mut near, mut first) = (0, 0, None);
    for ((scan, _), windows) in &mut by_scan {
        windows.sort();
        for pair in windows.windows(2) {
            let [(a, end, answer), (b, other_end, other)] = pair else { continue };
            if answer == other {
                continue;
            }
            if (a, end) == (b, other_end) {
                same += 1;
                first.get_or_insert_with(|| format!("volumes {a}..{end} of {scan}"));
            } else if 2 * end.saturating_sub(*b) > end - a {
                near += 1;
            }
        }
    }
    let (id, count) = (format!("{}.windows", asked.key), asked.examples.len());
    let evidence = json!({ "windows": count, "two-answers": same, "mostly-shared": near });
    let help = "ask for events that do not overlap: fewer `classes`, or a longer `minimum-duration`";
    let check = |found: String| Check::passed(&*id, &*asked.key, found).with(evidence.clone());
    Some(match first {
        Some(first) => check(format!(
            "{same} of {count} windows of `{}` are shown twice with different answers, such as {}",
            asked.key,
            named(&[first])
        ))
        .but(CheckStatus::Failed, help),
        None if near > 0 => check(format!(
            "{near} of {count} windows of `{}` share most of their volumes with one that has another answer",
            asked.key
        ))
        .but(CheckStatus::Warned, "show fewer volumes of each event: shorten `window`"),
        None => check(format!("no window of {count} has two answers")),
    })
}
