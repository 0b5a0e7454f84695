//! Default values of keys in the framework's own sections.

use std::path::PathBuf;

pub(super) fn default_batch_size() -> usize {
    8
}

pub(super) fn default_questions() -> usize {
    1
}

pub fn default_facts_asked() -> usize {
    16
}

pub fn default_made() -> f64 {
    0.75
}

pub fn default_facts() -> f32 {
    1.0
}

pub(super) fn default_descriptions() -> usize {
    1
}

pub(super) fn default_rehearsal() -> usize {
    1
}

/// Whether a count has its default. It is then not written, so that keys of earlier versions stay valid.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
pub(super) fn is_one(count: &usize) -> bool {
    *count == 1
}

pub(super) fn default_accumulate() -> usize {
    1
}

pub(super) fn default_warmup() -> u64 {
    20
}

pub(super) fn default_weight_decay() -> f64 {
    0.1
}

pub(super) fn default_clip() -> f64 {
    1.0
}

pub(super) fn default_fmri_to_text() -> f32 {
    1.0
}

pub(super) fn default_fmri_to_fmri() -> f32 {
    0.1
}

pub(super) fn default_text_to_text() -> f32 {
    0.5
}

pub(super) fn default_text_batch_size() -> usize {
    4
}

pub(super) fn default_resamples() -> usize {
    1000
}

pub(super) fn default_longest_answer() -> usize {
    160
}

pub(super) fn default_device() -> String {
    "cpu".to_owned()
}

pub(super) fn default_runs() -> PathBuf {
    PathBuf::from("runs")
}

pub(super) fn default_checkpoint_seconds() -> u64 {
    30
}

pub(super) fn default_plugin_seconds() -> u64 {
    60
}
