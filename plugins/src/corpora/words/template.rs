//! Templates of sentences, with slots: `{noun} is {adjective} {numbers}.`

use std::fmt;

use boldface::Result;

/// A parsed form.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WordingTemplate(pub(super) Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Slot(String),
}

impl WordingTemplate {
    /// Splits `form` at its slots.
    ///
    /// # Errors
    /// If a brace has no partner.
    pub(super) fn parse(form: &str) -> Result<WordingTemplate> {
        let mut pieces = Vec::new();
        let mut rest = form;
        while let Some((text, slot)) = rest.split_once('{') {
            let (slot, after) = slot
                .split_once('}')
                .filter(|(slot, _)| !slot.contains('{') && !text.contains('}'))
                .ok_or_else(|| format!("`{form}` has a brace without its partner"))?;
            if !text.is_empty() {
                pieces.push(Piece::Text(text.to_owned()));
            }
            pieces.push(Piece::Slot(slot.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return Err(format!("`{form}` has a brace without its partner").into());
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(WordingTemplate(pieces))
    }

    /// Lists the names of its slots.
    pub(super) fn slots(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Slot(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Returns the text with each slot replaced by its `fill`.
    pub(super) fn filled<'a>(&'a self, mut fill: impl FnMut(&'a str) -> &'a str) -> String {
        let piece = |piece: &'a Piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Slot(name) => fill(name),
        };
        self.0.iter().map(piece).collect()
    }
}

impl fmt::Display for WordingTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Slot(name) => write!(f, "{{{name}}}"),
        })
    }
}
