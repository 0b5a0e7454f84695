//! Groups of sequences that begin with the very same block, which is then read once for all of them.

use std::sync::Arc;

use boldface::Sequence;

/// Whether two sequences are the same up to the end of their blocks.
pub(super) fn is_shared(a: &Sequence, b: &Sequence) -> bool {
    a.before == b.before
        && match (&a.fmri, &b.fmri) {
            (Some(a), Some(b)) => {
                Arc::ptr_eq(&a.features, &b.features)
                    && Arc::ptr_eq(&a.codes, &b.codes)
                    && a.patches == b.patches
                    && a.regions == b.regions
            }
            (None, None) => true,
            _ => false,
        }
}

/// Groups the indices of sequences about the same block, in order of first appearance.
pub(super) fn same_block<'a>(sequences: impl IntoIterator<Item = &'a Sequence>) -> Vec<Vec<usize>> {
    let mut groups: Vec<(&Sequence, Vec<usize>)> = Vec::new();
    for (index, sequence) in sequences.into_iter().enumerate() {
        match groups.iter_mut().find(|(first, _)| is_shared(first, sequence)) {
            Some((_, group)) => group.push(index),
            None => groups.push((sequence, vec![index])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Counts the leading places that all `sequences` about one block share: the text before the block, the
/// block, and the common start of the text after it.
pub(super) fn head<'a>(sequences: impl IntoIterator<Item = &'a Sequence>) -> usize {
    let mut sequences = sequences.into_iter();
    let Some(first) = sequences.next() else { return 0 };
    let alike = |other: &Sequence| first.after.iter().zip(&other.after).take_while(|(a, b)| a == b).count();
    first.layout().len() - first.after.len() + sequences.map(alike).min().unwrap_or(0)
}

/// Asserts that losses and gradients equal those of sequences that share nothing.
#[cfg(test)]
pub(in crate::backbones) fn assert_sharing_changes_nothing(trunk: &impl super::Trunk, batch: &[Sequence]) {
    use boldface::{FmriBlock, Training, Tuning};

    let alone = |sequence: &Sequence| {
        let copied = |block: &FmriBlock| FmriBlock {
            features: Arc::new((*block.features).clone()),
            codes: Arc::new((*block.codes).clone()),
            patches: block.patches,
            regions: block.regions.clone(),
        };
        Sequence { fmri: sequence.fmri.as_ref().map(copied), ..sequence.clone() }
    };
    let apart: Vec<Sequence> = batch.iter().map(alone).collect();
    assert!(same_block(batch).len() < batch.len(), "nothing is shared");
    assert_eq!(same_block(&apart).len(), batch.len());
    let training = Training {
        steps: 1,
        accumulate: 1,
        peak_lr: 1.0,
        final_lr: 1.0,
        warmup: 0,
        weight_decay: 0.0,
        clip: 0.0,
        dropout: 0.0,
        tuning: Tuning::Full,
    };
    let [(shared, one), (separate, two)] = [batch, &apart]
        .map(|batch| super::gradients(trunk, &training, &[batch.to_vec()], 0, 0).expect("a step"));
    assert_eq!(shared.keys().collect::<Vec<_>>(), separate.keys().collect::<Vec<_>>());
    for (name, loss) in &shared {
        assert!((loss - separate[name]).abs() < 1e-5, "{name}: {loss} {}", separate[name]);
    }
    let params = trunk.params();
    for name in params.names() {
        let [one, two] = [&one, &two].map(|all| all.values(params, name));
        let (Some(one), Some(two)) = (&one, &two) else {
            assert_eq!(one.is_some(), two.is_some(), "{name}");
            continue;
        };
        let largest = two.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let far = one.iter().zip(two).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far <= 2e-5 * largest.max(1.0), "{name}: {far} of {largest}");
    }
}
