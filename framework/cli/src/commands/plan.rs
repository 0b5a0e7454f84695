//! `boldface plan`: stages, keys, what is cached and what would run.

use boldface_runner::plan::Stage;
use boldface_runner::plan::sweep::Resolved;
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
}

/// Prints the stages in order.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    let mut plan = match planned(&arguments.spec.path)? {
        Resolved::Experiment(plan) => plan,
        Resolved::Sweep(mut sweep) => {
            arguments.place.apply_to_sweep(&mut sweep)?;
            match arguments.json {
                true => say::out(format_args!("{:#}\n", sweep::json(&sweep))),
                false => sweep::show(&sweep, arguments.all),
            }
            return Ok(());
        }
    };
    arguments.place.apply(&mut plan)?;
    let store = Store::open(&plan.experiment.runtime.runs);
    let stages: Vec<(&Stage, bool)> = plan.stages.iter().map(|stage| (stage, store.has(stage))).collect();
    if arguments.json {
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
