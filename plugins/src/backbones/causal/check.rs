//! Checks that a model can read a sequence and find its targets.

use boldface::{FmriShape, Result, Sequence};

use super::{SequenceLimits, Trunk};

/// Checks that `trunk` can read `sequence` and find its targets.
///
/// # Errors
/// If the sequence does not fit; the message says why.
pub(in crate::backbones) fn check(trunk: &impl Trunk, sequence: &Sequence) -> Result<()> {
    let SequenceLimits { context, vocabulary, shape, .. } = trunk.limits();
    let layout = sequence.layout();
    if layout.len() > context {
        let (block, text) = (layout.block(), layout.before + layout.after);
        return Err(format!(
            "a sequence of {} tokens ({block} of fMRI, {text} of text) is longer than the backbone's `context` of \
             {context}; raise `context`, or show fewer volumes or less text",
            layout.len()
        )
        .into());
    }
    let mut tokens = sequence.before.iter().chain(&sequence.after);
    if let Some(token) = tokens.find(|&&token| token as usize >= vocabulary) {
        return Err(format!("token {token} is outside the vocabulary of {vocabulary}").into());
    }
    if sequence.supervised.end > layout.after {
        return Err(format!(
            "text tokens {:?} are supervised, but the text has {}",
            sequence.supervised, layout.after
        )
        .into());
    }
    check_block(shape, sequence)
}

fn check_block(shape: Option<FmriShape>, sequence: &Sequence) -> Result<()> {
    let Some(block) = &sequence.fmri else { return Ok(()) };
    let shape = shape.ok_or("a text model cannot read fMRI")?;
    let (features, codes) = (&block.features, &block.codes);
    let is_known = match &block.regions {
        None => codes.rois == shape.rois,
        Some(regions) => {
            regions.len() == codes.rois && regions.iter().all(|&region| (region as usize) < shape.rois)
        }
    };
    if !is_known || features.width != shape.width {
        return Err(format!(
            "a block of {} regions and features of width {} does not fit a backbone for {} regions and width {}",
            codes.rois, features.width, shape.rois, shape.width
        )
        .into());
    }
    let tokens = block.patches * codes.rois;
    if features.rows < tokens || codes.codes.len() < tokens || sequence.forecast.end > block.patches {
        return Err(format!(
            "a block of {} patches does not fit its {} features, {} codes and patches to predict ({:?})",
            block.patches,
            features.rows,
            codes.codes.len(),
            sequence.forecast
        )
        .into());
    }
    match codes.codes.iter().find(|&&code| code as usize >= shape.codebook_size) {
        Some(code) => Err(format!("code {code} is outside the codebook of {}", shape.codebook_size).into()),
        None => Ok(()),
    }
}
