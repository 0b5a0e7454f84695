//! Where and how fast to run. Everything else comes from the spec alone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use boldface_runner::spec::Layered;
use serde_json::json;

use crate::failure::Failure;

/// Keys of `[runtime]` that override those of the spec.
#[derive(clap::Args)]
pub struct RuntimeArguments {
    /// Compute on this device instead of the spec's.
    #[arg(long)]
    device: Option<String>,
    /// Number of threads; for a sweep, number of stages that run at once and share the spec's threads. 0
    /// uses one per core.
    #[arg(long)]
    workers: Option<usize>,
    /// Keep runs and cached stages in this folder instead of the spec's.
    #[arg(long)]
    runs: Option<PathBuf>,
    /// Set a key of `[runtime]`, such as runtime.workers=1; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Read a dataset of the spec from another folder; may be given several times.
    #[arg(long = "data", value_name = "NAME=PATH")]
    data: Vec<String>,
}

impl RuntimeArguments {
    /// Applies the settings to a spec.
    pub fn apply(&self, spec: &mut Layered) -> Result<(), Failure> {
        let said = [
            ("device", self.device.as_ref().map(|device| json!(device))),
            ("runs", self.runs.as_ref().map(|runs| json!(runs.to_string_lossy()))),
        ];
        let said = said.into_iter().filter_map(|(key, value)| Some(format!("runtime.{key}={}", value?)));
        let settings: Vec<String> = said.chain(self.settings.iter().cloned()).collect();
        spec.set_runtime(&settings).map_err(Failure::Usage)?;
        for (name, path) in named_paths(&self.data)? {
            let path = std::path::absolute(&path).unwrap_or(path);
            spec.set_data(&name, &path).map_err(Failure::Usage)?;
        }
        Ok(())
    }

    /// Returns the threads of an experiment, or the parallel stages of a sweep, if given.
    pub fn workers(&self) -> Option<usize> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.workers.map(|workers| if workers == 0 { cores() } else { workers })
    }
}

/// Reads `--data NAME=PATH`, given once per dataset.
pub fn named_paths(said: &[String]) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut data = BTreeMap::new();
    for written in said {
        let pair = written.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty());
        let Some((name, path)) = pair else {
            return Err(Failure::Usage(format!(
                "--data `{written}` is not NAME=PATH, such as pain=/data/ds000140"
            )));
        };
        if data.insert(name.to_owned(), PathBuf::from(path)).is_some() {
            return Err(Failure::Usage(format!("--data gives `{name}` twice")));
        }
    }
    Ok(data)
}
