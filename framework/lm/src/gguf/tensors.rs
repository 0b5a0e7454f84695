//! The tensors of a GGUF file: their locations, and their names in Hugging Face's files.

use std::collections::BTreeMap;

use boldface::Result;
use boldface_engine::Mapped;

use super::Gguf;
use super::cursor::Cursor;
use crate::config::{ModelConfig, ModelFamily};
use crate::weights::{Storage, StoredTensor, StoredTensors, TensorOrder};

/// GGML's maximum number of dims.
const MOST_DIMS: u32 = 4;

/// Reads the table of tensors at the cursor; their numbers begin at the next multiple of `alignment`.
pub(super) fn read(
    file: &Mapped,
    mut cursor: Cursor<'_>,
    count: usize,
    alignment: usize,
) -> Result<BTreeMap<String, StoredTensor>> {
    let mut found: Vec<(String, Storage, Vec<usize>, u64)> = Vec::new();
    for _ in 0..count {
        let name = cursor.text()?.to_owned();
        let rank = cursor.u32()?;
        if rank > MOST_DIMS {
            return Err(format!("tensor `{name}` has {rank} dims; GGML has at most {MOST_DIMS}").into());
        }
        let mut dims = Vec::new();
        for _ in 0..rank {
            let size = cursor.u64()?;
            let size = usize::try_from(size).map_err(|_| format!("tensor `{name}` has a dim of {size}"))?;
            dims.push(size);
        }
        dims.reverse(); // the file lists the fastest first
        let storage = storage(cursor.u32()?).map_err(|error| format!("tensor `{name}` {error}"))?;
        found.push((name, storage, dims, cursor.u64()?));
    }
    let first = cursor.at().next_multiple_of(alignment);
    let mut tensors = BTreeMap::new();
    for (name, storage, dims, offset) in found {
        let length = length(storage, &dims).map_err(|error| format!("tensor `{name}` {error}"))?;
        let start = usize::try_from(offset).ok().and_then(|offset| first.checked_add(offset));
        let end = start.and_then(|start| start.checked_add(length)).filter(|end| *end <= file.bytes().len());
        let (Some(start), Some(end)) = (start, end) else {
            let total = file.bytes().len();
            return Err(format!(
                "tensor `{name}` takes {length} bytes from byte {first} + {offset} on, but the file has {total}; \
                 it was cut short or damaged"
            )
            .into());
        };
        let (file, bytes) = (file.clone(), start..end);
        let stored =
            StoredTensor { file, name: name.clone(), storage, dims, bytes, order: TensorOrder::Ours };
        if tensors.insert(name.clone(), stored).is_some() {
            return Err(format!("tensor `{name}` is listed twice").into());
        }
    }
    Ok(tensors)
}

/// Returns the number of bytes of a tensor, whose rows must be whole blocks.
fn length(storage: Storage, dims: &[usize]) -> Result<usize> {
    let (numbers, bytes) = storage.block();
    let row = dims.last().copied().unwrap_or(1);
    if row % numbers != 0 {
        return Err(format!("has rows of {row} numbers, which are not whole blocks of {numbers}").into());
    }
    let count = dims.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
    let length = count.and_then(|count| (count / numbers).checked_mul(bytes));
    length.ok_or_else(|| format!("has dims {dims:?}, more numbers than memory can hold").into())
}

/// Returns the storage of one of GGML's kinds, if we read it.
fn storage(kind: u32) -> Result<Storage> {
    Ok(match kind {
        0 => Storage::F32,
        1 => Storage::F16,
        2 => Storage::Q4_0,
        3 => Storage::Q4_1,
        6 => Storage::Q5_0,
        7 => Storage::Q5_1,
        8 => Storage::Q8_0,
        12 => Storage::Q4K,
        13 => Storage::Q5K,
        14 => Storage::Q6K,
        30 => Storage::Bf16,
        _ => {
            let known = "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K";
            let name = name_of(kind);
            return Err(format!("is stored as {name}; only {known} are supported").into());
        }
    })
}

/// Returns GGML's name of a kind that is not read.
fn name_of(kind: u32) -> String {
    let known = match kind {
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return format!("kind {kind}"),
    };
    known.to_owned()
}

/// Returns the tensors under their names in Hugging Face's files, without those that are not weights.
///
/// An unknown tensor keeps its name, and is reported when names are compared.
pub(crate) fn published(gguf: &Gguf, config: &ModelConfig) -> StoredTensors {
    let mut weights = StoredTensors::new();
    for (name, stored) in gguf.tensors() {
        if name == "rope_freqs.weight" {
            continue; // already in the frequencies
        }
        let mut stored = stored.clone();
        if config.family == ModelFamily::Llama {
            match name.rsplit('.').nth(1) {
                Some("attn_q") => stored.order = TensorOrder::Interleaved(config.heads),
                Some("attn_k") => stored.order = TensorOrder::Interleaved(config.kv_heads),
                _ => {}
            }
        }
        let name = published_name(config.family, name).unwrap_or_else(|| name.clone());
        weights.insert(name, stored);
    }
    weights
}

fn published_name(family: ModelFamily, name: &str) -> Option<String> {
    let (module, kind) = name.rsplit_once('.')?;
    let module = if let Some(rest) = module.strip_prefix("blk.") {
        let (layer, part) = rest.split_once('.')?;
        match family {
            ModelFamily::Gpt2 => format!("transformer.h.{layer}.{}", gpt2_part(part)?),
            ModelFamily::Llama | ModelFamily::Qwen3 => format!("model.layers.{layer}.{}", llama_part(part)?),
        }
    } else {
        let named = match (family, module) {
            (ModelFamily::Gpt2, "token_embd") => "transformer.wte",
            (ModelFamily::Gpt2, "position_embd") => "transformer.wpe",
            (ModelFamily::Gpt2, "output_norm") => "transformer.ln_f",
            (_, "token_embd") => "model.embed_tokens",
            (_, "output_norm") => "model.norm",
            (_, "output") => "lm_head",
            _ => return None,
        };
        named.to_owned()
    };
    Some(format!("{module}.{kind}"))
}

fn gpt2_part(part: &str) -> Option<&'static str> {
    Some(match part {
        "attn_norm" => "ln_1",
        "attn_qkv" => "attn.c_attn",
        "attn_output" => "attn.c_proj",
        "ffn_norm" => "ln_2",
        "ffn_up" => "mlp.c_fc",
        "ffn_down" => "mlp.c_proj",
        _ => return None,
    })
}

fn llama_part(part: &str) -> Option<&'static str> {
    Some(match part {
        "attn_norm" => "input_layernorm",
        "attn_q" => "self_attn.q_proj",
        "attn_k" => "self_attn.k_proj",
        "attn_v" => "self_attn.v_proj",
        "attn_output" => "self_attn.o_proj",
        "attn_q_norm" => "self_attn.q_norm",
        "attn_k_norm" => "self_attn.k_norm",
        "ffn_norm" => "post_attention_layernorm",
        "ffn_gate" => "mlp.gate_proj",
        "ffn_up" => "mlp.up_proj",
        "ffn_down" => "mlp.down_proj",
        _ => return None,
    })
}
