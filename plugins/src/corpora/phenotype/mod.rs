//! Describes a person from the tables: age, sex, scores and diagnoses.

mod check;
mod column;
mod fitted;
#[cfg(test)]
mod tests;
mod told;

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{
    Cohort, CorpusGenerator, Describer, Deserialize, FactQuestion, JsonSchema, Problem, Result, Serialize,
    TrainScans, register,
};

use super::words::WordTable;
use column::Column;
use fitted::Fitted;

/// One sentence per column of the participants, sessions and scans tables.
///
/// A number is compared with the training scans, where every person has the same weight; with `bands`,
/// its words are those of its range. A category is stated as it is. A missing value is described as not
/// available.
///
/// The leakage lint learns the name of every column: it refuses a task that asks for one of them, or
/// for something that one of them gives away, before anything runs. The fact about the column `age` is
/// called `phenotype.age`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Phenotype {
    /// Columns to describe, by their name in the tables: `age = { kind = "number", unit = "years" }`,
    /// `sex = { kind = "category", names = { "1" = "male", "2" = "female" } }`.
    columns: BTreeMap<String, Column>,
    /// Your own words: the path of a TOML file, or the table itself. Built-in words apply to everything
    /// it leaves out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<WordTable>,
    /// Whether the wording of each sentence is drawn from the grammar, by seed, scan and feature. If
    /// false, every sentence has the plain form.
    #[serde(default = "paraphrase")]
    paraphrase: bool,
    /// Table columns to adjust for before a scan is compared, such as `["age", "sex", "site"]`. A
    /// column is numeric if every training scan has a number in it, else categorical. Every scan needs
    /// a value. Leave out columns that a task asks for, because adjustment puts them into the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    adjust: Vec<String>,
}

register!(CorpusGenerator "phenotype" => Phenotype);

/// Increased when the same config leads to different descriptions.
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

    /// A signal does not show phenotypes, so nothing asks about them.
    fn asks(&self, _: &Cohort) -> Option<Vec<FactQuestion>> {
        Some(Vec::new())
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
