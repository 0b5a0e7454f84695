//! What is known before anything runs.

use crate::{FmriShape, ScanInfo, Training};

/// Information for a plugin's `check`, known before any signal is read.
#[derive(Clone, Copy, Debug)]
pub struct CheckContext<'a> {
    /// All scans of all datasets.
    pub scans: &'a [ScanInfo],
    /// Volumes of a scan after the crop. If scans differ in length, the most that a tokenizer or backbone
    /// meets, and the fewest for a task, whose windows must fit into every scan.
    pub trs: usize,
    /// Volumes per token, as configured in the tokenizer.
    pub patch: usize,
}

/// Information for [`crate::Backbone::check_training`].
#[derive(Clone, Copy, Debug)]
pub struct TrainingContext<'a> {
    /// The recipe.
    pub training: &'a Training,
    /// Sequences per micro-batch.
    pub sequences: usize,
    /// Shape of the model's fMRI input, if it is known before the tokenizer is fitted.
    pub shape: Option<FmriShape>,
    /// The device, such as `cpu`.
    pub device: &'a str,
}
