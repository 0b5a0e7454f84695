//! The text side: a frozen published model that pools texts into vectors.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Features, Observer, Result, Sequence, TextEncoder};
use boldface_engine::{Engine, Params, no_grad};
use boldface_lm::Vocabulary;

use super::asked::AskedWords;
use super::base::{BaseFiles, Fingerprint};
use super::network::PretrainedNetwork;
use super::{Pretrained, files};
use crate::backbones::causal::{self, Bucket, SequenceSpan, Trunk};

const FILE: &str = "center.safetensors";
const CENTER: &str = "center";

/// Largest number of tokens read side by side.
const BATCH: usize = 2048;

/// A published text model and the mean vector of the training descriptions.
pub(super) struct PretrainedTextSide {
    network: PretrainedNetwork,
    vocabulary: Vocabulary,
    base: Fingerprint,
    center: Vec<f32>,
    /// The words of questions; `None` if the model is told none.
    words: Option<AskedWords>,
    /// Cached vectors of texts before the centre is subtracted, so that each text is read once.
    known: RefCell<BTreeMap<String, Vec<f32>>>,
}

impl PretrainedTextSide {
    pub fn new(config: &Pretrained, base: &BaseFiles, engine: &Engine) -> Result<PretrainedTextSide> {
        let network = PretrainedNetwork::new(config, base.files.network(engine)?);
        Ok(PretrainedTextSide {
            vocabulary: base.files.vocabulary()?,
            base: base.fingerprint.clone(),
            center: vec![0.0; network.limits().width],
            words: None,
            known: RefCell::default(),
            network,
        })
    }

    /// Stores the mean pooled description, which [`TextEncoder::pool`] subtracts. Hidden states of a
    /// language model share one large direction: with it, all descriptions would be within a few
    /// degrees of each other and alignment would have little to work with.
    ///
    /// # Errors
    /// If a description cannot be read, or the user interrupts.
    pub fn center(&mut self, descriptions: &[String], observer: &mut dyn Observer) -> Result<()> {
        let texts: Vec<&str> = descriptions.iter().map(String::as_str).collect();
        self.read(&texts, &mut |done, all| observer.progress(done, all))?;
        let known = self.known.borrow();
        let mut center = vec![0.0; self.center.len()];
        for text in descriptions {
            let share = 1.0 / descriptions.len() as f32;
            center.iter_mut().zip(&known[text]).for_each(|(mean, value)| *mean += share * value);
        }
        drop(known);
        self.center = center;
        Ok(())
    }

    /// Counts the words of questions, whose random vectors `seed` draws.
    ///
    /// # Errors
    /// If a question cannot be tokenised.
    pub fn count_words(&mut self, questions: &[String], seed: u64) -> Result<()> {
        self.words = Some(AskedWords::count(questions, &self.vocabulary, seed)?);
        Ok(())
    }

    /// Reads the texts that are not cached yet, similar lengths side by side.
    fn read(&self, texts: &[&str], progress: &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<()> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut fresh: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
        for text in texts.iter().copied().filter(|&text| !self.known.borrow().contains_key(text)) {
            if fresh.insert(text, vec![0.0; self.center.len()]).is_none() {
                pieces.extend(self.pieces(text)?);
            }
        }
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.sequence.after.len()));
        let (mut done, all) = (0, pieces.len() as u64);
        while (done as usize) < pieces.len() {
            let rest = &pieces[done as usize..];
            let longest = rest[0].sequence.after.len();
            let alike = rest.iter().take_while(|piece| piece.sequence.after.len() * 5 >= longest * 4);
            let batch = &rest[..alike.count().min((BATCH / longest).max(1))];
            for (piece, mean) in batch.iter().zip(self.means(batch)) {
                let pooled = fresh.get_mut(piece.text).expect("every piece is of a text");
                pooled.iter_mut().zip(mean).for_each(|(sum, value)| *sum += piece.share * value);
            }
            done += batch.len() as u64;
            progress(done, all)?;
        }
        let fresh = fresh.into_iter().map(|(text, pooled)| (text.to_owned(), pooled));
        self.known.borrow_mut().extend(fresh);
        Ok(())
    }

    /// Splits a text into sequences that fit into the context; an empty text has none.
    fn pieces<'a>(&self, text: &'a str) -> Result<Vec<Piece<'a>>> {
        let start = self.vocabulary.start();
        let tokens = self.vocabulary.tokens(text)?;
        let room = (self.network.context - usize::from(start.is_some())).max(1);
        let piece = |part: &[u32]| {
            let after: Vec<u32> = start.into_iter().chain(part.iter().copied()).collect();
            let sequence = Sequence::prompt(Vec::new(), None, after);
            causal::check(&self.network, &sequence)?;
            Ok(Piece { text, sequence, tokens: part.len(), share: part.len() as f32 / tokens.len() as f32 })
        };
        tokens.chunks(room).map(piece).collect()
    }

    /// Averages the last hidden states over each piece's own tokens.
    fn means(&self, pieces: &[Piece<'_>]) -> Vec<Vec<f32>> {
        let spans: Vec<SequenceSpan<'_>> =
            pieces.iter().map(|piece| (&piece.sequence, 0..piece.sequence.after.len())).collect();
        let bucket = Bucket::new(&spans);
        no_grad(|| {
            let pass = self.network.pass(None);
            let hidden = self.network.norm(&pass, &self.network.read(&pass, &bucket, None));
            let mean = |(row, piece): (usize, &Piece<'_>)| {
                let end = row * bucket.length + piece.sequence.after.len();
                hidden.narrow(0, end - piece.tokens, piece.tokens).mean_rows(1).to_vec()
            };
            pieces.iter().enumerate().map(mean).collect()
        })
    }
}

/// A part of a text that is read at once.
struct Piece<'a> {
    text: &'a str,
    sequence: Sequence,
    /// Number of tokens of the text itself, which are the last of the sequence.
    tokens: usize,
    /// Its share of the whole text's tokens.
    share: f32,
}

impl TextEncoder for PretrainedTextSide {
    /// Averages the last hidden states over a text's tokens and subtracts the mean of the training
    /// descriptions. Returns zeros for an empty text. A text longer than the context is read in pieces,
    /// weighted by their tokens.
    fn pool(&self, texts: &[&str]) -> Result<Features> {
        self.read(texts, &mut |_, _| Ok(()))?;
        let known = self.known.borrow();
        let mut values = Vec::with_capacity(texts.len() * self.center.len());
        for text in texts {
            let is_empty = self.vocabulary.tokens(text)?.is_empty();
            let centred = known[*text].iter().zip(&self.center).map(|(value, center)| value - center);
            values.extend(centred.map(|value| if is_empty { 0.0 } else { value }));
        }
        Features::new(self.center.len(), values)
    }

    fn token_embeddings(&self, texts: &[&str]) -> Result<Features> {
        let mut tokens = Vec::new();
        for text in texts {
            tokens.extend(self.vocabulary.tokens(text)?);
        }
        let published = &self.network.published;
        let rows = match tokens.is_empty() {
            true => Vec::new(),
            false => no_grad(|| published.embed(&published.inference(), &tokens).to_vec()),
        };
        Features::new(self.center.len(), rows)
    }

    /// Saves the centre, the fingerprint and the words of questions. The weights stay in the published files.
    fn save(&self, dir: &Path) -> Result<()> {
        let mut params = Params::new(self.network.params().engine());
        params.insert(CENTER, self.center.clone(), &[self.center.len()]);
        params.save(&dir.join(FILE))?;
        files::save_text(&self.base, self.words.as_ref(), dir)
    }
}
