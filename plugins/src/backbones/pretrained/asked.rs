//! The words of questions for a published vocabulary, which cuts words into pieces.

use std::collections::{BTreeMap, BTreeSet};

use boldface::Result;
use boldface_lm::Vocabulary;
use serde::{Deserialize, Serialize};

use super::network::PretrainedNetwork;
use crate::backbones::causal::{QuestionWords, Trunk};

/// The words of questions and the seed of their random vectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedWords {
    seed: u64,
    words: QuestionWords,
}

impl AskedWords {
    /// Counts the words of `questions`.
    ///
    /// # Errors
    /// If a question cannot be tokenised.
    pub fn count(questions: &[String], vocabulary: &Vocabulary, seed: u64) -> Result<AskedWords> {
        let mut asked = Vec::new();
        for question in questions {
            let pieces = vocabulary.tokens(question)?.into_iter().map(|token| Piece::read(vocabulary, token));
            let pieces = pieces.collect::<Result<Vec<_>>>()?;
            let (mut words, mut word) = (BTreeSet::new(), String::new());
            for piece in &pieces {
                if !piece.extend(&mut word) {
                    words.insert(std::mem::replace(&mut word, piece.text.clone()));
                }
            }
            words.insert(word);
            words.remove("");
            asked.push(words);
        }
        Ok(AskedWords { seed, words: QuestionWords::count(asked) })
    }
}

/// The vectors of words, and the pieces that tokens are.
pub(super) struct QuestionVectors {
    words: AskedWords,
    vectors: BTreeMap<String, Vec<f32>>,
    /// The piece of every token.
    pieces: Vec<Piece>,
}

impl QuestionVectors {
    /// Draws the vectors of `words`, `width` wide.
    ///
    /// # Errors
    /// If a token cannot be read.
    pub fn new(words: AskedWords, vocabulary: &Vocabulary, width: usize) -> Result<QuestionVectors> {
        let vectors = words.words.vectors(PretrainedNetwork::NAME, words.seed, width);
        let tokens = 0..u32::try_from(vocabulary.len())?;
        let pieces = tokens.map(|token| Piece::read(vocabulary, token)).collect::<Result<_>>()?;
        Ok(QuestionVectors { words, vectors, pieces })
    }

    pub fn words(&self) -> &AskedWords {
        &self.words
    }

    /// Returns what each token adds to the sum of the words so far, one row per token. A token that
    /// continues a word replaces the vector of the word so far, so no token depends on a later one.
    pub fn rows(&self, tokens: &[u32], width: usize) -> Vec<f32> {
        let mut rows = vec![0.0; tokens.len() * width];
        let mut word = String::new();
        for (row, &token) in rows.chunks_exact_mut(width).zip(tokens) {
            // Marks around the block are no text.
            let Some(piece) = self.pieces.get(token as usize) else {
                word.clear();
                continue;
            };
            let before = self.vectors.get(&word);
            if piece.extend(&mut word) {
                before.iter().copied().flatten().zip(&mut *row).for_each(|(value, sum)| *sum -= value);
            } else {
                word.clone_from(&piece.text);
            }
            let now = self.vectors.get(&word);
            now.iter().copied().flatten().zip(row).for_each(|(value, sum)| *sum += value);
        }
        rows
    }
}

/// A token's text without the blanks around it.
struct Piece {
    text: String,
    /// Whether it consists of letters, digits and `_`.
    is_word: bool,
    /// Whether a blank is before it.
    is_apart: bool,
}

impl Piece {
    fn read(vocabulary: &Vocabulary, token: u32) -> Result<Piece> {
        let text = vocabulary.piece(token)?.trim().to_owned();
        let is_word = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
        // Some tokenizers drop the blank before a text, but none drops that before its second token.
        let is_apart = is_word && vocabulary.text(&[token, token])?.trim() != format!("{text}{text}");
        Ok(Piece { text, is_word, is_apart })
    }

    /// Appends the piece to a word that it continues; returns whether it did.
    fn extend(&self, word: &mut String) -> bool {
        let continues =
            self.is_word && !self.is_apart && word.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if continues {
            word.push_str(&self.text);
        }
        continues
    }
}
