//! Greedy decoding: continues text and predicts the next codes. Nothing is sampled.

use boldface::{Layout, Result, Sequence};
use boldface_engine::nn::Pass;
use boldface_engine::{Tensor, no_grad};

use super::bucket::{Bucket, SequenceSpan};
use super::{Trunk, check};

/// Largest number of sequences continued side by side.
const BATCH: usize = 16;

/// Tokens that an answer may contain, and tokens that end it.
pub(in crate::backbones) struct Ends<'a> {
    /// Tokens that end an answer.
    pub tokens: &'a [u32],
    /// Only tokens below this number may be written; marks without text have larger numbers.
    pub among: usize,
}

/// Continues each prompt greedily up to an end token (left out), `limit` tokens or the end of the
/// context.
///
/// Prompts of the same shape are continued side by side, so none is padded.
pub(in crate::backbones) fn generate(
    trunk: &impl Trunk,
    prompts: &[Sequence],
    limit: usize,
    ends: &Ends<'_>,
) -> Result<Vec<Vec<u32>>> {
    for prompt in prompts {
        check(trunk, prompt)?;
        if prompt.layout().len() == 0 {
            return Err("an empty prompt cannot be continued".into());
        }
    }
    let mut texts = vec![Vec::new(); prompts.len()];
    no_grad(|| {
        let pass = trunk.pass(None);
        let shapes: Vec<Layout> = prompts.iter().map(Sequence::layout).collect();
        for members in same_shape(&shapes) {
            let chosen: Vec<Sequence> = members.iter().map(|&index| prompts[index].clone()).collect();
            for (index, text) in members.into_iter().zip(extend(trunk, &pass, chosen, limit, ends)) {
                texts[index] = text;
            }
        }
    });
    Ok(texts)
}

fn extend(
    trunk: &impl Trunk,
    pass: &Pass<'_>,
    mut grown: Vec<Sequence>,
    limit: usize,
    ends: &Ends<'_>,
) -> Vec<Vec<u32>> {
    let start = grown[0].layout().len();
    let limit = limit.min(trunk.limits().context - start);
    let mut texts = vec![Vec::new(); grown.len()];
    let mut live: Vec<usize> = (0..grown.len()).collect();
    let mut cache = trunk.cache();
    for step in 0..limit {
        let places = if step == 0 { 0..start } else { start + step - 1..start + step };
        let spans: Vec<SequenceSpan<'_>> =
            live.iter().map(|&index| (&grown[index], places.clone())).collect();
        let bucket = Bucket::new(&spans);
        let hidden = trunk.read(pass, &bucket, Some(&mut cache));
        let last: Vec<u32> = (1..=live.len()).map(|row| cell(row * bucket.length - 1)).collect();
        let tokens = likeliest(&trunk.words(pass, &hidden.rows(&last)), ends.among);
        let kept: Vec<usize> = (0..live.len()).filter(|&row| !ends.tokens.contains(&tokens[row])).collect();
        for &row in &kept {
            texts[live[row]].push(tokens[row]);
            grown[live[row]].after.push(tokens[row]);
        }
        if kept.is_empty() {
            break;
        }
        if kept.len() < live.len() {
            cache = cache.select(&kept);
            live = kept.into_iter().map(|row| live[row]).collect();
        }
    }
    texts
}

/// Returns the most likely codes of the patch after each block, one per region.
pub(in crate::backbones) fn next_codes(trunk: &impl Trunk, blocks: &[Sequence]) -> Result<Vec<Vec<u32>>> {
    for sequence in blocks {
        check(trunk, sequence)?;
        if sequence.layout().block() == 0 {
            return Err("cannot predict the next codes of a sequence without fMRI".into());
        }
    }
    let mut codes = vec![Vec::new(); blocks.len()];
    no_grad(|| {
        let pass = trunk.pass(None);
        let shapes: Vec<Layout> = blocks.iter().map(|block| Layout { after: 0, ..block.layout() }).collect();
        for members in same_shape(&shapes) {
            let layout = shapes[members[0]];
            let spans: Vec<SequenceSpan<'_>> =
                members.iter().map(|&index| (&blocks[index], 0..layout.len())).collect();
            let hidden = trunk.read(&pass, &Bucket::new(&spans), None);
            let patch = |row: usize| {
                (0..layout.rois).map(move |roi| row * layout.len() + layout.fmri(layout.patches - 1, roi))
            };
            let last: Vec<u32> = (0..members.len()).flat_map(patch).map(cell).collect();
            let likely = likeliest(&trunk.codes(&pass, &hidden.rows(&last)), usize::MAX);
            for (index, chosen) in members.into_iter().zip(likely.chunks(layout.rois)) {
                codes[index] = chosen.to_vec();
            }
        }
    });
    Ok(codes)
}

/// Groups the indices of equal shapes, at most [`BATCH`] per group.
pub(super) fn same_shape(shapes: &[Layout]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, shape) in shapes.iter().enumerate() {
        match groups.iter_mut().find(|group| group.len() < BATCH && shapes[group[0]] == *shape) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

/// Returns the index of the largest among the first `among` logits of each row, the first of equals.
fn likeliest(logits: &Tensor, among: usize) -> Vec<u32> {
    let size = logits.dims()[1];
    let largest = |row: &[f32]| {
        let row = &row[..among.min(size)];
        let first = row
            .iter()
            .enumerate()
            .fold(0, |best, (index, &value)| if value > row[best] { index } else { best });
        cell(first)
    };
    logits.to_vec().chunks(size).map(largest).collect()
}

pub(super) fn cell(index: usize) -> u32 {
    u32::try_from(index).expect("a batch has fewer than 2^32 cells")
}
