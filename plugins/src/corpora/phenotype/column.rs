//! Columns of the tables: the meaning of their values, and how to read them.

use std::collections::BTreeMap;

use boldface::{Deserialize, JsonSchema, ScanInfo, Serialize};
use boldface_features::Missing;

/// Describes a column in sentences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Column {
    /// Whether its values are numbers or categories. A code such as 1 for male is a category.
    pub(super) kind: ColumnKind,
    /// Name in sentences, such as `diastolic blood pressure`; by default the column's name, with spaces
    /// for `_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    /// Unit of a number, such as `years` or `mmHg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<String>,
    /// Number of decimals in sentences; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) decimals: Option<usize>,
    /// Names of categories: `{ "1" = "male", "2" = "female" }`. With this key no other value may occur.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) names: BTreeMap<String, String>,
    /// Values that mean no value, such as `["-999", "pending"]`. An empty cell, `n/a` and `nan` always
    /// do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) missing: Vec<String>,
    /// Named ranges of a number, such as clinical ones, from low to high and without gaps: `[{ name =
    /// "low", to = 60 }, { name = "normal", from = 60, to = 80 }, { name = "high", from = 80 }]`. The
    /// number is rounded to its decimals first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) bands: Vec<Range>,
}

/// Type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Kind")]
pub(super) enum ColumnKind {
    /// Numbers, which are compared with the training scans.
    Number,
    /// Categories, which are stated as they are.
    Category,
}

/// A named range of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Range {
    /// Name in sentences, such as `elevated`.
    pub(super) name: String,
    /// Lower end, inclusive; left out for the first range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<f64>,
    /// Upper end, exclusive; left out for the last range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<f64>,
}

/// Cells without a value, in lower case. `none` and `no` are not among them, because they are answers.
const NOTHING: [&str; 3] = ["", "n/a", "nan"];

impl Column {
    /// Returns its name in sentences.
    pub(super) fn label(&self, name: &str) -> String {
        self.label.clone().unwrap_or_else(|| name.replace('_', " "))
    }

    pub(super) fn decimals(&self) -> usize {
        self.decimals.unwrap_or(1)
    }

    /// Returns the value of a scan as written in the tables.
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

    /// Returns the number of a scan. The inner error is a cell that is not a number.
    ///
    /// # Errors
    /// [`Missing::NoValue`] if there is no value.
    pub(super) fn number<'a>(&self, name: &str, scan: &'a ScanInfo) -> Result<Result<f64, &'a str>, Missing> {
        let cell = self.cell(name, scan)?;
        Ok(number(cell).ok_or(cell))
    }

    /// Returns the name of a scan's category. The inner error is a value without an entry in `names`.
    ///
    /// # Errors
    /// [`Missing::NoValue`] if there is no value.
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

    /// Returns the range of a number, after rounding it to its decimals.
    pub(super) fn band(&self, value: f64) -> Option<&Range> {
        let told: f64 = format!("{value:.*}", self.decimals()).parse().ok()?;
        let inside = |range: &&Range| {
            range.from.is_none_or(|from| told >= from) && range.to.is_none_or(|to| told < to)
        };
        self.bands.iter().find(inside)
    }
}

/// Parses a finite number.
pub(super) fn number(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Whether two cells are the same text or the same number, such as `1` and `1.0`.
fn same(a: &str, b: &str) -> bool {
    a.trim() == b || number(a.trim()).is_some_and(|a| number(b) == Some(a))
}
