//! `boldface check`: reports every problem at once, those of the scans' values included, and runs nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use boldface::Problem;
use boldface_runner::plan::sweep::{Resolved, Union, resolve_any};
use boldface_runner::plan::{DataCache, Located, Plan};
use boldface_runner::spec::Layered;

use super::{BUILD, RuntimeArguments, read};
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface check`.
#[derive(clap::Args)]
pub struct CheckArguments {
    /// Experiments and sweeps to check.
    #[arg(value_name = "FILE", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    place: RuntimeArguments,
    /// Print each spec with all its defaults; for a sweep, every arm.
    #[arg(long)]
    resolved: bool,
}

/// Checks every file, and fails once with the problems of all of them.
pub fn execute(arguments: &CheckArguments) -> Result<(), Failure> {
    let (mut wrong, data) = (Vec::new(), DataCache::telling(|line| say::aside(line)));
    for path in &arguments.paths {
        let resolved = match read(path, &arguments.place) {
            Ok(spec) => resolve_any(&spec, &BUILD, &data).and_then(|resolved| {
                check_values(path, &spec, &resolved)?;
                Ok(resolved)
            }),
            Err(Failure::Spec(problems)) => Err(problems),
            Err(failure) => return Err(failure),
        };
        match resolved {
            Ok(Resolved::Experiment(plan)) if arguments.resolved => say::out(plan.to_toml()),
            Ok(Resolved::Experiment(plan)) => {
                say::out(format_args!("{}: no problem, {} stages\n", path.display(), plan.stages.len()));
                plan.leakage.told().for_each(|told| say::out(format_args!("note: {told}\n")));
            }
            Ok(Resolved::Sweep(sweep)) if arguments.resolved => {
                for arm in &sweep.arms {
                    say::out(format_args!("# arm {}\n\n{}\n", arm.name, arm.plan.to_toml()));
                }
            }
            Ok(Resolved::Sweep(sweep)) => {
                let (arms, distinct) = (sweep.arms.len(), Union::collect(&sweep).nodes.len());
                let path = path.display();
                say::out(format_args!("{path}: no problem, {arms} arms, {distinct} distinct stages\n"));
            }
            Err(problems) => wrong.extend(problems),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Spec(wrong)) }
}

/// Reads the scans once for all arms that read them alike, and says what was read.
fn check_values(path: &Path, spec: &Layered, resolved: &Resolved) -> Result<(), Vec<Located>> {
    let plans: Vec<&Plan> = match resolved {
        Resolved::Experiment(plan) => vec![plan],
        Resolved::Sweep(sweep) => sweep.arms.iter().map(|arm| &arm.plan).collect(),
    };
    // The first stage is `series`.
    let distinct: BTreeMap<_, _> = plans.into_iter().rev().map(|plan| (&plan.stages[0].key, plan)).collect();
    let mut problems = Vec::new();
    for plan in distinct.into_values() {
        let start = Instant::now();
        match plan.check_values(|line| say::aside(line)) {
            Ok((found, lines)) => {
                problems.extend(found);
                let seconds = start.elapsed().as_secs_f64();
                for line in lines {
                    say::aside(format_args!("{}: {line}, in {seconds:.1} s", path.display()));
                }
            }
            Err(error) => problems.push(Problem::at("datasets", boldface::messages(&*error).join(": "))),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(spec.locate_all(problems)) }
}
