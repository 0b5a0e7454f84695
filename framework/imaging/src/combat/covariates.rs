//! Codes preserved columns as numbers, from their values in the training scans.

use std::collections::BTreeSet;

use boldface::{Deserialize, Result, Serialize};

use super::config::BatchMembership;
use crate::table::stray_text;

/// The coding of all preserved columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", transparent)]
pub(super) struct PreservedCovariates(Vec<Covariate>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case", deny_unknown_fields)]
enum Covariate {
    /// One number: the distance from the mean in standard deviations.
    Number { column: String, mean: f64, sd: f64 },
    /// One number per level except the first: 1 or 0, minus the level's share of the scans.
    Category { column: String, levels: Vec<String>, shares: Vec<f64> },
}

impl PreservedCovariates {
    /// Learns the coding of `columns` from `origins`.
    ///
    /// # Errors
    /// If a column has only one value, or holds numbers and a word among them.
    pub(super) fn learn(columns: &[String], origins: &[BatchMembership]) -> Result<PreservedCovariates> {
        let one = |(place, column): (usize, &String)| {
            let values: Vec<&str> = origins.iter().map(|origin| origin.preserved[place].as_str()).collect();
            let levels: BTreeSet<&str> = values.iter().copied().collect();
            if levels.len() < 2 {
                return Err(format!(
                    "`{column}` is `{}` in every training scan: there is nothing to preserve; remove it from `preserve`",
                    levels.first().unwrap_or(&"missing")
                )
                .into());
            }
            if let Some(place) = stray_text(&values) {
                return Err(format!(
                    "`{column}` is `{}` in a training scan and a number in most others; write a number, or leave that \
                     scan out",
                    values[place]
                )
                .into());
            }
            Ok(Covariate::learn(column, &values, levels))
        };
        columns.iter().enumerate().map(one).collect::<Result<_>>().map(PreservedCovariates)
    }

    /// Codes the covariates of a scan. Each number averages zero over the scans the coding was learned
    /// from.
    ///
    /// # Errors
    /// If a value of a numeric column is not a number, or a category is unknown.
    pub(super) fn code(&self, origin: &BatchMembership) -> Result<Vec<f64>> {
        let mut coded = Vec::new();
        for (covariate, value) in self.0.iter().zip(&origin.preserved) {
            match covariate {
                Covariate::Number { column, mean, sd } => {
                    let number = number(value).ok_or_else(|| {
                        format!("`{column}` is a number in every training scan, but `{value}` is not")
                    })?;
                    coded.push((number - mean) / sd);
                }
                Covariate::Category { column, levels, shares } => {
                    let level = levels.iter().position(|level| level == value).ok_or_else(|| {
                        let levels: Vec<String> = levels.iter().map(|level| format!("`{level}`")).collect();
                        format!(
                            "`{column}` is `{value}`, which no training scan has; they have {}",
                            levels.join(", ")
                        )
                    })?;
                    coded.extend(
                        (1..).zip(shares).map(|(at, share)| f64::from(u8::from(at == level)) - share),
                    );
                }
            }
        }
        Ok(coded)
    }

    /// Returns the column of each coded number.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut all = Vec::new();
        for (width, column) in self.0.iter().map(Covariate::width) {
            all.extend(std::iter::repeat_n(column, width));
        }
        all
    }
}

impl Covariate {
    fn learn(column: &str, values: &[&str], levels: BTreeSet<&str>) -> Covariate {
        let n = values.len() as f64;
        let numbers: Option<Vec<f64>> = values.iter().map(|value| number(value)).collect();
        if let Some(numbers) = numbers {
            let mean = numbers.iter().sum::<f64>() / n;
            let sd = (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            // `1` and `1.0` are two texts but one number. `BatchDesign::new` then reports that the column
            // varies too little.
            let sd = if sd > 0.0 { sd } else { 1.0 };
            return Covariate::Number { column: column.to_owned(), mean, sd };
        }
        let share = |level: &&str| values.iter().filter(|value| *value == level).count() as f64 / n;
        let shares = levels.iter().skip(1).map(share).collect();
        let levels = levels.into_iter().map(str::to_owned).collect();
        Covariate::Category { column: column.to_owned(), levels, shares }
    }

    /// Returns the number of coded values, and the column.
    fn width(&self) -> (usize, &str) {
        match self {
            Covariate::Number { column, .. } => (1, column),
            Covariate::Category { column, shares, .. } => (shares.len(), column),
        }
    }
}

fn number(value: &str) -> Option<f64> {
    value.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}
