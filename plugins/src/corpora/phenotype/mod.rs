//! Says what the tables know of a person: age, sex, scores and diagnoses.

mod check;
mod column;
mod fitted;
#[cfg(test)]
mod tests;
mod told;

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{
    Cohort, CorpusGenerator, Describer, Deserialize, JsonSchema, Problem, Result, Serialize, TrainScans,
    register,
};

use super::words::WordTable;
use column::Column;
use fitted::Fitted;

/// Sentences about columns of the participants, sessions and scans tables, one a column.
///
/// A number is compared with the training scans, of which every person counts once; with `bands` its words are those of
/// the range that it is in. A category is told as it is. A value that is missing is said to be not available.
///
/// Every column is named to the leakage lint: a task that asks for one of them, or for something that one of them
/// gives away, is refused before anything runs. A fact about the column `age` is called `phenotype.age`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Phenotype {
    /// What to tell, by column of the tables: `age = { kind = "number", unit = "years" }`,
    /// `sex = { kind = "category", names = { "1" = "male", "2" = "female" } }`.
    columns: BTreeMap<String, Column>,
    /// Words of your own: the path of a TOML file, or the table itself. What it does not say stays as it is shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<WordTable>,
    /// Whether the wording of each sentence is drawn from the grammar, by seed, scan and feature; if not, every sentence
    /// has the plain form.
    #[serde(default = "paraphrase")]
    paraphrase: bool,
    /// Columns of the tables that are adjusted for before a scan is compared, such as `["age", "sex", "site"]`: numbers
    /// if every training scan has a number, else categories. Every scan needs a value. Never what a task asks for: it
    /// would be put into the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    adjust: Vec<String>,
}

register!(CorpusGenerator "phenotype" => Phenotype);

/// Raised when the same config says something else.
const VERSION: u32 = 1;

impl CorpusGenerator for Phenotype {
    fn fit(&self, train: &TrainScans<'_>, seed: u64) -> Result<Box<dyn Describer>> {
        Ok(Box::new(Fitted::fit(self, train, seed)?))
    }

    fn load(&self, dir: &Path) -> Result<Box<dyn Describer>> {
        Ok(Box::new(Fitted::load(self, dir)?))
    }

    fn tells(&self) -> Vec<String> {
        let mut columns: Vec<String> = self.columns.keys().chain(&self.adjust).cloned().collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    fn check(&self, cohort: &Cohort) -> Vec<Problem> {
        check::check(self, cohort)
    }

    fn version(&self) -> u32 {
        VERSION
    }
}

fn paraphrase() -> bool {
    true
}
