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
        stored.check_finite()?;
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

    /// Checks that every number is one. A model with NaN would answer nonsense without a word.
    ///
    /// # Errors
    /// Names the file, the tensor and the number.
    pub fn check_finite(&self) -> Result<()> {
        let place = match self.storage {
            Storage::F32 => first_special::<4>(self.data(), 3, 0x7f80),
            Storage::Bf16 => first_special::<2>(self.data(), 1, 0x7f80),
            Storage::F16 => first_special::<2>(self.data(), 1, 0x7c00),
            _ => self.storage.numbers(self.data()).iter().position(|number| !number.is_finite()),
        };
        let Some(place) = place else { return Ok(()) };
        Err(format!(
            "`{}`: tensor `{}` holds NaN or infinity, first at number {place}; the file is damaged, or training diverged: \
             use other weights",
            self.path().display(),
            self.name
        )
        .into())
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

/// Returns the place of the first little-endian number whose exponent is all ones: infinity or NaN. `top` is the
/// place of its highest byte, and `exponent` masks its two highest bytes.
fn first_special<const WIDTH: usize>(bytes: &[u8], top: usize, exponent: u16) -> Option<usize> {
    let (numbers, _) = bytes.as_chunks::<WIDTH>();
    numbers
        .iter()
        .position(|number| u16::from_be_bytes([number[top], number[top - 1]]) & exponent == exponent)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_and_infinity_are_found_in_every_plain_storage() {
        for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let wide: Vec<u8> = [1.0, f32::MAX, special].iter().flat_map(|x| x.to_le_bytes()).collect();
            assert_eq!(first_special::<4>(&wide, 3, 0x7f80), Some(2));
            assert_eq!(first_special::<4>(&wide[..8], 3, 0x7f80), None);
            let brain =
                [half::bf16::MAX, half::bf16::from_f32(special)].map(half::bf16::to_le_bytes).concat();
            assert_eq!(first_special::<2>(&brain, 1, 0x7f80), Some(1));
            let small = [half::f16::MAX, half::f16::MIN_POSITIVE_SUBNORMAL, half::f16::from_f32(special)];
            assert_eq!(first_special::<2>(&small.map(half::f16::to_le_bytes).concat(), 1, 0x7c00), Some(2));
        }
    }
}
