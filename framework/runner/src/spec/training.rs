//! The recipe of a training stage, as the backbone takes it; stages 2 and 3 have the same keys.

use boldface::{Training, Tuning};

use super::{Alignment, Instruction};

/// Reads the training keys of a table.
macro_rules! training {
    ($table:ident) => {
        impl $table {
            /// The recipe; the last learning rate is a tenth of the peak if left out.
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

/// A tenth as one writes it: 3e-5 for 3e-4, where the division gives 2.9999999999999997e-5.
fn tenth(number: f64) -> f64 {
    format!("{number}e-1").parse().unwrap_or(number / 10.0)
}
