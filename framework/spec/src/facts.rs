//! Settings for training on facts, with the defaults of an experiment without `[alignment]`.

use serde::Serialize;

use super::{Alignment, defaults};

/// Settings for training on facts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FactRecipe {
    /// Number of questions per scan.
    pub questions: usize,
    /// Share of made scans.
    pub made: f64,
    /// Weight of the loss.
    pub weight: f32,
}

impl FactRecipe {
    /// Takes the recipe of `[alignment]`, or its defaults without that table.
    pub fn new(alignment: Option<&Alignment>) -> FactRecipe {
        match alignment {
            Some(config) => {
                FactRecipe { questions: config.questions, made: config.made, weight: config.facts }
            }
            None => FactRecipe {
                questions: defaults::default_facts_asked(),
                made: defaults::default_made(),
                weight: defaults::default_facts(),
            },
        }
    }
}
