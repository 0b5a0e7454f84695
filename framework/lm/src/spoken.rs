//! Tokens as text while they come: a character of several tokens waits until it is whole.

use boldface::Result;

use crate::vocabulary::Vocabulary;

/// The text of tokens that come one by one.
#[derive(Debug)]
pub struct Spoken<'a> {
    vocabulary: &'a Vocabulary,
    tokens: Vec<u32>,
    /// Tokens from here on are read together, since some tokenizers write the first of a text otherwise than others.
    from: usize,
    /// Tokens before here were said.
    said: usize,
}

impl<'a> Spoken<'a> {
    /// Nothing yet.
    pub fn new(vocabulary: &'a Vocabulary) -> Spoken<'a> {
        Spoken { vocabulary, tokens: Vec::new(), from: 0, said: 0 }
    }

    /// What one more token lets be said; nothing while its last character is not whole.
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

    /// What is left when no more tokens come.
    ///
    /// # Errors
    ///
    /// As [`Spoken::push`].
    pub fn rest(self) -> Result<String> {
        self.new_text()
    }

    fn new_text(&self) -> Result<String> {
        let old = self.vocabulary.text(&self.tokens[self.from..self.said])?;
        let all = self.vocabulary.text(&self.tokens[self.from..])?;
        Ok(all.get(old.len()..).unwrap_or_default().to_owned())
    }
}
