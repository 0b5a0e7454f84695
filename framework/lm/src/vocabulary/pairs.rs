//! Byte-level byte pairs (Sennrich et al. 2016, Radford et al. 2019) from lists of entries and merges.

use boldface::Result;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

/// Rule for splitting text before pairs are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Splitting {
    /// GPT-2: words with the space before them, digits, punctuation.
    Gpt2,
    /// SmolLM2: single digits, then like GPT-2.
    Smollm,
    /// Llama 3: its own pattern; a word that is an entry is not split.
    Llama3,
    /// Qwen2 and Qwen3: its own pattern over composed characters (NFC).
    Qwen2,
}

/// Llama 3's pattern: digits in threes; a line break ends a run of punctuation.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Qwen2's pattern: like Llama 3's, with single digits.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Makes a tokenizer without special tokens. A merge is two entries with a space between them.
pub(super) fn tokenizer<'a>(
    entries: Vocab,
    merges: impl Iterator<Item = &'a str>,
    splitting: Splitting,
    space_first: bool,
) -> Result<Tokenizer> {
    let mut pairs = Vec::new();
    for merge in merges {
        let (left, right) =
            merge.split_once(' ').ok_or_else(|| format!("the merge `{merge}` is not two entries"))?;
        let joined = format!("{left}{right}");
        if let Some(lost) = [left, right, &joined].into_iter().find(|entry| !entries.contains_key(*entry)) {
            return Err(format!("the merge `{merge}` needs the entry `{lost}`, which is missing").into());
        }
        pairs.push((left.to_owned(), right.to_owned()));
    }
    let whole_words = splitting == Splitting::Llama3;
    let pairs = BPE::builder().vocab_and_merges(entries, pairs).ignore_merges(whole_words).build()?;
    let mut tokenizer = Tokenizer::new(pairs);
    tokenizer.with_decoder(Some(ByteLevel::default()));
    if splitting == Splitting::Qwen2 {
        tokenizer.with_normalizer(Some(NormalizerWrapper::NFC(NFC)))?;
    }
    tokenizer.with_pre_tokenizer(Some(splitter(splitting, space_first)?));
    Ok(tokenizer)
}

fn splitter(splitting: Splitting, space_first: bool) -> Result<PreTokenizerWrapper> {
    let pattern = |pattern: &str| -> Result<PreTokenizerWrapper> {
        let pattern = SplitPattern::Regex(pattern.to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?;
        Ok(Sequence::new(vec![split.into(), ByteLevel::new(space_first, true, false).into()]).into())
    };
    let gpt2 = ByteLevel::new(space_first, true, true);
    match splitting {
        Splitting::Gpt2 => Ok(gpt2.into()),
        Splitting::Smollm => Ok(Sequence::new(vec![Digits::new(true).into(), gpt2.into()]).into()),
        Splitting::Llama3 => pattern(LLAMA3),
        Splitting::Qwen2 => pattern(QWEN2),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use serde_json::Value;

    use super::*;

    /// Qwen3's entries and merges, stored as in a GGUF file, split texts like its own tokenizer in
    /// Python (`tests/python/lm_text_golden.py`).
    #[test]
    fn qwen_splits_by_its_pattern() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let packed = root.join("../shared/data/tokenizers/qwen3_tokenizer.json.gz");
        if !packed.exists() {
            eprintln!("skipped: `{}` is not there", packed.display());
            return;
        }
        let unpacked = Command::new("gzip").arg("-dc").arg(packed).output().unwrap().stdout;
        let json: Value = serde_json::from_slice(&unpacked).unwrap();
        let entries = json["model"]["vocab"].as_object().unwrap().iter();
        let entries = entries.map(|(entry, id)| (entry.clone(), id.as_u64().unwrap() as u32)).collect();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let merges = json["model"]["merges"].as_array().unwrap().iter();
        let merges: Vec<String> =
            merges.map(|pair| format!("{} {}", text(&pair[0]), text(&pair[1]))).collect();
        let merges = merges.iter().map(String::as_str);
        let tokenizer = tokenizer(entries, merges, Splitting::Qwen2, false).unwrap();
        let golden: Value =
            serde_json::from_slice(&std::fs::read(root.join("tests/golden/lm-text.json")).unwrap()).unwrap();
        let texts = golden["texts"].as_array().unwrap().iter();
        let wanted = golden["tokens"]["qwen3"]["plain"].as_array().unwrap();
        // `<think>` is an entry that was added later, and this tokenizer lacks it.
        for (text, wanted) in texts.map(text).zip(wanted).filter(|(text, _)| !text.contains("<think>")) {
            let found = tokenizer.encode_fast(text.as_str(), false).unwrap();
            assert_eq!(serde_json::json!(found.get_ids()), *wanted, "{text:?}");
        }
    }
}
