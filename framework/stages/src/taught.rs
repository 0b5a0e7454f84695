//! What a stage teaches about facts, which the leak checks compare with those that are held out.

use std::collections::BTreeSet;

use boldface::{Describer, Result};
use serde::{Deserialize, Serialize};

use super::inputs::read_facts;

/// Increase when [`TAUGHT`](crate::store::TAUGHT) must be written anew.
pub const TAUGHT_VERSION: u32 = 1;

/// Facts and questions that a stage teaches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Taught {
    /// Features of facts that are answers, targets or numbers in a prompt, or that a text states.
    pub features: BTreeSet<String>,
    /// Questions.
    pub questions: BTreeSet<String>,
    /// Texts to read facts from.
    #[serde(skip)]
    pub texts: BTreeSet<String>,
}

impl Taught {
    /// Adds the features whose facts the describers read in the texts.
    ///
    /// # Errors
    /// If a describer cannot read: then nothing is proved.
    pub fn read_texts(&mut self, describers: &[Box<dyn Describer>]) -> Result<()> {
        for text in &self.texts {
            let facts = read_facts(describers, text).map_err(|error| {
                format!("`facts.held-out`: facts in a text cannot be looked for: {error}")
            })?;
            self.features.extend(facts.into_iter().map(|fact| fact.feature));
        }
        Ok(())
    }

    pub(crate) fn extend(&mut self, other: Taught) {
        self.features.extend(other.features);
        self.questions.extend(other.questions);
        self.texts.extend(other.texts);
    }
}
