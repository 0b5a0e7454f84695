//! Reads the region table of a parcellation: names, order and networks.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Regions, Result, serde_json};

use crate::json;
use crate::labels::same_order;
use crate::link;
use crate::table::TextTable;

/// The regions of a parcellation and the label of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Names and networks, in the order of the series' columns.
    pub regions: Regions,
    /// Value of each region's voxels in the label image.
    pub labels: Vec<i32>,
}

/// Network of a region without one in any table.
pub const NO_NETWORK: &str = "unassigned";

/// Default column of the networks.
const NETWORKS: &str = "network";

/// Columns of the networks by custom; XCP-D writes the second.
const NETWORK_COLUMNS: [&str; 3] = [NETWORKS, "network_label", "network_name"];

/// Names of the background in tables of FreeSurfer, FSL, CIFTI and BIDS.
pub(crate) const BACKGROUND: [&str; 4] = ["background", "unknown", "???", "clear label"];

/// Reads a region table with the columns `index`, `name` and `networks` (the name of that column in the
/// file).
///
/// Regions are in the order of `index`, which is the order of the series' columns. Indices may have
/// gaps, as labels of an atlas often do. Names may repeat, as in MIST-122, because the index identifies
/// a region. If `networks` is the default `network`, the networks may be under `network_label`, as in XCP-D's
/// tables, or absent; every region is then [`NO_NETWORK`].
///
/// # Errors
/// If the file cannot be read, a column is missing, a cell is empty, an index is not a whole number, or
/// an index occurs twice. The message names the file.
pub fn read(path: &Path, networks: &str) -> Result<Regions> {
    let read = || -> Result<Regions> { regions(&TextTable::read(path)?, networks) };
    read().map_err(|error| format!("region table `{}`: {error}", path.display()).into())
}

/// Reads the region table of a label image: as [`read`], with the label of each region.
///
/// The label is in the column `label`, or in `index` if there is no such column or it holds words.
/// Regions are in the order of `index` here too, so that one table describes both an image and the
/// series made from it; a table needs both columns if regions are in another order than their labels.
/// Label 0 is the background, so a row with label 0 and a name such as `background` or `unknown` is not a
/// region.
///
/// # Errors
/// As [`read`], and if a label is not positive or occurs twice.
pub fn read_labelled(path: &Path, networks: &str) -> Result<Labelled> {
    let read = || -> Result<Labelled> { labelled(&TextTable::read(path)?, networks) };
    read().map_err(|error| format!("region table `{}`: {error}", path.display()).into())
}

/// Checks the order of regions declared in a sidecar against the region table. Returns whether it
/// declares one.
///
/// The key is `RegionOrder`, written by `boldface parcellate`. The check prevents an array, which has no
/// names, from being read with the names of other regions.
///
/// # Errors
/// If the sidecar cannot be read, or the orders differ. The message names the first differing region.
pub fn check_declared(sidecar: &Path, regions: &Regions) -> Result<bool> {
    let Some(names) = declared(sidecar)? else { return Ok(false) };
    let same = same_order(&names, &regions.names, ["it", "the region table"]);
    same.map_err(|error| format!("sidecar `{}`: {error}", sidecar.display()))?;
    Ok(true)
}

/// Returns the regions declared in a sidecar, in the order of the series' columns; `None` if there are
/// none.
///
/// # Errors
/// If the sidecar cannot be read. The message names it.
pub fn declared(sidecar: &Path) -> Result<Option<Vec<String>>> {
    let read = || -> Result<Option<Vec<String>>> {
        let json: serde_json::Value = json::parse(&link::read(sidecar)?)?;
        let names = json.pointer("/RegionOrder/Regions");
        Ok(names.map(|names| serde_json::from_value(names.clone())).transpose()?)
    };
    read().map_err(|error| format!("sidecar `{}`: {error}", sidecar.display()).into())
}

/// Reads only the names of a region table, in the order of `index`.
///
/// # Errors
/// As [`read`], but the column of networks may be missing.
pub fn read_names(path: &Path) -> Result<Vec<String>> {
    let read = || -> Result<Vec<String>> {
        Ok(entries(&TextTable::read(path)?, None)?.into_iter().map(|entry| entry.name).collect())
    };
    read().map_err(|error| format!("region table `{}`: {error}", path.display()).into())
}

/// A row of a region table.
struct Entry {
    index: i64,
    label: i64,
    name: String,
    network: String,
}

fn regions(table: &TextTable, networks: &str) -> Result<Regions> {
    let entries = entries(table, column_of_networks(table, networks))?;
    let (names, networks) = entries.into_iter().map(|entry| (entry.name, entry.network)).unzip();
    Ok(Regions { names, networks })
}

/// Returns the column of the networks: the named one, or under the default name the first that holds them
/// by custom, if any.
fn column_of_networks<'a>(table: &TextTable, networks: &'a str) -> Option<&'a str> {
    let has = |name: &&str| table.columns().iter().any(|column| column == name);
    if networks != NETWORKS { Some(networks) } else { NETWORK_COLUMNS.into_iter().find(has) }
}

fn labelled(table: &TextTable, networks: &str) -> Result<Labelled> {
    let mut entries = entries(table, column_of_networks(table, networks))?;
    entries.retain(|entry| entry.label != 0 || !BACKGROUND.contains(&entry.name.to_lowercase().as_str()));
    let mut seen: BTreeMap<i64, &str> = BTreeMap::new();
    for entry in &entries {
        if !(1..=i64::from(i32::MAX)).contains(&entry.label) {
            return Err(format!(
                "`{}` has label {}, but labels are positive whole numbers and 0 is the background; a column \
                 `label` says which label a region has where `index` does not",
                entry.name, entry.label
            )
            .into());
        }
        if let Some(other) = seen.insert(entry.label, &entry.name) {
            return Err(format!("`{other}` and `{}` both have label {}", entry.name, entry.label).into());
        }
    }
    let labels = entries.iter().map(|entry| i32::try_from(entry.label).expect("it was checked above"));
    let labels: Vec<i32> = labels.collect();
    let (names, networks) = entries.into_iter().map(|entry| (entry.name, entry.network)).unzip();
    Ok(Labelled { regions: Regions { names, networks }, labels })
}

/// Returns the rows in the order of their index.
fn entries(table: &TextTable, networks: Option<&str>) -> Result<Vec<Entry>> {
    table.require("index")?;
    // XCP-D's tables have the names under `label`.
    let has = |name: &str| table.columns().iter().any(|column| column == name);
    let is_named_by_label = !has("name") && has("label");
    if !is_named_by_label {
        table.require("name")?;
    }
    let name_column = if is_named_by_label { "label" } else { "name" };
    if let Some(networks) = networks {
        table
            .require(networks)
            .map_err(|error| format!("{error}; set `networks` to the one with each region's network"))?;
    }
    // Words under `label` are a column like any other.
    let cells = || table.rows().filter_map(|row| row.get("label"));
    let has_labels = !is_named_by_label
        && has("label")
        && (cells().next().is_none() || cells().any(|text| whole(text).is_some()));
    let mut entries = Vec::new();
    for row in table.rows() {
        let cell =
            |column: &str| row.get(column).ok_or_else(|| format!("line {} has no `{column}`", row.line));
        let number = |column: &str| {
            let text = cell(column)?;
            whole(text)
                .ok_or_else(|| format!("`{column}` is `{text}` on line {}, not a whole number", row.line))
        };
        let index = number("index")?;
        let label = if has_labels { number("label")? } else { index };
        let network = match networks {
            None => NO_NETWORK,
            // XCP-D leaves it empty for regions below the cortex.
            Some(column) if NETWORK_COLUMNS[1..].contains(&column) => row.get(column).unwrap_or(NO_NETWORK),
            Some(column) => cell(column)?,
        };
        let network = network.to_owned();
        entries.push(Entry { index, label, name: cell(name_column)?.to_owned(), network });
    }
    if entries.is_empty() {
        return Err("it has no rows".into());
    }
    entries.sort_by_key(|entry| entry.index);
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].index == pair[1].index) {
        return Err(
            format!("`{}` and `{}` both have index {}", pair[0].name, pair[1].name, pair[0].index).into()
        );
    }
    Ok(entries)
}

/// Parses a whole number, also as spreadsheets and pandas write it: `1.0`.
fn whole(text: &str) -> Option<i64> {
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|byte| byte == b'0') => digits,
        _ => text,
    };
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn parse(text: &str) -> Result<Regions> {
        regions(&TextTable::parse(text.as_bytes(), b'\t')?, "network")
    }

    fn check(text: &str, message: Expect) {
        message.assert_eq(&parse(text).unwrap_err().to_string());
    }

    #[test]
    fn regions_come_in_the_order_of_their_index() {
        let regions = parse("name\tindex\tnetwork\nB\t10\tVis\nA\t9\tCER\nA\t11\tVis\n").unwrap();
        assert_eq!(regions.names, ["A", "B", "A"]);
        assert_eq!(regions.networks, ["CER", "Vis", "Vis"]);
    }

    #[test]
    fn words_under_label_are_no_labels_and_whole_numbers_may_have_a_point() {
        let labels = |text: &str| {
            let table = TextTable::parse(text.as_bytes(), b'\t').unwrap();
            labelled(&table, NETWORKS).map(|labelled| labelled.labels).map_err(|error| error.to_string())
        };
        assert_eq!(labels("index\tname\tlabel\n3\tA\tLH_Vis_1\n5\tB\tRH_Vis_1\n").unwrap(), [3, 5]);
        assert_eq!(labels("index\tname\n1.0\tA\n2.00\tB\n").unwrap(), [1, 2]);
        assert_eq!(labels("index\tname\tlabel\n1\tA\t7\n2\tB\t9.0\n").unwrap(), [7, 9]);
        // A column with numbers is one of labels, and a word among them a mistake.
        let error = labels("index\tname\tlabel\n1\tA\t7\n2\tB\tx\n").unwrap_err();
        assert_eq!(error, "`label` is `x` on line 3, not a whole number");
    }

    #[test]
    fn what_is_wrong_is_named() {
        check("index\tname\tnetwork\n1\tA\tn/a\n", expect!["line 2 has no `network`"]);
        check(
            "index\tname\tnetwork\n1.5\tA\tVis\n",
            expect!["`index` is `1.5` on line 2, not a whole number"],
        );
        check("index\tname\tnetwork\n1\tA\tVis\n1\tB\tVis\n", expect!["`A` and `B` both have index 1"]);
        check("index\tname\tnetwork\n", expect!["it has no rows"]);
    }

    #[test]
    fn networks_are_optional_and_xcp_d_has_columns_of_its_own() {
        let unnamed = parse("index\tname\tyeo7\n1\tA\tVis\n").unwrap();
        assert_eq!(unnamed.networks, [NO_NETWORK]);
        let table = TextTable::parse(b"index\tname\tyeo7\n1\tA\tVis\n", b'\t').unwrap();
        assert_eq!(regions(&table, "yeo7").unwrap().networks, ["Vis"]);
        let error = regions(&table, "yeo17").unwrap_err().to_string();
        assert!(error.contains("set `networks` to the one with each region's network"), "{error}");
        let xcp_d = parse("index\tlabel\tnetwork_label\n1\tLH_Vis_1\tVis\n2\tLH-Thal\tn/a\n").unwrap();
        assert_eq!(xcp_d.names, ["LH_Vis_1", "LH-Thal"]);
        assert_eq!(xcp_d.networks, ["Vis", NO_NETWORK]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = read(Path::new("no/such_dseg.tsv"), "network").unwrap_err().to_string();
        assert!(message.starts_with("region table `no/such_dseg.tsv`: "), "{message}");
    }
}
