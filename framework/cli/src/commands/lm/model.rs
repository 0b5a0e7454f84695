//! Model and device: the arguments that the subcommands of `boldface lm` share.

use std::path::PathBuf;

use boldface::{Precision, Runtime};
use boldface_engine::Engine;
use boldface_lm::{ModelFiles, PublishedNetwork, adapter};

use crate::commands::{BUILD, threads};
use crate::failure::{Failure, with_causes};

/// Files of the model.
#[derive(clap::Args)]
pub struct WeightsArguments {
    /// Hugging Face folder (config.json, model.safetensors or its shards, tokenizer.json), or a .gguf
    /// file.
    #[arg(long = "weights", value_name = "DIR|FILE.gguf")]
    path: PathBuf,
}

/// Model with an optional adapter.
#[derive(clap::Args)]
pub struct ModelArguments {
    #[command(flatten)]
    pub weights: WeightsArguments,
    /// Folder of a PEFT adapter to apply: adapter_config.json and adapter_model.safetensors.
    #[arg(long, value_name = "DIR")]
    adapter: Option<PathBuf>,
}

impl WeightsArguments {
    /// Reads the headers.
    pub fn open(&self) -> Result<ModelFiles, Failure> {
        boldface_lm::open(&self.path)
            .map_err(|error| Failure::Usage(format!("--weights: {}", with_causes(&*error))))
    }
}

impl ModelArguments {
    /// Reads the weights and the adapter.
    pub fn network(&self, files: &ModelFiles, engine: &Engine) -> Result<PublishedNetwork, Failure> {
        let mut network = files.network(engine).map_err(|error| failed(&error))?;
        if let Some(adapter) = &self.adapter {
            let lora = adapter::load(&mut network, adapter);
            let lora =
                lora.map_err(|error| Failure::Usage(format!("--adapter: {}", with_causes(&*error))))?;
            adapter::freeze(&mut network, &lora);
        }
        Ok(network)
    }
}

/// Engine, device, precision and threads.
#[derive(clap::Args)]
pub struct EngineArguments {
    /// Engine: dfdx, or tch in a build that includes it.
    #[arg(long, value_name = "NAME", default_value = "dfdx")]
    engine: String,
    /// Device, such as cpu or cuda:0.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: String,
    /// Precision of matrix products: f32, or tf32 and bf16 on tch.
    #[arg(long, value_name = "f32|tf32|bf16", default_value = "f32", value_parser = precision)]
    precision: Precision,
    /// Number of threads; 0 (the default) uses one per core.
    #[arg(long, value_name = "N", default_value_t = 0)]
    workers: usize,
}

impl EngineArguments {
    /// Opens the engine.
    pub fn engine(&self) -> Result<Engine, Failure> {
        let runtime = Runtime {
            engine: self.engine.clone(),
            precision: self.precision,
            device: self.device.clone(),
            workers: self.workers,
        };
        Engine::for_runtime(&runtime).map_err(|error| {
            let help = self.help().map(|help| format!("\n  help: {help}"));
            Failure::Usage(with_causes(&error) + &help.unwrap_or_default())
        })
    }

    /// Returns advice about an engine that did not open.
    fn help(&self) -> Option<String> {
        let offer = BUILD.engines.iter().find(|offer| offer.name == self.engine)?;
        match offer.missing {
            Some(missing) => Some(missing.to_owned()),
            None if offer.name == "dfdx" => self
                .device
                .starts_with("cuda")
                .then(|| "`--engine tch` computes on graphics cards".to_owned()),
            None => (offer.advice)(&self.device),
        }
    }

    /// Runs `work` on the requested number of threads.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
        threads::start(self.workers)?.install(work)
    }
}

fn precision(written: &str) -> Result<Precision, String> {
    let all = [Precision::F32, Precision::Tf32, Precision::Bf16];
    all.into_iter()
        .find(|precision| precision.name() == written)
        .ok_or_else(|| "expected f32, tf32 or bf16".to_owned())
}

/// Converts an error of the model to a failed run.
pub fn failed(error: &boldface::Error) -> Failure {
    Failure::Run(with_causes(&**error))
}
