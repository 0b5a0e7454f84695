//! The regular expressions of a tokenizer, and texts on which they give up.
//!
//! The `tokenizers` library goes on without a word when a match takes too many steps: the rest of the text
//! is not split, and gets other tokens than the model knows. Here it is an error, as in Python.

use std::path::Path;

use boldface::{Error, Result};
use fancy_regex::Regex;
use serde_json::Value;
use tokenizers::pattern::Invert;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    NormalizedString, Normalizer, NormalizerWrapper, PreTokenizer, PreTokenizerWrapper, Tokenizer,
};

/// Bytes that a normaliser may make from one byte of a text.
const MOST_GROWTH: usize = 10_000;

/// The steps of a tokenizer that have regular expressions, and those before them.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    file: String,
    normalizers: Vec<(NormalizerWrapper, Option<Regex>)>,
    splits: Vec<(PreTokenizerWrapper, Option<Regex>)>,
}

impl Patterns {
    /// Finds the patterns of a tokenizer, and refuses steps that panic or that blow texts up.
    pub fn new(tokenizer: &Tokenizer, file: &Path) -> Result<Patterns> {
        let file = file.display().to_string();
        let mut patterns = Patterns { file, normalizers: Vec::new(), splits: Vec::new() };
        let mut growth = 1_usize;
        if let Some(normalizer) = tokenizer.get_normalizer() {
            patterns.add_normalizer(normalizer, &mut growth)?;
        }
        if growth > MOST_GROWTH {
            return Err(patterns.fail(&format!(
                "`normalizer` may replace one character by more than {MOST_GROWTH} bytes; this is no tokenizer of text"
            )));
        }
        if let Some(split) = tokenizer.get_pre_tokenizer() {
            patterns.add_split(split)?;
        }
        cut(&mut patterns.normalizers);
        cut(&mut patterns.splits);
        Ok(patterns)
    }

    fn add_normalizer(&mut self, normalizer: &NormalizerWrapper, growth: &mut usize) -> Result<()> {
        let mut pattern = None;
        match normalizer {
            NormalizerWrapper::Sequence(all) => {
                return all.as_ref().iter().try_for_each(|one| self.add_normalizer(one, growth));
            }
            NormalizerWrapper::Prepend(step) => *growth = growth.saturating_mul(step.prepend.len().max(1)),
            NormalizerWrapper::Replace(step) => {
                // The library keeps the pattern to itself.
                let json = serde_json::to_value(step).map_err(|error| self.fail(&error.to_string()))?;
                let text = json["pattern"]["String"].as_str().map_or(1, str::len).max(1);
                *growth = growth.saturating_mul(step.content.len().div_ceil(text).max(1));
                pattern = json["pattern"]["Regex"].as_str().map(|regex| self.compile(regex)).transpose()?;
            }
            _ => {}
        }
        self.normalizers.push((normalizer.clone(), pattern));
        Ok(())
    }

    fn add_split(&mut self, split: &PreTokenizerWrapper) -> Result<()> {
        let mut pattern = None;
        match split {
            PreTokenizerWrapper::Sequence(all) => {
                return all.as_ref().iter().try_for_each(|one| self.add_split(one));
            }
            PreTokenizerWrapper::Split(Split { pattern: SplitPattern::Regex(regex), .. }) => {
                pattern = Some(self.compile(regex)?);
            }
            PreTokenizerWrapper::FixedLength(fixed) if fixed.length == 0 => {
                return Err(self.fail("`pre_tokenizer` splits text into pieces of length 0"));
            }
            _ => {}
        }
        self.splits.push((split.clone(), pattern));
        Ok(())
    }

    fn compile(&self, regex: &str) -> Result<Regex> {
        Regex::new(regex).map_err(|error| {
            self.fail(&format!("the pattern {} cannot be read: {error}", Value::from(regex)))
        })
    }

    fn fail(&self, what: &str) -> Error {
        format!("`{}`: {what}", self.file).into()
    }

    /// Refuses a text on which a pattern gives up. `tokenizer` is the one with these patterns, or one with
    /// other added tokens.
    pub fn check(&self, tokenizer: &Tokenizer, text: &str) -> Result<()> {
        let mut normalized = NormalizedString::from(text);
        for (step, pattern) in &self.normalizers {
            if let Some(pattern) = pattern {
                self.find_all(pattern, normalized.get())?;
            }
            step.normalize(&mut normalized)?;
        }
        if self.splits.is_empty() {
            return Ok(());
        }
        let added = tokenizer.get_added_vocabulary();
        let mut pieces = added.extract_and_normalize(tokenizer.get_normalizer(), text);
        for (step, pattern) in &self.splits {
            match (step, pattern) {
                (PreTokenizerWrapper::Split(split), Some(pattern)) => {
                    let split = pieces.split(|_, piece| match split.invert {
                        true => piece.split(Invert(pattern), split.behavior),
                        false => piece.split(pattern, split.behavior),
                    });
                    split.map_err(|error| self.gave_up(pattern, text, &error.to_string()))?;
                }
                _ => step.pre_tokenize(&mut pieces)?,
            }
        }
        Ok(())
    }

    fn find_all(&self, pattern: &Regex, text: &str) -> Result<()> {
        for found in pattern.find_iter(text) {
            found.map_err(|error| self.gave_up(pattern, text, &error.to_string()))?;
        }
        Ok(())
    }

    fn gave_up(&self, pattern: &Regex, text: &str, error: &str) -> Error {
        let start: String = text.chars().take(60).collect();
        self.fail(&format!(
            "the pattern {} gives up on a text of {} bytes that begins with {}: {error}; without it, the text would \
             have other tokens than the model knows",
            Value::from(pattern.as_str()),
            text.len(),
            Value::from(start)
        ))
    }
}

/// Drops the steps behind the last pattern.
fn cut<T>(steps: &mut Vec<(T, Option<Regex>)>) {
    let kept = steps.iter().rposition(|(_, pattern)| pattern.is_some()).map_or(0, |last| last + 1);
    steps.truncate(kept);
}
