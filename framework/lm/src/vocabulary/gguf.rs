//! The tokenizer in the metadata of a GGUF file.

use std::collections::BTreeMap;

use boldface::Result;
use tokenizers::AddedToken;
use tokenizers::models::bpe::Vocab;

use super::Vocabulary;
use super::pairs::{self, Splitting};
use crate::chat::ChatTemplate;
use crate::gguf::Gguf;

/// Kinds of tokens, as GGUF numbers them: tokens that control the model, and texts that a user added.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;

/// Keys of tokens that templates write, and their names in templates.
const NAMED: &[(&str, &str)] = &[
    ("tokenizer.ggml.bos_token_id", "bos_token"),
    ("tokenizer.ggml.eos_token_id", "eos_token"),
    ("tokenizer.ggml.unknown_token_id", "unk_token"),
    ("tokenizer.ggml.padding_token_id", "pad_token"),
];

/// Keys of tokens that end a text or a turn; the first one is appended.
const ENDS: &[&str] =
    &["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

impl Vocabulary {
    /// Reads the tokenizer under the keys `tokenizer.*`.
    pub(crate) fn of_gguf(gguf: &Gguf) -> Result<Vocabulary> {
        let model = gguf.needed("tokenizer.ggml.model", gguf.text("tokenizer.ggml.model"))?;
        if model != "gpt2" {
            return Err(gguf.wrong("tokenizer.ggml.model", "but only byte pairs (`gpt2`) are supported"));
        }
        let splitting = match gguf.needed("tokenizer.ggml.pre", gguf.text("tokenizer.ggml.pre"))? {
            "gpt-2" => Splitting::Gpt2,
            "smollm" => Splitting::Smollm,
            "llama-bpe" | "llama3" | "llama-v3" => Splitting::Llama3,
            "qwen2" => Splitting::Qwen2,
            _ => {
                let known = "but only `gpt-2`, `smollm`, `llama-bpe` and `qwen2` are supported";
                return Err(gguf.wrong("tokenizer.ggml.pre", known));
            }
        };
        let tokens: Vec<&str> =
            gguf.needed("tokenizer.ggml.tokens", gguf.texts("tokenizer.ggml.tokens"))?.collect();
        let entries: Vocab = (0..).zip(&tokens).map(|(id, token)| ((*token).to_owned(), id)).collect();
        if entries.len() != tokens.len() {
            let twice = (0..).zip(&tokens).find(|(id, token)| entries.get(**token) != Some(id));
            let twice = twice.map_or("", |(_, token)| token);
            return Err(format!("`{}`: token `{twice}` is listed twice", gguf.path().display()).into());
        }
        let kinds = gguf.integers("tokenizer.ggml.token_type")?.unwrap_or_default();
        if !kinds.is_empty() && kinds.len() != tokens.len() {
            let why = format!("and there are {} tokens", tokens.len());
            return Err(gguf.wrong("tokenizer.ggml.token_type", &why));
        }
        let merges = gguf.needed("tokenizer.ggml.merges", gguf.texts("tokenizer.ggml.merges"))?;
        let space_first = gguf.flag("tokenizer.ggml.add_space_prefix")?.unwrap_or(false);
        let damaged = |error: boldface::Error| format!("`{}`: {error}", gguf.path().display());
        let mut tokenizer = pairs::tokenizer(entries, merges, splitting, space_first).map_err(damaged)?;
        let added = tokens.iter().zip(&kinds).filter(|(_, kind)| [CONTROL, USER_DEFINED].contains(*kind));
        let added = added.map(|(token, kind)| AddedToken::from(*token, *kind == CONTROL).normalized(false));
        tokenizer.add_tokens(added).map_err(damaged)?;

        let id = |key: &str| -> Result<Option<u32>> {
            match gguf.count(key)? {
                None => Ok(None),
                Some(id) if id < tokens.len() => Ok(Some(id as u32)),
                Some(_) => Err(gguf.wrong(key, &format!("and there are {} tokens", tokens.len()))),
            }
        };
        let mut named = BTreeMap::new();
        for (key, name) in NAMED {
            if let Some(id) = id(key)? {
                named.insert((*name).to_owned(), tokens[id as usize].to_owned());
            }
        }
        let mut ends = Vec::new();
        for key in ENDS {
            ends.extend(id(key)?);
        }
        // llama.cpp begins texts of Llama 3 with its start token even if the key is missing.
        let wants_start =
            gguf.flag("tokenizer.ggml.add_bos_token")?.unwrap_or(splitting == Splitting::Llama3);
        let start = if wants_start { id("tokenizer.ggml.bos_token_id")? } else { None };
        let chat = gguf.text("tokenizer.chat_template")?;
        let chat = chat.map(|source| ChatTemplate::new(source, gguf.path().display().to_string(), named));
        Vocabulary::new(tokenizer, ends, start, chat, gguf.path())
    }
}
