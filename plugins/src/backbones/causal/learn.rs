//! The training loop that all stages share, with weighted losses at supervised places only.

use std::collections::BTreeSet;
use std::path::Path;

use boldface::{FitContext, Metric, Observer, Result, Sequence, Training, Tuning, seed};
use boldface_engine::nn::Noise;
use boldface_engine::{AdamW, Gradients, Schedule, clear_tape, clip};

use super::Trunk;
use super::loss::{ObjectiveLosses, loss, totals};

/// Trains like [`fit`] and records the loss of every objective as a metric.
pub(in crate::backbones) fn train(
    trunk: &mut impl Trunk,
    training: &Training,
    batches: &mut dyn Iterator<Item = Result<Vec<Sequence>>>,
    cx: &mut FitContext<'_>,
) -> Result<()> {
    fit(trunk, training, batches, cx, |observer, step, losses| {
        for (name, &loss) in losses {
            observer.record(step, Metric::lower_is_better(format!("{name}_loss"), loss));
        }
    })
}

/// Trains until `training.steps` steps are done, from the last checkpoint if there is one, and calls
/// `record` after each step.
///
/// The means of a step cover all its micro-batches together. Each micro-batch is weighted by its number
/// of supervised tokens, so accumulation gives the gradient of one large batch.
///
/// # Errors
/// If a sequence does not fit the model, the batches run out, a step has nothing to learn, a loss
/// is not finite, or the user interrupts.
pub(in crate::backbones) fn fit(
    trunk: &mut impl Trunk,
    training: &Training,
    batches: &mut dyn Iterator<Item = Result<Vec<Sequence>>>,
    cx: &mut FitContext<'_>,
    mut record: impl FnMut(&mut dyn Observer, u64, &ObjectiveLosses),
) -> Result<()> {
    clear_tape();
    trunk.tune(&training.tuning, cx.seed)?;
    let mut optimiser = AdamW::new(training.weight_decay as f32);
    let Training { steps, warmup, peak_lr, final_lr, .. } = *training;
    let schedule = Schedule { steps, warmup, peak_lr, final_lr };
    let first = cx.observer.resume(&mut |dir| restore(trunk, &mut optimiser, dir));
    let each = training.accumulate.max(1);
    // Batches come in a fixed order, so a resumed training draws those of the finished steps again and
    // skips them. Nothing of the sampler needs to be saved.
    let passed = usize::try_from(first).unwrap_or(usize::MAX).saturating_mul(each);
    if passed > 0 {
        let last = batches.nth(passed - 1).ok_or_else(|| format!("the batches ran out at step {first}"))?;
        drop(last?);
    }
    let mut next = |step| -> Result<Vec<Vec<Sequence>>> {
        let out = || format!("the batches ran out at step {} of {steps}", step + 1);
        (0..each).map(|_| batches.next().ok_or_else(out)?).collect()
    };
    for step in first..steps {
        let micro = next(step)?;
        let (losses, mut gradients) = gradients(trunk, training, &micro, cx.seed, step)?;
        if let Some((name, loss)) = losses.iter().find(|(_, loss)| !loss.is_finite()) {
            return Err(format!("{name}_loss is {loss} at step {}; lower `peak-lr`", step + 1).into());
        }
        let lr = schedule.lr(step);
        clip(&mut gradients, training.clip);
        optimiser.step(trunk.params_mut(), &gradients, lr);
        record(cx.observer, step + 1, &losses);
        cx.observer.record(step + 1, Metric::neutral("lr", lr));
        cx.observer.checkpoint(step + 1, &mut |dir| keep(trunk, &optimiser, dir));
        cx.observer.progress(step + 1, steps)?;
    }
    Ok(())
}

const WEIGHTS: &str = "weights.safetensors";
const OPTIMISER: &str = "optimiser.safetensors";

/// Writes everything that later steps depend on. Noise and batches follow from the step alone.
fn keep(trunk: &impl Trunk, optimiser: &AdamW, dir: &Path) -> Result<()> {
    trunk.params().save_some(&dir.join(WEIGHTS), |name| trunk.is_kept(name))?;
    Ok(optimiser.save(&dir.join(OPTIMISER))?)
}

/// Restores the files written by [`keep`] into a model that is ready for its first step.
pub(in crate::backbones) fn restore(trunk: &mut impl Trunk, optimiser: &mut AdamW, dir: &Path) -> Result<()> {
    let mut restored = optimiser.clone();
    restored.load(trunk.params(), &dir.join(OPTIMISER))?;
    let kept: BTreeSet<String> =
        trunk.params().names().filter(|name| trunk.is_kept(name)).map(str::to_owned).collect();
    trunk.params_mut().restore_some(&dir.join(WEIGHTS), |name| kept.contains(name))?;
    *optimiser = restored;
    Ok(())
}

/// Returns the losses and gradients of one step.
pub(in crate::backbones) fn gradients<T: Trunk>(
    trunk: &T,
    training: &Training,
    micro: &[Vec<Sequence>],
    seed: u64,
    step: u64,
) -> Result<(ObjectiveLosses, Gradients)> {
    let totals = totals(trunk, micro)?;
    if totals.is_empty() {
        return Err(
            format!("step {} has nothing to learn: no loss weight above 0 has a target", step + 1).into()
        );
    }
    let (mut losses, mut gradients) = (ObjectiveLosses::new(), Gradients::default());
    for (index, batch) in micro.iter().enumerate() {
        let pass = trunk.pass(Some(noise::<T>(training, seed, step, index)));
        if let Some(loss) = loss(trunk, &pass, batch, &totals, &mut losses) {
            gradients.add(loss.backward());
        }
    }
    Ok((losses, gradients))
}

fn noise<T: Trunk>(training: &Training, seed: u64, step: u64, micro: usize) -> Noise {
    let lora_dropout = match &training.tuning {
        Tuning::Lora(lora) => lora.dropout as f32,
        Tuning::Full => 0.0,
    };
    let rng = seed::stream(seed, &format!("{}.noise.{step}.{micro}", T::NAME));
    Noise { dropout: training.dropout as f32, lora_dropout, ..Noise::new(rng) }
}
