//! Byte-pair tokens of text, and the marks around prompts and answers.

use std::fs;
use std::path::Path;

use boldface::{Error, Result, TextSource};
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizers::Prepend;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior::Isolated;

/// Splits text into words with the space before them, runs of other characters, and spaces. GPT-2's
/// words end at `_`, so a network named `SALnet_THAL` would be three words and questions about it hard
/// to tell apart.
const WORDS: &str = r" ?[\p{L}\p{N}_]+| ?[^\s\p{L}\p{N}_]+|\s+(?!\S)|\s+";

const FILE: &str = "tokenizer.json";

/// Number of marks, which are not text. Their ids follow those of the byte pairs, so no text can
/// contain them.
const MARKS: usize = 5;

/// A byte-level byte-pair tokenizer and the marks. A space is put in front of every text, so a word has
/// the same tokens at the start of an answer as in the middle of a sentence.
#[derive(Clone, Debug)]
pub(super) struct GptVocabulary {
    pairs: tokenizers::Tokenizer,
}

impl GptVocabulary {
    /// Smallest number of entries: the bytes and the marks.
    pub const LEAST: usize = 256 + MARKS;

    /// Learns up to `size` entries (marks included) from all of `text`.
    pub fn train(text: &TextSource, size: usize) -> Result<GptVocabulary> {
        let bytes = ByteLevel::new(false, false, false);
        let words = Split::new(SplitPattern::Regex(WORDS.to_owned()), Isolated, false)?;
        let mut pairs = tokenizers::Tokenizer::new(BPE::default());
        pairs
            .with_normalizer(Some(Prepend::new(" ".to_owned())))?
            .with_pre_tokenizer(Some(Sequence::new(vec![words.into(), bytes.into()])))
            .with_decoder(Some(bytes));
        let trainer = BpeTrainer::builder()
            .show_progress(false)
            .vocab_size(size.saturating_sub(MARKS))
            // Without the whole alphabet, bytes that this text lacks would be dropped silently.
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        let documents = text.general.iter().chain(&text.descriptions).chain(&text.questions);
        pairs.train(&mut TrainerWrapper::from(trainer), documents.map(String::as_str))?;
        Ok(GptVocabulary { pairs })
    }

    /// Reads the file written by [`GptVocabulary::save`].
    pub fn load(dir: &Path) -> Result<GptVocabulary> {
        let path = dir.join(FILE);
        let bytes = fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        let pairs = tokenizers::Tokenizer::from_bytes(bytes);
        Ok(GptVocabulary {
            pairs: pairs.map_err(|error| format!("`{}` is damaged: {error}", path.display()))?,
        })
    }

    pub fn save(&self, dir: &Path) -> Result<()> {
        let path = dir.join(FILE);
        let save = |error: Error| format!("cannot write `{}`: {error}", path.display());
        Ok(self.pairs.save(&path, false).map_err(save)?)
    }

    /// Number of entries, marks included.
    pub fn len(&self) -> usize {
        self.pairs.get_vocab_size(false) + MARKS
    }

    /// The mark that ends an answer or a document.
    pub fn end(&self) -> u32 {
        self.mark(0)
    }

    fn open(&self) -> u32 {
        self.mark(1)
    }

    fn close(&self) -> u32 {
        self.mark(2)
    }

    fn question(&self) -> u32 {
        self.mark(3)
    }

    fn answer(&self) -> u32 {
        self.mark(4)
    }

    fn mark(&self, index: usize) -> u32 {
        u32::try_from(self.pairs.get_vocab_size(false) + index).expect("a vocabulary is smaller than 2^32")
    }

    /// Tokenises plain text. The space put in front of the text belongs to the first token.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.pairs.encode_fast(text, false)?.get_ids().to_vec())
    }

    /// Tokenises `text` and appends the end mark.
    pub fn ended(&self, text: &str) -> Result<Vec<u32>> {
        let mut tokens = self.tokens(text)?;
        tokens.push(self.end());
        Ok(tokens)
    }

    /// Returns the tokens before and after the fMRI block of a question.
    pub fn prompt(&self, question: &str, fmri: bool) -> Result<(Vec<u32>, Vec<u32>)> {
        let (before, mut after) =
            if fmri { (vec![self.open()], vec![self.close()]) } else { (Vec::new(), Vec::new()) };
        after.push(self.question());
        after.extend(self.tokens(question)?);
        after.push(self.answer());
        Ok((before, after))
    }

    /// Returns the text of a token without the space before it; `None` for marks.
    pub fn word(&self, token: u32) -> Result<Option<String>> {
        Ok((token < self.end())
            .then(|| self.pairs.decode(&[token], false))
            .transpose()?
            .map(|text| text.trim().to_owned()))
    }

    /// Returns the text of tokens up to the end mark; other marks have no text.
    pub fn text(&self, tokens: &[u32]) -> Result<String> {
        let kept = tokens.iter().copied().take_while(|&token| token != self.end());
        let pairs: Vec<u32> = kept.filter(|&token| token < self.end()).collect();
        let text = self.pairs.decode(&pairs, false)?;
        Ok(text.strip_prefix(' ').unwrap_or(&text).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vocabulary(size: usize) -> GptVocabulary {
        let general = vec!["lower than usual, lower than most, higher than usual".to_owned()];
        GptVocabulary::train(&TextSource { general, ..TextSource::default() }, size).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_text_survives(text in "[^ ].{0,40}|") {
            let vocabulary = vocabulary(300);
            let tokens = vocabulary.tokens(&text).unwrap();
            prop_assert!(tokens.iter().all(|&token| token < vocabulary.end()));
            prop_assert_eq!(vocabulary.text(&tokens).unwrap(), text);
        }
    }

    #[test]
    fn frequent_words_become_one_token_and_training_repeats() {
        let (first, second) = (vocabulary(300), vocabulary(300));
        assert_eq!(first.tokens("lower").unwrap().len(), 1);
        let json = |vocabulary: &GptVocabulary| vocabulary.pairs.to_string(false).unwrap();
        assert_eq!(json(&first), json(&second));
        let dir = tempfile::tempdir().unwrap();
        first.save(dir.path()).unwrap();
        assert_eq!(json(&GptVocabulary::load(dir.path()).unwrap()), json(&second));
    }

    #[test]
    fn marks_follow_the_byte_pairs_and_are_no_text() {
        let vocabulary = vocabulary(0);
        assert_eq!(vocabulary.len(), GptVocabulary::LEAST);
        assert_eq!(vocabulary.prompt("a", true).unwrap().0, [257]);
        let (before, after) = vocabulary.prompt("a", false).unwrap();
        // Question mark, space, a, answer mark. The space is byte 32, shown as a letter of its own.
        assert_eq!((before.len(), after.len(), after[0], after[3]), (0, 4, 259, 260));
        let answer = vocabulary.ended("yes").unwrap();
        assert_eq!(answer.last(), Some(&256));
        assert_eq!(vocabulary.text(&[&answer[..], &answer[..]].concat()).unwrap(), "yes");
    }
}
