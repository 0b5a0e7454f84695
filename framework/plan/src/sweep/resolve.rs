//! Resolves the text of a sweep into a plan per arm, or reports the problems of all arms.

use std::collections::BTreeMap;

use boldface::Problem;
use rayon::prelude::*;
use serde_json::Value;

use super::variants::OpenArm;
use super::{Arm, Sweep};
use crate::spec::{self, Layered, Located, Select, SweepBase, SweepTable, Table, parse_all};
use crate::{Build, DataCache, Plan, resolve_layered};

/// A resolved spec file.
#[derive(Debug)]
pub enum Resolved {
    /// One experiment.
    Experiment(Box<Plan>),
    /// A sweep: a file with a `base`.
    Sweep(Sweep),
}

/// Resolves a spec. It is a sweep if it has a `base`, or if it is an experiment with several splits
/// (`folds`, `repeats`, `leave-out`) and chooses none of them. Otherwise it is one experiment.
///
/// # Errors
/// Returns every problem that can be found before a run, for a sweep those of all arms.
pub fn resolve_any(spec: &Layered, build: &Build<'_>, data: &DataCache) -> Result<Resolved, Vec<Located>> {
    if is_sweep(spec.table()) {
        return resolve_sweep(spec, build, data).map(Resolved::Sweep);
    }
    let plan = resolve_layered(spec, build, data)?;
    let whole = OpenArm { name: String::new(), settings: BTreeMap::new(), spec: spec.clone(), plan };
    let mut arms = whole.close(build, data)?;
    match arms.pop() {
        Some(only) if only.settings.is_empty() => Ok(Resolved::Experiment(Box::new(only.plan))),
        last => {
            arms.extend(last);
            Ok(Resolved::Sweep(sweep(spec, BTreeMap::new(), None, arms)))
        }
    }
}

/// Whether a file is a sweep, or looks like one that lacks its `base`.
fn is_sweep(table: &Table) -> bool {
    let is_experiment =
        ["extends", "datasets", "tokenizer", "tasks"].iter().any(|key| table.contains_key(*key));
    table.contains_key("base") || (!is_experiment && SWEEP.iter().any(|key| table.contains_key(*key)))
}

/// Keys that only a sweep has.
const SWEEP: [&str; 6] = ["grid", "zip", "when", "arms", "ablate", "seeds"];

/// Makes a sweep of these arms. Their splits become axes too.
fn sweep(
    spec: &Layered,
    mut axes: BTreeMap<String, Vec<Value>>,
    select: Option<Select>,
    arms: Vec<Arm>,
) -> Sweep {
    for key in ["split.repeat", "split.fold"] {
        for value in arms.iter().filter_map(|arm| arm.settings.get(key)) {
            let values = axes.entry(key.to_owned()).or_default();
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
    }
    let name = spec.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Sweep { name, path: spec.path.clone(), source: spec.to_toml(), axes, select, arms, left_out: Vec::new() }
}

fn resolve_sweep(file: &Layered, build: &Build<'_>, data: &DataCache) -> Result<Sweep, Vec<Located>> {
    let base = file.parent("base");
    let table = Value::Object(file.table().clone());
    let table: SweepTable = match (parse_all(&table, boldface::registry::parse), &base) {
        (Ok(table), Ok(_)) => table,
        (Ok(_), Err(problems)) => return Err(problems.clone()),
        // Report problems of the key `base` only once.
        (Err(problems), _) => return Err(file.locate_all(problems)),
    };
    let mut base = base?;
    let keys: Vec<String> = table.runtime.keys().map(|key| format!("runtime.{key}")).collect();
    let said = keys.iter().zip(table.runtime.values());
    base.set_all(said.filter_map(|(key, value)| Some((key.as_str(), value.clone(), file.origin(key)?))));
    // The base may have problems that its arms do not have.
    let resolved = resolve_layered(&base, build, data).ok().and_then(|plan| as_table(&plan));
    let known = SweepBase { written: base.table(), resolved: resolved.as_ref() };
    let mut problems = Vec::new();
    check_select(&table, &known, &mut problems);
    let fixed = fixed_seeds(&known);
    let expansion = match spec::expand(&table, &known) {
        Ok(expansion) if problems.is_empty() => expansion,
        found => {
            problems.extend(found.err().into_iter().flatten());
            let mut located = file.locate_all(problems);
            // Other problems depend on keys that are set together.
            let is_of_one_key = |found: &Located| {
                let starts = ["unknown field ", "unknown value ", "expected "];
                found.source.path == file.path
                    && starts.iter().any(|start| found.problem.message.starts_with(start))
            };
            for arm in spec::single_settings(&table, &known) {
                let found = resolve_layered(&layered(&base, file, &arm, &fixed), build, data);
                located.extend(found.err().into_iter().flatten().filter(is_of_one_key));
            }
            located.sort_by_key(|located| located.span.start);
            located.dedup();
            return Err(located);
        }
    };
    let value = |setting: &spec::Setting| setting.value.clone().unwrap_or(Value::Null);
    let one = |arm: &spec::ArmSpec| {
        let spec = layered(&base, file, arm, &fixed);
        let settings = arm.settings.iter().map(|(key, setting)| (key.clone(), value(setting))).collect();
        let plan = resolve_layered(&spec, build, data);
        let arms =
            plan.and_then(|plan| OpenArm { name: arm.name.clone(), settings, spec, plan }.close(build, data));
        arms.map_err(|problems| problems.into_iter().map(|problem| blame(problem, arm, file)).collect())
    };
    let arms: Vec<Result<Vec<Arm>, Vec<Located>>> = expansion.arms.par_iter().map(one).collect();
    if arms.iter().any(Result::is_err) {
        let failed = expansion.arms.iter().zip(arms).map(|(arm, arms)| (arm.name.as_str(), arms.err()));
        return Err(gather(failed.collect(), file));
    }
    let arms = arms.into_iter().flatten().flatten().collect();
    Ok(sweep(file, expansion.axes, table.select, arms))
}

/// Returns the base with the arm's settings on top.
fn layered(base: &Layered, file: &Layered, arm: &spec::ArmSpec, fixed: &[(&str, Value)]) -> Layered {
    let mut spec = base.clone();
    let dropped = arm.settings.iter().filter(|(_, setting)| setting.value.is_none());
    dropped.for_each(|(key, _)| {
        spec.remove(key);
    });
    let set = |(key, setting): (&'_ String, &'_ spec::Setting)| {
        let origin = file.origin(&setting.at)?;
        Some((key.clone(), setting.value.clone()?, origin.clone()))
    };
    let mut settings: Vec<_> = arm.settings.iter().filter_map(set).collect();
    if let Some(origin) = arm.settings.get("seed").and_then(|seed| file.origin(&seed.at)) {
        let open =
            fixed.iter().filter(|(key, _)| spec.get(key).is_none() && !arm.settings.contains_key(*key));
        settings.extend(open.map(|(key, seed)| ((*key).to_owned(), seed.clone(), origin.clone())));
    }
    spec.set_all(settings.iter().map(|(key, value, origin)| (key.as_str(), value.clone(), origin)));
    spec
}

/// Returns the seeds that stay as in the base when `seeds` varies. Other test subjects would make
/// another experiment, and other resamples would only add noise between arms.
fn fixed_seeds(base: &SweepBase<'_>) -> [(&'static str, Value); 2] {
    let seed = |key| base.get(key).or_else(|| base.get("seed")).cloned().unwrap_or_else(|| 0.into());
    ["split.seed", "evaluation.seed"].map(|key| (key, seed(key)))
}

fn as_table(plan: &Plan) -> Option<Table> {
    match serde_json::to_value(&plan.experiment) {
        Ok(Value::Object(table)) => Some(table),
        _ => None,
    }
}

fn check_select(table: &SweepTable, base: &SweepBase<'_>, problems: &mut Vec<Problem>) {
    let Some(select) = &table.select else { return };
    let (task, metric) = select.metric.split_once('.').unwrap_or((&select.metric, ""));
    if task.is_empty() || metric.is_empty() {
        let problem = Problem::at("select.metric", format!("`{}` names no metric of a task", select.metric));
        problems.push(problem.help("write it as `TASK.METRIC`, such as `condition.auroc`"));
    } else {
        base.check(&format!("tasks.{task}"), "select.metric", problems);
    }
}

/// Moves a problem about a dropped key to the line in the sweep that drops it.
fn blame(located: Located, arm: &spec::ArmSpec, file: &Layered) -> Located {
    let key = located.problem.key.clone();
    let drops = |dropped: &str| {
        key.strip_prefix(dropped).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let mut dropped = arm.settings.iter().filter(|(key, setting)| setting.value.is_none() && drops(key));
    match dropped.next() {
        Some((_, setting)) => file.locate(Problem { key: setting.at.clone(), ..located.problem }),
        None => located,
    }
}

/// Merges the problems of all arms. A problem of only some arms names them.
fn gather(arms: Vec<(&str, Option<Vec<Located>>)>, file: &Layered) -> Vec<Located> {
    let total = arms.len();
    let mut found: BTreeMap<(bool, usize, String), (Located, Vec<&str>)> = BTreeMap::new();
    for (arm, problems) in arms {
        for located in problems.into_iter().flatten() {
            let is_own = located.source.path == file.path;
            let id = (!is_own, located.span.start, located.to_string());
            found.entry(id).or_insert_with(|| (located, Vec::new())).1.push(arm);
        }
    }
    let say = |((is_other, ..), (mut located, arms)): ((bool, usize, String), (Located, Vec<&str>))| {
        if is_other && arms.len() < total {
            let others = match arms.len() - 1 {
                0 => String::new(),
                1 => " and one more".to_owned(),
                n => format!(" and {n} more"),
            };
            located.problem.message += &format!(" (in arm `{}`{others})", arms[0]);
        }
        located
    };
    found.into_iter().map(say).collect()
}
