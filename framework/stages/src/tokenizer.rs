//! Stage 1: the tokenizer learns from training scans.

use boldface::{Result, Tokenizer};
use serde::Serialize;

use super::StageContext;
use super::config::{ExportedPart, HashedPlugin};
use super::taught::Taught;
use crate::spec::Taken;
use crate::study::Study;

/// Increase when the same config gives different results.
pub const VERSION: u32 = 2;

/// What the stage reads.
#[derive(Debug, Serialize)]
pub struct TokenizerConfig<'a> {
    /// The tokenizer.
    pub tokenizer: HashedPlugin<'a, dyn Tokenizer>,
    /// The tokenizer of an export, which is copied instead.
    start: Option<ExportedPart<'a>>,
}

impl<'a> TokenizerConfig<'a> {
    /// Takes what the stage reads from a study.
    pub fn new(study: &'a Study) -> TokenizerConfig<'a> {
        let start = study.takes(Taken::Tokenizer);
        TokenizerConfig {
            tokenizer: HashedPlugin::new(&study.tokenizer, |tokenizer| tokenizer.version(), None),
            start: start.map(|start| ExportedPart::new(start, start.content(Taken::Tokenizer))),
        }
    }
}

/// Fits the tokenizer and saves it, or copies it from an export.
pub fn run(work: &mut StageContext<'_, TokenizerConfig<'_>>) -> Result<()> {
    if let Some(part) = &work.config.start {
        return part.start.copy_tokenizer(work.dir);
    }
    let (scans, split, text) = (work.inputs.scans()?, work.inputs.split()?, work.inputs.text_space()?);
    let train = split.train(&scans)?;
    work.fitted_on(train.iter().map(|scan| &scan.info.id))?;
    let said = || train.iter().flat_map(|scan| &scan.descriptors);
    work.write_taught(Taught {
        features: said().map(|said| said.fact.feature.clone()).collect(),
        texts: said().map(|said| said.text.clone()).collect(),
        ..Taught::default()
    })?;
    let fitted = work.config.tokenizer.config.fit(&train, &text, &mut work.fit())?;
    fitted.save(&work.folder("tokenizer")?)
}
