//! Checks whether a nuisance alone predicts a task's answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{Answer, Example, ScanInfo};
use serde_json::json;

use super::asked::TaskExamples;
use super::cuts::cuts;
use super::predict::{ColumnSkill, TargetLabels, tell};
use super::{Check, CheckStatus};
use crate::spec::Experiment;

/// Skill from which a visible nuisance is a leak. For two balanced classes it is a balanced accuracy of
/// .85.
pub(super) const LEAKS: f64 = 0.7;

/// Largest p of a leak: none of 999 relabelings predicted as well.
pub(super) const SURE: f64 = 0.001;

/// Skill from which a nuisance is reported. For two balanced classes it is a balanced accuracy of .65.
pub(super) const WORTH_SAYING: f64 = 0.3;

/// Largest p of a nuisance to report.
pub(super) const LIKELY: f64 = 0.01;

/// A variable that is not a brain signal.
pub(super) struct Nuisance {
    /// Last part of the check's name.
    pub name: String,
    /// Description of the nuisance.
    pub what: String,
    /// Its value in each example.
    pub values: Vec<Option<String>>,
    /// Further ways to divide the examples by it.
    pub more: Vec<Vec<usize>>,
    /// Whether a model can see it.
    pub sight: Sight,
    /// Advice.
    pub help: String,
}

impl Nuisance {
    /// Makes a nuisance that divides the examples by its values alone.
    pub fn new(name: &str, what: &str, sight: Sight, help: &str, values: Vec<Option<String>>) -> Nuisance {
        Nuisance {
            name: name.to_owned(),
            what: what.to_owned(),
            values,
            more: Vec::new(),
            sight,
            help: help.to_owned(),
        }
    }
}

/// Whether a model can see a nuisance in its input.
#[derive(Clone, Debug)]
pub(super) enum Sight {
    /// It is in the text or shapes the signal.
    Visible,
    /// It is not shown, but variables related to it may be.
    Indirect(String),
    /// It cannot be seen.
    Hidden(String),
}

/// Returns one check per nuisance.
pub fn checks(asked: &TaskExamples, experiment: &Experiment) -> Vec<Check> {
    let key = &asked.key;
    let Some(labels) = asked.labels() else {
        let found = "its answers are no label that a nuisance could tell";
        return vec![Check::passed(format!("{key}.nuisance"), key, found)];
    };
    let own = experiment.nuisances.values().find(|column| asked.targets.contains(*column));
    if let Some(own) = own {
        let found = format!("it asks for `{own}`, which is a nuisance itself");
        return vec![Check::passed(format!("{key}.nuisance"), key, found)];
    }
    let people = asked.people();
    // Of many columns, some predict the answers a little by chance.
    let columns = experiment.nuisances.keys().filter(|name| !["motion", "site"].contains(&name.as_str()));
    let likely = (LIKELY / columns.count().max(1) as f64).max(SURE);
    let check = |nuisance: Nuisance| check(asked, &nuisance, &labels, &people, likely);
    nuisances(asked, &labels, &people, experiment).into_iter().map(check).collect()
}

/// Checks one nuisance. `likely` is the largest p of one to report.
pub(super) fn check(
    asked: &TaskExamples,
    nuisance: &Nuisance,
    labels: &TargetLabels,
    people: &[usize],
    likely: f64,
) -> Check {
    let (key, what) = (&asked.key, &nuisance.what);
    let id = format!("{key}.nuisance.{}", nuisance.name);
    let first = nuisance.values.first();
    if nuisance.values.iter().all(|value| Some(value) == first) {
        let value = first.cloned().flatten().map_or("missing".to_owned(), |value| format!("`{value}`"));
        let value = if value.len() > 60 { "the same text".to_owned() } else { value };
        return Check::passed(id, key, format!("{what} is {value} everywhere"));
    }
    let values: Vec<Option<&str>> = nuisance.values.iter().map(Option::as_deref).collect();
    let mut all = cuts(&values);
    all.extend(nuisance.more.iter().cloned());
    let told = tell(&all, labels, people, WORTH_SAYING);
    let check = Check::passed(id, key, said(what, labels, &told)).with(json!(told));
    let p = told.p.unwrap_or(1.0);
    if told.skill < WORTH_SAYING || p > likely {
        return check;
    }
    match &nuisance.sight {
        Sight::Visible if told.skill >= LEAKS && p <= SURE => check.but(CheckStatus::Failed, &nuisance.help),
        Sight::Visible => check.but(CheckStatus::Warned, &nuisance.help),
        Sight::Indirect(why) => {
            let found = format!("{}; {why}", check.found);
            Check { found, ..check }.but(CheckStatus::Warned, &nuisance.help)
        }
        Sight::Hidden(why) => {
            let found = format!("{}, but {why}", check.found);
            Check { found, status: CheckStatus::Hidden, ..check }
        }
    }
}

pub(super) fn said(what: &str, labels: &TargetLabels, told: &ColumnSkill) -> String {
    let people = told.people;
    let p = told.p.map(|p| format!(", p = {p:.3}")).unwrap_or_default();
    match labels {
        TargetLabels::Classes(_) => format!(
            "{what} alone predicts the answer with a balanced accuracy of {:.2}, guessing has {:.2} ({people} people{p})",
            told.score, told.chance
        ),
        TargetLabels::Values(_) => {
            format!("{what} alone explains R2 = {:.2} of the answer ({people} people{p})", told.score)
        }
    }
}

/// Lists all nuisances to check.
fn nuisances(
    asked: &TaskExamples,
    labels: &TargetLabels,
    people: &[usize],
    experiment: &Experiment,
) -> Vec<Nuisance> {
    type One = (Arc<ScanInfo>, Example);
    let values = |of: &dyn Fn(&ScanInfo, &Example) -> Option<String>| -> Vec<Option<String>> {
        asked.examples.iter().map(|(info, example): &One| of(info, example)).collect()
    };
    let mut scans: BTreeMap<String, usize> = BTreeMap::new();
    for (info, _) in &asked.examples {
        *scans.entry(info.id.person()).or_default() += 1;
    }
    let signal = &experiment.signal;
    let crop = match signal.min_trs {
        None => {
            format!("every scan is shown as its volumes {}..{}", signal.start, signal.start + signal.trs)
        }
        Some(_) => {
            format!("only the number of volumes shown is visible: see `{}.nuisance.window`", asked.key)
        }
    };
    let shown = match (signal.min_trs, asked.shortest()) {
        (Some(_), Some(trs)) => {
            format!("show as many volumes of every scan: set `[signal] trs = {trs}` and remove `min-trs`")
        }
        _ => "show as many volumes of every scan".to_owned(),
    };
    let order = || Sight::Indirect("what comes with the order of scans cannot be told from it".to_owned());
    let balance = "balance it over the answers, or leave scans out until it tells nothing";
    let words = "ask every scan the same";
    let mut all = vec![
        Nuisance::new(
            "question",
            "the wording of the question",
            Sight::Visible,
            words,
            values(&|_, example| Some(example.question.clone())),
        ),
        Nuisance::new(
            "options",
            "the list of options",
            Sight::Visible,
            "offer every scan the same options",
            values(&|_, example| options(example)),
        ),
        Nuisance::new(
            "window",
            "the number of volumes shown",
            Sight::Visible,
            &shown,
            values(&|_, example| Some(example.window.trs.to_string())),
        ),
        Nuisance::new(
            "position",
            "the place of the volumes shown",
            Sight::Hidden("every window is shown without its place in the scan".to_owned()),
            balance,
            values(&|_, example| Some(example.window.start.to_string())),
        ),
        Nuisance::new(
            "length",
            "the length of the scan on disk",
            Sight::Hidden(crop),
            balance,
            values(&|info, _| Some(info.trs.to_string())),
        ),
        Nuisance::new(
            "tr",
            "the repetition time",
            Sight::Visible,
            "resample to one repetition time, or balance it over the answers",
            values(&|info, _| Some(info.tr.to_string())),
        ),
        Nuisance::new(
            "dataset",
            "the dataset that a scan comes from",
            sight(experiment, "dataset"),
            "take both answers from each dataset",
            values(&|info, _| Some(info.id.dataset.clone())),
        ),
        Nuisance::new("session", "the session", order(), balance, values(&|info, _| info.id.session.clone())),
        Nuisance::new(
            "run",
            "the number of the run",
            order(),
            balance,
            values(&|info, _| info.id.run.clone()),
        ),
        Nuisance::new(
            "scans",
            "how many scans a person has",
            Sight::Hidden("a model is shown one scan at a time".to_owned()),
            balance,
            values(&|info, _| scans.get(&info.id.person()).map(usize::to_string)),
        ),
    ];
    // The scanner task causes a state, but for a trait it is a nuisance.
    if is_trait(labels, people) {
        let what = "what was done in the scanner (`task-`)";
        all.push(Nuisance::new(
            "task",
            what,
            Sight::Visible,
            "compare people who did the same",
            values(&|info, _| info.id.task.clone()),
        ));
    }
    for (name, column) in &experiment.nuisances {
        if column == "dataset" {
            continue;
        }
        let apart = format!("test where it was not trained on: `[split] group = \"{column}\"`");
        let instead = if name == "motion" { "match people by it".to_owned() } else { apart };
        let help = format!("balance `{column}` over the answers, or {instead}");
        let what = format!("the column `{column}`");
        let of = |info: &ScanInfo, _: &Example| info.column(column).map(str::to_owned);
        all.push(Nuisance::new(name, &what, sight(experiment, column), &help, values(&of)));
    }
    all
}

/// A value that is never in both training and test cannot carry an answer between them.
fn sight(experiment: &Experiment, column: &str) -> Sight {
    let split = &experiment.split;
    let apart = [&split.group, &split.leave_out].into_iter().flatten().any(|group| group == column);
    if apart { Sight::Hidden(format!("no `{column}` is in two parts")) } else { Sight::Visible }
}

fn options(example: &Example) -> Option<String> {
    match &example.answer {
        Answer::Choice { options, .. } => Some(options.join(", ")),
        _ => None,
    }
}

/// Whether each person has the same answer in all scans.
fn is_trait(labels: &TargetLabels, people: &[usize]) -> bool {
    let mut first: BTreeMap<usize, usize> = BTreeMap::new();
    (0..people.len()).all(|example| {
        let first = *first.entry(people[example]).or_insert(example);
        match labels {
            TargetLabels::Classes(labels) => labels[first] == labels[example],
            TargetLabels::Values(labels) => labels[first] == labels[example],
        }
    })
}
