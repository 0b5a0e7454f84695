//! `boldface verify`: checks the files of an export and recomputes one of its scores.

use std::path::PathBuf;

use boldface_runner::export::{Unverified, VerificationRequest, Verified, verify};

use super::BUILD;
use super::place::named_paths;
use super::threads;
use crate::failure::{Failure, with_causes};
use crate::progress::Screen;
use crate::{interrupt, say};

/// Arguments of `boldface verify`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface verify exports/pain
  boldface verify exports/pain --task condition --metric auroc
  boldface verify exports/pain --data pain=/data/ds000140 --weights /models/SmolLM2-135M

Every file is compared with its hash. Then one score is recomputed with the tokenizer, the language model and the norms
of the export, on the scans that it was computed on, which must have the same bytes. The two numbers may differ by
1e-9 on the export's engine, and by 0.01 on another. If they differ more, the exit code is 1.")]
pub struct VerifyArguments {
    /// Folder of the export.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Task whose score is recomputed. Default: the first.
    #[arg(long)]
    task: Option<String>,
    /// Score to recompute. Default: the first of the task.
    #[arg(long)]
    metric: Option<String>,
    /// New location of a dataset that was moved since the run; may be given several times.
    #[arg(long = "data", value_name = "NAME=PATH")]
    data: Vec<String>,
    /// Location of the published weights that the language model was made from.
    #[arg(long, value_name = "PATH")]
    weights: Option<PathBuf>,
    /// Compute on this engine instead of the export's.
    #[arg(long)]
    engine: Option<String>,
    /// Compute on this device instead of the spec's.
    #[arg(long)]
    device: Option<String>,
    /// Number of threads; 0 uses one per core.
    #[arg(long)]
    workers: Option<usize>,
    /// Shared library of plugins, instead of those in the spec; may be given several times.
    #[arg(long = "plugin", value_name = "PATH")]
    plugins: Vec<PathBuf>,
}

/// Verifies the export.
pub fn execute(arguments: &VerifyArguments) -> Result<(), Failure> {
    let asked = VerificationRequest {
        task: arguments.task.clone(),
        metric: arguments.metric.clone(),
        data: named_paths(&arguments.data)?,
        weights: arguments.weights.clone(),
        engine: arguments.engine.clone(),
        device: arguments.device.clone(),
        workers: arguments.workers,
        plugins: arguments.plugins.clone(),
    };
    let pool = threads::start(arguments.workers.unwrap_or(0))?;
    interrupt::listen();
    let screen = Screen::new();
    let verified = pool.install(|| verify(&arguments.dir, &asked, &BUILD, &screen)).map_err(failure)?;
    say::out(told(&verified));
    if verified.holds() {
        return Ok(());
    }
    let help = match verified.engines.0 == verified.engines.1 {
        true => "another version of boldface or another processor may be why",
        false => "compute on the engine of the export to compare exactly",
    };
    Err(Failure::Run(format!("the two numbers differ; {help}")))
}

fn told(verified: &Verified) -> String {
    let Verified { task, metric, recorded, found, tolerance, engines, files } = verified;
    let found = found.map_or_else(|| "undefined".to_owned(), |found| format!("{found:?}"));
    let verdict = if verified.holds() { "they are the same" } else { "they are not the same" };
    format!(
        "{files} files are as they were exported\n{task}, {metric} on test subjects\n  recorded    {recorded:?} ({})\n  \
         recomputed  {found} ({})\n{verdict}, within {tolerance:.1e}\n",
        engines.0, engines.1
    )
}

fn failure(error: Unverified) -> Failure {
    match error {
        Unverified::Spec(problems) => Failure::Spec(problems),
        Unverified::Asked(message) => Failure::Usage(message),
        Unverified::Failed(error) if error.is::<boldface::Interrupted>() => {
            Failure::Interrupted(error.to_string())
        }
        Unverified::Failed(error) => Failure::Run(with_causes(&*error)),
        other => Failure::Run(with_causes(&other)),
    }
}
