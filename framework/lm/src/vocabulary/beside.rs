//! The files about tokens beside the tokenizer itself, and the tokens that only they declare.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::Result;
use serde_json::Value;
use tokenizers::{AddedToken, Tokenizer};

use crate::files::{Json, ModelFolder};

/// Files of a folder that name tokens; each may be missing.
pub(super) struct Beside {
    /// `tokenizer_config.json`.
    pub tokenizer: Option<Json>,
    /// `generation_config.json`.
    pub generation: Option<Json>,
    /// `special_tokens_map.json`.
    special: Option<Json>,
    /// `added_tokens.json`, of older versions of transformers.
    added: Option<Json>,
}

impl Beside {
    /// Reads the files that are there.
    pub fn read(folder: &ModelFolder) -> Result<Beside> {
        let read = |name: &str| Json::read_if_there(&folder.file(name));
        Ok(Beside {
            tokenizer: read("tokenizer_config.json")?,
            generation: read("generation_config.json")?,
            special: read("special_tokens_map.json")?,
            added: read("added_tokens.json")?,
        })
    }

    /// Returns the text of `bos_token` and similar tokens. `tokenizer_config.json` overrides
    /// `special_tokens_map.json`.
    pub fn named(&self) -> BTreeMap<String, String> {
        let mut named = BTreeMap::new();
        for json in self.special.iter().chain(&self.tokenizer) {
            for (key, value) in json.keys().filter(|(key, _)| key.ends_with("_token")) {
                // A string, or an object that also says how to match it.
                let text = value.as_str().or_else(|| value.get("content").and_then(Value::as_str));
                if let Some(text) = text {
                    named.insert(key.to_owned(), text.to_owned());
                }
            }
        }
        named
    }

    /// Adds the tokens that these files declare and `tokenizer` lacks, as transformers does: those of
    /// `added_tokens_decoder` or else of `added_tokens.json`, and the named ones. Without them, a chat
    /// template's marks would be read as letters.
    ///
    /// # Errors
    ///
    /// If a token would get another number than declared. `path` is the tokenizer's file.
    pub fn complete(
        &self,
        tokenizer: &mut Tokenizer,
        named: &BTreeMap<String, String>,
        path: &Path,
    ) -> Result<()> {
        let (declared, file) = self.declared(named)?;
        for (id, token) in declared {
            let text = token.content.clone();
            if is_added(tokenizer, &text) {
                continue;
            }
            tokenizer.add_tokens([token])?;
            let got = tokenizer.token_to_id(&text);
            if got != Some(id) {
                let got = got.map_or_else(|| "no token".to_owned(), |got| got.to_string());
                return Err(format!(
                    "`{}` says that `{text}` is token {id}, but after those of `{}` it is {got}; save the tokenizer \
                     again with `AutoTokenizer` in Python, which writes one file",
                    file.map(|file| file.display().to_string()).unwrap_or_default(),
                    path.display()
                )
                .into());
            }
        }
        for text in named.values() {
            if tokenizer.token_to_id(text).is_some() && !is_added(tokenizer, text) {
                tokenizer.add_tokens([AddedToken::from(text.as_str(), true).normalized(false)])?;
            }
        }
        Ok(())
    }

    /// Returns the declared tokens by their numbers, and the file that declares them.
    fn declared(
        &self,
        named: &BTreeMap<String, String>,
    ) -> Result<(BTreeMap<u32, AddedToken>, Option<&Path>)> {
        if let Some(config) = &self.tokenizer
            && let Some(all) = config.object("added_tokens_decoder")?
        {
            let token = |(id, entry): (&str, &Value)| -> Result<(u32, AddedToken)> {
                let wrong = || all.wrong(id, "which is not a token's number and its text (`content`)");
                let number = id.parse().map_err(|_| wrong())?;
                let content = entry.get("content").and_then(Value::as_str).ok_or_else(wrong)?;
                let flag = |name: &str| entry.get(name).and_then(Value::as_bool);
                let is_special = flag("special").unwrap_or(false);
                let token = AddedToken::from(content, is_special)
                    .single_word(flag("single_word").unwrap_or(false))
                    .lstrip(flag("lstrip").unwrap_or(false))
                    .rstrip(flag("rstrip").unwrap_or(false))
                    .normalized(flag("normalized").unwrap_or(!is_special));
                Ok((number, token))
            };
            let tokens: Result<_> = all.keys().map(token).collect();
            return Ok((tokens?, Some(config.file())));
        }
        let Some(added) = &self.added else { return Ok((BTreeMap::new(), None)) };
        let token = |(text, id): (&str, &Value)| -> Result<(u32, AddedToken)> {
            let number = id.as_u64().and_then(|id| u32::try_from(id).ok());
            let number = number.ok_or_else(|| added.wrong(text, "which is not a token's number"))?;
            let is_special = named.values().any(|named| named == text);
            Ok((number, AddedToken::from(text, is_special).normalized(!is_special)))
        };
        let tokens: Result<_> = added.keys().map(token).collect();
        Ok((tokens?, Some(added.file())))
    }
}

fn is_added(tokenizer: &Tokenizer, text: &str) -> bool {
    tokenizer.get_added_vocabulary().get_vocab().contains_key(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A tokenizer of single letters with one special token, 0; `<`, `e`, `>` are 1 to 3.
    fn tokenizer() -> Tokenizer {
        let added = json!([{
            "id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true
        }]);
        let model = json!({
            "type": "BPE", "vocab": { "<s>": 0, "<": 1, "e": 2, ">": 3, "<e>": 4 }, "merges": []
        });
        let file = json!({ "version": "1.0", "added_tokens": added, "model": model });
        Tokenizer::from_bytes(file.to_string()).unwrap()
    }

    fn complete(config: Value, added: Option<Value>) -> Result<Tokenizer, String> {
        let json = |name: &str, value: Value| Json::parse(Path::new(name), value.to_string().as_bytes());
        let beside = Beside {
            tokenizer: Some(json("tokenizer_config.json", config).unwrap()),
            added: added.map(|added| json("added_tokens.json", added).unwrap()),
            generation: None,
            special: None,
        };
        let mut tokenizer = tokenizer();
        let done = beside.complete(&mut tokenizer, &beside.named(), Path::new("tokenizer.json"));
        done.map(|()| tokenizer).map_err(|error| error.to_string())
    }

    fn tokens(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
        tokenizer.encode_fast(text, false).unwrap().get_ids().to_vec()
    }

    #[test]
    fn tokens_that_a_file_beside_declares_are_tokens() {
        let decoder = json!({
            "0": { "content": "<s>", "special": true },
            "6": { "content": "<end>", "special": true },
            "5": { "content": "<start>", "special": true },
        });
        let config = json!({ "eos_token": "<end>", "added_tokens_decoder": decoder });
        assert_eq!(tokens(&complete(config, None).unwrap(), "<start>e<end>"), [5, 2, 6]);
        let config = json!({ "eos_token": "<end>" });
        let added = json!({ "<end>": 6, "<start>": 5 });
        assert_eq!(tokens(&complete(config, Some(added)).unwrap(), "<start>e<end>"), [5, 2, 6]);
    }

    #[test]
    fn a_named_token_of_the_vocabulary_is_read_as_one() {
        assert_eq!(tokens(&tokenizer(), "<e>"), [1, 2, 3]);
        let named = complete(json!({ "eos_token": "<e>", "pad_token": "[PAD]" }), None).unwrap();
        assert_eq!(tokens(&named, "<e>"), [4]);
        assert_eq!(named.token_to_id("[PAD]"), None);
    }

    #[test]
    fn a_declaration_that_does_not_fit_is_an_error() {
        let declared = |id: &str| json!({ "added_tokens_decoder": { id: { "content": "<end>" } } });
        assert_eq!(
            complete(declared("9"), None).unwrap_err(),
            "`tokenizer_config.json` says that `<end>` is token 9, but after those of `tokenizer.json` it is 5; save \
             the tokenizer again with `AutoTokenizer` in Python, which writes one file"
        );
        assert!(complete(declared("x"), None).unwrap_err().contains("`added_tokens_decoder.x` is"));
    }
}
