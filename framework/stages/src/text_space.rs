//! The backbone's frozen text side, and the vectors it makes of the training scans' descriptions.
//!
//! It is trained before the tokenizer, because aligning tokens with random vectors teaches nothing.
//! Task instructions are not part of its training: adding a task must not retrain the tokenizer.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Backbone, Features, Part, Result, ScanId, TextSource, seed};
use rand::seq::SliceRandom;
use serde::Serialize;

use super::StageContext;
use super::config::{ExportedPart, GeneralText, HashedPlugin};
use super::taught::Taught;
use crate::spec::Taken;
use crate::store::arrays::{self, Array};
use crate::store::{SCANS, VECTORS};
use crate::study::Study;

/// Increase when the same config gives different results.
pub const VERSION: u32 = 3;

/// What the stage reads.
#[derive(Debug, Serialize)]
pub struct TextSpaceConfig<'a> {
    /// The language model.
    pub backbone: HashedPlugin<'a, dyn Backbone>,
    /// The general text. In the key even if no text side is trained, for the stages that read it later.
    pub text: Option<GeneralText<'a>>,
    /// The language model of an export.
    pub start: Option<ExportedPart<'a>>,
    /// Whether a text side is trained. It is not if the tokenizer is an export's too, for nothing aligns with it.
    pub trains: bool,
}

impl<'a> TextSpaceConfig<'a> {
    /// Takes what the stage reads from a study.
    pub fn new(study: &'a Study) -> TextSpaceConfig<'a> {
        let start = study.takes(Taken::Model);
        let weights = study.content.weights.as_ref();
        TextSpaceConfig {
            backbone: HashedPlugin::new(&study.backbone, |backbone| backbone.version(), weights),
            text: GeneralText::new(study),
            start: start.map(|start| ExportedPart::new(start, start.content(Taken::Model))),
            trains: !start.is_some_and(|start| start.takes(Taken::Tokenizer)),
        }
    }
}

/// Number of texts in the sample of token vectors.
const TEXTS: usize = 256;

/// Longest beginning of a text in the sample, in characters.
const CHARACTERS: usize = 2000;

/// Most token vectors to keep.
const TOKENS: usize = 4096;

/// Number of descriptions pooled at once.
const BATCH: usize = 16;

/// Saves the text encoder, the pooled vector of each training scan's description, and a sample of token
/// vectors. It reads no text about held-out scans. If the experiment starts from an export, saves the
/// export's language model too, and nothing else if the tokenizer is also the export's.
pub fn run(work: &mut StageContext<'_, TextSpaceConfig<'_>>) -> Result<()> {
    if let (Some(part), false) = (&work.config.start, work.config.trains) {
        return part.start.copy_model(work.dir);
    }
    let split = work.inputs.split()?;
    let mut descriptions: BTreeMap<ScanId, String> = BTreeMap::new();
    for (id, sentences) in work.inputs.sentences()? {
        if split.part(&id)? == Part::Train {
            descriptions.insert(id, sentences.join(" "));
        }
    }
    work.fitted_on(descriptions.keys())?;
    let asked = work.inputs.questions()?;
    let source = TextSource {
        general: work.config.text.as_ref().map_or(Ok(Vec::new()), GeneralText::read)?,
        descriptions: descriptions.values().cloned().collect(),
        questions: asked
            .values()
            .flat_map(BTreeMap::values)
            .flat_map(|asked| asked.wordings.clone())
            .collect(),
    };
    // The lint reads the general text itself.
    work.write_taught(Taught {
        questions: source.questions.iter().cloned().collect(),
        texts: source.descriptions.iter().cloned().collect(),
        ..Taught::default()
    })?;
    let encoder = work.config.backbone.config.text_space(&source, &mut work.fit())?;
    encoder.save(&work.folder("encoder")?)?;

    let mut pooled = Vec::new();
    for batch in source.descriptions.chunks(BATCH) {
        let features = encoder.pool(&batch.iter().map(String::as_str).collect::<Vec<_>>())?;
        if features.rows != batch.len() {
            return Err(format!("{} vectors were pooled from {} texts", features.rows, batch.len()).into());
        }
        pooled.push(features);
    }
    let sample = sample(&source, work.seed);
    let tokens = encoder.token_embeddings(&sample)?;
    let tokens = thinned(tokens, work.seed);
    let width = pooled.first().map_or(tokens.width, |features| features.width);
    let pooled = pooled.into_iter().flat_map(|features| features.values).collect();
    write(work.dir, &Features::new(width, pooled)?, &tokens)?;
    work.write_json(SCANS, &descriptions.keys().collect::<Vec<_>>())?;
    work.config.start.as_ref().map_or(Ok(()), |part| part.start.copy_model(work.dir))
}

/// Draws a sample of texts and cuts each to its beginning.
fn sample(source: &TextSource, seed: u64) -> Vec<&str> {
    let mut texts: Vec<&str> =
        source.general.iter().chain(&source.descriptions).map(String::as_str).collect();
    texts.shuffle(&mut seed::stream(seed, "text-space.texts"));
    texts.truncate(TEXTS);
    let cut = |text: &'_ str| text.char_indices().nth(CHARACTERS).map_or(text.len(), |(place, _)| place);
    texts.into_iter().map(|text| &text[..cut(text)]).collect()
}

/// Draws at most [`TOKENS`] rows and keeps their order.
fn thinned(tokens: Features, seed: u64) -> Features {
    if tokens.rows <= TOKENS {
        return tokens;
    }
    let mut rows: Vec<usize> = (0..tokens.rows).collect();
    rows.shuffle(&mut seed::stream(seed, "text-space.tokens"));
    rows.truncate(TOKENS);
    rows.sort_unstable();
    let values = rows.iter().flat_map(|&row| tokens.row(row)).copied().collect();
    Features { rows: rows.len(), width: tokens.width, values }
}

fn write(dir: &Path, pooled: &Features, tokens: &Features) -> Result<()> {
    let array = |features: &'_ Features| vec![features.rows, features.width];
    let arrays = [
        ("descriptions".to_owned(), Array::F32(array(pooled), &pooled.values)),
        ("tokens".to_owned(), Array::F32(array(tokens), &tokens.values)),
    ];
    arrays::write(&dir.join(VECTORS), &arrays.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_bounded_and_repeat() {
        let source = TextSource {
            general: vec!["é".repeat(3000); 300],
            descriptions: vec!["short".into()],
            ..TextSource::default()
        };
        let texts = sample(&source, 3);
        assert_eq!(texts.len(), TEXTS);
        assert!(texts.iter().all(|text| text.chars().count() <= CHARACTERS));
        assert_eq!(texts, sample(&source, 3));

        let tokens = Features::new(1, (0..5000).map(|i| i as f32).collect()).unwrap();
        let kept = thinned(tokens.clone(), 3);
        assert_eq!((kept.rows, kept.values.len()), (TOKENS, TOKENS));
        assert!(kept.values.is_sorted());
        assert_eq!(kept, thinned(tokens, 3));
    }
}
