//! What a fit runs with: where it computes, in which numbers, and who watches it.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Metric, Result};

/// Where and how fast things run. Engine and precision are part of a content key, the rest is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// The engine, such as `dfdx`.
    pub engine: String,
    /// The numbers that matrices are multiplied in.
    pub precision: Precision,
    /// The device, such as `cpu`.
    pub device: String,
    /// Threads.
    pub workers: usize,
}

/// The numbers that a language model's matrices are multiplied in. What is learned is kept in 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 32 bits, of which a graphics card multiplies 19 (TensorFloat-32); on the CPU all 32. Engine `tch` only.
    Tf32,
    /// 16 bits with the range of 32 (bfloat16); engine `tch` only.
    Bf16,
}

impl Precision {
    /// As a spec says it.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Tf32 => "tf32",
            Precision::Bf16 => "bf16",
        }
    }
}

/// Watches a fit: takes its numbers, shows its progress, keeps its checkpoints, and stops it on Ctrl-C.
///
/// A long fit calls [`Observer::resume`] once before its first step, and after every step
/// [`Observer::record`], [`Observer::checkpoint`] and [`Observer::progress`], in this order.
pub trait Observer {
    /// Takes a number of training step `step`.
    fn record(&mut self, step: u64, metric: Metric);

    /// `done` of `total` steps are finished.
    ///
    /// # Errors
    /// [`crate::Interrupted`] if the user wants to stop; pass it on with `?`.
    fn progress(&mut self, done: u64, total: u64) -> Result<()>;

    /// Goes on from the last checkpoint of this fit, if there is one: how many steps are done. What was
    /// recorded up to that step is recorded already.
    ///
    /// `read` takes the state from a folder that [`Observer::checkpoint`] wrote: everything that later
    /// steps depend on (parameters, optimiser, place in every random stream and in the data, sums
    /// not yet recorded), so that the rest has the numbers of a fit that was never stopped. If it
    /// fails it must leave the fit as it was; an earlier checkpoint is then tried.
    fn resume(&mut self, _read: &mut dyn FnMut(&Path) -> Result<()>) -> u64 {
        0
    }

    /// Keeps the state after `step` steps if a checkpoint is due, or the user wants to stop; `write`
    /// puts it into an empty folder. What cannot be kept is reported, and the fit goes on.
    fn checkpoint(&mut self, _step: u64, _write: &mut dyn FnMut(&Path) -> Result<()>) {}
}

/// An observer that takes nothing: for tests and one-off calls.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn record(&mut self, _: u64, _: Metric) {}
    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}

/// What a fit may use besides its data.
pub struct FitContext<'a> {
    /// Where to compute.
    pub runtime: &'a Runtime,
    /// The stage's seed; take streams from it with [`crate::seed::stream`].
    pub seed: u64,
    /// Where numbers and progress go.
    pub observer: &'a mut dyn Observer,
}
