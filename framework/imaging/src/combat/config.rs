//! Settings of harmonisation: the batch column and the columns whose effect is kept.

use boldface::{Deserialize, JsonSchema, Problem, Result, ScanInfo, Serialize};

use crate::table::stray_text;

/// Removes differences between scanners from connectivity, by ComBat fitted on the training scans only.
///
/// Every scan needs a value in each of these columns, and every batch needs two training scans. A scan
/// from a batch without training scans cannot be harmonised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", crate = "boldface::serde")]
#[schemars(crate = "boldface::schemars")]
pub struct Harmonization {
    /// The method.
    #[serde(rename = "type", default)]
    pub kind: HarmonizationKind,
    /// Column with each scan's scanner or site; `dataset` for the dataset's name.
    pub batch: String,
    /// Columns whose effect is kept, such as `age` and `sex`. A column counts as numbers if every
    /// training scan has a number there, and as categories otherwise. Do not list a column that a task
    /// predicts: its effect would be put into the features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preserve: Vec<String>,
}

/// Methods of harmonisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "boldface::serde")]
#[schemars(crate = "boldface::schemars")]
pub enum HarmonizationKind {
    /// ComBat with parametric empirical Bayes (Johnson 2007, Fortin 2018).
    #[default]
    Combat,
}

/// The batch of a scan and its preserved values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchMembership {
    /// The scan's scanner or site.
    pub batch: String,
    /// The scan's value in each preserved column.
    pub preserved: Vec<String>,
}

impl Harmonization {
    /// Returns the batch and the preserved values of a scan.
    ///
    /// # Errors
    /// If the scan has no value in one of the columns.
    pub fn origin(&self, scan: &ScanInfo) -> Result<BatchMembership> {
        let value = |column: &String| -> Result<String> {
            let value = scan.column(column).map(str::to_owned);
            value.ok_or_else(|| {
                format!("`{}` has no `{column}`, so it cannot be harmonised; leave the scan out", scan.id)
                    .into()
            })
        };
        Ok(BatchMembership {
            batch: value(&self.batch)?,
            preserved: self.preserve.iter().map(value).collect::<Result<_>>()?,
        })
    }

    /// Returns the problems of these settings for `scans`, at keys relative to the table.
    pub fn check(&self, scans: &[ScanInfo]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let preserved = self.preserve.iter().enumerate();
        let preserved = preserved.map(|(place, column)| (format!("preserve[{place}]"), column));
        for (key, column) in std::iter::once(("batch".to_owned(), &self.batch)).chain(preserved) {
            let without: Vec<&ScanInfo> = scans.iter().filter(|scan| scan.column(column).is_none()).collect();
            if let Some(first) = without.first() {
                let (some, all, first) = (without.len(), scans.len(), &first.id);
                let message = format!("{some} of {all} scans have no `{column}`, the first is `{first}`");
                problems.push(Problem::at(&key, message).help("fill it in, or leave those scans out"));
            }
            let values: Vec<(&ScanInfo, &str)> =
                scans.iter().filter_map(|scan| Some((scan, scan.column(column)?))).collect();
            let cells: Vec<&str> = values.iter().map(|(_, value)| *value).collect();
            if let Some(place) = stray_text(&cells).filter(|_| key != "batch") {
                let (scan, cell) = values[place];
                let message = format!(
                    "`{}` has `{cell}` in `{column}`, which holds numbers otherwise: it would become a column of \
                     categories",
                    scan.id
                );
                problems.push(Problem::at(&key, message).help("write a number, or leave that scan out"));
            }
            if key != "batch" && *column == self.batch {
                let message = format!("`{column}` is the batch: it cannot be both removed and preserved");
                problems.push(Problem::at(key, message).help("remove it from `preserve`"));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use boldface::ScanId;

    use super::*;

    #[test]
    fn a_word_among_the_numbers_of_a_preserved_column_is_named() {
        let scan = |(place, age): (usize, &&str)| ScanInfo {
            id: ScanId::new("d", place.to_string()),
            tr: 2.0,
            trs: 10,
            rois: 2,
            phenotype: [("age", *age), ("site", if place < 3 { "A" } else { "B" })]
                .map(|(column, value)| (column.to_owned(), value.to_owned()))
                .into(),
            events: Vec::new(),
            cuts: Vec::new(),
        };
        let how = Harmonization {
            kind: HarmonizationKind::Combat,
            batch: "site".to_owned(),
            preserve: vec!["age".to_owned()],
        };
        let scans = |ages: &[&str]| ages.iter().enumerate().map(scan).collect::<Vec<_>>();
        assert_eq!(how.check(&scans(&["61", "72", "89", "40"])), []);
        let problems = how.check(&scans(&["61", "72", "89+", "40"]));
        assert_eq!((problems.len(), problems[0].key.as_str()), (1, "preserve[0]"));
        assert_eq!(
            problems[0].message,
            "`d/sub-2` has `89+` in `age`, which holds numbers otherwise: it would become a column of categories"
        );
    }
}
