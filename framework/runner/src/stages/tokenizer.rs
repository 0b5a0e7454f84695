//! Stage 1: the tokenizer learns from training scans.

use boldface::Result;

use super::StageContext;
use super::taught::Taught;

/// Increase when the same config gives different results.
pub const VERSION: u32 = 2;

/// Fits the tokenizer and saves it, or copies it from an export.
pub fn run(work: &mut StageContext<'_>) -> Result<()> {
    if let Some(start) = work.study.taken(work.stage) {
        return start.copy_tokenizer(work.dir);
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
    let fitted = work.study.tokenizer.config.fit(&train, &text, &mut work.fit())?;
    fitted.save(&work.folder("tokenizer")?)
}
