//! The training loop that every stage shares: weighted losses at supervised places only.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{FitContext, Metric, Observer, Result, Sequence, Training, Tuning, seed};
use boldface_engine::nn::{Noise, Pass};
use boldface_engine::{AdamW, Gradients, Schedule, Tensor, clear_tape, clip};

use super::bucket::{Bucket, Span, by_length};
use super::network::{Network, is_adapter, is_fmri};

/// The name of the code loss, beside [`boldface::Objective::name`].
const CODES: &str = "fmri_to_fmri";

/// Mean cross-entropy in nats of each objective that a step had.
pub(super) type Losses = BTreeMap<&'static str, f64>;

/// Trains until `training.steps` steps are done, from the last checkpoint if there is one, and calls
/// `record` after each.
///
/// The means of a step are over all its micro-batches together: a micro-batch counts by its number
/// of supervised tokens, so accumulating many gives the gradient of one large batch.
///
/// # Errors
/// If a sequence does not fit the network, the batches run out, a step has nothing to learn, a loss
/// is not finite, or the user interrupts.
pub(super) fn fit(
    network: &mut Network,
    training: &Training,
    batches: &mut dyn Iterator<Item = Result<Vec<Sequence>>>,
    cx: &mut FitContext<'_>,
    mut record: impl FnMut(&mut dyn Observer, u64, &Losses),
) -> Result<()> {
    clear_tape();
    tune(network, &training.tuning, cx.seed)?;
    let mut optimiser = AdamW::new(training.weight_decay as f32);
    let Training { steps, warmup, peak_lr, final_lr, .. } = *training;
    let schedule = Schedule { steps, warmup, peak_lr, final_lr };
    let first = cx.observer.resume(&mut |dir| restore(network, &mut optimiser, dir));
    let mut next = |step| -> Result<Vec<Vec<Sequence>>> {
        let out = || format!("the batches ran out at step {} of {steps}", step + 1);
        (0..training.accumulate.max(1)).map(|_| batches.next().ok_or_else(out)?).collect()
    };
    // Batches come in a fixed order: those of the steps that are done are passed over.
    for step in 0..first {
        next(step)?;
    }
    for step in first..steps {
        let micro = next(step)?;
        let (losses, mut gradients) = gradients(network, training, &micro, cx.seed, step)?;
        if let Some((name, loss)) = losses.iter().find(|(_, loss)| !loss.is_finite()) {
            return Err(format!("{name}_loss is {loss} at step {}; lower `peak-lr`", step + 1).into());
        }
        let lr = schedule.lr(step);
        clip(&mut gradients, training.clip);
        optimiser.step(&mut network.params, &gradients, lr);
        record(cx.observer, step + 1, &losses);
        cx.observer.record(step + 1, Metric::neutral("lr", lr));
        cx.observer.checkpoint(step + 1, &mut |dir| keep(network, &optimiser, dir));
        cx.observer.progress(step + 1, steps)?;
    }
    Ok(())
}

const WEIGHTS: &str = "weights.safetensors";
const OPTIMISER: &str = "optimiser.safetensors";

/// Writes everything that later steps depend on. Noise and batches follow from the step alone.
fn keep(network: &Network, optimiser: &AdamW, dir: &Path) -> Result<()> {
    network.params.save(&dir.join(WEIGHTS))?;
    Ok(optimiser.save(&dir.join(OPTIMISER))?)
}

/// Takes what [`keep`] wrote into a network that is ready for its first step.
pub(super) fn restore(network: &mut Network, optimiser: &mut AdamW, dir: &Path) -> Result<()> {
    let mut restored = optimiser.clone();
    restored.load(&network.params, &dir.join(OPTIMISER))?;
    network.params.restore(&dir.join(WEIGHTS))?;
    *optimiser = restored;
    Ok(())
}

/// Decides what moves. Adapters of an earlier stage are first added into their weights.
fn tune(network: &mut Network, tuning: &Tuning, seed: u64) -> Result<()> {
    network.fold_lora();
    match tuning {
        Tuning::Full => network.params.train_only(|_| true),
        Tuning::Lora(lora) if lora.rank == 0 => return Err("an adapter's `rank` is 0; use at least 1".into()),
        Tuning::Lora(lora) => {
            network.add_lora(lora.clone(), &mut seed::stream(seed, "gpt.lora"));
            network.params.train_only(|name| is_adapter(name) || is_fmri(name));
        }
    }
    Ok(())
}

/// Losses and gradients of one step.
pub(super) fn gradients(
    network: &Network,
    training: &Training,
    micro: &[Vec<Sequence>],
    seed: u64,
    step: u64,
) -> Result<(Losses, Gradients)> {
    let totals = totals(network, micro)?;
    if totals.is_empty() {
        return Err(
            format!("step {} has nothing to learn: no loss weight above 0 has a target", step + 1).into()
        );
    }
    let (mut losses, mut gradients) = (Losses::new(), Gradients::default());
    for (index, batch) in micro.iter().enumerate() {
        let pass = network.pass(Some(noise(training, seed, step, index)));
        if let Some(loss) = loss(network, &pass, batch, &totals, &mut losses) {
            gradients.add(loss.backward());
        }
    }
    Ok((losses, gradients))
}

fn noise(training: &Training, seed: u64, step: u64, micro: usize) -> Noise {
    let lora_dropout = match &training.tuning {
        Tuning::Lora(lora) => lora.dropout as f32,
        Tuning::Full => 0.0,
    };
    let rng = seed::stream(seed, &format!("gpt.noise.{step}.{micro}"));
    Noise { dropout: training.dropout as f32, lora_dropout, ..Noise::new(rng) }
}

/// The place in a sequence that predicts, and the label it should give.
type Target = (usize, u32);

/// Targets of one sequence by the name of their loss, with its weight.
fn targets(sequence: &Sequence) -> Vec<(&'static str, f32, Vec<Target>)> {
    let text = (sequence.objective.name(), sequence.text_weight, sequence.text_targets().collect::<Vec<_>>());
    let codes = (CODES, sequence.code_weight, sequence.code_targets().collect());
    [text, codes].into_iter().filter(|(_, weight, targets)| *weight > 0.0 && !targets.is_empty()).collect()
}

/// How many targets each loss has in a whole step.
fn totals(network: &Network, micro: &[Vec<Sequence>]) -> Result<BTreeMap<&'static str, usize>> {
    let mut totals = BTreeMap::new();
    for sequence in micro.iter().flatten() {
        network.check(sequence)?;
        for (name, _, targets) in targets(sequence) {
            *totals.entry(name).or_default() += targets.len();
        }
    }
    Ok(totals)
}

/// Rows that predict and their labels, for all targets of one name and weight.
#[derive(Default)]
struct Group {
    rows: Vec<Tensor>,
    labels: Vec<u32>,
}

/// The weighted loss of one micro-batch, a share of the step's; none if it has no target.
fn loss(
    network: &Network,
    pass: &Pass<'_>,
    batch: &[Sequence],
    totals: &BTreeMap<&'static str, usize>,
    losses: &mut Losses,
) -> Option<Tensor> {
    let mut groups: BTreeMap<(&'static str, u32), Group> = BTreeMap::new();
    let learned: Vec<_> = batch.iter().map(|sequence| (sequence, targets(sequence))).collect();
    let learned: Vec<_> = learned.into_iter().filter(|(_, targets)| !targets.is_empty()).collect();
    let spans: Vec<Span<'_>> =
        learned.iter().map(|(sequence, parts)| (*sequence, 0..needed(sequence, parts))).collect();
    let lengths: Vec<usize> = spans.iter().map(|(_, places)| places.len()).collect();
    for members in by_length(&lengths) {
        let bucket = Bucket::new(&members.iter().map(|&index| spans[index].clone()).collect::<Vec<_>>());
        let hidden = network.read(pass, &bucket, None);
        let mut cells: BTreeMap<(&'static str, u32), Vec<u32>> = BTreeMap::new();
        for (row, &index) in members.iter().enumerate() {
            for (name, weight, targets) in &learned[index].1 {
                let key = (*name, weight.to_bits());
                let at =
                    |place: usize| u32::try_from(row * bucket.length + place).expect("fewer than 2^32 cells");
                cells.entry(key).or_default().extend(targets.iter().map(|&(place, _)| at(place)));
                groups.entry(key).or_default().labels.extend(targets.iter().map(|&(_, label)| label));
            }
        }
        for (key, cells) in cells {
            groups.entry(key).or_default().rows.push(hidden.rows(&cells));
        }
    }
    let mut sum: Option<Tensor> = None;
    for ((name, weight), Group { rows, labels }) in groups {
        let hidden = Tensor::concat(&rows.iter().collect::<Vec<_>>(), 0);
        let logits = if name == CODES { network.codes(pass, &hidden) } else { network.words(pass, &hidden) };
        let share = labels.len() as f32 / totals[name] as f32;
        let term = logits.cross_entropy(&labels).scale(share);
        *losses.entry(name).or_default() += f64::from(term.item());
        let term = term.scale(f32::from_bits(weight));
        sum = Some(match sum {
            Some(sum) => sum.add(&term),
            None => term,
        });
    }
    sum
}

/// How many places must be read so that every target's place sees all it may see.
fn needed(sequence: &Sequence, parts: &[(&'static str, f32, Vec<Target>)]) -> usize {
    let layout = sequence.layout();
    let places =
        parts.iter().flat_map(|(_, _, targets)| targets.iter().map(|&(place, _)| layout.visible(place)));
    places.max().unwrap_or(0)
}
