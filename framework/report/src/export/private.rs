//! What an export without subjects must not tell: ids, folders of this machine and scores of few people.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use boldface::{MetricRow, Result, ScanInfo, Split};
use serde_json::Value;

use crate::spec::Table;
use crate::store::cannot;

/// Fewest people whose common score leaves the laboratory.
const FEWEST: usize = 5;

/// Most places that an error lists.
const MOST: usize = 10;

/// Removes the scores of groups if a group of the same column has fewer than [`FEWEST`] people. The small
/// group's score would follow from the others and the score of all. Returns the columns.
///
/// # Errors
/// Fails if a scan is in no part.
pub fn suppress(rows: &mut Vec<MetricRow>, scans: &[ScanInfo], split: &Split) -> Result<BTreeSet<String>> {
    let named: BTreeSet<String> =
        rows.iter().filter_map(|row| row.group.as_deref()).map(|group| column(group).to_owned()).collect();
    let mut people: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    for scan in scans {
        let part = split.part(&scan.id)?.name();
        for column in &named {
            let Some(value) = scan.column(column) else { continue };
            people.entry((part, format!("{column}={value}"))).or_default().insert(scan.id.person());
        }
    }
    let is_small = |row: &&MetricRow| {
        let group = row.group.as_ref()?;
        // A group that no column explains counts as nobody's.
        let count = people.get(&(row.split.as_str(), group.clone())).map_or(0, BTreeSet::len);
        (count < FEWEST).then(|| column(group).to_owned())
    };
    let columns: BTreeSet<String> = rows.iter().filter_map(|row| is_small(&row)).collect();
    rows.retain(|row| row.group.as_ref().is_none_or(|group| !columns.contains(column(group))));
    Ok(columns)
}

fn column(group: &str) -> &str {
    group.split('=').next().unwrap_or(group)
}

/// Reduces every absolute path in the tables of a spec to its last name.
pub fn without_folders(value: &mut Value) {
    match value {
        Value::String(text) if Path::new(text).is_absolute() => {
            *text = Path::new(text)
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
        }
        Value::Array(items) => items.iter_mut().for_each(without_folders),
        Value::Object(table) => table.values_mut().for_each(without_folders),
        _ => {}
    }
}

/// As [`without_folders`].
pub fn table_without_folders(mut table: Table) -> Table {
    table.values_mut().for_each(without_folders);
    table
}

/// Searches every file below `dir` for the ids of `scans` and for the folder `origin`.
///
/// # Errors
/// Names the files with what they tell.
pub fn check_silent(dir: &Path, scans: &[ScanInfo], origin: &Path) -> Result<()> {
    let labels: BTreeSet<&str> = scans.iter().map(|scan| scan.id.subject.as_str()).collect();
    let origin = Some(origin.to_string_lossy().into_owned()).filter(|origin| origin.len() > 1);
    let mut told = Vec::new();
    search(dir, dir, &mut |name, bytes| {
        if let Some(id) = first_id(bytes, &labels) {
            told.push(format!("`{name}` names `{id}`"));
        }
        if let Some(origin) = origin.as_ref().filter(|origin| contains(bytes, origin.as_bytes())) {
            told.push(format!("`{name}` names the folder `{origin}`"));
        }
    })?;
    if told.is_empty() {
        return Ok(());
    }
    let more = told.len().saturating_sub(MOST);
    told.truncate(MOST);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Err(format!(
        "nothing is exported, because an export without subjects must not tell who they are: {}{more}; take the names \
         out of the spec, the texts and the tables that the run read, and run it again",
        told.join("; ")
    )
    .into())
}

/// Returns the first id in a text: `sub-` and a known label, with no more letters or digits after it, or a label
/// that is long enough to be nothing else.
fn first_id(bytes: &[u8], labels: &BTreeSet<&str>) -> Option<String> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let words = bytes.split(|byte| !is_word(byte));
    let mut is_subject = false;
    for word in words {
        let Ok(word) = std::str::from_utf8(word) else { continue };
        let is_telling = word.len() >= 6
            && word.contains(|c: char| c.is_ascii_digit())
            && !word.bytes().all(|b| b.is_ascii_hexdigit());
        if (is_subject || is_telling) && labels.contains(word) {
            return Some(if is_subject { format!("sub-{word}") } else { word.to_owned() });
        }
        is_subject = word == "sub";
    }
    None
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// Calls `see` with the name and the bytes of every file below `dir`.
fn search(dir: &Path, root: &Path, see: &mut dyn FnMut(&str, &[u8])) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        let path = entry.map_err(cannot("read", dir))?.path();
        if path.is_dir() {
            search(&path, root, see)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            see(&name, &fs::read(&path).map_err(cannot("read", &path))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_as_a_word_only() {
        let labels = BTreeSet::from(["01", "NDAR1234", "123456"]);
        let first = |text: &str| first_id(text.as_bytes(), &labels);
        assert_eq!(first("Is sub-01 here?").as_deref(), Some("sub-01"));
        assert_eq!(first("x\u{ff}sub-01_task-rest").as_deref(), Some("sub-01"));
        assert_eq!(first("the scan of NDAR1234.").as_deref(), Some("NDAR1234"));
        assert_eq!(first("01 sub-011 sub-02 sub NDAR12345 123456"), None);
    }

    #[test]
    fn absolute_paths_lose_their_folders() {
        let mut value = serde_json::json!({"a": ["/home/me/x", "data/x"], "b": {"c": "/y"}, "d": 1});
        without_folders(&mut value);
        assert_eq!(value, serde_json::json!({"a": ["x", "data/x"], "b": {"c": "y"}, "d": 1}));
    }
}
