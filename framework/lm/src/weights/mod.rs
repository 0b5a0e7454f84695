//! The tensors of a model's files under their published names, and their conversion to parameters.

mod blocks;
mod check;
mod safetensors;
mod storage;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use boldface::{Precision, Result};
use boldface_engine::{Engine, Mapped, Params, Tensor};

use crate::config::ModelConfig;
pub(crate) use safetensors::Shard;
pub(crate) use storage::Storage;

/// All tensors of a model, by their published names.
pub(crate) type StoredTensors = BTreeMap<String, StoredTensor>;

/// Location and format of a tensor.
#[derive(Clone, Debug)]
pub(crate) struct StoredTensor {
    /// The file that holds it.
    pub file: Mapped,
    /// Its name in the file.
    pub name: String,
    /// Storage of its numbers.
    pub storage: Storage,
    /// Its dims in the file, slowest first.
    pub dims: Vec<usize>,
    /// Its bytes in the file, already checked against dims and storage.
    pub bytes: Range<usize>,
    /// Difference of its order from ours.
    pub order: TensorOrder,
}

/// Order of a tensor's numbers in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TensorOrder {
    /// The same as ours.
    Ours,
    /// (inputs, outputs): GPT-2's linear layers.
    Transposed,
    /// The rows of each of this many heads alternate between its two halves. GGUF stores Llama's queries
    /// and keys so, where rotary positions turn neighbouring rows.
    Interleaved(usize),
}

/// Makes the frozen parameters of a model, one for every name of [`ModelConfig::parameters`].
pub(crate) fn parameters(config: &ModelConfig, weights: &StoredTensors, engine: &Engine) -> Result<Params> {
    check::same_head(config, weights)?;
    let mut params = Params::new(engine);
    for (name, dims) in config.parameters() {
        let stored = weights.get(&name).expect("`check::all` found every parameter");
        params.insert_frozen(&name, &stored.tensor(engine, &dims));
    }
    Ok(params)
}

pub(crate) use check::{all as check, some};

impl StoredTensor {
    /// Returns the path of its file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns its dims in memory.
    pub fn our_dims(&self) -> Vec<usize> {
        let mut dims = self.dims.clone();
        if self.order == TensorOrder::Transposed {
            dims.reverse();
        }
        dims
    }

    /// Returns its numbers in our order.
    pub fn numbers(&self) -> Vec<f32> {
        let numbers = self.storage.numbers(self.data());
        let width = self.dims.last().copied().unwrap_or(1);
        match self.order {
            TensorOrder::Ours => numbers,
            TensorOrder::Transposed => transposed(&numbers, width),
            TensorOrder::Interleaved(heads) => {
                let width = if self.dims.len() == 1 { 1 } else { width };
                halves(&numbers, width, heads)
            }
        }
    }

    fn tensor(&self, engine: &Engine, dims: &[usize]) -> Tensor {
        let as_they_lie = match (self.storage, self.order, engine.precision()) {
            (Storage::F32, TensorOrder::Ours, _) => {
                engine.tensor_mapped(&self.file, self.bytes.clone(), dims)
            }
            // Norms stay f32, because they are small and computed in f32.
            (Storage::Bf16, TensorOrder::Ours, Precision::Bf16) if dims.len() > 1 => {
                Some(engine.tensor_bf16(self.data(), dims))
            }
            _ => None,
        };
        as_they_lie.unwrap_or_else(|| engine.tensor(self.numbers(), dims))
    }

    fn data(&self) -> &[u8] {
        &self.file.bytes()[self.bytes.clone()]
    }
}

/// Transposes (R, C) to (C, R), in tiles so that reads and writes stay close together.
fn transposed(x: &[f32], columns: usize) -> Vec<f32> {
    const TILE: usize = 32;
    let rows = x.len() / columns.max(1);
    let mut out = vec![0.0; x.len()];
    for first_row in (0..rows).step_by(TILE) {
        for first_column in (0..columns).step_by(TILE) {
            for row in first_row..rows.min(first_row + TILE) {
                for column in first_column..columns.min(first_column + TILE) {
                    out[column * rows + row] = x[row * columns + column];
                }
            }
        }
    }
    out
}

/// Changes the rows of each head from alternating to consecutive halves: row `2i + j` becomes row
/// `j E/2 + i`.
fn halves(x: &[f32], columns: usize, heads: usize) -> Vec<f32> {
    let half = x.len() / columns / heads / 2;
    let mut out = Vec::with_capacity(x.len());
    for head in x.chunks(2 * half * columns) {
        for j in 0..2 {
            for i in 0..half {
                out.extend_from_slice(&head[(2 * i + j) * columns..][..columns]);
            }
        }
    }
    out
}
