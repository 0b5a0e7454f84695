//! The text side: learns language before any fMRI, and pools texts into vectors.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boldface::{
    Features, FitContext, Metric, Objective, Result, Runtime, Sequence, TextEncoder, TextSource, Training,
    Tuning, seed,
};
use boldface_engine::no_grad;
use rand::RngExt;

use super::network::{ASKED, CENTER, GptNetwork};
use super::vocabulary::GptVocabulary;
use super::{Gpt, files};
use crate::backbones::causal::{self, Bucket, QuestionWords, Trunk};

/// A trained text model without fMRI parts.
pub(super) struct GptTextSide {
    pub network: GptNetwork,
    pub vocabulary: GptVocabulary,
}

impl GptTextSide {
    pub fn load(config: &Gpt, dir: &Path, runtime: &Runtime) -> Result<GptTextSide> {
        let (network, vocabulary) = files::load(config, dir, runtime)?;
        Ok(GptTextSide { network, vocabulary })
    }

    /// Trains on windows of text. Each window comes from the general text or from the descriptions with
    /// equal probability, however long they are.
    pub fn train(&mut self, config: &Gpt, text: &TextSource, cx: &mut FitContext<'_>) -> Result<()> {
        let mut streams = Vec::new();
        for documents in [&text.general, &text.descriptions] {
            let mut stream = Vec::new();
            for document in documents {
                stream.extend(self.vocabulary.ended(document)?);
            }
            if stream.len() >= 2 {
                streams.push(stream);
            }
        }
        if streams.is_empty() {
            return Err("there is no text to learn language from: no general text and no descriptions".into());
        }
        let mut rng = seed::stream(cx.seed, "gpt.windows");
        let mut window = || {
            let stream = &streams[rng.random_range(0..streams.len())];
            let length = config.text_length.min(stream.len());
            let start = rng.random_range(0..=stream.len() - length);
            let after = stream[start..start + length].to_vec();
            let text = Sequence::prompt(Vec::new(), None, after);
            Sequence { supervised: 1..length, objective: Objective::TextToText, text_weight: 1.0, ..text }
        };
        let mut batches =
            std::iter::repeat_with(|| Ok((0..config.text_batch_size).map(|_| window()).collect()));
        causal::fit(&mut self.network, &recipe(config), &mut batches, cx, |observer, step, losses| {
            let loss = losses[Objective::TextToText.name()];
            observer.record(step, Metric::lower_is_better("text_loss", loss));
            observer.record(step, Metric::lower_is_better("perplexity", loss.exp()));
        })?;
        self.center(&text.descriptions)?;
        self.tell_questions_apart(&text.questions, cx.seed)
    }

    /// Gives every word in the questions a random vector of its own ([`QuestionWords::vectors`]).
    pub(super) fn tell_questions_apart(&mut self, questions: &[String], seed: u64) -> Result<()> {
        let width = self.network.config.width;
        let mut tokens: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        let mut asked = Vec::new();
        for question in questions {
            let mut words = BTreeSet::new();
            for token in self.vocabulary.tokens(question)? {
                if let Some(word) = self.vocabulary.word(token)? {
                    tokens.entry(word.clone()).or_default().insert(token);
                    words.insert(word);
                }
            }
            asked.push(words);
        }
        let mut rows = vec![0.0; self.vocabulary.len() * width];
        for (word, vector) in QuestionWords::count(asked).vectors(GptNetwork::NAME, seed, width) {
            for &token in &tokens[&word] {
                rows[token as usize * width..][..width].copy_from_slice(&vector);
            }
        }
        self.network.params.set(ASKED, rows);
        Ok(())
    }

    /// Stores the mean pooled description, which [`TextEncoder::pool`] subtracts. Hidden states of a
    /// language model share one large direction: with it, all descriptions would be within a few
    /// degrees of each other and alignment would have little to work with.
    fn center(&mut self, descriptions: &[String]) -> Result<()> {
        let texts: Vec<&str> = descriptions.iter().map(String::as_str).collect();
        let pooled = self.pool(&texts)?;
        let mut mean = vec![0.0; pooled.width];
        for row in 0..pooled.rows {
            mean.iter_mut()
                .zip(pooled.row(row))
                .for_each(|(mean, value)| *mean += value / pooled.rows as f32);
        }
        self.network.params.set(CENTER, mean);
        Ok(())
    }

    /// Pools like [`TextEncoder::pool`], for tokens that fit into the context.
    fn pool_piece(&self, tokens: &[u32]) -> Result<Vec<f32>> {
        let sequence = Sequence::prompt(Vec::new(), None, tokens.to_vec());
        causal::check(&self.network, &sequence)?;
        Ok(no_grad(|| {
            let pass = self.network.pass(None);
            let hidden = self.network.read(&pass, &Bucket::new(&[(&sequence, 0..tokens.len())]), None);
            self.network.norm(&pass, &hidden).mean_rows(1).sub(pass.params.get(CENTER)).to_vec()
        }))
    }
}

fn recipe(config: &Gpt) -> Training {
    Training {
        steps: config.text_steps,
        accumulate: 1,
        peak_lr: config.text_peak_lr,
        final_lr: config.text_peak_lr / 10.0,
        warmup: config.text_steps / 20,
        weight_decay: 0.01,
        clip: 1.0,
        dropout: config.text_dropout,
        tuning: Tuning::Full,
    }
}

impl TextEncoder for GptTextSide {
    /// Averages the last hidden states over a text's tokens and subtracts the mean of the training
    /// descriptions. Returns zeros for an empty text. A text longer than the context is read in pieces,
    /// weighted by their tokens.
    fn pool(&self, texts: &[&str]) -> Result<Features> {
        let width = self.network.config.width;
        let mut values = vec![0.0; texts.len() * width];
        for (pooled, text) in values.chunks_exact_mut(width.max(1)).zip(texts) {
            let tokens = self.vocabulary.tokens(text)?;
            for piece in tokens.chunks(self.network.config.context.max(1)) {
                let share = piece.len() as f32 / tokens.len() as f32;
                let piece = self.pool_piece(piece)?;
                pooled.iter_mut().zip(piece).for_each(|(mean, value)| *mean += share * value);
            }
        }
        Features::new(width, values)
    }

    fn token_embeddings(&self, texts: &[&str]) -> Result<Features> {
        let mut tokens = Vec::new();
        for text in texts {
            tokens.extend(self.vocabulary.tokens(text)?);
        }
        let width = self.network.config.width;
        let table = self.network.params.get("tokens").to_vec();
        let row = |token: u32| &table[token as usize * width..(token as usize + 1) * width];
        Features::new(width, tokens.into_iter().flat_map(row).copied().collect())
    }

    fn save(&self, dir: &Path) -> Result<()> {
        files::save(&self.network, &self.vocabulary, dir)
    }
}
