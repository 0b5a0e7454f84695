//! Storage of numbers in weight files, and their conversion to f32.

use rayon::prelude::*;

use super::blocks;

/// Storage of a tensor's numbers: floats, or blocks that share a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

/// Number of blocks that one thread decodes at a time.
const TASK: usize = 4096;

impl Storage {
    /// Returns how many numbers a block has, and how many bytes they take.
    pub fn block(self) -> (usize, usize) {
        match self {
            Storage::F32 => (1, 4),
            Storage::F16 | Storage::Bf16 => (1, 2),
            Storage::Q4_0 => (32, 18),
            Storage::Q4_1 => (32, 20),
            Storage::Q5_0 => (32, 22),
            Storage::Q5_1 => (32, 24),
            Storage::Q8_0 => (32, 34),
            Storage::Q4K => (256, 144),
            Storage::Q5K => (256, 176),
            Storage::Q6K => (256, 210),
        }
    }

    /// Decodes the numbers of whole blocks.
    pub fn numbers(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Storage::F32 => floats(bytes, f32::from_le_bytes),
            Storage::F16 => floats(bytes, |x| half::f16::from_le_bytes(x).to_f32()),
            Storage::Bf16 => floats(bytes, |x| half::bf16::from_le_bytes(x).to_f32()),
            Storage::Q4_0 => blocks(bytes, blocks::q4_0),
            Storage::Q4_1 => blocks(bytes, blocks::q4_1),
            Storage::Q5_0 => blocks(bytes, blocks::q5_0),
            Storage::Q5_1 => blocks(bytes, blocks::q5_1),
            Storage::Q8_0 => blocks(bytes, blocks::q8_0),
            Storage::Q4K => blocks(bytes, blocks::q4_k),
            Storage::Q5K => blocks(bytes, blocks::q5_k),
            Storage::Q6K => blocks(bytes, blocks::q6_k),
        }
    }
}

fn floats<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32 + Sync) -> Vec<f32> {
    blocks(bytes, |bytes: &[u8; N], x: &mut [f32; 1]| x[0] = number(*bytes))
}

/// Decodes blocks of `B` bytes into `N` numbers each, on all threads.
fn blocks<const B: usize, const N: usize>(
    bytes: &[u8],
    decode: impl Fn(&[u8; B], &mut [f32; N]) + Sync,
) -> Vec<f32> {
    let (blocks, _) = bytes.as_chunks::<B>();
    let mut numbers = vec![0.0; blocks.len() * N];
    numbers.par_chunks_mut(TASK * N).zip(blocks.par_chunks(TASK)).for_each(|(numbers, blocks)| {
        let (numbers, _) = numbers.as_chunks_mut::<N>();
        for (numbers, block) in numbers.iter_mut().zip(blocks) {
            decode(block, numbers);
        }
    });
    numbers
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use crate::gguf::Gguf;
    use crate::weights::Shard;

    fn golden(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/files").join(name)
    }

    /// Random blocks of every type decode to the same bits as in Python's `gguf`
    /// (`tests/python/gguf_golden.py`).
    #[test]
    fn every_type_decodes_as_the_package_gguf_decodes_it() {
        let gguf = Gguf::open(&golden("blocks.gguf")).unwrap();
        let wanted = Shard::open(&golden("blocks.safetensors")).unwrap();
        assert_eq!((gguf.tensors().len(), wanted.tensors.len()), (11, 11));
        for (name, wanted) in wanted.tensors {
            let (wanted, found) = (wanted.unwrap(), &gguf.tensors()[&name]);
            assert_eq!(found.dims, wanted.dims, "{name}");
            let bits = |numbers: Vec<f32>| numbers.into_iter().map(f32::to_bits).collect::<Vec<u32>>();
            assert_eq!(bits(found.numbers()), bits(wanted.numbers()), "{name}");
        }
    }
}
