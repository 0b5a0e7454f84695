//! One column: what its values mean, and how they are read.

use std::collections::BTreeMap;

use boldface::{Deserialize, JsonSchema, ScanInfo, Serialize};
use boldface_features::Missing;

/// How a column is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Column {
    /// Whether its values are numbers or categories. A code such as 1 for male is a category.
    pub(super) kind: Kind,
    /// What sentences call it, such as `diastolic blood pressure`; by default the column's name, with spaces for `_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    /// Unit of a number, such as `years` or `mmHg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<String>,
    /// Decimals of a number in sentences; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) decimals: Option<usize>,
    /// What categories are called: `{ "1" = "male", "2" = "female" }`. With this key no other value may occur.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) names: BTreeMap<String, String>,
    /// Values that stand for no value, such as `["-999", "pending"]`; an empty cell, `n/a` and `nan` always do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) missing: Vec<String>,
    /// Ranges of a number with their words, from low to high and without gaps, such as clinical ones:
    /// `[{ name = "low", to = 60 }, { name = "normal", from = 60, to = 80 }, { name = "high", from = 80 }]`. The number
    /// as it is told, with its decimals, decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) bands: Vec<Range>,
}

/// What values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Compared with the training scans.
    Number,
    /// Told as they are.
    Category,
}

/// A range of a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Range {
    /// Its word, such as `elevated`.
    pub(super) name: String,
    /// Lower end, which is in it; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<f64>,
    /// Upper end, which is not; none for the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<f64>,
}

/// Cells that say that there is no value, in lower case. Not `none` and `no`, which are answers.
const NOTHING: [&str; 3] = ["", "n/a", "nan"];

impl Column {
    /// What sentences call it.
    pub(super) fn label(&self, name: &str) -> String {
        self.label.clone().unwrap_or_else(|| name.replace('_', " "))
    }

    pub(super) fn decimals(&self) -> usize {
        self.decimals.unwrap_or(1)
    }

    /// The value of a scan as it stands in the tables.
    ///
    /// # Errors
    /// [`Missing::NoValue`].
    pub(super) fn cell<'a>(&self, name: &str, scan: &'a ScanInfo) -> Result<&'a str, Missing> {
        let cell = scan.column(name).map(str::trim).ok_or(Missing::NoValue)?;
        let is_nothing = NOTHING.contains(&cell.to_lowercase().as_str());
        if is_nothing || self.missing.iter().any(|missing| same(missing, cell)) {
            Err(Missing::NoValue)
        } else {
            Ok(cell)
        }
    }

    /// The number of a scan; the inner error is a cell that is no number.
    ///
    /// # Errors
    /// [`Missing::NoValue`] where there is none.
    pub(super) fn number<'a>(&self, name: &str, scan: &'a ScanInfo) -> Result<Result<f64, &'a str>, Missing> {
        let cell = self.cell(name, scan)?;
        Ok(number(cell).ok_or(cell))
    }

    /// What the category of a scan is called; the inner error is one that `names` does not have.
    ///
    /// # Errors
    /// [`Missing::NoValue`] where there is none.
    pub(super) fn category<'a>(
        &'a self,
        name: &str,
        scan: &'a ScanInfo,
    ) -> Result<Result<&'a str, &'a str>, Missing> {
        let cell = self.cell(name, scan)?;
        if self.names.is_empty() {
            return Ok(Ok(cell));
        }
        let found = self.names.iter().find(|(code, _)| same(code, cell));
        Ok(found.map(|(_, called)| called.as_str()).ok_or(cell))
    }

    /// The range that a number is in, as it is told.
    pub(super) fn band(&self, value: f64) -> Option<&Range> {
        let told: f64 = format!("{value:.*}", self.decimals()).parse().ok()?;
        let inside = |range: &&Range| {
            range.from.is_none_or(|from| told >= from) && range.to.is_none_or(|to| told < to)
        };
        self.bands.iter().find(inside)
    }
}

/// A finite number.
pub(super) fn number(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Whether two cells are the same text or the same number: tables have `1` and `1.0`.
fn same(a: &str, b: &str) -> bool {
    a.trim() == b || number(a.trim()).is_some_and(|a| number(b) == Some(a))
}
