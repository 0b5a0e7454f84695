//! Numeric codes of the columns that norms are adjusted for, derived from the training scans.

use std::collections::BTreeSet;

use boldface::{Deserialize, Result, ScanInfo, Serialize};
use boldface_imaging::table::stray_text;

/// Codes of columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", transparent)]
pub(super) struct NormCovariates(Vec<Covariate>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case", deny_unknown_fields)]
enum Covariate {
    /// One number: the distance from the mean in SDs (ddof 0, over the scans).
    Number { column: String, mean: f64, sd: f64 },
    /// One number for each level but the first: 1 for that level, 0 otherwise.
    Category { column: String, levels: Vec<String> },
}

impl NormCovariates {
    /// Derives the codes of `columns` from `scans`.
    ///
    /// # Errors
    /// If a scan has no value in a column, a word where most have numbers, or a column is constant or
    /// listed twice.
    pub(super) fn learn(columns: &[String], scans: &[&ScanInfo]) -> Result<NormCovariates> {
        let mut all = Vec::new();
        for (place, column) in columns.iter().enumerate() {
            if columns[..place].contains(column) {
                return Err(format!("`adjust` has `{column}` twice").into());
            }
            let values = scans.iter().map(|scan| value(scan, column)).collect::<Result<Vec<&str>>>()?;
            if let Some(place) = stray_text(&values) {
                return Err(format!(
                    "`{}` has `{}` in `{column}`, which norms are adjusted for and which holds numbers otherwise; write \
                     a number, or leave that scan out",
                    scans[place].id, values[place]
                )
                .into());
            }
            all.push(Covariate::learn(column, &values)?);
        }
        Ok(NormCovariates(all))
    }

    /// Returns the coded columns of a scan.
    ///
    /// # Errors
    /// If it has no value in a column, text where training has numbers, or a level that does not occur
    /// in training.
    pub(super) fn code(&self, scan: &ScanInfo) -> Result<Vec<f64>> {
        let mut coded = Vec::new();
        for covariate in &self.0 {
            match covariate {
                Covariate::Number { column, mean, sd } => {
                    let value = value(scan, column)?;
                    let number = number(value).ok_or_else(|| {
                        format!(
                            "`{}` has `{value}` in `{column}`, which is a number in every training scan; norms are \
                             adjusted for it",
                            scan.id
                        )
                    })?;
                    coded.push((number - mean) / sd);
                }
                Covariate::Category { column, levels } => {
                    let value = value(scan, column)?;
                    let level = levels.iter().position(|level| level == value).ok_or_else(|| {
                        let levels: Vec<String> = levels.iter().map(|level| format!("`{level}`")).collect();
                        format!(
                            "`{}` has `{value}` in `{column}`, which norms are adjusted for, and no training scan \
                             has; they have {}",
                            scan.id,
                            levels.join(", ")
                        )
                    })?;
                    coded.extend((1..levels.len()).map(|at| f64::from(u8::from(at == level))));
                }
            }
        }
        Ok(coded)
    }

    /// Returns the number of coded columns.
    pub(super) fn width(&self) -> usize {
        self.0.iter().map(Covariate::width).sum()
    }

    /// Returns the columns, in order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Covariate::column)
    }

    /// Returns the column that a coded column belongs to.
    pub(super) fn column(&self, coded: usize) -> &str {
        let mut all = self.0.iter().flat_map(|one| std::iter::repeat_n(one.column(), one.width()));
        all.nth(coded).expect("every coded column is of a column")
    }

    /// Checks codes that were read, and returns the number of coded columns.
    pub(super) fn check(&self) -> Result<usize, String> {
        for one in &self.0 {
            match one {
                Covariate::Number { column, sd, .. } if *sd <= 0.0 => {
                    return Err(format!("`{column}` has an SD of {sd}"));
                }
                Covariate::Category { column, levels } if levels.len() < 2 => {
                    return Err(format!("`{column}` has {} levels", levels.len()));
                }
                _ => {}
            }
        }
        Ok(self.width())
    }
}

impl Covariate {
    fn learn(column: &str, values: &[&str]) -> Result<Covariate> {
        let levels: BTreeSet<&str> = values.iter().copied().collect();
        let numbers: Option<Vec<f64>> = values.iter().map(|value| number(value)).collect();
        // `1` and `1.0` are different texts but the same number.
        let constant = levels.len() < 2
            || numbers.as_ref().is_some_and(|numbers| numbers.iter().all(|&x| x == numbers[0]));
        if constant {
            let only = levels.first().unwrap_or(&"missing");
            return Err(format!(
                "`{column}` is `{only}` in every training scan: there is nothing to adjust for; take it out of \
                 `adjust`"
            )
            .into());
        }
        let column = column.to_owned();
        let Some(numbers) = numbers else {
            return Ok(Covariate::Category {
                column,
                levels: levels.into_iter().map(str::to_owned).collect(),
            });
        };
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let sd = (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        Ok(Covariate::Number { column, mean, sd })
    }

    fn column(&self) -> &str {
        match self {
            Covariate::Number { column, .. } | Covariate::Category { column, .. } => column,
        }
    }

    /// Returns the number of coded columns.
    fn width(&self) -> usize {
        match self {
            Covariate::Number { .. } => 1,
            Covariate::Category { levels, .. } => levels.len() - 1,
        }
    }
}

fn value<'a>(scan: &'a ScanInfo, column: &str) -> Result<&'a str> {
    scan.column(column).ok_or_else(|| {
        format!(
            "`{}` has no `{column}`, which norms are adjusted for; fill it in, leave the scan out, or take it out of \
             `adjust`",
            scan.id
        )
        .into()
    })
}

fn number(value: &str) -> Option<f64> {
    value.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}
