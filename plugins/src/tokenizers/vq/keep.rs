//! Checkpoints of a half-trained tokenizer, with everything that later steps depend on.

use std::fs;
use std::path::Path;

use boldface::Result;
use serde::{Deserialize, Serialize};

use super::fit::Trainer;
use super::window::MetricWindow;
use crate::nets::quantizer::Codebook;

const WEIGHTS: &str = "weights.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "state.json";

/// The state besides tensors. Noise and batches follow from the step alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// `None` during the warm-up.
    codebook: Option<Codebook>,
    /// Number of words drawn from the stream of `Trainer::draws`.
    draws: u64,
    window: MetricWindow,
}

impl Trainer<'_> {
    /// Writes the state between two steps; `window` has the measurements since the last row.
    pub(super) fn keep(&self, window: &MetricWindow, dir: &Path) -> Result<()> {
        self.params.save(&dir.join(WEIGHTS))?;
        self.optimizer.save(&dir.join(OPTIMIZER))?;
        let draws = u64::try_from(self.draws.get_word_pos())?;
        let state = State { codebook: self.codebook.clone(), draws, window: window.clone() };
        let path = dir.join(STATE);
        fs::write(&path, serde_json::to_vec(&state)?)
            .map_err(|error| format!("cannot write `{}`: {error}", path.display()).into())
    }

    /// Restores the files written by [`Trainer::keep`] into a new trainer, except its batches.
    pub(super) fn restore(&mut self, window: &mut MetricWindow, dir: &Path) -> Result<()> {
        let path = dir.join(STATE);
        let bytes = fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        let damaged = |error: &dyn std::fmt::Display| format!("`{}` is damaged: {error}", path.display());
        let state: State = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
        let (size, dim) = (self.config.codebook_size, self.config.code_dim);
        if state.codebook.as_ref().is_some_and(|codebook| codebook.dims() != (size, dim)) {
            return Err(damaged(&"its codebook is of another size").into());
        }
        let mut optimizer = self.optimizer.clone();
        optimizer.load(&self.params, &dir.join(OPTIMIZER))?;
        self.params.restore(&dir.join(WEIGHTS))?;
        self.optimizer = optimizer;
        self.codebook = state.codebook;
        self.draws.set_word_pos(u128::from(state.draws));
        *window = state.window;
        Ok(())
    }
}
