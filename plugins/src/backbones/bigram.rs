//! A backbone that counts pairs of tokens: fast whole-pipeline runs without an engine.

mod counts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use boldface::{
    Backbone, Features, FitContext, FmriShape, LanguageModel, Layout, Metric, Query, Result, Runtime,
    Sequence, TextEncoder, TextSource, Token, Training, register, seed,
};
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use counts::Counts;

/// Predicts each byte from the previous byte, and each code from the region's previous code. It writes
/// text without reading the fMRI: a fast stand-in, and a floor for real models.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bigram {}

register!(Backbone "bigram" => Bigram);

const END: u32 = 256;
const OPEN: u32 = 257;
const CLOSE: u32 = 258;
const ANSWER: u32 = 259;
const VOCABULARY: u32 = 260;
const WIDTH: usize = 64;
/// Width of a pooled prompt.
const BINS: usize = 512;
const FILE: &str = "bigram.json";

impl Backbone for Bigram {
    fn text_space(&self, text: &TextSource, cx: &mut FitContext<'_>) -> Result<Box<dyn TextEncoder>> {
        let mut counts = Counts::default();
        let documents: Vec<Vec<u32>> = [&text.general, &text.descriptions]
            .into_iter()
            .flatten()
            .map(|document| answer(document))
            .collect();
        for tokens in &documents {
            tokens.windows(2).for_each(|pair| counts.add(pair[0], pair[1]));
        }
        let pairs: Vec<&[u32]> = documents.iter().flat_map(|tokens| tokens.windows(2)).collect();
        let loss = -pairs.iter().map(|pair| counts.ln(pair[0], pair[1], VOCABULARY)).sum::<f64>()
            / pairs.len() as f64;
        cx.observer.record(1, Metric::lower_is_better("text_loss", loss));
        cx.observer.record(1, Metric::lower_is_better("perplexity", loss.exp()));
        cx.observer.progress(1, 1)?;
        Ok(Box::new(TextSide { text: counts }))
    }

    fn init(
        &self,
        text_space: &Path,
        shape: FmriShape,
        _: &mut FitContext<'_>,
    ) -> Result<Box<dyn LanguageModel>> {
        let TextSide { text } = read(text_space)?;
        Ok(Box::new(Model { shape, text, codes: Counts::default() }))
    }

    fn load(&self, dir: &Path, _: &Runtime) -> Result<Box<dyn LanguageModel>> {
        Ok(Box::new(read::<Model>(dir)?))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextSide {
    text: Counts,
}

impl TextEncoder for TextSide {
    /// Hashes pairs of bytes into bins and scales each row to length 1.
    fn pool(&self, texts: &[&str]) -> Result<Features> {
        let mut values = Vec::with_capacity(texts.len() * WIDTH);
        for text in texts {
            let mut bins = [0f32; WIDTH];
            for pair in text.as_bytes().windows(2) {
                bins[(usize::from(pair[0]) * 263 + usize::from(pair[1])) % WIDTH] += 1.0;
            }
            let length = bins.iter().map(|bin| bin * bin).sum::<f32>().sqrt().max(1e-12);
            values.extend(bins.iter().map(|bin| bin / length));
        }
        Features::new(WIDTH, values)
    }

    /// Returns one fixed random vector per byte.
    fn token_embeddings(&self, texts: &[&str]) -> Result<Features> {
        let mut rng = seed::stream(0, "bigram.embedding");
        let table: Vec<f32> = StandardNormal.sample_iter(&mut rng).take(256 * WIDTH).collect();
        let rows = texts.iter().flat_map(|text| text.bytes()).map(usize::from);
        Features::new(WIDTH, rows.flat_map(|row| &table[row * WIDTH..(row + 1) * WIDTH]).copied().collect())
    }

    fn save(&self, dir: &Path) -> Result<()> {
        write(self, dir)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    shape: FmriShape,
    text: Counts,
    codes: Counts,
}

impl LanguageModel for Model {
    fn prompt_tokens(&self, question: &str, fmri: bool) -> Result<(Vec<u32>, Vec<u32>)> {
        let before = if fmri { vec![OPEN] } else { Vec::new() };
        let close = fmri.then_some(CLOSE);
        let after = close.into_iter().chain(question.bytes().map(u32::from)).chain([ANSWER]).collect();
        Ok((before, after))
    }

    fn answer_tokens(&self, _: &str, _: bool, text: &str) -> Result<Vec<u32>> {
        Ok(answer(text))
    }

    fn text_tokens(&self, text: &str) -> Result<Vec<u32>> {
        Ok(text.bytes().map(u32::from).collect())
    }

    fn text(&self, tokens: &[u32]) -> Result<String> {
        let kept = tokens.iter().copied().take_while(|&token| token != END);
        let bytes: Vec<u8> = kept.filter_map(|token| u8::try_from(token).ok()).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Counts the pairs in each batch. Counting has no learning rate, so only the number of batches in
    /// `training` matters.
    fn train(
        &mut self,
        training: &Training,
        batches: &mut dyn Iterator<Item = Result<Vec<Sequence>>>,
        cx: &mut FitContext<'_>,
    ) -> Result<()> {
        for step in 1..=training.steps {
            // Sum and number of the losses in nats. Each loss is taken before its pair is counted.
            let mut losses: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
            for _ in 0..training.accumulate.max(1) {
                let out = || format!("the batches ran out at step {step} of {}", training.steps);
                let batch = batches.next().ok_or_else(out)??;
                for sequence in &batch {
                    self.learn(sequence, &mut losses);
                }
            }
            for (name, (sum, n)) in losses {
                cx.observer.record(step, Metric::lower_is_better(format!("{name}_loss"), sum / n as f64));
            }
            cx.observer.progress(step, training.steps)?;
        }
        Ok(())
    }

    fn rank(&self, queries: &[Query]) -> Result<Vec<Vec<f64>>> {
        let one =
            |query: &Query| query.options.iter().map(|option| self.ln_text(&query.prompt, option)).collect();
        Ok(queries.iter().map(one).collect())
    }

    fn generate(&self, prompts: &[Sequence], limit: usize) -> Result<Vec<Vec<u32>>> {
        let one = |prompt: &Sequence| {
            let first = last(prompt);
            let next =
                |&token: &u32| self.text.likeliest(token, |next| next <= END).filter(|&next| next != END);
            std::iter::successors(next(&first), next).take(limit).collect()
        };
        Ok(prompts.iter().map(one).collect())
    }

    /// Repeats a code that no other code ever followed.
    fn next_codes(&self, blocks: &[Sequence]) -> Result<Vec<Vec<u32>>> {
        let one = |sequence: &Sequence| {
            let block = sequence.fmri.as_ref().filter(|block| block.patches > 0);
            let block = block.ok_or("cannot predict the next codes of a sequence without fMRI")?;
            let last = (0..block.codes.rois).map(|roi| block.codes.at(block.patches - 1, roi));
            Ok(last.map(|code| self.codes.likeliest(code, |_| true).unwrap_or(code)).collect())
        };
        blocks.iter().map(one).collect()
    }

    /// Hashes the code of each region in each patch into bins with signs: a fixed projection without
    /// learned weights. The row is zero without a scan.
    fn pool(&self, prompts: &[Sequence]) -> Result<Features> {
        let mut values = vec![0f32; prompts.len() * BINS];
        for (prompt, bins) in prompts.iter().zip(values.chunks_mut(BINS)) {
            let Some(block) = &prompt.fmri else { continue };
            for patch in 0..block.patches {
                for roi in 0..block.codes.rois {
                    let place = (patch * block.codes.rois + roi) as u64;
                    let hash = scrambled(place << 32 | u64::from(block.codes.at(patch, roi)));
                    bins[hash as usize % BINS] += if hash >> 63 == 0 { 1.0 } else { -1.0 };
                }
            }
        }
        Features::new(BINS, values)
    }

    fn save(&self, dir: &Path) -> Result<()> {
        write(self, dir)
    }
}

impl Model {
    fn learn(&mut self, sequence: &Sequence, losses: &mut BTreeMap<&str, (f64, usize)>) {
        let layout = sequence.layout();
        if sequence.text_weight > 0.0 {
            for (place, token) in sequence.text_targets() {
                let before = at(sequence, &layout, place);
                note(losses, sequence.objective.name(), self.text.ln(before, token, VOCABULARY));
                self.text.add(before, token);
            }
        }
        let Some(block) = sequence.fmri.as_ref().filter(|_| sequence.code_weight > 0.0) else { return };
        let size = u32::try_from(self.shape.codebook_size).unwrap_or(u32::MAX);
        for (place, code) in sequence.code_targets() {
            let Token::Fmri { patch, roi } = layout.token(place) else { continue };
            let before = block.codes.at(patch, roi);
            note(losses, "fmri_to_fmri", self.codes.ln(before, code, size));
            self.codes.add(before, code);
        }
    }

    fn ln_text(&self, prompt: &Sequence, option: &[u32]) -> f64 {
        let before = std::iter::once(last(prompt)).chain(option.iter().copied());
        before.zip(option).map(|(before, &token)| self.text.ln(before, token, VOCABULARY)).sum()
    }
}

fn note<'a>(losses: &mut BTreeMap<&'a str, (f64, usize)>, name: &'a str, ln: f64) {
    let (sum, n) = losses.entry(name).or_default();
    *sum -= ln;
    *n += 1;
}

/// Returns the text token at `place`. The whole fMRI block reads as its closing delimiter.
fn at(sequence: &Sequence, layout: &Layout, place: usize) -> u32 {
    match layout.token(place) {
        Token::Before(index) => sequence.before[index],
        Token::After(index) => sequence.after[index],
        Token::Fmri { .. } => CLOSE,
    }
}

fn last(sequence: &Sequence) -> u32 {
    let layout = sequence.layout();
    layout.len().checked_sub(1).map_or(END, |place| at(sequence, &layout, place))
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit of the result depends on every bit.
fn scrambled(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn answer(text: &str) -> Vec<u32> {
    text.bytes().map(u32::from).chain([END]).collect()
}

fn write(value: &impl Serialize, dir: &Path) -> Result<()> {
    let path = dir.join(FILE);
    fs::write(&path, serde_json::to_vec(value)?)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(dir: &Path) -> Result<T> {
    let path = dir.join(FILE);
    let bytes = fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    Ok(serde_json::from_slice(&bytes).map_err(|error| format!("`{}` is damaged: {error}", path.display()))?)
}
