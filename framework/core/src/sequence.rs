//! What a language model reads: text, one fMRI block, text, and which of it is learned.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Codes, Features, Layout};

/// The fMRI part of a sequence: what is read, and the codes that are predicted.
///
/// Features of a patch depend on that patch and earlier ones only (a tokenizer's invariant), so
/// the first patches of a block are what a model would have seen at that time.
#[derive(Clone, Debug)]
pub struct FmriBlock {
    /// Encoder output, `(patches * rois, width)`, time-major.
    pub features: Arc<Features>,
    /// Codes of the same patches.
    pub codes: Arc<Codes>,
    /// How many of the patches stand in the sequence.
    pub patches: usize,
}

impl FmriBlock {
    /// All patches of a scan.
    pub fn new(features: impl Into<Arc<Features>>, codes: impl Into<Arc<Codes>>) -> FmriBlock {
        let (features, codes) = (features.into(), codes.into());
        FmriBlock { patches: codes.patches, features, codes }
    }

    /// The last `patches` patches; the whole block if it has no more.
    #[must_use]
    pub fn last(self, patches: usize) -> FmriBlock {
        if patches >= self.patches {
            return self;
        }
        let (rois, width) = (self.codes.rois, self.features.width);
        let rows = (self.patches - patches) * rois..self.patches * rois;
        let features = self.features.values[rows.start * width..rows.end * width].to_vec();
        let codes = Codes { patches, rois, codes: self.codes.codes[rows.clone()].to_vec() };
        FmriBlock::new(Features { rows: rows.len(), width, values: features }, codes)
    }
}

/// What a backbone must know of the tokenizer it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FmriShape {
    /// Regions.
    pub rois: usize,
    /// Most patches of a sequence.
    pub patches: usize,
    /// Width of a feature vector.
    pub width: usize,
    /// Number of codes.
    pub codebook_size: usize,
}

/// What the supervised text of a sequence teaches; names its loss in the metric table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Objective {
    /// Describe a scan.
    FmriToText,
    /// Tell the band of a fact.
    Facts,
    /// Keep the language.
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
/// The loss of a batch is the sum over objectives of `weight * mean cross-entropy` over that
/// objective's supervised tokens, plus the same for codes.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Text tokens before the block.
    pub before: Vec<u32>,
    /// The fMRI block; none for text alone.
    pub fmri: Option<FmriBlock>,
    /// Text tokens after the block.
    pub after: Vec<u32>,
    /// Which tokens of `after` are predicted (each from the token before it).
    pub supervised: Range<usize>,
    /// Which patches' codes are predicted (each from the patch before it); starts at 1 or later.
    pub forecast: Range<usize>,
    /// What the supervised text teaches.
    pub objective: Objective,
    /// Weight of the text loss.
    pub text_weight: f32,
    /// Weight of the code loss.
    pub code_weight: f32,
}

impl Sequence {
    /// A sequence to read or to continue: nothing in it is supervised.
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

    /// Where everything stands.
    pub fn layout(&self) -> Layout {
        let (patches, rois) = self.fmri.as_ref().map_or((0, 0), |block| (block.patches, block.codes.rois));
        Layout { before: self.before.len(), patches, rois, after: self.after.len() }
    }

    /// Every supervised text token as `(place that predicts, token)`.
    pub fn text_targets(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        let layout = self.layout();
        // A token at place 0 has nothing before it to be predicted from.
        self.supervised
            .clone()
            .filter(move |&i| layout.after(i) > 0)
            .map(move |i| (layout.after(i) - 1, self.after[i]))
    }

    /// Every supervised code as `(place that predicts, code)`.
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
    /// What is read first; its keys and values are shared by all options.
    pub prompt: Sequence,
    /// Tokens of each option, end token included.
    pub options: Vec<Vec<u32>>,
}
