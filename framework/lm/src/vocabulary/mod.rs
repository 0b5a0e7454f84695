//! The tokens of a published model: text to numbers and back, special tokens, and its chat template.

mod beside;
mod folder;
mod gguf;
mod joined;
mod pairs;
mod patterns;

use std::path::Path;
use std::sync::Arc;

use boldface::Result;
use tokenizers::models::ModelWrapper;
use tokenizers::{Encoding, Tokenizer};

use crate::chat::{ChatTemplate, Message};

pub use joined::TextPart;
use patterns::Patterns;

/// A model's tokenizer; cheap to clone. The plain text of users never becomes a special token.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// Reads text that looks like a special token as text.
    plain: Arc<Tokenizer>,
    /// Recognises special tokens.
    marked: Arc<Tokenizer>,
    len: usize,
    ends: Vec<u32>,
    start: Option<u32>,
    chat: Option<ChatTemplate>,
    patterns: Arc<Patterns>,
}

impl Vocabulary {
    /// Combines the contents of the files; `ends` are in order of precedence and may repeat.
    fn new(
        mut marked: Tokenizer,
        mut ends: Vec<u32>,
        start: Option<u32>,
        chat: Option<ChatTemplate>,
        file: &Path,
    ) -> Result<Vocabulary> {
        let fail = |error: tokenizers::Error| format!("`{}` cannot be used: {error}", file.display());
        without_lengths(&mut marked).map_err(fail)?;
        // Dropout is for training: with it, a text would have other tokens each time.
        if let ModelWrapper::BPE(model) = marked.get_model()
            && model.dropout.is_some()
        {
            let mut model = model.clone();
            model.dropout = None;
            marked.with_model(model);
        }
        let patterns = Arc::new(Patterns::new(&marked, file)?);
        let mut plain = marked.clone();
        plain.set_encode_special_tokens(true);
        let highest = plain.get_vocab(true).into_values().max();
        let len = highest.map_or(0, |id| id as usize + 1);
        let (plain, marked) = (Arc::new(plain), Arc::new(marked));
        let mut vocabulary = Vocabulary { plain, marked, len, ends: Vec::new(), start, chat, patterns };
        ends.extend(vocabulary.end_of_turn());
        for end in ends {
            if end as usize >= len {
                return Err(format!(
                    "`{}`: a text ends with token {end}, but there are {len} tokens",
                    file.display()
                )
                .into());
            }
            if !vocabulary.ends.contains(&end) {
                vocabulary.ends.push(end);
            }
        }
        if vocabulary.ends.is_empty() {
            return Err(format!("`{}` names no token that ends a text (`eos_token`)", file.display()).into());
        }
        Ok(vocabulary)
    }

    /// Returns the highest token plus one, which is at most the number of rows of the embedding.
    #[expect(clippy::len_without_is_empty, reason = "no vocabulary is empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns the tokens of plain text, special tokens read as text, without [`Vocabulary::start`].
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot read the text.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.encoded(&self.plain, text)?.get_ids().to_vec())
    }

    /// Returns the tokens of text with special tokens in it, as chat templates write it.
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot read the text.
    pub fn marked_tokens(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.encoded(&self.marked, text)?.get_ids().to_vec())
    }

    /// Returns the text of tokens, without special ones. Bytes of an incomplete character become U+FFFD.
    ///
    /// # Errors
    ///
    /// If a token does not exist.
    pub fn text(&self, tokens: &[u32]) -> Result<String> {
        self.known(tokens)?;
        self.marked.decode(tokens, true)
    }

    /// Returns one token as text for display, special tokens too.
    ///
    /// # Errors
    ///
    /// If the token does not exist.
    pub fn piece(&self, token: u32) -> Result<String> {
        self.known(&[token])?;
        self.marked.decode(&[token], false)
    }

    /// Returns one token as text behind the token `before`, as [`Vocabulary::piece`] does alone. A
    /// SentencePiece tokenizer drops the blank at the start of what it decodes, so that pieces decoded alone
    /// are no text together.
    ///
    /// # Errors
    ///
    /// If a token does not exist.
    pub fn piece_after(&self, before: Option<u32>, token: u32) -> Result<String> {
        let alone = self.piece(token)?;
        let Some(before) = before else { return Ok(alone) };
        let (old, both) = (self.piece(before)?, self.marked.decode(&[before, token], false)?);
        Ok(both.strip_prefix(&old).map_or(alone, str::to_owned))
    }

    /// Returns the tokens that end an answer, at least one; the first one is appended.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Returns the token that every text begins with, if the model expects one. Chat templates write it
    /// themselves.
    ///
    /// The post-processor of `tokenizer.json` says so, as in transformers, and not `add_bos_token` beside it.
    /// In a GGUF file it is `tokenizer.ggml.add_bos_token`, as in llama.cpp.
    pub fn start(&self) -> Option<u32> {
        self.start
    }

    /// Returns the special token of this text, such as `<|im_end|>`.
    pub fn special(&self, text: &str) -> Option<u32> {
        self.marked.get_added_vocabulary().get_vocab().get(text).copied()
    }

    /// Returns whether the model has a chat template.
    pub fn has_chat(&self) -> bool {
        self.chat.is_some()
    }

    /// Renders a conversation in the model's form, for [`Vocabulary::marked_tokens`].
    ///
    /// `open_answer` begins the assistant's turn.
    ///
    /// # Errors
    ///
    /// If the model has no chat template, or it refuses the conversation.
    pub fn chat(&self, messages: &[Message], open_answer: bool) -> Result<String> {
        let chat = self.chat.as_ref().ok_or("this model has no chat template")?;
        chat.render(messages, open_answer)
    }

    /// Writes `tokenizer.json`, which reads back as this tokenizer.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let fail = |error: tokenizers::Error| format!("cannot write `{}`: {error}", file.display());
        Ok(self.marked.save(file, false).map_err(fail)?)
    }

    /// Refuses a tokenizer with tokens for which the embedding has no rows.
    pub(crate) fn fits(&self, rows: usize, tokenizer: &Path, embedding: &str) -> Result<()> {
        if self.len <= rows {
            return Ok(());
        }
        let (tokenizer, last) = (tokenizer.display(), self.len - 1);
        Err(format!(
            "the tokenizer `{tokenizer}` has tokens up to {last}, but {embedding} has {rows} rows; it is that of \
             another model"
        )
        .into())
    }

    /// Returns the special token that the chat template writes after an answer.
    fn end_of_turn(&self) -> Option<u32> {
        const ANSWER: &str = "answer";
        let turns = [Message::new("user", "question"), Message::new("assistant", ANSWER)];
        let text = self.chat.as_ref()?.render(&turns, false).ok()?;
        let behind = &text[text.rfind(ANSWER)? + ANSWER.len()..];
        let first = *self.marked_tokens(behind).ok()?.first()?;
        self.is_special(first).then_some(first)
    }

    /// Returns the tokens of a text and their places in it. `tokenizer` has the patterns of this vocabulary.
    fn encoded(&self, tokenizer: &Tokenizer, text: &str) -> Result<Encoding> {
        self.patterns.check(tokenizer, text)?;
        tokenizer.encode(text, false)
    }

    fn known(&self, tokens: &[u32]) -> Result<()> {
        match tokens.iter().find(|token| **token as usize >= self.len) {
            Some(token) => Err(format!("token {token} does not exist; there are {}", self.len).into()),
            None => Ok(()),
        }
    }
}

/// Takes away the length to which some files truncate or pad texts, which is the caller's decision.
fn without_lengths(tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
    tokenizer.with_truncation(None)?;
    tokenizer.with_padding(None);
    Ok(())
}

#[cfg(test)]
mod tests;
