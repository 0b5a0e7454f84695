//! Tables of participants, sessions and scans, joined.

use expect_test::{Expect, expect};

use super::*;

fn folder(tables: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in tables {
        let path = dir.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn scan(session: Option<&str>, run: Option<&str>) -> ScanId {
    let [session, run] = [session, run].map(|label| label.map(str::to_owned));
    ScanId { session, run, ..ScanId::new("d", "01") }
}

fn check(tables: &[(&str, &str)], scan: &ScanId, message: Expect) {
    let dir = folder(tables);
    let error = Phenotypes::read(dir.path()).and_then(|tables| tables.values_of(scan)).unwrap_err();
    message.assert_eq(&error.to_string().replace(dir.path().to_str().unwrap(), "ROOT"));
}

#[test]
fn three_tables_are_joined() {
    let dir = folder(&[
        ("participants.tsv", "participant_id\tsex\tage\nsub-01\tF\tn/a\n\t\t\nsub-02\tM\t40\n"),
        ("sessions.tsv", "participant_id\tsession_id\tage\nsub-01\tses-a\t31\nsub-01\tses-b\t32\n"),
        ("scans.tsv", "participant_id\tsession\trun\tcondition\nsub-01\ta\t1\tup\nsub-01\tb\t1\tdown\n"),
    ]);
    let tables = Phenotypes::read(dir.path()).unwrap();
    let known = tables.values_of(&scan(Some("b"), Some("01"))).unwrap();
    let known: Vec<_> = known.iter().map(|(column, value)| (column.as_str(), value.as_str())).collect();
    assert_eq!(known, [("age", "32"), ("condition", "down"), ("sex", "F")]);
    assert_eq!(tables.columns(), ["age", "condition", "sex"]);
}

#[test]
fn tables_of_one_subject_are_joined_by_session_and_file_name() {
    let dir = folder(&[
        ("participants.tsv", "participant_id\tsex\nsub-01\tF\n"),
        ("sub-01/sub-01_sessions.tsv", "session_id\tage\nses-a\t31\nses-b\t32\n"),
        (
            "sub-01/ses-b/sub-01_ses-b_scans.tsv",
            "filename\tacq_time\tmood\n\
             func/sub-01_ses-b_run-1_echo-1_bold.nii.gz\t10:00\tlow\n\
             func/sub-01_ses-b_run-1_echo-2_bold.nii.gz\t10:00\tn/a\n\
             func/sub-01_ses-b_run-1_sbref.nii.gz\t09:59\tn/a\n",
        ),
    ]);
    let places =
        PhenotypePaths { participants: dir.path().join("participants.tsv"), root: dir.path().to_owned() };
    let scans = [scan(Some("b"), Some("01")), scan(Some("b"), Some("2")), scan(Some("c"), None)];
    let tables = Phenotypes::read_at(&places, &scans).unwrap();
    let known = |scan| -> Vec<String> {
        tables
            .values_of(scan)
            .unwrap()
            .into_iter()
            .map(|(column, value)| format!("{column}={value}"))
            .collect()
    };
    assert_eq!(known(&scans[0]), ["acq_time=10:00", "age=32", "mood=low", "sex=F"]);
    // This scan has no row in the scans table, so only the other tables add values.
    assert_eq!(known(&scans[1]), ["age=32", "sex=F"]);
    let error = tables.values_of(&scans[2]).unwrap_err().to_string();
    assert_eq!(error, "`sub-01_sessions.tsv` has no row for `ses-c` of scan `d/sub-01_ses-c`; add one");
    assert_eq!(tables.columns(), ["acq_time", "age", "mood", "sex"]);
    assert_eq!(Phenotypes::files_at(&places, &scans).len(), 3);
    // Without any table there are no values and no error.
    let nowhere = PhenotypePaths { participants: "no/participants.tsv".into(), root: "no".into() };
    assert!(Phenotypes::read_at(&nowhere, &scans).unwrap().values_of(&scans[0]).unwrap().is_empty());
}

#[test]
fn what_is_missing_or_double_is_named() {
    let plain = scan(None, None);
    let people = ("participants.tsv", "participant_id\tsex\nsub-01\tF\n");
    check(
        &[],
        &plain,
        expect![
            "there is no `ROOT/participants.tsv`; write one with a column `participant_id` and one row per subject"
        ],
    );
    check(
        &[("participants.tsv", "id\tsex\n01\tF\n")],
        &plain,
        expect![
            "table `ROOT/participants.tsv`: no column is named `participant_id`; the columns are `id`, `sex`"
        ],
    );
    check(
        &[("participants.tsv", "participant_id\nsub-02\n")],
        &plain,
        expect![
            "`participants.tsv` has no row for scan `d/sub-01`; add one for `sub-01`, with `n/a` for what is not known"
        ],
    );
    check(
        &[("participants.tsv", "participant_id\n1\n2\n")],
        &plain,
        expect![
            "`participants.tsv` has no row for scan `d/sub-01`, but one for `1`: a spreadsheet took the zeros; write `sub-01`"
        ],
    );
    check(
        &[("participants.tsv", "participant_id\nsub-01\n01\n")],
        &plain,
        expect!["table `ROOT/participants.tsv`: `01` has two rows, the second on line 3"],
    );
    check(
        &[("participants.tsv", "participant_id\tsex\nn/a\tF\n")],
        &plain,
        expect!["table `ROOT/participants.tsv`: line 2 has no `participant_id`"],
    );
    check(
        &[people, ("scans.tsv", "participant_id\tx\nsub-01\t1\n")],
        &plain,
        expect![
            "table `ROOT/scans.tsv`: beside `participant_id` it needs a column `session_id` or `task_id` or `run_id`"
        ],
    );
    let first = scan(None, Some("1"));
    check(
        &[people, ("scans.tsv", "participant_id\trun\nsub-01\t2\n")],
        &first,
        expect![
            "`scans.tsv` has no row for scan `d/sub-01_run-1`; add one for `sub-01`, with `n/a` for what is not known"
        ],
    );
    check(
        &[people, ("scans.tsv", "participant_id\trun\nsub-01\t1\nsub-01\t01\n")],
        &first,
        expect!["`scans.tsv` has two rows for scan `d/sub-01_run-1`, on lines 2 and 3; remove one"],
    );
    check(
        &[people, ("scans.tsv", "participant_id\trun\tsex\nsub-01\t1\tM\n")],
        &first,
        expect![
            "`sex` of scan `d/sub-01_run-1` is `F` in `participants.tsv` and `M` in `scans.tsv`; rename or remove one"
        ],
    );
}
