//! The loss of a micro-batch: weighted losses at supervised places only, with each shared block read
//! once.
//!
//! The keys and values of a scan are shared by all questions about it, and gradients flow back through
//! them. The loss equals that of separate reads, up to rounding. A sequence about a scan may train text
//! and codes in one pass, because fMRI tokens never see the text after them.

use std::collections::BTreeMap;

use boldface::{Result, Sequence};
use boldface_engine::Tensor;
use boldface_engine::nn::Pass;

use super::bucket::{Bucket, SequenceSpan, by_length};
use super::share::{head, same_block};
use super::{Trunk, check};

/// Name of the code loss, beside those of [`boldface::Objective::name`].
const CODES: &str = "fmri_to_fmri";

/// Mean cross-entropy in nats of each objective in a step.
pub(in crate::backbones) type ObjectiveLosses = BTreeMap<&'static str, f64>;

/// A predicting place in a sequence, and its label.
type Target = (usize, u32);

/// Returns the targets of one sequence, with the name and weight of their loss.
fn targets(sequence: &Sequence) -> Vec<(&'static str, f32, Vec<Target>)> {
    let text = (sequence.objective.name(), sequence.text_weight, sequence.text_targets().collect::<Vec<_>>());
    let codes = (CODES, sequence.code_weight, sequence.code_targets().collect());
    [text, codes].into_iter().filter(|(_, weight, targets)| *weight > 0.0 && !targets.is_empty()).collect()
}

/// Counts the targets of each loss in a whole step.
///
/// # Errors
/// If a sequence does not fit the model.
pub(super) fn totals(trunk: &impl Trunk, micro: &[Vec<Sequence>]) -> Result<BTreeMap<&'static str, usize>> {
    let mut totals = BTreeMap::new();
    for sequence in micro.iter().flatten() {
        check(trunk, sequence)?;
        for (name, _, targets) in targets(sequence) {
            *totals.entry(name).or_default() += targets.len();
        }
    }
    Ok(totals)
}

/// Returns the weighted loss of one micro-batch as a share of the step's; `None` without targets.
pub(super) fn loss(
    trunk: &impl Trunk,
    pass: &Pass<'_>,
    batch: &[Sequence],
    totals: &BTreeMap<&'static str, usize>,
    losses: &mut ObjectiveLosses,
) -> Option<Tensor> {
    let learned: Vec<Learned<'_>> = batch.iter().filter_map(Learned::from_sequence).collect();
    let mut predictions = Predictions::default();
    let mut apart = Vec::new();
    let mut shared: BTreeMap<usize, Vec<Vec<&Learned<'_>>>> = BTreeMap::new();
    for members in same_block(learned.iter().map(|learned| learned.sequence)) {
        let first = learned[members[0]].sequence;
        if members.len() > 1 && first.fmri.is_some() {
            let members: Vec<&Learned<'_>> = members.into_iter().map(|index| &learned[index]).collect();
            let start = head(members.iter().map(|one| one.sequence));
            shared.entry(start).or_default().push(members);
        } else {
            apart.extend(members);
        }
    }
    for (start, blocks) in shared {
        for blocks in blocks.chunks(BLOCKS) {
            read_shared(trunk, pass, (start, blocks), &mut predictions);
        }
    }
    apart.sort_unstable();
    let apart: Vec<&Learned<'_>> = apart.into_iter().map(|index| &learned[index]).collect();
    let lengths: Vec<usize> = apart.iter().map(|learned| learned.needed).collect();
    for members in by_length(&lengths) {
        let members: Vec<&Learned<'_>> = members.into_iter().map(|index| apart[index]).collect();
        let spans: Vec<SequenceSpan<'_>> = members.iter().map(|one| (one.sequence, 0..one.needed)).collect();
        let bucket = Bucket::new(&spans);
        let hidden = trunk.read(pass, &bucket, None);
        predictions.take(&hidden, &members, |row, place| Some(row * bucket.length + place));
    }
    predictions.loss(trunk, pass, totals, losses)
}

/// Largest number of blocks read side by side.
const BLOCKS: usize = 16;

/// Reads each block, `start` tokens long, once, then all their continuations side by side.
fn read_shared(
    trunk: &impl Trunk,
    pass: &Pass<'_>,
    (start, blocks): (usize, &[Vec<&Learned<'_>>]),
    into: &mut Predictions,
) {
    let all: Vec<(usize, &Learned<'_>)> = blocks
        .iter()
        .enumerate()
        .flat_map(|(block, members)| members.iter().map(move |one| (block, *one)))
        .collect();
    let end = all.iter().map(|(_, one)| one.needed.min(start)).max().unwrap_or(0);
    let mut cache = trunk.cache();
    let spans: Vec<SequenceSpan<'_>> = blocks.iter().map(|members| (members[0].sequence, 0..end)).collect();
    let hidden = trunk.read(pass, &Bucket::new(&spans), Some(&mut cache));
    let members: Vec<&Learned<'_>> = all.iter().map(|(_, one)| *one).collect();
    into.take(&hidden, &members, |row, place| (place < start).then_some(all[row].0 * end + place));

    let longer: Vec<(usize, &Learned<'_>)> = all.into_iter().filter(|(_, one)| one.needed > start).collect();
    let lengths: Vec<usize> = longer.iter().map(|(_, one)| one.needed - start).collect();
    for mut rows in by_length(&lengths) {
        rows.sort_by_key(|&index| longer[index].0);
        let members: Vec<&Learned<'_>> = rows.iter().map(|&index| longer[index].1).collect();
        let of_block: Vec<usize> = rows.iter().map(|&index| longer[index].0).collect();
        let spans: Vec<SequenceSpan<'_>> =
            members.iter().map(|one| (one.sequence, start..one.needed)).collect();
        let bucket = Bucket::new(&spans);
        let hidden = trunk.read(pass, &bucket, Some(&mut cache.followed_by(&of_block)));
        let cell = |row: usize, place: usize| Some(row * bucket.length + place.checked_sub(start)?);
        into.take(&hidden, &members, cell);
    }
}

/// A sequence with a target.
struct Learned<'a> {
    sequence: &'a Sequence,
    targets: Vec<(&'static str, f32, Vec<Target>)>,
    /// Number of places to read so that every target's place sees all it may see.
    needed: usize,
}

impl Learned<'_> {
    fn from_sequence(sequence: &Sequence) -> Option<Learned<'_>> {
        let (targets, layout) = (targets(sequence), sequence.layout());
        let places = targets.iter().flat_map(|(_, _, targets)| targets.iter().map(|&(place, _)| place));
        let needed = places.map(|place| layout.visible(place)).max()?;
        Some(Learned { sequence, targets, needed })
    }
}

/// Predicting rows and their labels, for all targets of one name and weight.
#[derive(Default)]
struct Group {
    rows: Vec<Tensor>,
    labels: Vec<u32>,
}

/// All predicting rows, by the name of their loss and the bits of its weight.
#[derive(Default)]
struct Predictions(BTreeMap<(&'static str, u32), Group>);

impl Predictions {
    /// Adds those targets of `members` that `cell` finds in `hidden`.
    fn take(
        &mut self,
        hidden: &Tensor,
        members: &[&Learned<'_>],
        cell: impl Fn(usize, usize) -> Option<usize>,
    ) {
        let mut cells: BTreeMap<(&'static str, u32), Vec<u32>> = BTreeMap::new();
        for (row, learned) in members.iter().enumerate() {
            for (name, weight, targets) in &learned.targets {
                let key = (*name, weight.to_bits());
                for &(place, label) in targets {
                    let Some(at) = cell(row, place) else { continue };
                    cells.entry(key).or_default().push(u32::try_from(at).expect("fewer than 2^32 cells"));
                    self.0.entry(key).or_default().labels.push(label);
                }
            }
        }
        for (key, cells) in cells {
            self.0.entry(key).or_default().rows.push(hidden.rows(&cells));
        }
    }

    /// Returns the weighted sum of all losses and adds each unweighted loss to `losses`.
    fn loss(
        self,
        trunk: &impl Trunk,
        pass: &Pass<'_>,
        totals: &BTreeMap<&'static str, usize>,
        losses: &mut ObjectiveLosses,
    ) -> Option<Tensor> {
        let mut sum: Option<Tensor> = None;
        for ((name, weight), Group { rows, labels }) in self.0 {
            let hidden = Tensor::concat(&rows.iter().collect::<Vec<_>>(), 0);
            let loss = if name == CODES {
                trunk.codes(pass, &hidden).cross_entropy(&labels)
            } else {
                trunk.norm(pass, &hidden).head_cross_entropy(trunk.head(pass), &labels)
            };
            let term = loss.scale(labels.len() as f32 / totals[name] as f32);
            *losses.entry(name).or_default() += f64::from(term.item());
            let term = term.scale(f32::from_bits(weight));
            sum = Some(match sum {
                Some(sum) => sum.add(&term),
                None => term,
            });
        }
        sum
    }
}
