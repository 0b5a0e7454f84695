//! Stage 1: the tokenizer learns from training scans.

use boldface::Result;

use super::StageContext;

/// Increase when the same config gives different results.
pub const VERSION: u32 = 2;

/// Fits the tokenizer and saves it, or copies it from an export.
pub fn run(work: &mut StageContext<'_>) -> Result<()> {
    if let Some(start) = work.plan.taken(work.stage) {
        return start.copy_tokenizer(work.dir);
    }
    let (scans, split, text) = (work.inputs.scans()?, work.inputs.split()?, work.inputs.text_space()?);
    let train = split.train(&scans)?;
    work.fitted_on(train.iter().map(|scan| &scan.info.id))?;
    let fitted = work.plan.tokenizer.config.fit(&train, &text, &mut work.fit())?;
    fitted.save(&work.folder("tokenizer")?)
}
