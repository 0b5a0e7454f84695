//! The layout of a sequence: order, positions, attention and targets from one type.
//!
//! ```text
//! before (text) | patch 0: roi 0 .. N-1 | patch 1: roi 0 .. N-1 | ... | after (text)
//! ```

use serde::{Deserialize, Serialize};

/// The shape of one sequence: text, an fMRI block in time-major order, text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Layout {
    /// Text tokens before the fMRI block (its opening delimiter, a chat template's first part).
    pub before: usize,
    /// Time patches of the block. 0 for text alone.
    pub patches: usize,
    /// Regions of the block.
    pub rois: usize,
    /// Text tokens after the block.
    pub after: usize,
}

/// The token at one place of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The `index`-th token of the text before the block.
    Before(usize),
    /// A region in a time patch.
    Fmri {
        /// Time patch.
        patch: usize,
        /// Region.
        roi: usize,
    },
    /// The `index`-th token of the text after the block.
    After(usize),
}

impl Layout {
    /// Number of fMRI tokens.
    pub fn block(&self) -> usize {
        self.patches * self.rois
    }

    /// Number of tokens.
    #[expect(clippy::len_without_is_empty, reason = "a layout is a shape, not a container")]
    pub fn len(&self) -> usize {
        self.before + self.block() + self.after
    }

    /// Returns the token at place `i`.
    pub fn token(&self, i: usize) -> Token {
        debug_assert!(i < self.len());
        if i < self.before {
            Token::Before(i)
        } else if i < self.before + self.block() {
            let (patch, roi) = ((i - self.before) / self.rois, (i - self.before) % self.rois);
            Token::Fmri { patch, roi }
        } else {
            Token::After(i - self.before - self.block())
        }
    }

    /// Returns the place of a region in a patch.
    pub fn fmri(&self, patch: usize, roi: usize) -> usize {
        self.before + patch * self.rois + roi
    }

    /// Returns the place of the `index`-th token after the block.
    pub fn after(&self, index: usize) -> usize {
        self.before + self.block() + index
    }

    /// Position id of place `i`. All regions of a patch share one, because they are measured at the same
    /// time.
    pub fn position(&self, i: usize) -> usize {
        match self.token(i) {
            Token::Before(index) => index,
            Token::Fmri { patch, .. } => self.before + patch,
            Token::After(index) => self.before + self.patches + index,
        }
    }

    /// Number of places that place `i` attends to: exactly the places `0..visible(i)`.
    ///
    /// Text is causal. A region sees its whole patch and everything earlier. Every place sees a prefix of
    /// the sequence, so one number per row describes the whole mask.
    pub fn visible(&self, i: usize) -> usize {
        match self.token(i) {
            Token::Fmri { patch, .. } => self.fmri(patch + 1, 0),
            Token::Before(_) | Token::After(_) => i + 1,
        }
    }

    /// Returns the place whose code place `i` predicts: the same region in the next time patch.
    pub fn next_patch(&self, i: usize) -> Option<usize> {
        match self.token(i) {
            Token::Fmri { patch, roi } if patch + 1 < self.patches => Some(self.fmri(patch + 1, roi)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layouts() -> impl Strategy<Value = Layout> {
        let shapes = (0usize..4, 0usize..5, 1usize..7, 0usize..9);
        shapes.prop_map(|(before, patches, rois, after)| Layout { before, patches, rois, after })
    }

    proptest! {
        #[test]
        fn places_and_tokens_are_one_to_one(layout in layouts()) {
            for i in 0..layout.len() {
                let back = match layout.token(i) {
                    Token::Before(index) => index,
                    Token::Fmri { patch, roi } => layout.fmri(patch, roi),
                    Token::After(index) => layout.after(index),
                };
                prop_assert_eq!(back, i);
            }
        }

        #[test]
        fn no_token_sees_its_target(layout in layouts()) {
            for i in 0..layout.len() {
                if let Some(target) = layout.next_patch(i) {
                    prop_assert!(target >= layout.visible(i), "{i} sees {target} in {layout:?}");
                }
                if matches!(layout.token(i), Token::After(_) | Token::Before(_)) {
                    prop_assert_eq!(layout.visible(i), i + 1);
                }
            }
        }

        #[test]
        fn a_target_is_the_same_region_in_the_next_patch(layout in layouts()) {
            for i in 0..layout.len() {
                if let Some(target) = layout.next_patch(i) {
                    let (Token::Fmri { patch, roi }, Token::Fmri { patch: next, roi: same }) =
                        (layout.token(i), layout.token(target)) else { return Err(TestCaseError::fail("not fMRI")) };
                    prop_assert_eq!((next, same), (patch + 1, roi));
                    prop_assert_eq!(layout.position(target), layout.position(i) + 1);
                }
            }
        }

        #[test]
        fn the_mask_is_symmetric_in_a_patch_and_causal_across(layout in layouts()) {
            let sees = |i: usize, j: usize| j < layout.visible(i);
            for i in 0..layout.len() {
                prop_assert!(sees(i, i));
                for j in 0..layout.len() {
                    match (layout.token(i), layout.token(j)) {
                        (Token::Fmri { patch: a, .. }, Token::Fmri { patch: b, .. }) => {
                            prop_assert_eq!(sees(i, j), b <= a);
                        }
                        (Token::Fmri { .. }, Token::After(_)) => prop_assert!(!sees(i, j)),
                        (Token::After(_), Token::Fmri { .. }) => prop_assert!(sees(i, j)),
                        _ => prop_assert_eq!(sees(i, j), j <= i),
                    }
                }
            }
        }

        #[test]
        fn regions_of_one_patch_share_a_position_and_positions_never_fall(layout in layouts()) {
            for i in 1..layout.len() {
                let step = layout.position(i) - layout.position(i - 1);
                let same_patch = match (layout.token(i - 1), layout.token(i)) {
                    (Token::Fmri { patch: a, .. }, Token::Fmri { patch: b, .. }) => a == b,
                    _ => false,
                };
                prop_assert_eq!(step, usize::from(!same_patch));
            }
        }
    }
}
