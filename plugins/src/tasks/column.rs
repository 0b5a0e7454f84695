//! Columns of the phenotype tables as targets of tasks.

use std::collections::BTreeSet;

use boldface::{CheckContext, Deserialize, JsonSchema, Problem, ScanInfo, Serialize};

/// How to treat a scan or an event that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// Report it as an error before anything runs.
    #[default]
    Error,
    /// Skip it in this task.
    Skip,
}

/// Reports the scans that lack the column; `None` if all have it.
pub fn without_a_value(target: &str, cx: &CheckContext<'_>) -> Option<Problem> {
    let has_none = |scan: &&ScanInfo| !scan.phenotype.contains_key(target);
    let named: Vec<String> = cx.scans.iter().filter(has_none).map(|scan| format!("`{}`", scan.id)).collect();
    if named.is_empty() {
        return None;
    }
    let more = if named.len() > 3 { format!(" and {} more scans", named.len() - 3) } else { String::new() };
    let shown = named[..named.len().min(3)].join(", ");
    let message = format!("`{target}` has no value for {shown}{more}");
    let help = "fill the table in, or leave such scans out with `missing = \"skip\"`";
    Some(Problem::at("target", message).help(help))
}

/// Reports that no scan has the column, and lists the existing columns.
pub fn no_such_column(target: &str, cx: &CheckContext<'_>) -> Problem {
    let columns: BTreeSet<&str> =
        cx.scans.iter().flat_map(|scan| scan.phenotype.keys().map(String::as_str)).collect();
    let message = format!("no scan has a value for `{target}`");
    let help = if columns.is_empty() {
        "the dataset has no participants, sessions or scans table".to_owned()
    } else {
        format!("columns are: {}", columns.into_iter().collect::<Vec<_>>().join(", "))
    };
    Problem::at("target", message).help(help)
}
