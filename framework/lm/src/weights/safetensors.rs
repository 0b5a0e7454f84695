//! One safetensors file: its checked header, and the locations of its tensors.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::Result;
use boldface_engine::Mapped;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use super::{Storage, StoredTensor, TensorOrder};

/// The tensors of one file by their names in it; each one that we cannot read has the reason instead.
pub(crate) struct Shard {
    pub tensors: Vec<(String, Result<StoredTensor>)>,
}

impl Shard {
    /// Maps a file and reads its header.
    pub fn open(path: &Path) -> Result<Shard> {
        let file = Mapped::open(path)?;
        let (header, metadata) = SafeTensors::read_metadata(file.bytes()).map_err(|error| {
            let why = cut_short(file.bytes()).unwrap_or_else(|| error.to_string());
            format!("`{}` is not a valid safetensors file: {why}", path.display())
        })?;
        let first = header + 8; // a length of 8 bytes, the header, then the numbers
        let mut tensors = Vec::new();
        for (name, info) in metadata.tensors() {
            let storage = match info.dtype {
                Dtype::F32 => Ok(Storage::F32),
                Dtype::F16 => Ok(Storage::F16),
                Dtype::BF16 => Ok(Storage::Bf16),
                other => Err(format!(
                    "`{}`: tensor `{name}` holds {other:?} numbers; only F32, F16 and BF16 are supported",
                    path.display()
                )
                .into()),
            };
            let stored = storage.map(|storage| StoredTensor {
                file: file.clone(),
                name: name.clone(),
                storage,
                dims: info.shape.clone(),
                bytes: first + info.data_offsets.0..first + info.data_offsets.1,
                order: TensorOrder::Ours,
            });
            tensors.push((name, stored));
        }
        tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Shard { tensors })
    }
}

/// Returns an error about the first tensor whose numbers are missing, if the file was cut short.
fn cut_short(bytes: &[u8]) -> Option<String> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let header = rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let there = (rest.len() - header.len()) as u64;
    let tensors: BTreeMap<String, Value> = serde_json::from_slice(header).ok()?;
    let end = |tensor: &Value| tensor.get("data_offsets")?.get(1)?.as_u64();
    let ends = tensors.iter().filter_map(|(name, tensor)| Some((end(tensor)?, name)));
    let (end, name) = ends.filter(|(end, _)| *end > there).min()?;
    Some(format!(
        "the numbers of tensor `{name}` reach to byte {end}, but the file has only {there}; it was cut short"
    ))
}
