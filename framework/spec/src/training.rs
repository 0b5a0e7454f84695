//! The training recipe of stages 2 and 3, which have the same keys, in the form that backbones take.

use boldface::{Training, Tuning};

use super::{Alignment, Instruction};

/// Implements `training` for a table with these keys.
macro_rules! training {
    ($table:ident) => {
        impl $table {
            /// Returns the training recipe. `final_lr` defaults to a tenth of the peak.
            pub fn training(&self) -> Training {
                Training {
                    steps: self.steps,
                    accumulate: self.accumulate,
                    peak_lr: self.peak_lr,
                    final_lr: self.final_lr.unwrap_or_else(|| tenth(self.peak_lr)),
                    warmup: self.warmup,
                    weight_decay: self.weight_decay,
                    clip: self.clip,
                    dropout: self.dropout,
                    tuning: self.lora.clone().map_or(Tuning::Full, Tuning::Lora),
                }
            }
        }
    };
}
training!(Alignment);
training!(Instruction);

/// Returns a tenth in short decimal form: 3e-5 for 3e-4, where division gives 2.9999999999999997e-5.
fn tenth(number: f64) -> f64 {
    format!("{number}e-1").parse().unwrap_or(number / 10.0)
}
