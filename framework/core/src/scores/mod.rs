//! Scores: plain functions from answers to numbers.
//!
//! Undefined scores (an AUROC over one class, a correlation with a constant) are `NaN`, never a number
//! that could be mistaken for a result. The functions are small enough to write by hand. Tests compare
//! them with scikit-learn, pycocoevalcap and rouge-score, whose stemmer (NLTK's extended Porter stemmer)
//! no crate provides.

mod calibration;
mod classification;
mod power;
mod regression;
mod stem;
mod text;

pub use calibration::{ReliabilityBin, brier, calibration_error, reliability};
pub use classification::{
    accuracy, auroc, auroc_one_vs_rest, balanced_accuracy, log_loss, macro_f1, most_likely,
};
pub use power::{detectable_accuracy, detectable_auroc, detectable_correlation, subjects_for_auroc};
pub use regression::{mae, mean, mse, pearson_r, r2};
pub use text::{bleu, rouge_l};

#[cfg(test)]
mod golden;
