//! Forms of stage 3's prompts besides the usual one, a scan with a question.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shares of stage 3's prompts without the scan, drawn at random. The rest, 1 minus both, show the scan.
/// A control without the scan is a fair comparison only in a form that the model was trained on. Forecasts
/// always show their scan. Held-out facts are in no prompt of the training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Forms {
    /// Share of prompts with the question alone, from 0 to 1: the form of the control `text-only`, which
    /// is asked with or without this training.
    pub text_only: f64,
    /// Share of prompts with the scan's facts as numbers instead of the scan, from 0 to 1. Above 0, the
    /// evaluation also asks the control `values` in this form: what a reader of the numbers reaches. Needs
    /// a corpus. Facts are measured in whole scans, so questions about a part of one show the scan instead.
    pub values: f64,
}

impl Forms {
    /// Whether every prompt shows its scan.
    pub fn is_none(&self) -> bool {
        self.text_only == 0.0 && self.values == 0.0
    }
}
