//! The tokens of a published model: text to numbers and back, special tokens, and its chat template.

mod folder;
mod gguf;
mod joined;
mod pairs;

use std::path::Path;
use std::sync::Arc;

use boldface::Result;
use tokenizers::Tokenizer;

use crate::chat::{Chat, Message};

pub use joined::Part;

/// A model's tokenizer. Special tokens are written by their numbers; the plain text of users never becomes one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// Reads what looks like a special token as the text that it is.
    plain: Arc<Tokenizer>,
    /// Reads special tokens as such.
    marked: Arc<Tokenizer>,
    len: usize,
    ends: Vec<u32>,
    start: Option<u32>,
    chat: Option<Chat>,
}

impl Vocabulary {
    /// Joins what the files say; `ends` are in the order of who names them first, and may repeat.
    fn new(
        mut marked: Tokenizer,
        mut ends: Vec<u32>,
        start: Option<u32>,
        chat: Option<Chat>,
        file: &Path,
    ) -> Result<Vocabulary> {
        let fail = |error: tokenizers::Error| format!("`{}` cannot be used: {error}", file.display());
        // Some files ask for texts to be cut or filled up to a length, which is the caller's to decide.
        marked.with_truncation(None).map_err(fail)?;
        marked.with_padding(None);
        let mut plain = marked.clone();
        plain.set_encode_special_tokens(true);
        let highest = plain.get_vocab(true).into_values().max();
        let len = highest.map_or(0, |id| id as usize + 1);
        let (plain, marked) = (Arc::new(plain), Arc::new(marked));
        let mut vocabulary = Vocabulary { plain, marked, len, ends: Vec::new(), start, chat };
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

    /// One more than the highest token. At most as many as the embedding has rows.
    #[expect(clippy::len_without_is_empty, reason = "no vocabulary is empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Tokens of plain text: what looks like a special token is text. Without [`Vocabulary::start`].
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot read the text.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.plain.encode_fast(text, false)?.get_ids().to_vec())
    }

    /// Tokens of text in which special tokens are written as such, as chat templates write them.
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot read the text.
    pub fn marked_tokens(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.marked.encode_fast(text, false)?.get_ids().to_vec())
    }

    /// The text of tokens, special ones left out. Bytes that are no whole character become U+FFFD.
    ///
    /// # Errors
    ///
    /// If a token does not exist.
    pub fn text(&self, tokens: &[u32]) -> Result<String> {
        self.known(tokens)?;
        self.marked.decode(tokens, true)
    }

    /// One token as text, special ones too, for display.
    ///
    /// # Errors
    ///
    /// If the token does not exist.
    pub fn piece(&self, token: u32) -> Result<String> {
        self.known(&[token])?;
        self.marked.decode(&[token], false)
    }

    /// Tokens that end an answer, at least one; the first is the one to append.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The token every text begins with, if the model wants one. Chat templates write it themselves.
    pub fn start(&self) -> Option<u32> {
        self.start
    }

    /// The special token of this text, such as `<|im_end|>`.
    pub fn special(&self, text: &str) -> Option<u32> {
        self.marked.get_added_vocabulary().get_vocab().get(text).copied()
    }

    /// Whether the model has a chat template.
    pub fn has_chat(&self) -> bool {
        self.chat.is_some()
    }

    /// A conversation in the model's own form, for [`Vocabulary::marked_tokens`]; `open_answer` begins the
    /// assistant's turn.
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

    /// Refuses a tokenizer with tokens that the embedding has no rows for.
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

    /// The special token that the chat template writes after an answer.
    fn end_of_turn(&self) -> Option<u32> {
        const ANSWER: &str = "answer";
        let turns = [Message::new("user", "question"), Message::new("assistant", ANSWER)];
        let text = self.chat.as_ref()?.render(&turns, false).ok()?;
        let behind = &text[text.rfind(ANSWER)? + ANSWER.len()..];
        let first = *self.marked_tokens(behind).ok()?.first()?;
        self.is_special(first).then_some(first)
    }

    fn known(&self, tokens: &[u32]) -> Result<()> {
        match tokens.iter().find(|token| **token as usize >= self.len) {
            Some(token) => Err(format!("token {token} does not exist; there are {}", self.len).into()),
            None => Ok(()),
        }
    }
}
