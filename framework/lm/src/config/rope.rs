//! Frequencies of rotary positions in models that were stretched to longer texts.
//!
//! They equal those of `modeling_rope_utils` in transformers 5.

use std::f64::consts::PI;

use boldface::{Error, Result};
use boldface_engine::Rope;

/// Change of a model's frequencies from the plain ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RopeScaling {
    /// No change.
    None,
    /// All frequencies are divided by the factor.
    Linear {
        /// Length of the new texts over that of the original ones.
        factor: f64,
    },
    /// Slow frequencies are divided by the factor, fast ones stay (Llama 3.1).
    Llama3 {
        /// Length of the new texts over that of the original ones.
        factor: f64,
        /// Waves longer than `original / low` are divided.
        low: f64,
        /// Waves shorter than `original / high` stay.
        high: f64,
        /// Longest text before stretching.
        original: f64,
    },
    /// Like Llama 3.1, over a ramp of dimensions, and with sharper attention (YaRN, Peng et al. 2023).
    Yarn {
        /// Length of the new texts over that of the original ones.
        factor: f64,
        /// Number of turns over the original length above which a frequency stays.
        fast: f64,
        /// Number of turns below which a frequency is divided.
        slow: f64,
        /// Longest text before stretching.
        original: f64,
        /// Factor on the rotated numbers.
        attention: f64,
        /// Whether the ramp begins and ends at whole dimensions.
        truncate: bool,
    },
}

impl RopeScaling {
    /// Refuses numbers that give no frequencies; `wrong(key, why)` makes the error.
    pub fn checked(self, wrong: &dyn Fn(&str, &str) -> Error) -> Result<()> {
        let positive = |key: &str, x: f64| {
            if x > 0.0 { Ok(()) } else { Err(wrong(key, "where more than 0 was expected")) }
        };
        match self {
            RopeScaling::None => Ok(()),
            RopeScaling::Linear { factor } => positive("factor", factor),
            RopeScaling::Llama3 { factor, low, high, original } => {
                positive("factor", factor)?;
                positive("low_freq_factor", low)?;
                positive("original_max_position_embeddings", original)?;
                if high > low {
                    return Ok(());
                }
                Err(wrong(
                    "high_freq_factor",
                    &format!("where more than `low_freq_factor`, {low}, was expected"),
                ))
            }
            RopeScaling::Yarn { factor, fast, slow, original, attention, truncate: _ } => {
                positive("factor", factor)?;
                positive("beta_slow", slow)?;
                positive("beta_fast", fast)?;
                positive("original_max_position_embeddings", original)?;
                positive("attention_factor", attention)
            }
        }
    }

    /// Returns the frequencies of heads of `width` numbers.
    pub fn rope(self, width: usize, base: f64) -> Rope {
        let plain = Rope::plain(width, base);
        let each = |stretched: &dyn Fn(usize, f64) -> f64| {
            plain.frequencies.iter().enumerate().map(|(i, frequency)| stretched(i, *frequency)).collect()
        };
        match self {
            RopeScaling::None => plain,
            RopeScaling::Linear { factor } => {
                Rope { frequencies: each(&|_, frequency| frequency / factor), scale: 1.0 }
            }
            RopeScaling::Llama3 { factor, low, high, original } => {
                let stretched = |_: usize, frequency: f64| {
                    let turns = original * frequency / (2.0 * PI);
                    let kept = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                    (1.0 - kept) * frequency / factor + kept * frequency
                };
                Rope { frequencies: each(&stretched), scale: 1.0 }
            }
            RopeScaling::Yarn { factor, fast, slow, original, attention, truncate } => {
                let width = width as f64;
                let dimension = |turns: f64| width * (original / (turns * 2.0 * PI)).ln() / (2.0 * base.ln());
                let (mut first, mut last) = (dimension(fast), dimension(slow));
                if truncate {
                    (first, last) = (first.floor(), last.ceil());
                }
                (first, last) = (first.max(0.0), last.min(width - 1.0));
                if first == last {
                    last += 0.001; // as in the original, to avoid dividing by zero
                }
                let stretched = |i: usize, frequency: f64| {
                    let divided = ((i as f64 - first) / (last - first)).clamp(0.0, 1.0);
                    divided * frequency / factor + (1.0 - divided) * frequency
                };
                Rope { frequencies: each(&stretched), scale: attention as f32 }
            }
        }
    }
}

/// Returns the attention factor of the YaRN paper: `0.1 m ln(s) + 1`.
pub(crate) fn yarn_attention(factor: f64, m: f64) -> f64 {
    if factor <= 1.0 { 1.0 } else { 0.1 * m * factor.ln() + 1.0 }
}
