//! The patches that CONTRIBUTING.md shows for a new metric and a new section fit the code and touch the files it
//! names.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::process::Command;

use boldface_tests::repository;

/// Returns the files that a patch touches.
fn touched(patch: &str) -> Vec<String> {
    let of_line = |line: &str| line.strip_prefix("+++ b/").map(str::to_owned);
    patch.lines().filter_map(of_line).collect()
}

/// Checks that the patch `name` applies to the code, and that CONTRIBUTING.md names its `files` in the row of the
/// patch.
fn check(name: &str, files: usize) {
    let path = repository(&format!("tests/patches/{name}.patch"));
    let text = fs::read_to_string(&path).unwrap();
    let applied = Command::new("git")
        .arg("apply")
        .arg("--check")
        .arg(&path)
        .current_dir(repository(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&applied.stderr).into_owned();
    assert!(applied.status.success(), "{name}.patch does not fit the code any more; make it anew:\n{said}");
    let touched = touched(&text);
    assert_eq!(touched.len(), files, "{touched:?}");
    let guide = fs::read_to_string(repository("CONTRIBUTING.md")).unwrap();
    let row = guide.lines().find(|line| line.contains(&format!("tests/patches/{name}.patch")));
    let row = row.unwrap_or_else(|| panic!("CONTRIBUTING.md has no row for {name}.patch"));
    for file in touched {
        assert!(row.contains(&format!("`{file}`")), "the row of {name}.patch does not name {file}:\n{row}");
    }
}

#[test]
fn a_metric_touches_one_file() {
    check("metric", 1);
}

#[test]
fn a_section_touches_three_files() {
    check("section", 3);
}
