//! Files as labs have them: other formats and names, tables elsewhere, and what is missing.

use super::*;

/// The series of `dir` after writing `files`: one line per scan with its regions and values.
fn read(files: &[(&str, &str)], spec: &str) -> Result<Vec<String>> {
    let dir = tempfile::tempdir().unwrap();
    files.iter().for_each(|(file, text)| write(&dir, file, text));
    let series = series(spec);
    let problems = series.check(dir.path());
    assert!(problems.is_empty(), "{problems:?}");
    let without_root = |error: boldface::Error| -> boldface::Error {
        error.to_string().replace(&format!("{}/", dir.path().display()), "").into()
    };
    let cohort = series.cohort(dir.path(), "d").map_err(without_root)?;
    series.files(dir.path())?;
    let told = |scan: &ScanInfo| -> Result<String> {
        let signal = series.load(dir.path(), scan).map_err(without_root)?;
        assert_eq!((signal.trs(), signal.rois()), (scan.trs, scan.rois));
        let phenotype: Vec<String> =
            scan.phenotype.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let names = cohort.regions.names.join(" ");
        Ok(format!("{} {} s [{names}] {:?} {}", scan.id, scan.tr, signal.values(), phenotype.join(" ")))
    };
    cohort.scans.iter().map(told).collect()
}

/// Checks that the error contains every part.
fn check_error(files: &[(&str, &str)], spec: &str, parts: &[&str]) {
    let error = read(files, spec).unwrap_err().to_string();
    parts.iter().for_each(|part| assert!(error.contains(part), "{error}"));
}

#[test]
fn one_file_per_subject_is_read_in_every_format() {
    let files = [
        ("sub-01.csv", "A,B\n1,2\n3,4\n"),
        ("sub-02.tsv", "A\tB\n1\tn/a\n3\tn/a\n"),
        ("sub-03.txt", " 1.5  2\n 3.5e0 4\n"),
        ("sub-04.1D", "# 3dROIstats\n#A B\n1.5 2\n3 4\n"),
        ("participants.csv", "participant_id,age\nsub-01,20\n02,30\nsub-03,n/a\nsub-04,40\n"),
    ];
    let read = read(&files, r#"{"tr": 2}"#).unwrap();
    assert_eq!(
        read,
        [
            "d/sub-01 2 s [A B] [1.0, 2.0, 3.0, 4.0] age=20",
            "d/sub-02 2 s [A B] [1.0, NaN, 3.0, NaN] age=30",
            "d/sub-03 2 s [A B] [1.5, 2.0, 3.5, 4.0] ",
            "d/sub-04 2 s [A B] [1.5, 2.0, 3.0, 4.0] age=40",
        ]
    );
}

#[test]
fn names_and_tables_may_be_elsewhere() {
    let files = [
        ("rest/p7_rest.csv", "1.5,2\n3,4\n"),
        ("rest/p8_rest.csv", "5,6\n"),
        ("rest/p8_rest.json", r#"{"RepetitionTime": 0.8}"#),
        ("phenotypes.csv", "subject_id,sex\np7,F\np8,M\n"),
    ];
    let bare = read(&files[..2], r#"{"pattern": "rest/{subject}_rest.csv", "tr": 2.5}"#).unwrap();
    assert_eq!(
        bare,
        [
            "d/sub-p7 2.5 s [region-1 region-2] [1.5, 2.0, 3.0, 4.0] ",
            "d/sub-p8 2.5 s [region-1 region-2] [5.0, 6.0] ",
        ]
    );
    let spec = r#"{"pattern": "rest/{subject}_rest.csv", "participants": "phenotypes.csv"}"#;
    assert_eq!(read(&files[1..], spec).unwrap(), ["d/sub-p8 0.8 s [region-1 region-2] [5.0, 6.0] sex=M"]);
    let spec = r#"{"pattern": "rest/p{subject}_rest.csv", "participants": "phenotypes.csv", "tr": 0.8}"#;
    check_error(&files, spec, &["`phenotypes.csv` has no row for scan `d/sub-7`", "1 more of 2 scans"]);
    let spec = r#"{"pattern": "rest/{subject}_rset.csv"}"#;
    check_error(&files, spec, &["fits the pattern `rest/{subject}_rset.csv`"]);
}

#[test]
fn the_files_of_xcp_d_and_halfpipe_are_read() {
    // XCP-D has names under `label` and networks under `network_label`.
    let scan = "sub-01/func/sub-01_task-rest_space-MNI152NLin2009cAsym_seg-4S156Parcels_stat-mean_timeseries";
    let [table, sidecar] = ["tsv", "json"].map(|extension| format!("{scan}.{extension}"));
    let files = [
        ("seg-4S156Parcels_dseg.tsv", "index\tlabel\tnetwork_label\n1\tLH_Vis_1\tVis\n2\tLH-Thal\tn/a\n"),
        (table.as_str(), "LH_Vis_1\tLH-Thal\n1\t2\n"),
        (sidecar.as_str(), r#"{"RepetitionTime": 3}"#),
    ];
    assert_eq!(read(&files, "{}").unwrap(), ["d/sub-01_task-rest 3 s [LH_Vis_1 LH-Thal] [1.0, 2.0] "]);
    // HALFpipe has no header, and the sampling rate in the sidecar.
    let scan = "sub-01/func/task-rest/sub-01_task-rest_feature-corr_atlas-schaefer_timeseries";
    let [table, sidecar] = ["tsv", "json"].map(|extension| format!("{scan}.{extension}"));
    let files = [(table.as_str(), "0.5\t1\n1.5\t2\n"), (sidecar.as_str(), r#"{"SamplingFrequency": 0.5}"#)];
    let expected = "d/sub-01_task-rest 2 s [region-1 region-2] [0.5, 1.0, 1.5, 2.0] ";
    assert_eq!(read(&files, "{}").unwrap(), [expected]);
}

#[test]
fn what_is_missing_is_said_together_and_what_is_present_too() {
    let scan = ("sub-01_task-rest_timeseries.tsv", "A\tB\n1\t2\n");
    let table = ("seg-x_dseg.tsv", "index\tnetwork\n1\tVis\n");
    let people = ("participants.tsv", "name\tage\nx\t3\n");
    let parts = [
        "region table `seg-x_dseg.tsv`: no column is named `name`",
        "table `participants.tsv`: no column is named `participant_id`",
        "its repetition time is unknown",
    ];
    check_error(&[scan, table, people], "{}", &parts);
    check_error(
        &[scan],
        r#"{"only": {"task": "pain"}}"#,
        &["with `task-pain`", "no file has `task-pain`; present: `rest` (1 file)"],
    );
    let counted = ("sub-01.csv", "0,1\n5,6\n");
    check_error(&[counted], r#"{"tr": 2}"#, &["its first line counts its columns from 0", "`header = true`"]);
    let passed_over = read(&[counted], r#"{"tr": 2, "header": true}"#).unwrap();
    assert_eq!(passed_over, ["d/sub-01 2 s [region-1 region-2] [5.0, 6.0] "]);
    let files = [("sub-01.csv", "A,B\n5,6\n"), ("sub-02.csv", ",A,B\n0,5,6\n")];
    check_error(&files, r#"{"tr": 2}"#, &["`sub-02.csv`", "is no region but counts the volumes"]);
    let newer = ("sub-01.mat", "MATLAB 7.3 MAT-file");
    check_error(&[newer], r#"{"tr": 2}"#, &[r#"numpy.save("sub-01.npy", h5py.File("sub-01.mat")"#]);
}

#[test]
fn a_pattern_is_checked() {
    let problems = |spec: &str| -> Vec<String> {
        series(spec).check(study().path()).iter().map(|problem| problem.to_string()).collect()
    };
    let found = problems(r#"{"pattern": "{task}.csv", "participants": "people.tsv"}"#);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("participants: there is no file"), "{found:?}");
    assert!(found[1].starts_with("pattern: it has no `{subject}`"), "{found:?}");
    assert!(problems(r#"{"pattern": "{subjct}.csv"}"#)[0].contains("`{subjct}` is unknown"));
}
