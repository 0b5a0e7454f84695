//! `boldface plan`: stages, keys, what is cached and what would run.

use boldface_runner::plan::sweep::Resolved;
use boldface_runner::plan::{Leaf, Stage, blame, dot};
use boldface_runner::run::Store;
use serde_json::json;

use super::{Place, Spec, planned, sweep};
use crate::failure::Failure;
use crate::say;

/// What to plan.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    spec: Spec,
    #[command(flatten)]
    place: Place,
    /// Print JSON: every stage with its whole key, its inputs and what it depends on.
    #[arg(long)]
    json: bool,
    /// Show every arm of a sweep, however many there are.
    #[arg(long)]
    all: bool,
    /// Print every value instead, with the file and the line it is from.
    #[arg(long, conflicts_with = "json")]
    blame: bool,
    /// Print the stages as a graph for Graphviz instead, cached ones filled.
    #[arg(long, conflicts_with_all = ["json", "blame"])]
    dot: bool,
}

/// Prints the stages in order.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
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
    let stages: Vec<(&Stage, bool)> = plan.stages.iter().map(|stage| (stage, store.has(stage))).collect();
    if arguments.dot {
        say::out(dot(&plan, |stage| store.has(stage)));
    } else if arguments.json {
        let stages: Vec<_> = stages
            .iter()
            .map(|(stage, cached)| json!({ "name": stage.name(), "cached": cached, "stage": stage }))
            .collect();
        say::out(format_args!("{:#}\n", json!(stages)));
    } else {
        say::out(table(&stages));
    }
    Ok(())
}

fn table(stages: &[(&Stage, bool)]) -> String {
    let width = stages.iter().map(|(stage, _)| stage.name().len()).max().unwrap_or(0);
    let mut text = String::new();
    for (stage, cached) in stages {
        let state = if *cached { "cached" } else { "run" };
        let line = format!("  {:<width$}  {}  {state:<6}  {}", stage.name(), stage.key, stage.plugin);
        text += line.trim_end();
        text.push('\n');
    }
    let cached = stages.iter().filter(|(_, cached)| *cached).count();
    text + &format!("{} stages: {cached} cached, {} to run\n", stages.len(), stages.len() - cached)
}

/// One line a value, the origins below one another.
fn blamed(leaves: &[Leaf]) -> String {
    let said: Vec<String> = leaves.iter().map(|leaf| format!("{} = {}", leaf.key, leaf.value)).collect();
    // A list that fills a line of its own does not push all others aside.
    let width =
        said.iter().map(|said| said.chars().count()).filter(|&width| width <= WIDTH).max().unwrap_or(0);
    let line = |(leaf, said): (&Leaf, &String)| {
        let origin = leaf.origin.as_ref().map_or_else(|| "(default)".to_owned(), ToString::to_string);
        format!("{said:<width$}  {origin}\n")
    };
    leaves.iter().zip(&said).map(line).collect()
}

/// Widest value whose origin stands in line with the others.
const WIDTH: usize = 60;
