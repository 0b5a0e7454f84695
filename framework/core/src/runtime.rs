//! The environment of a fit: engine, precision, device and observer.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Metric, Result};

/// Where and how a stage computes. Only engine and precision are part of a content key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// The engine, such as `dfdx`.
    pub engine: String,
    /// Precision of matrix products.
    pub precision: Precision,
    /// The device, such as `cpu`.
    pub device: String,
    /// Number of threads.
    pub workers: usize,
}

/// Precision of a language model's matrix products. Learned weights are kept in 32 bits.
///
/// It changes results, so it is a key of the spec and no command-line flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 32 bits, of which a graphics card multiplies 19 (TensorFloat-32). The CPU multiplies all 32.
    /// Engine `tch` only.
    Tf32,
    /// 16 bits with the range of 32 (bfloat16). Engine `tch` only.
    Bf16,
}

impl Precision {
    /// Name of the precision in a spec.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Tf32 => "tf32",
            Precision::Bf16 => "bf16",
        }
    }
}

/// Watches a fit: records its numbers, shows its progress, saves checkpoints, and stops it on Ctrl-C.
///
/// A long fit calls [`Observer::resume`] once before its first step. After every step it calls
/// [`Observer::record`], [`Observer::checkpoint`] and [`Observer::progress`], in this order.
pub trait Observer {
    /// Records a metric of training step `step`.
    fn record(&mut self, step: u64, metric: Metric);

    /// Reports that `done` of `total` steps are finished.
    ///
    /// # Errors
    /// [`crate::Interrupted`] if the user wants to stop. Pass it on with `?`.
    fn progress(&mut self, done: u64, total: u64) -> Result<()>;

    /// Restores the last checkpoint of this fit, if there is one, and returns the number of steps done.
    /// Metrics up to that step are already recorded.
    ///
    /// `read` restores the state from a folder that [`Observer::checkpoint`] wrote. The state must cover
    /// everything that later steps depend on: parameters, optimiser, position in every random stream and
    /// in the data, and sums not yet recorded. The resumed fit then gives the same numbers as one that
    /// was never stopped. If `read` fails, it must leave the fit unchanged, and an earlier checkpoint is
    /// tried.
    fn resume(&mut self, _read: &mut dyn FnMut(&Path) -> Result<()>) -> u64 {
        0
    }

    /// Saves the state after `step` steps if a checkpoint is due or the user wants to stop. `write`
    /// saves the state into an empty folder. If saving fails, the failure is logged and the fit
    /// continues.
    fn checkpoint(&mut self, _step: u64, _write: &mut dyn FnMut(&Path) -> Result<()>) {}
}

/// An observer that ignores everything, for tests and one-off calls.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn record(&mut self, _: u64, _: Metric) {}
    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}

/// Everything a fit may use besides its data.
pub struct FitContext<'a> {
    /// Where to compute.
    pub runtime: &'a Runtime,
    /// The stage's seed. Derive random streams from it with [`crate::seed::stream`].
    pub seed: u64,
    /// Receives metrics and progress.
    pub observer: &'a mut dyn Observer,
}
