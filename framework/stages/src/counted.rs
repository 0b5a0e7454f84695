//! Counts the tokens of training batches.

use std::sync::Arc;

use boldface::{Result, Sequence};

use super::progress::TokenCount;

/// Batches whose tokens are counted when they are drawn, not when a resumed training skips them.
pub struct Counted<'a, B> {
    pub batches: &'a mut B,
    pub tokens: TokenCount,
}

impl<B: Iterator<Item = Result<Vec<Sequence>>>> Counted<'_, B> {
    fn counted(&self, batch: Option<Result<Vec<Sequence>>>) -> Option<Result<Vec<Sequence>>> {
        let mut last: Option<&Sequence> = None;
        for sequence in batch.iter().flatten().flatten() {
            let is_read = last.is_some_and(|last| is_about_the_same(last, sequence));
            let block = sequence.fmri.as_ref().filter(|_| !is_read);
            let fmri = block.map_or(0, |block| block.patches * block.codes.rois);
            self.tokens.add(sequence.before.len() + fmri + sequence.after.len());
            last = Some(sequence);
        }
        batch
    }
}

impl<B: Iterator<Item = Result<Vec<Sequence>>>> Iterator for Counted<'_, B> {
    type Item = Result<Vec<Sequence>>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next();
        self.counted(batch)
    }

    fn nth(&mut self, passed: usize) -> Option<Self::Item> {
        // The last of the skipped batches is dropped too, and its tokens are in the checkpoint.
        self.batches.nth(passed)
    }
}

/// Whether two sequences show the same block.
pub fn is_about_the_same(a: &Sequence, b: &Sequence) -> bool {
    a.fmri
        .as_ref()
        .zip(b.fmri.as_ref())
        .is_some_and(|(a, b)| Arc::ptr_eq(&a.features, &b.features) && a.patches == b.patches)
}

#[cfg(test)]
mod tests {
    use super::super::letters::block;
    use super::*;

    #[test]
    fn a_scan_counts_once_for_questions_in_a_row_and_skipped_batches_not_at_all() {
        let (one, other) = (block(), block());
        let tokens = one.patches * one.codes.rois;
        let ask = |block, after: usize| Sequence::prompt(vec![1], block, vec![2; after]);
        let batch = vec![
            ask(Some(one.clone()), 3),
            ask(Some(one.clone()), 2),
            ask(Some(other), 2),
            ask(None, 4),
            ask(Some(one), 1),
        ];
        let mut batches = std::iter::repeat_with(|| Ok(batch.clone()));
        let mut counted = Counted { batches: &mut batches, tokens: TokenCount::default() };
        drop(counted.nth(2));
        assert_eq!(counted.tokens.get(), 0);
        drop(counted.next());
        assert_eq!(counted.tokens.get(), 5 + 12 + 3 * tokens as u64);
    }
}
