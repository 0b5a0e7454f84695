//! Scans that a table excludes.

use super::*;

#[test]
fn an_excluded_scan_is_left_out_with_its_reason_and_its_bytes() {
    let dir = study();
    // Broken, and out of the way.
    write(&dir, ARRAY, "not an array");
    let spec = r#"{ "exclude": "out.tsv" }"#;
    write(&dir, "out.tsv", "participant_id\trun\treason\nsub-01\t1\tasleep\n");
    let cohort = series(spec).cohort(dir.path(), "study").unwrap();
    let excluded: Vec<String> =
        cohort.excluded.iter().map(|out| format!("{}: {}", out.scan, out.reason)).collect();
    assert_eq!(excluded, ["study/sub-01_run-1: asleep"]);
    assert_eq!(cohort.scans.len(), 1);
    let files = series(spec).files(dir.path()).unwrap();
    assert!(files.contains(&dir.path().join("out.tsv")) && !files.contains(&dir.path().join(ARRAY)));

    write(&dir, "out.tsv", "participant_id\treason\nsub-03\tasleep\n");
    let error = series(spec).cohort(dir.path(), "study").unwrap_err().to_string();
    assert!(error.contains("line 2 names no scan of `sub-03`"), "{error}");
    let problem = series(r#"{ "exclude": "gone.tsv" }"#).check(dir.path()).remove(0);
    assert_eq!((problem.key.as_str(), problem.message.contains("gone.tsv")), ("exclude", true));
}
