//! Sequences for a language model: text, one fMRI block, text, and the training targets.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Codes, Features, Layout};

/// The fMRI part of a sequence: features to read and codes to predict.
///
/// Features of a patch depend on that patch and earlier ones only, so the first patches of a block are
/// exactly what a model would have seen at that time.
#[derive(Clone, Debug)]
pub struct FmriBlock {
    /// Encoder output, `(patches * rois, width)`, time-major.
    pub features: Arc<Features>,
    /// Codes of the same patches.
    pub codes: Arc<Codes>,
    /// Number of patches in the sequence.
    pub patches: usize,
    /// Regions whose vectors identify the tokens of a patch. `None`: one token per region, in order.
    pub regions: Option<Arc<[u32]>>,
}

impl FmriBlock {
    /// Creates a block of all patches of a scan.
    pub fn new(features: impl Into<Arc<Features>>, codes: impl Into<Arc<Codes>>) -> FmriBlock {
        let (features, codes) = (features.into(), codes.into());
        FmriBlock { patches: codes.patches, features, codes, regions: None }
    }

    /// Keeps the last `patches` patches. A shorter block is returned unchanged.
    #[must_use]
    pub fn last(self, patches: usize) -> FmriBlock {
        if patches >= self.patches {
            return self;
        }
        let (rois, width) = (self.codes.rois, self.features.width);
        let rows = (self.patches - patches) * rois..self.patches * rois;
        let features = self.features.values[rows.start * width..rows.end * width].to_vec();
        let codes = Codes { patches, rois, codes: self.codes.codes[rows.clone()].to_vec() };
        let regions = self.regions.clone();
        FmriBlock { regions, ..FmriBlock::new(Features { rows: rows.len(), width, values: features }, codes) }
    }

    /// Replaces the tokens of all regions by one per network, the mean of its regions' features.
    /// `networks` has the regions of each, at least one. The first of them identifies the network's
    /// token, and its code stands for the network's; such a block is never forecast.
    #[must_use]
    pub fn of_networks(self, networks: &[Vec<usize>]) -> FmriBlock {
        let (rois, width) = (self.codes.rois, self.features.width);
        let (mut values, mut codes) = (Vec::new(), Vec::new());
        for patch in 0..self.patches {
            for members in networks {
                let mut mean = vec![0.0; width];
                for region in members {
                    let row = self.features.row(patch * rois + region);
                    mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x / members.len() as f32);
                }
                values.extend(mean);
                codes.push(self.codes.at(patch, members[0]));
            }
        }
        let rows = self.patches * networks.len();
        let codes = Codes { patches: self.patches, rois: networks.len(), codes };
        let regions = networks.iter().map(|members| members[0] as u32).collect();
        FmriBlock { regions: Some(regions), ..FmriBlock::new(Features { rows, width, values }, codes) }
    }
}

/// Shape of the tokenizer's output, which a backbone needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FmriShape {
    /// Regions.
    pub rois: usize,
    /// Largest number of patches per sequence.
    pub patches: usize,
    /// Width of a feature vector.
    pub width: usize,
    /// Number of codes.
    pub codebook_size: usize,
}

/// Training objective of the supervised text. It names the loss in the metric table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Objective {
    /// Describe a scan.
    FmriToText,
    /// State the band of a fact.
    Facts,
    /// Keep the language model's general language.
    TextToText,
    /// Answer a question.
    Instruction,
}

impl Objective {
    /// All objectives, in order.
    pub const ALL: [Objective; 4] =
        [Objective::FmriToText, Objective::Facts, Objective::TextToText, Objective::Instruction];

    /// `fmri_to_text`, `facts`, `text_to_text` or `instruction`.
    pub fn name(self) -> &'static str {
        match self {
            Objective::FmriToText => "fmri_to_text",
            Objective::Facts => "facts",
            Objective::TextToText => "text_to_text",
            Objective::Instruction => "instruction",
        }
    }
}

/// One sequence with its targets.
///
/// The loss of a batch is the sum over objectives of `weight * mean cross-entropy` over that objective's
/// supervised tokens, plus the same for codes. One sequence may have both text and code targets: fMRI
/// tokens never see the text after them, so one forward pass gives both losses exactly.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Text tokens before the block.
    pub before: Vec<u32>,
    /// The fMRI block. `None` for text alone.
    pub fmri: Option<FmriBlock>,
    /// Text tokens after the block.
    pub after: Vec<u32>,
    /// Range of `after` that is predicted, each token from the token before it.
    pub supervised: Range<usize>,
    /// Range of patches whose codes are predicted, each from the patch before it. Starts at 1 or later.
    pub forecast: Range<usize>,
    /// Training objective of the supervised text.
    pub objective: Objective,
    /// Weight of the text loss.
    pub text_weight: f32,
    /// Weight of the code loss.
    pub code_weight: f32,
}

impl Sequence {
    /// Creates a sequence without targets, to read or to continue.
    pub fn prompt(before: Vec<u32>, fmri: Option<FmriBlock>, after: Vec<u32>) -> Sequence {
        let objective = Objective::Instruction;
        Sequence {
            before,
            fmri,
            after,
            supervised: 0..0,
            forecast: 0..0,
            objective,
            text_weight: 0.0,
            code_weight: 0.0,
        }
    }

    /// Returns the layout of the sequence.
    pub fn layout(&self) -> Layout {
        let (patches, rois) = self.fmri.as_ref().map_or((0, 0), |block| (block.patches, block.codes.rois));
        Layout { before: self.before.len(), patches, rois, after: self.after.len() }
    }

    /// Iterates over the supervised text tokens as `(place that predicts, token)`.
    pub fn text_targets(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        let layout = self.layout();
        // A token at place 0 has no earlier token that could predict it.
        self.supervised
            .clone()
            .filter(move |&i| layout.after(i) > 0)
            .map(move |i| (layout.after(i) - 1, self.after[i]))
    }

    /// Iterates over the supervised codes as `(place that predicts, code)`.
    pub fn code_targets(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        let layout = self.layout();
        self.fmri.iter().flat_map(move |block| {
            let patches = self.forecast.clone().filter(|&patch| patch >= 1);
            let places = patches.flat_map(move |patch| (0..layout.rois).map(move |roi| (patch, roi)));
            places.map(move |(patch, roi)| (layout.fmri(patch - 1, roi), block.codes.at(patch, roi)))
        })
    }
}

/// A prompt and the answers to rank after it.
#[derive(Clone, Debug)]
pub struct Query {
    /// The prompt. All options share its keys and values.
    pub prompt: Sequence,
    /// Tokens of each option, end token included.
    pub options: Vec<Vec<u32>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_the_mean_of_its_regions() {
        let features = Features::new(2, (0..12).map(|x| x as f32).collect()).expect("6 rows");
        let codes = Codes { patches: 2, rois: 3, codes: vec![0, 1, 2, 3, 4, 5] };
        let block = FmriBlock::new(features, codes).of_networks(&[vec![1], vec![0, 2]]);
        assert_eq!(block.features.values, [2.0, 3.0, 2.0, 3.0, 8.0, 9.0, 8.0, 9.0]);
        assert_eq!(
            (block.codes.codes.as_slice(), block.codes.rois, block.patches),
            (&[1, 0, 4, 3][..], 2, 2)
        );
        assert_eq!(block.regions.as_deref(), Some(&[1, 0][..]));
        let last = block.last(1);
        assert_eq!((last.features.rows, last.regions.as_deref()), (2, Some(&[1, 0][..])));
    }
}
