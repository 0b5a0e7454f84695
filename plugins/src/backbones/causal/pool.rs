//! A prompt as one vector, which a linear model reads from the frozen network.

use boldface::{Features, Layout, Result, Sequence};
use boldface_engine::no_grad;

use super::bucket::{Bucket, SequenceSpan};
use super::decode::{cell, same_shape};
use super::{Trunk, check};

/// Returns one row per prompt, `2 * width` wide: the mean of the last hidden states over all places,
/// then the state of the last place. Both are taken after the final norm.
///
/// Prompts of the same shape are read side by side, so none is padded.
pub(in crate::backbones) fn pool(trunk: &impl Trunk, prompts: &[Sequence]) -> Result<Features> {
    for prompt in prompts {
        check(trunk, prompt)?;
        if prompt.layout().len() == 0 {
            return Err("an empty prompt has no hidden state".into());
        }
    }
    let width = trunk.limits().width;
    let mut values = vec![0.0; prompts.len() * 2 * width];
    no_grad(|| {
        let pass = trunk.pass(None);
        let shapes: Vec<Layout> = prompts.iter().map(Sequence::layout).collect();
        for members in same_shape(&shapes) {
            let length = shapes[members[0]].len();
            let spans: Vec<SequenceSpan<'_>> =
                members.iter().map(|&index| (&prompts[index], 0..length)).collect();
            let hidden = trunk.norm(&pass, &trunk.read(&pass, &Bucket::new(&spans), None));
            let mean = hidden.mean_rows(members.len()).to_vec();
            let ends: Vec<u32> = (1..=members.len()).map(|row| cell(row * length - 1)).collect();
            let last = hidden.rows(&ends).to_vec();
            for (row, index) in members.into_iter().enumerate() {
                let (of_row, start) = (row * width..(row + 1) * width, index * 2 * width);
                values[start..start + width].copy_from_slice(&mean[of_row.clone()]);
                values[start + width..start + 2 * width].copy_from_slice(&last[of_row]);
            }
        }
    });
    Features::new(2 * width, values)
}
