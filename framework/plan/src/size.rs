//! Sizes of the stages of a plan, from its config and the headers of the data. Sizes are part of no key.
//! Estimates scale the measurements of finished stages by size, and do not account for threads or
//! machine.

use boldface::{CheckContext, Lora, ScanInfo, Size, Training, TrainingContext};

use super::{Plan, StageKind};

/// Fills in the size of every stage.
pub(super) fn measure(plan: &mut Plan, scans: &[ScanInfo]) {
    let sizes: Vec<Size> = {
        let sizes = Sizes::new(plan, scans);
        // Stages copied from an export are not fitted.
        let of =
            |stage| if plan.taken(stage).is_some() { Size::default() } else { sizes.estimate(&stage.kind) };
        plan.stages.iter().map(of).collect()
    };
    for (stage, size) in plan.stages.iter_mut().zip(sizes) {
        stage.size = size;
    }
}

struct Sizes<'a> {
    plan: &'a Plan,
    cx: CheckContext<'a>,
    /// Numbers in all scans after the crop.
    signal: u64,
    /// Tokens of the longest scan.
    block: u64,
}

impl<'a> Sizes<'a> {
    fn new(plan: &'a Plan, scans: &'a [ScanInfo]) -> Sizes<'a> {
        let (crop, patch) = (plan.crop(), plan.tokenizer.config.patch());
        let (_, trs) = crop.range(scans);
        let rois = scans.first().map_or(0, |scan| scan.rois);
        let cx = CheckContext { scans, trs, patch };
        let signal = scans.iter().map(|scan| (crop.kept(scan.trs) * rois) as u64).sum();
        Sizes { plan, cx, signal, block: (trs.checked_div(patch).unwrap_or(0) * rois) as u64 }
    }

    fn estimate(&self, kind: &StageKind) -> Size {
        let experiment = &self.plan.experiment;
        let scans = self.cx.scans.len() as u64;
        let plain = |work: u64| Size { work: Some(work), ..Size::default() };
        match kind {
            StageKind::Series | StageKind::Corpus | StageKind::Baseline(_) => plain(self.signal),
            StageKind::Split => plain(scans),
            StageKind::TextSpace => self.plan.backbone.config.text_size(),
            StageKind::Tokenizer => self.plan.tokenizer.config.size(&self.cx),
            StageKind::Codes => {
                let parameters = self.plan.tokenizer.config.size(&self.cx).parameters;
                Size { parameters, ..plain(scans * self.block) }
            }
            StageKind::Alignment => experiment.alignment.as_ref().map_or_else(Size::default, |alignment| {
                self.training(&alignment.training(), alignment.batch_size, alignment.lora.as_ref())
            }),
            StageKind::Instruction => {
                experiment.instruction.as_ref().map_or_else(Size::default, |instruction| {
                    self.training(&instruction.training(), instruction.batch_size, instruction.lora.as_ref())
                })
            }
            StageKind::Evaluation(_) => {
                let last = experiment.instruction.as_ref().map(|instruction| instruction.lora.as_ref());
                let last =
                    last.or_else(|| experiment.alignment.as_ref().map(|alignment| alignment.lora.as_ref()));
                Size { parameters: self.model(last.flatten()), ..plain(scans * self.block) }
            }
        }
    }

    /// Returns the size of a training stage in fMRI tokens. The amount of text is only known in the run.
    fn training(&self, training: &Training, sequences: usize, lora: Option<&Lora>) -> Size {
        let batch = sequences as u64 * self.block;
        let steps = training.steps * training.accumulate as u64;
        let work = Some(steps.saturating_mul(batch));
        let (shape, device) = (self.plan.tokenizer.config.fmri_shape(&self.cx), &self.plan.runtime.device);
        let cx = TrainingContext { training, sequences, shape, device };
        let memory = self.plan.backbone.config.training_memory(&cx);
        Size { parameters: self.model(lora), work, batch: Some(batch), memory }
    }

    /// Counts the parameters of the language model with its fMRI parts.
    fn model(&self, lora: Option<&Lora>) -> Option<u64> {
        let shape = self.plan.tokenizer.config.fmri_shape(&self.cx)?;
        self.plan.backbone.config.parameters(shape, lora)
    }
}
