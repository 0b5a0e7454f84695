//! Tests of valid and broken derivatives folders.

use std::fs;

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::*;

mod layouts;

/// Volumes per image: 120 s at a repetition time of 2 s.
const TRS: usize = 60;

/// A valid folder: two runs of one subject and one of another, 4 voxels in two regions.
fn study() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "participants.tsv", "participant_id\tsex\nsub-01\tF\nsub-02\tM\n");
    write(&dir, "atlas.nii", image(1, 0.0, |_, voxel| [1, 1, 2, 2][voxel]));
    write(&dir, "atlas.tsv", "index\tname\tnetwork\n1\tV1\tVis\n2\tM1\tSomMot\n");
    for run in [
        "sub-01/func/sub-01_task-rest_run-1",
        "sub-01/func/sub-01_task-rest_run-2",
        "sub-02/func/sub-02_task-rest",
    ] {
        add_run(&dir, run);
    }
    dir
}

/// An image with its mask, sidecar and confounds, as fMRIPrep writes them.
fn add_run(dir: &TempDir, run: &str) {
    let bold = image(TRS, 2.0, |volume, voxel| 100 + ((volume * 7 + voxel * 3) % 11) as i16);
    write(dir, &format!("{run}_space-MNI_desc-preproc_bold.nii"), bold);
    write(dir, &format!("{run}_space-MNI_desc-preproc_bold.json"), r#"{"RepetitionTime": 2.0}"#);
    write(dir, &format!("{run}_space-MNI_desc-brain_mask.nii"), image(1, 0.0, |_, _| 1));
    write(dir, &format!("{run}_desc-confounds_timeseries.tsv"), confounds(TRS, &[]));
}

/// Confounds of `trs` volumes with a framewise displacement of 1 mm at `moved` and 0.1 mm otherwise.
fn confounds(trs: usize, moved: &[usize]) -> String {
    let row = |volume: usize| match volume {
        0 => "n/a\t0.0\n".to_owned(),
        _ => format!("{}\t{}\n", if moved.contains(&volume) { 1.0 } else { 0.1 }, (volume % 5) as f64),
    };
    "framewise_displacement\tcsf\n".to_owned() + &(0..trs).map(row).collect::<String>()
}

/// A NIfTI-1 image of 2 x 2 x 1 voxels of 3 mm, `trs` volumes of 16-bit integers.
fn image(trs: usize, tr: f32, value: impl Fn(usize, usize) -> i16) -> Vec<u8> {
    let mut bytes = vec![0; 352];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &348i32.to_le_bytes());
    let dims = [if trs > 1 { 4 } else { 3 }, 2, 2, 1, trs as i16, 1, 1, 1];
    dims.iter().enumerate().for_each(|(i, dim)| put(40 + 2 * i, &dim.to_le_bytes()));
    put(70, &4i16.to_le_bytes());
    put(72, &16i16.to_le_bytes());
    let spacing = [1.0, 3.0, 3.0, 3.0, tr];
    spacing.iter().enumerate().for_each(|(i, size)| put(76 + 4 * i, &size.to_le_bytes()));
    put(108, &352f32.to_le_bytes());
    // Millimetres and seconds; the sform is valid.
    put(123, &[10]);
    put(254, &1i16.to_le_bytes());
    for row in 0..3 {
        put(280 + 16 * row + 4 * row, &3f32.to_le_bytes());
    }
    put(344, b"n+1\0");
    bytes.extend(
        (0..trs)
            .flat_map(|volume| (0..4).map(move |voxel| (volume, voxel)))
            .flat_map(|(t, v)| value(t, v).to_le_bytes()),
    );
    bytes
}

fn write(dir: &TempDir, file: &str, content: impl AsRef<[u8]>) {
    let path = dir.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// The dataset with the atlas and the keys in `more`.
fn bids(more: &str) -> Bids {
    let atlas = r#""parcellation": {"volume": "atlas.nii", "regions": "atlas.tsv"}"#;
    let spec = if more.is_empty() { format!("{{{atlas}}}") } else { format!("{{{atlas}, {more}}}") };
    boldface::registry::parse(&serde_json::from_str(&spec).unwrap()).unwrap()
}

fn check(dir: &TempDir, more: &str, message: Expect) {
    let error = bids(more).cohort(dir.path(), "study").unwrap_err().to_string();
    message.assert_eq(&shown(dir, &error));
}

fn shown(dir: &TempDir, text: &str) -> String {
    text.replace(&format!("{}/", dir.path().display()), "").replace(&dir.path().display().to_string(), "ROOT")
}

fn names(cohort: &Cohort) -> Vec<String> {
    cohort.scans.iter().map(|scan| scan.id.to_string()).collect()
}

#[test]
fn a_folder_of_derivatives_becomes_regions() {
    let dir = study();
    let dataset = bids(r#""confounds": ["csf"]"#);
    let cohort = dataset.cohort(dir.path(), "study").unwrap();
    assert_eq!(
        names(&cohort),
        ["study/sub-01_task-rest_run-1", "study/sub-01_task-rest_run-2", "study/sub-02_task-rest"]
    );
    assert_eq!(cohort.regions.names, ["V1", "M1"]);
    let scan = &cohort.scans[0];
    assert_eq!((scan.tr, scan.trs, scan.rois), (2.0, TRS, 2));
    assert_eq!((scan.phenotype["sex"].as_str(), scan.phenotype["mean_fd"].as_str()), ("F", "0.100000"));
    let recorded = dataset.record(dir.path(), scan).unwrap();
    assert_eq!((recorded.series.trs(), recorded.series.rois(), recorded.series.tr()), (TRS, 2, 2.0));
    assert_eq!((recorded.quality.fd.len(), recorded.quality.coverage), (TRS, vec![1.0, 1.0]));
    // After detrending, every region has mean 0.
    let mean = recorded.series.roi(0).map(f64::from).sum::<f64>() / TRS as f64;
    assert!(mean.abs() < 1e-4, "{mean}");
    // Reading a scan without calling `cohort` first gives the same series.
    assert_eq!(bids(r#""confounds": ["csf"]"#).record(dir.path(), scan).unwrap().series, recorded.series);
}

#[test]
fn every_file_that_is_read_is_listed() {
    let dir = study();
    write(&dir, "out.tsv", "participant_id\treason\nsub-02\tasleep\n");
    write(&dir, "sub-01/sub-01_scans.tsv", "filename\tmood\nfunc/sub-01_task-rest_run-1_bold.nii.gz\tlow\n");
    write(&dir, "task-rest_events.tsv", "onset\tduration\ttrial_type\n4\t2\tface\n");
    let dataset = bids(r#""exclude": "out.tsv""#);
    let files = dataset.files(dir.path()).unwrap();
    let files: Vec<String> = files.iter().map(|file| shown(&dir, &file.display().to_string())).collect();
    expect![[r#"
        atlas.nii
        atlas.tsv
        out.tsv
        participants.tsv
        sub-01/func/sub-01_task-rest_run-1_desc-confounds_timeseries.tsv
        sub-01/func/sub-01_task-rest_run-1_space-MNI_desc-brain_mask.nii
        sub-01/func/sub-01_task-rest_run-1_space-MNI_desc-preproc_bold.json
        sub-01/func/sub-01_task-rest_run-1_space-MNI_desc-preproc_bold.nii
        sub-01/func/sub-01_task-rest_run-2_desc-confounds_timeseries.tsv
        sub-01/func/sub-01_task-rest_run-2_space-MNI_desc-brain_mask.nii
        sub-01/func/sub-01_task-rest_run-2_space-MNI_desc-preproc_bold.json
        sub-01/func/sub-01_task-rest_run-2_space-MNI_desc-preproc_bold.nii
        sub-01/sub-01_scans.tsv
        task-rest_events.tsv
    "#]]
    .assert_eq(&(files.join("\n") + "\n"));
    let cohort = dataset.cohort(dir.path(), "study").unwrap();
    assert_eq!(names(&cohort), ["study/sub-01_task-rest_run-1", "study/sub-01_task-rest_run-2"]);
    assert_eq!((cohort.excluded.len(), cohort.excluded[0].reason.as_str()), (1, "asleep"));
    assert_eq!(cohort.scans[0].phenotype["mood"], "low");
    assert_eq!(cohort.scans[1].events[0].trial_type.as_deref(), Some("face"));
}

#[test]
fn scrubbing_shortens_scans_and_leaves_out_what_is_too_short() {
    let dir = study();
    // Run 2 moves at volumes 20 and 40; sub-02 moves half of the time.
    let moved: Vec<usize> = (1..TRS).step_by(2).collect();
    write(
        &dir,
        "sub-01/func/sub-01_task-rest_run-2_desc-confounds_timeseries.tsv",
        confounds(TRS, &[20, 40]),
    );
    write(&dir, "sub-02/func/sub-02_task-rest_desc-confounds_timeseries.tsv", confounds(TRS, &moved));
    let dataset = bids(r#""scrub": {"fd": 0.5, "shortest": 0}, "minimum-clean-seconds": 100"#);
    let cohort = dataset.cohort(dir.path(), "study").unwrap();
    assert_eq!(cohort.scans.iter().map(|scan| scan.trs).collect::<Vec<_>>(), [TRS, TRS - 2]);
    let cuts: Vec<(f64, f64)> = cohort.scans[1].cuts.iter().map(|cut| (cut.at, cut.seconds)).collect();
    assert_eq!(cuts, [(40.0, 2.0), (78.0, 2.0)]);
    assert_eq!(dataset.record(dir.path(), &cohort.scans[1]).unwrap().series.trs(), TRS - 2);
    expect!["60 s are left after scrubbing (30 of 60 volumes), 100 s are asked for"]
        .assert_eq(&cohort.excluded[0].reason);
    // The default minimum is 240 s, which no image has.
    check(
        &dir,
        r#""scrub": {"fd": 0.5}"#,
        expect![
            "all 3 scans are excluded; `study/sub-01_task-rest_run-1`: 120 s are left after scrubbing (60 of 60 volumes), 240 s are asked for"
        ],
    );
    let cohort = bids(r#""maximum-mean-fd": 0.2"#).cohort(dir.path(), "study").unwrap();
    // (30 x 1 + 29 x 0.1) / 59 = 0.558.
    expect!["its mean framewise displacement is 0.558 mm, at most 0.2 mm are asked for"]
        .assert_eq(&cohort.excluded[0].reason);
    // Volumes from 4 s to 118 s are kept. At a TR of 3 s that leaves 6, 9, ... 117 s: (117 - 6) / 3 =
    // 37, plus one.
    let dataset = bids(r#""dummy-scans": 2, "resample-tr": 3.0"#);
    let cohort = dataset.cohort(dir.path(), "study").unwrap();
    assert_eq!((cohort.scans[0].trs, cohort.scans[0].tr), (38, 3.0));
    assert_eq!(dataset.record(dir.path(), &cohort.scans[0]).unwrap().series.trs(), 38);
}

#[test]
fn all_broken_scans_are_named_at_once_and_can_be_taken_out() {
    let dir = study();
    write(&dir, "sub-01/func/sub-01_task-rest_run-2_desc-confounds_timeseries.tsv", confounds(TRS - 1, &[]));
    write(
        &dir,
        "sub-02/func/sub-02_task-rest_space-MNI_desc-preproc_bold.json",
        r#"{"RepetitionTime": 2.5}"#,
    );
    check(
        &dir,
        "",
        expect![[r#"
            2 of 3 scans cannot be used:
              `study/sub-01_task-rest_run-2`: confounds `sub-01/func/sub-01_task-rest_run-2_desc-confounds_timeseries.tsv` have 59 rows, but `sub-01/func/sub-01_task-rest_run-2_space-MNI_desc-preproc_bold.nii` has 60 volumes; are they of the same run, with the same volumes removed?
              `study/sub-02_task-rest`: `sub-02/func/sub-02_task-rest_space-MNI_desc-preproc_bold.nii`: the sidecar's `RepetitionTime` says a TR of 2.5 s, but the header says 2 s; correct the header, or write `tr` in seconds and `tr-header = "ignore"`
            correct them, or list them in a table with `exclude = "FILE.tsv"` (columns `participant_id`, `session_id`, `task`, `run`, `reason`)"#]],
    );
    write(
        &dir,
        "out.tsv",
        "dataset\tparticipant_id\ttask\trun\treason\nstudy\tsub-01\trest\t2\tcut short\nstudy\t02\tn/a\tn/a\twrong TR\n",
    );
    let cohort = bids(r#""exclude": "out.tsv""#).cohort(dir.path(), "study").unwrap();
    assert_eq!(names(&cohort), ["study/sub-01_task-rest_run-1"]);
    let reasons: Vec<&str> = cohort.excluded.iter().map(|out| out.reason.as_str()).collect();
    assert_eq!(reasons, ["cut short", "wrong TR"]);
    write(&dir, "out.tsv", "participant_id\treason\nsub-03\tasleep\n");
    check(
        &dir,
        r#""exclude": "out.tsv""#,
        expect!["list of exclusions `out.tsv`: line 2 names no scan of `sub-03`; correct it or remove it"],
    );
}
