//! Text of tokens as they arrive: a character of several tokens waits until it is complete.

use boldface::Result;

use crate::vocabulary::Vocabulary;

/// Tokens of a prompt that are decoded with the first token behind it: as many as a character may have.
const BEHIND: usize = 4;

/// The text of tokens that arrive one by one.
#[derive(Debug)]
pub struct Spoken<'a> {
    vocabulary: &'a Vocabulary,
    tokens: Vec<u32>,
    /// Tokens from here on are decoded together, since some tokenizers decode a text's first token
    /// differently.
    from: usize,
    /// Tokens before here were returned as text.
    said: usize,
}

impl<'a> Spoken<'a> {
    /// Starts without tokens.
    pub fn new(vocabulary: &'a Vocabulary) -> Spoken<'a> {
        Spoken { vocabulary, tokens: Vec::new(), from: 0, said: 0 }
    }

    /// Starts behind the tokens of a prompt, whose text is not returned.
    pub fn after(vocabulary: &'a Vocabulary, prompt: &[u32]) -> Spoken<'a> {
        let tokens = prompt[prompt.len().saturating_sub(BEHIND)..].to_vec();
        let said = tokens.len();
        Spoken { vocabulary, tokens, from: 0, said }
    }

    /// Adds a token and returns the new text, which is empty while its last character is incomplete.
    ///
    /// # Errors
    ///
    /// If the token does not exist.
    pub fn push(&mut self, token: u32) -> Result<String> {
        self.tokens.push(token);
        let text = self.new_text()?;
        if text.ends_with(char::REPLACEMENT_CHARACTER) {
            return Ok(String::new());
        }
        (self.from, self.said) = (self.said, self.tokens.len());
        Ok(text)
    }

    /// Returns the text that is left when no more tokens come.
    ///
    /// # Errors
    ///
    /// As for [`Spoken::push`].
    pub fn rest(self) -> Result<String> {
        self.new_text()
    }

    fn new_text(&self) -> Result<String> {
        let old = self.vocabulary.text(&self.tokens[self.from..self.said])?;
        let all = self.vocabulary.text(&self.tokens[self.from..])?;
        Ok(all.get(old.len()..).unwrap_or_default().to_owned())
    }
}
