//! Plan of a sweep: axes, arms, distinct stages, and the work saved by sharing them.

use std::collections::{BTreeMap, BTreeSet};

use boldface_runner::plan::excluded;
use boldface_runner::plan::sweep::{Sweep, Union};
use boldface_runner::run::{Artefact, History, Store};
use serde_json::{Value, json};

use crate::commands::amounts::duration;
use crate::say;

/// Number of arms that are shown without `--all`.
const ARMS: usize = 20;

/// Prints the plan of a sweep, with every arm if `all` is set.
pub fn show(sweep: &Sweep, all: bool) {
    let shared = Shared::collect(sweep);
    let mut text = axes(sweep);
    text += &shared.arms(if all { usize::MAX } else { ARMS });
    text += &shared.stages();
    text += &shared.summary();
    // Most arms have the same data, so each list is printed once.
    let plans = sweep.arms.iter().map(|arm| &arm.plan);
    let lists: BTreeSet<String> =
        plans.filter_map(|plan| excluded::told(plan.scans.len(), &plan.excluded)).collect();
    lists.iter().for_each(|told| text += &format!("{told}\n"));
    let known: BTreeSet<&str> = sweep.arms.iter().flat_map(|arm| arm.plan.leakage.told()).collect();
    known.iter().for_each(|told| text += &format!("note: {told}\n"));
    say::out(text);
}

/// Returns the plan of a sweep as JSON.
pub fn json(sweep: &Sweep) -> Value {
    let shared = Shared::collect(sweep);
    let arm = |(arm, nodes): (&boldface_runner::plan::sweep::Arm, &Vec<usize>)| {
        let stages = arm.plan.stages.iter().zip(nodes);
        let stages: Vec<Value> = stages
            .map(|(stage, &node)| json!({ "name": stage.name(), "cached": shared.cached[node].is_some(), "stage": stage }))
            .collect();
        json!({ "name": arm.name, "settings": arm.settings, "stages": stages })
    };
    let arms: Vec<Value> = sweep.arms.iter().zip(&shared.union.arms).map(arm).collect();
    json!({ "axes": sweep.axes, "distinct": shared.union.nodes.len(), "arms": arms })
}

/// Distinct stages of a sweep, and their artefacts in the store.
struct Shared<'a> {
    sweep: &'a Sweep,
    union: Union,
    cached: Vec<Option<Artefact>>,
    /// Number of arms that have each stage.
    uses: Vec<usize>,
}

impl<'a> Shared<'a> {
    fn collect(sweep: &'a Sweep) -> Shared<'a> {
        let (union, store) = (Union::collect(sweep), Store::open(sweep.runs()));
        let cached = (0..union.nodes.len()).map(|node| store.artefact(union.stage(sweep, node))).collect();
        let mut uses = vec![0; union.nodes.len()];
        union.arms.iter().flatten().for_each(|&node| uses[node] += 1);
        Shared { sweep, union, cached, uses }
    }

    fn arms(&self, most: usize) -> String {
        let arms = &self.sweep.arms;
        let width = arms.iter().take(most).map(|arm| arm.name.chars().count()).max().unwrap_or(0).max(3);
        let mut text = format!("  {:<width$}  stages  new  cached\n", "arm");
        for (i, arm) in arms.iter().enumerate().take(most) {
            let nodes = &self.union.arms[i];
            let new = nodes.iter().filter(|&&node| self.union.nodes[node].arm == i).count();
            let cached = nodes.iter().filter(|&&node| self.cached[node].is_some()).count();
            text += &format!("  {:<width$}  {:>6}  {new:>3}  {cached:>6}\n", arm.name, nodes.len());
        }
        if arms.len() > most {
            text += &format!("  ... and {} more; `--all` shows them\n", arms.len() - most);
        }
        for (one, other) in self.equal() {
            text += &format!("  note: `{other}` is the same experiment as `{one}`\n");
        }
        text + "\n"
    }

    /// Finds pairs of arms with identical stages.
    fn equal(&self) -> Vec<(&str, &str)> {
        let mut first: BTreeMap<&[usize], &str> = BTreeMap::new();
        let mut equal = Vec::new();
        for (arm, nodes) in self.sweep.arms.iter().zip(&self.union.arms) {
            match first.get(nodes.as_slice()) {
                Some(one) => equal.push((*one, arm.name.as_str())),
                None => {
                    first.insert(nodes, &arm.name);
                }
            }
        }
        equal
    }

    fn stages(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
        for node in 0..self.union.nodes.len() {
            let name = self.union.stage(self.sweep, node).name();
            let count = counts.entry(name.clone()).or_insert_with(|| {
                names.push(name);
                [0; 3]
            });
            count[0] += 1;
            count[1] += self.uses[node];
            count[2] += usize::from(self.cached[node].is_some());
        }
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let mut text = format!("  {:<width$}  distinct  in arms  cached\n", "stage");
        for name in names {
            let [distinct, uses, cached] = counts[&name];
            text += &format!("  {name:<width$}  {distinct:>8}  {uses:>7}  {cached:>6}\n");
        }
        text
    }

    fn summary(&self) -> String {
        let (total, distinct) = (self.union.total(), self.union.nodes.len());
        let cached = self.cached.iter().flatten().count();
        let arms = match self.sweep.arms.len() {
            1 => "1 arm".to_owned(),
            n => format!("{n} arms"),
        };
        let history = History::read(&Store::open(self.sweep.runs()));
        let seconds = |node: usize| match &self.cached[node] {
            Some(artefact) => Some(artefact.manifest().seconds),
            None => Some(history.estimate(self.union.stage(self.sweep, node))?.seconds),
        };
        let seconds: Vec<Option<f64>> = (0..distinct).map(seconds).collect();
        let about = if seconds.iter().all(Option::is_some) { "about" } else { "at least" };
        // A sum below a second is omitted: it covers look-ups only, or no stage has an estimate.
        let told = |sum: f64| match sum {
            sum if sum < 1.0 => String::new(),
            sum => format!(" ({about} {})", duration(sum)),
        };
        let each = || seconds.iter().enumerate().filter_map(|(node, seconds)| Some((node, (*seconds)?)));
        let left =
            told(each().filter(|(node, _)| self.cached[*node].is_none()).map(|(_, seconds)| seconds).sum());
        let saved = told(each().map(|(node, seconds)| seconds * (self.uses[node] - 1) as f64).sum());
        let to_run = distinct - cached;
        let left = if to_run == 0 { String::new() } else { left };
        format!(
            "{arms}, {total} stages, {distinct} of them distinct: {cached} cached, {to_run} to run{left}\n\
             sharing saves {} stages{saved}\n",
            total - distinct
        )
    }
}

fn axes(sweep: &Sweep) -> String {
    let width = sweep.axes.keys().map(String::len).max().unwrap_or(0);
    let value = |value: &Value| match value {
        Value::Null => "left out".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let line = |(key, values): (&String, &Vec<Value>)| {
        format!("  {key:<width$}  {}\n", values.iter().map(value).collect::<Vec<_>>().join(", "))
    };
    let text: String = sweep.axes.iter().map(line).collect();
    if text.is_empty() { text } else { text + "\n" }
}
