//! The tokenizer of a Hugging Face folder: `tokenizer.json` or GPT-2's two files, and settings beside
//! them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Result, guard};
use serde_json::Value;
use tokenizers::models::bpe::Vocab;
use tokenizers::{AddedToken, Tokenizer};

use super::beside::Beside;
use super::pairs::{self, Splitting};
use super::{Vocabulary, without_lengths};
use crate::chat::ChatTemplate;
use crate::files::{Json, ModelFolder, read_bytes, read_text};

/// Names of GPT-2's files: those of transformers, and those of its authors.
const PAIRS: &[(&str, &str)] = &[("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")];

/// End of GPT-2's texts if no file names one.
const GPT2_END: &str = "<|endoftext|>";

impl Vocabulary {
    /// Reads the tokenizer of a folder, and returns the file that it is from too.
    pub(crate) fn of_folder(folder: &ModelFolder) -> Result<(Vocabulary, PathBuf)> {
        let beside = Beside::read(folder)?;
        let mut named = beside.named();
        let (mut tokenizer, path) = read(folder, &mut named)?;
        beside.complete(&mut tokenizer, &named, &path)?;
        let end = named.get("eos_token");
        let mut ends: Vec<u32> = end.and_then(|token| tokenizer.token_to_id(token)).into_iter().collect();
        for json in beside.generation.iter().chain([&folder.config]) {
            ends.extend(ids(json, "eos_token_id")?);
        }
        // A name that is no token does no harm beside another end.
        if let (Some(token), true) = (end, ends.is_empty()) {
            let folder = folder.path.display();
            let file = path.display();
            return Err(format!("`{folder}`: `eos_token` is `{token}`, which is no token of `{file}`").into());
        }
        // As in transformers, `add_bos_token` in `tokenizer_config.json` says nothing beside `tokenizer.json`.
        let start = first_of(&tokenizer)?;
        let chat = template(folder, beside.tokenizer.as_ref())?;
        let chat = chat.map(|(source, origin)| ChatTemplate::new(&source, origin, named));
        Ok((Vocabulary::new(tokenizer, ends, start, chat, &path)?, path))
    }
}

fn read(folder: &ModelFolder, named: &mut BTreeMap<String, String>) -> Result<(Tokenizer, PathBuf)> {
    let path = folder.file("tokenizer.json");
    if path.exists() {
        let bytes =
            read_bytes(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        // The library panics on some damaged files.
        let tokenizer = guard(|| Tokenizer::from_bytes(bytes));
        let mut tokenizer =
            tokenizer.map_err(|error| format!("`{}` is not a tokenizer: {error}", path.display()))?;
        without_lengths(&mut tokenizer)?;
        return Ok((tokenizer, path));
    }
    let here = |(entries, merges): &(&str, &str)| {
        let (entries, merges) = (folder.file(entries), folder.file(merges));
        (entries.exists() && merges.exists()).then_some((entries, merges))
    };
    let Some((entries, merges)) = PAIRS.iter().find_map(here) else {
        let here = folder.path.display();
        let other = folder.file("tokenizer.model").exists();
        let hint = if other {
            "; it has `tokenizer.model`: save the tokenizer again with `AutoTokenizer` in Python, which writes `tokenizer.json`"
        } else {
            ", nor `vocab.json` and `merges.txt`"
        };
        return Err(format!("`{here}` has no `tokenizer.json`{hint}").into());
    };
    let end = named.entry("eos_token".to_owned()).or_insert_with(|| GPT2_END.to_owned()).clone();
    let tokenizer = gpt2(&entries, &merges, &end)?;
    Ok((tokenizer, entries))
}

/// Reads GPT-2's own files: entries as JSON, merges one per line.
fn gpt2(entries: &Path, merges: &Path, end: &str) -> Result<Tokenizer> {
    let json = Json::read(entries)?;
    let mut vocab = Vocab::default();
    for (entry, id) in json.keys() {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| json.wrong(entry, "which is not a token's number"))?;
        vocab.insert(entry.to_owned(), id);
    }
    let shown = merges.display();
    let text = read_text(merges).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let lines = text.lines().filter(|line| !line.starts_with("#version") && !line.is_empty());
    let damaged = |error: boldface::Error| format!("`{shown}`: {error}");
    let mut tokenizer = pairs::tokenizer(vocab, lines, Splitting::Gpt2, false).map_err(damaged)?;
    tokenizer.add_tokens([AddedToken::from(end, true).normalized(false)])?;
    Ok(tokenizer)
}

/// Returns the token that the tokenizer itself puts before every text.
fn first_of(tokenizer: &Tokenizer) -> Result<Option<u32>> {
    let [with, without] = [true, false].map(|special| tokenizer.encode_fast("a", special));
    let (with, without) = (with?, without?);
    let first = with.get_ids().first().copied();
    Ok(first.filter(|first| with.len() > without.len() && without.get_ids().first() != Some(first)))
}

/// Reads one number or a list of them.
fn ids(json: &Json, key: &str) -> Result<Vec<u32>> {
    let wrong = || json.wrong(key, "which is not a token's number, nor a list of them");
    let number = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(wrong);
    match json.value(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(number).collect(),
        Some(value) => Ok(vec![number(value)?]),
    }
}

/// Returns the chat template and its file: `chat_template.jinja`, or `tokenizer_config.json`, which may
/// hold several templates by name.
fn template(folder: &ModelFolder, config: Option<&Json>) -> Result<Option<(String, String)>> {
    let path = folder.file("chat_template.jinja");
    if path.exists() {
        let shown = path.display().to_string();
        let source = read_text(&path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
        return Ok(Some((source, shown)));
    }
    let Some(config) = config else { return Ok(None) };
    let source = match config.value("chat_template") {
        None => return Ok(None),
        Some(Value::String(source)) => Some(source.as_str()),
        Some(Value::Array(all)) => all
            .iter()
            .find(|one| one.get("name").and_then(Value::as_str) == Some("default"))
            .and_then(|one| one.get("template")?.as_str()),
        Some(_) => None,
    };
    let source = source.ok_or_else(|| config.wrong("chat_template", "which is not a template"))?;
    Ok(Some((source.to_owned(), config.file().display().to_string())))
}
