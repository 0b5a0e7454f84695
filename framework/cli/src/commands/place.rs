//! Where and how fast to run, as a command line may say it; what is run is the spec's alone.

use std::path::PathBuf;

use boldface_runner::spec::Layered;
use serde_json::json;

use crate::failure::Failure;

/// Keys of `[runtime]`, over those of the spec.
#[derive(clap::Args)]
pub struct Place {
    /// Compute here instead of on the spec's device.
    #[arg(long)]
    device: Option<String>,
    /// One experiment: use this many threads. A sweep: run this many stages at once, which share the
    /// threads that the spec allows. 0 takes as many as there are cores.
    #[arg(long)]
    workers: Option<usize>,
    /// Keep runs and cached stages in this folder instead of the spec's.
    #[arg(long)]
    runs: Option<PathBuf>,
    /// Set a key of `[runtime]`, such as runtime.workers=1; can be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

impl Place {
    /// Lays it over a spec.
    pub fn apply(&self, spec: &mut Layered) -> Result<(), Failure> {
        let said = [
            ("device", self.device.as_ref().map(|device| json!(device))),
            ("runs", self.runs.as_ref().map(|runs| json!(runs.to_string_lossy()))),
        ];
        let said = said.into_iter().filter_map(|(key, value)| Some(format!("runtime.{key}={}", value?)));
        let settings: Vec<String> = said.chain(self.settings.iter().cloned()).collect();
        spec.set_runtime(&settings).map_err(Failure::Usage)
    }

    /// Threads of an experiment, or stages at once of a sweep, if the command line says it.
    pub fn workers(&self) -> Option<usize> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.workers.map(|workers| if workers == 0 { cores() } else { workers })
    }
}
