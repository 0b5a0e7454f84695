//! Sequences of similar length as one rectangle of cells: rows to gather, positions and attention.

use std::ops::Range;

use boldface::{Sequence, Token};

/// Places of a sequence to read now. A cache, if any, holds the places before them.
pub(in crate::backbones) type SequenceSpan<'a> = (&'a Sequence, Range<usize>);

/// Spans in one rectangle of `size * length` cells, each row padded on the right.
///
/// Padding needs no mask of its own: it comes after all real cells, attention never looks further right
/// than `visible`, and padding itself sees nothing.
#[derive(Debug, Default)]
pub(in crate::backbones) struct Bucket {
    /// Number of spans.
    pub size: usize,
    /// Cells per row.
    pub length: usize,
    /// Text tokens, in order of appearance.
    pub text: Vec<u32>,
    /// Values of all feature vectors, in order of appearance.
    pub features: Vec<f32>,
    /// Code of each fMRI token.
    pub codes: Vec<u32>,
    /// Region of each fMRI token.
    pub regions: Vec<u32>,
    /// The row of each cell in the table of text tokens followed by fMRI tokens.
    pub rows: Vec<u32>,
    /// Position id of each cell.
    pub positions: Vec<u32>,
    /// Number of keys that each cell sees, cached ones included.
    pub visible: Vec<u32>,
    /// All text after the block of each span's sequence, even if it is not read now.
    pub afters: Vec<Vec<u32>>,
    /// Whether each span's sequence has a block.
    pub has_block: Vec<bool>,
    /// For each cell, the index of its span and the number of tokens of `afters` read up to and
    /// including it. The number is 0 for a cell outside that text.
    pub text_read: Vec<(usize, usize)>,
}

impl Bucket {
    /// Lays out `spans`. The caller has checked every sequence against the network.
    pub fn new(spans: &[SequenceSpan<'_>]) -> Bucket {
        let length = spans.iter().map(|(_, places)| places.len()).max().unwrap_or(0);
        let mut bucket = Bucket { size: spans.len(), length, ..Bucket::default() };
        let texts = spans.iter().map(|(sequence, places)| {
            places
                .clone()
                .filter(|&place| !matches!(sequence.layout().token(place), Token::Fmri { .. }))
                .count()
        });
        let texts: usize = texts.sum();
        for (sequence, places) in spans {
            bucket.afters.push(sequence.after.clone());
            bucket.has_block.push(sequence.fmri.is_some());
            for place in places.clone() {
                bucket.push(sequence, place, texts);
            }
            for _ in places.len()..length {
                bucket.cell(0, 0, 0, 0);
            }
        }
        bucket
    }

    fn push(&mut self, sequence: &Sequence, place: usize, texts: usize) {
        let layout = sequence.layout();
        let row = match layout.token(place) {
            Token::Before(index) => self.text(sequence.before[index]),
            Token::After(index) => self.text(sequence.after[index]),
            Token::Fmri { patch, roi } => {
                let block = sequence.fmri.as_ref().expect("a layout with fMRI has a block");
                self.features.extend(block.features.row(patch * layout.rois + roi));
                self.codes.push(block.codes.at(patch, roi));
                self.regions.push(block.regions.as_ref().map_or(number(roi), |regions| regions[roi]));
                texts + self.regions.len() - 1
            }
        };
        let text_read = match layout.token(place) {
            Token::After(index) => index + 1,
            Token::Before(_) | Token::Fmri { .. } => 0,
        };
        self.cell(row, layout.position(place), layout.visible(place), text_read);
    }

    fn text(&mut self, token: u32) -> usize {
        self.text.push(token);
        self.text.len() - 1
    }

    fn cell(&mut self, row: usize, position: usize, visible: usize, text_read: usize) {
        self.text_read.push((self.afters.len().saturating_sub(1), text_read));
        self.rows.push(number(row));
        self.positions.push(number(position));
        self.visible.push(number(visible));
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).expect("a batch has fewer than 2^32 tokens")
}

/// Groups sequences so that rectangles contain little padding. Returns indices into `lengths`, longest
/// first; each group reaches down to four fifths of its longest.
pub(in crate::backbones) fn by_length(lengths: &[usize]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(lengths[index]));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for index in order {
        match groups.last_mut() {
            Some(group) if lengths[index] * 5 >= lengths[group[0]] * 4 => group.push(index),
            _ => groups.push(vec![index]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use boldface::{Codes, Features, FmriBlock};

    use super::*;

    #[test]
    fn cells_follow_the_layout_and_padding_stands_at_the_end() {
        let block = FmriBlock {
            features: Arc::new(Features::new(1, vec![0.5, 0.6, 0.7, 0.8]).unwrap()),
            codes: Arc::new(Codes { patches: 2, rois: 2, codes: vec![1, 2, 3, 4] }),
            patches: 2,
            regions: None,
        };
        let scan = Sequence::prompt(vec![7], Some(block), vec![8]);
        let text = Sequence::prompt(Vec::new(), None, vec![5, 6]);
        let bucket = Bucket::new(&[(&text, 0..2), (&scan, 0..6)]);
        assert_eq!((bucket.size, bucket.length), (2, 6));
        assert_eq!(bucket.text, [5, 6, 7, 8]);
        assert_eq!((bucket.features, bucket.codes), (vec![0.5, 0.6, 0.7, 0.8], vec![1, 2, 3, 4]));
        assert_eq!(bucket.regions, [0, 1, 0, 1]);
        // Text rows 0..4, then fMRI rows 4..8, and four cells of padding.
        assert_eq!(bucket.rows, [0, 1, 0, 0, 0, 0, 2, 4, 5, 6, 7, 3]);
        assert_eq!(bucket.positions, [0, 1, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3]);
        assert_eq!(bucket.visible, [1, 2, 0, 0, 0, 0, 1, 3, 3, 5, 5, 6]);
    }

    #[test]
    fn groups_hold_similar_lengths() {
        // A group that starts at 100 accepts 80 but not 79; one that starts at 79 accepts 64.
        assert_eq!(by_length(&[64, 100, 79, 80]), [vec![1, 3], vec![2, 0]]);
        assert!(by_length(&[]).is_empty());
    }
}
