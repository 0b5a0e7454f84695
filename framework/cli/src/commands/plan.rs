//! `boldface plan`: shows stages and keys, and which stages are cached or would run.

use boldface_runner::plan::sweep::Resolved;
use boldface_runner::plan::{ResolvedValue, Stage, blame, dot, excluded};
use boldface_runner::run::{Estimate, History, Store};
use serde_json::{Value, json};

use super::amounts::{duration, fold, grouped, megabytes};
use super::{RuntimeArguments, Spec, planned, sweep};
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface plan`.
#[derive(clap::Args)]
pub struct PlanArguments {
    #[command(flatten)]
    spec: Spec,
    #[command(flatten)]
    place: RuntimeArguments,
    /// Print JSON: every stage with its full key, inputs and dependencies.
    #[arg(long)]
    json: bool,
    /// Show all arms of a sweep, however many there are.
    #[arg(long)]
    all: bool,
    /// Print every value with the file and line it comes from.
    #[arg(long, conflicts_with = "json")]
    blame: bool,
    /// Print the graph of stages for Graphviz, with cached stages filled.
    #[arg(long, conflicts_with_all = ["json", "blame"])]
    dot: bool,
}

/// Prints the stages in order, or another view of the plan.
pub fn execute(arguments: &PlanArguments) -> Result<(), Failure> {
    let (spec, resolved) = planned(&arguments.spec.path, &arguments.place)?;
    let plan = match resolved {
        Resolved::Experiment(plan) => plan,
        Resolved::Sweep(_) if arguments.blame || arguments.dot => {
            let message = "`--blame` and `--dot` show one experiment, and this is a sweep of several";
            return Err(Failure::Usage(format!(
                "{message}; name its base, or `spec.toml` of an arm that was run"
            )));
        }
        Resolved::Sweep(sweep) => {
            match arguments.json {
                true => say::out(format_args!("{:#}\n", sweep::json(&sweep))),
                false => sweep::show(&sweep, arguments.all),
            }
            return Ok(());
        }
    };
    if arguments.blame {
        say::out(blamed(&blame(&plan, &spec)));
        return Ok(());
    }
    let store = Store::open(&plan.experiment.runtime.runs);
    if arguments.dot {
        say::out(dot(&plan, |stage| store.has(stage)));
        return Ok(());
    }
    let history = History::read(&store);
    let planned = |stage| {
        let is_cached = store.has(stage);
        let taken = plan.taken(stage).map(|start| start.written.display().to_string());
        Planned { stage, taken, is_cached, estimate: if is_cached { None } else { history.estimate(stage) } }
    };
    let stages: Vec<Planned<'_>> = plan.stages.iter().map(planned).collect();
    if arguments.json {
        say::out(format_args!("{:#}\n", json!(stages.iter().map(Planned::json).collect::<Vec<_>>())));
    } else {
        say::out(table(&stages));
        if let Some(told) = excluded::told(plan.scans.len(), &plan.excluded) {
            say::out(format_args!("{told}\n"));
        }
        plan.leakage.told().for_each(|told| say::out(format_args!("note: {told}\n")));
        for caution in boldface_runner::power::cautions(&plan) {
            say::out(format_args!("too few for a claim: {caution}\n"));
        }
    }
    Ok(())
}

/// A stage, and its state in the store.
struct Planned<'a> {
    stage: &'a Stage,
    /// Export that the stage is taken from.
    taken: Option<String>,
    is_cached: bool,
    /// Estimate from past runs; none for a cached stage, or without a similar past run.
    estimate: Option<Estimate>,
}

impl Planned<'_> {
    fn json(&self) -> Value {
        let estimate = self.estimate.as_ref().map(|Estimate { seconds, memory, like, times }| {
            json!({ "seconds": seconds, "memory": memory, "like": like, "times": times })
        });
        let (name, cached) = (self.stage.name(), self.is_cached);
        json!({ "name": name, "cached": cached, "taken": self.taken, "estimate": estimate, "stage": self.stage })
    }

    /// Returns text such as `61,344 parameters; about 24 s, 310 MB (like tokenizer-552005275511, 2.0x
    /// the work)`. Without a past run, it has the memory that the plugin estimates.
    fn details(&self) -> String {
        if let Some(export) = &self.taken {
            return format!("taken from {export}");
        }
        let parameters = self.stage.size.parameters.map(|count| format!("{} parameters", grouped(count)));
        let estimate = self.estimate.as_ref().map(|estimate| {
            let memory = estimate.memory.map(|bytes| format!(", {}", megabytes(bytes))).unwrap_or_default();
            let times = match estimate.times {
                times if (times - 1.0).abs() < 0.005 => String::new(),
                times => format!(", {} the work", fold(times)),
            };
            format!("about {}{memory} (like {}{times})", duration(estimate.seconds), estimate.like)
        });
        let is_unknown = !self.is_cached && estimate.is_none();
        let memory = self.stage.size.memory.filter(|_| is_unknown);
        let memory = memory.map(|bytes| format!("about {} of memory", megabytes(bytes)));
        let said = [parameters, memory, estimate, is_unknown.then(|| "no past run".to_owned())];
        said.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

fn table(stages: &[Planned<'_>]) -> String {
    let width =
        |name: fn(&Stage) -> usize| stages.iter().map(|planned| name(planned.stage)).max().unwrap_or(0);
    let (names, plugins) = (width(|stage| stage.name().len()), width(|stage| stage.plugin.len()));
    let mut text = String::new();
    for planned in stages {
        let Planned { stage, is_cached, .. } = planned;
        let state = if *is_cached { "cached" } else { "run" };
        let (name, key, plugin) = (stage.name(), &stage.key, &stage.plugin);
        let line = format!("  {name:<names$}  {key}  {state:<6}  {plugin:<plugins$}  {}", planned.details());
        text += line.trim_end();
        text.push('\n');
    }
    let cached = stages.iter().filter(|planned| planned.is_cached).count();
    let to_run = stages.len() - cached;
    let estimates: Vec<&Estimate> = stages.iter().filter_map(|planned| planned.estimate.as_ref()).collect();
    let outlook = outlook(to_run, &estimates);
    text + &format!("{} stages: {cached} cached, {to_run} to run{outlook}\n", stages.len())
}

/// Summarises the estimates of the `to_run` stages that have one: `, 5 of them in about 80 s`.
pub fn outlook(to_run: usize, estimates: &[&Estimate]) -> String {
    if estimates.is_empty() {
        return String::new();
    }
    let seconds = duration(estimates.iter().map(|estimate| estimate.seconds).sum());
    let memory = estimates.iter().filter_map(|estimate| estimate.memory).max();
    let memory = memory.map(|bytes| format!(", {} of memory", megabytes(bytes))).unwrap_or_default();
    let told = estimates.len();
    let of_how_many = if told < to_run { format!(", {told} of them") } else { String::new() };
    format!("{of_how_many} in about {seconds}{memory}")
}

/// Formats one line per value, with origins aligned.
fn blamed(leaves: &[ResolvedValue]) -> String {
    let said: Vec<String> = leaves.iter().map(|leaf| format!("{} = {}", leaf.key, leaf.value)).collect();
    // A long list does not push the origins of all other values to the right.
    let width =
        said.iter().map(|said| said.chars().count()).filter(|&width| width <= WIDTH).max().unwrap_or(0);
    let line = |(leaf, said): (&ResolvedValue, &String)| {
        let origin = leaf.origin.as_ref().map_or_else(|| "(default)".to_owned(), ToString::to_string);
        format!("{said:<width$}  {origin}\n")
    };
    leaves.iter().zip(&said).map(line).collect()
}

/// Widest value whose origin is aligned with the others.
const WIDTH: usize = 60;
