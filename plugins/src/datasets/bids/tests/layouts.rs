//! Tests of finding files (spaces, old names, raw folders, patterns) and of errors for missing ones.

use super::*;

#[test]
fn two_forms_of_a_run_are_a_choice() {
    let dir = study();
    let image = image(TRS, 2.0, |_, _| 1);
    for run in ["sub-01/func/sub-01_task-rest_run-1", "sub-02/func/sub-02_task-rest"] {
        write(&dir, &format!("{run}_space-T1w_desc-preproc_bold.nii"), &image);
    }
    check(
        &dir,
        "",
        expect![[
            r#"`sub-01/func/sub-01_task-rest_run-1_space-MNI_desc-preproc_bold.nii` and `sub-01/func/sub-01_task-rest_run-1_space-T1w_desc-preproc_bold.nii` are both scan `study/sub-01_task-rest_run-1` (and 1 more with the same problem); choose one form, such as `only = { space = "MNI" }` or `only = { space = "T1w" }`"#
        ]],
    );
    let only = r#""only": {"space": "MNI"}"#;
    assert_eq!(bids(only).cohort(dir.path(), "study").unwrap().scans.len(), 3);
    // The same run twice, without a label to choose by.
    write(&dir, "sub-02/func/sub-02_task-rest_run-1_space-MNI_desc-preproc_bold.nii", &image);
    write(&dir, "sub-02/func/sub-02_task-rest_run-01_space-MNI_desc-preproc_bold.nii", &image);
    check(
        &dir,
        only,
        expect![
            "`sub-02/func/sub-02_task-rest_run-01_space-MNI_desc-preproc_bold.nii` and `sub-02/func/sub-02_task-rest_run-1_space-MNI_desc-preproc_bold.nii` are both scan `study/sub-02_task-rest_run-1`; keep one of them"
        ],
    );
}

#[test]
fn an_empty_folder_says_what_was_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "atlas.nii", image(1, 0.0, |_, _| 1));
    check(
        &dir,
        r#""only": {"task": "rest"}"#,
        expect![
            "no image in `ROOT`: looked for `sub-.._desc-preproc_bold.nii.gz` (or `.nii`, `.dtseries.nii`, `.ptseries.nii`) with `task-rest` there and below `sub-..`"
        ],
    );
    write(&dir, "sub-01/func/sub-01_task-rest_bold.nii", image(TRS, 2.0, |_, _| 1));
    check(
        &dir,
        "",
        expect![[
            r#"no image in `ROOT`: looked for `sub-.._desc-preproc_bold.nii.gz` (or `.nii`, `.dtseries.nii`, `.ptseries.nii`) there and below `sub-..`; 1 have no `desc-`: if these are raw images, name the folder of their derivatives, and if they are preprocessed, set `desc = ""`"#
        ]],
    );
    write(&dir, "sub-01/func/sub-01_task-rest_desc-denoised_bold.nii", image(TRS, 2.0, |_, _| 1));
    check(
        &dir,
        "",
        expect![[
            r#"no image in `ROOT`: looked for `sub-.._desc-preproc_bold.nii.gz` (or `.nii`, `.dtseries.nii`, `.ptseries.nii`) there and below `sub-..`; no file has `desc-preproc`; present: no label (1 file), `denoised` (1 file)"#
        ]],
    );
}

#[test]
fn what_lies_in_the_raw_folder_is_joined() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "bids/participants.tsv", "participant_id\tsex\nsub-01\tF\n");
    write(&dir, "bids/task-faces_bold.json", r#"{"RepetitionTime": 2.0}"#);
    write(
        &dir,
        "bids/sub-01/ses-a/func/sub-01_ses-a_task-faces_events.tsv",
        "onset\tduration\ttrial_type\n4\t2\tface\n",
    );
    write(&dir, "bids/sub-01/ses-a/func/sub-01_ses-a_task-faces_bold.nii.gz", "");
    write(&dir, "bids/sub-01/sub-01_sessions.tsv", "session_id\tage\nses-a\t31\n");
    write(&dir, "out/atlas.nii", image(1, 0.0, |_, voxel| voxel as i16 + 1));
    // The header has no repetition time.
    let bold = image(TRS, 0.0, |volume, voxel| (volume * voxel % 7) as i16 + 50);
    write(&dir, "out/sub-01/ses-a/func/sub-01_ses-a_task-faces_space-MNI_desc-preproc_bold.nii", bold);
    let spec = r#"{"parcellation": {"volume": "atlas.nii"}, "raw": "../bids"}"#;
    let dataset: Bids = boldface::registry::parse(&serde_json::from_str(spec).unwrap()).unwrap();
    let root = dir.path().join("out");
    let cohort = dataset.cohort(&root, "faces").unwrap();
    let scan = &cohort.scans[0];
    assert_eq!((scan.tr, scan.rois), (2.0, 4));
    assert_eq!((scan.phenotype["sex"].as_str(), scan.phenotype["age"].as_str()), ("F", "31"));
    assert_eq!(scan.events.len(), 1);
    let files: Vec<String> =
        dataset.files(&root).unwrap().iter().map(|file| shown(&dir, &file.display().to_string())).collect();
    expect![[r#"
        out/../bids/participants.tsv
        out/../bids/sub-01/ses-a/func/sub-01_ses-a_task-faces_events.tsv
        out/../bids/sub-01/sub-01_sessions.tsv
        out/../bids/task-faces_bold.json
        out/atlas.nii
        out/sub-01/ses-a/func/sub-01_ses-a_task-faces_space-MNI_desc-preproc_bold.nii
    "#]]
    .assert_eq(&(files.join("\n") + "\n"));
}

#[test]
fn names_of_old_versions_are_understood() {
    let dir = study();
    write(&dir, "sub-01/func/sub-01_task-rest_run-3_bold_space-MNI_preproc.nii", image(TRS, 2.0, |_, _| 1));
    write(&dir, "sub-01/func/sub-01_task-rest_run-3_bold_space-MNI_brainmask.nii", image(1, 0.0, |_, _| 1));
    write(
        &dir,
        "sub-01/func/sub-01_task-rest_run-3_bold_confounds.tsv",
        confounds(TRS, &[]).replace("framewise_displacement", "FramewiseDisplacement"),
    );
    let dataset = bids(r#""suffix": "preproc", "desc": """#);
    let cohort = dataset.cohort(dir.path(), "study").unwrap();
    assert_eq!(names(&cohort), ["study/sub-01_task-rest_run-3"]);
    assert_eq!(cohort.scans[0].phenotype["mean_fd"], "0.100000");
    assert!(
        dataset
            .files(dir.path())
            .unwrap()
            .iter()
            .any(|file| file.ends_with("sub-01_task-rest_run-3_bold_space-MNI_brainmask.nii"))
    );
}

#[test]
fn a_flat_folder_is_read_by_pattern() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "vt.nii", image(1, 0.0, |_, voxel| i16::from(voxel > 1)));
    for run in 1..3 {
        let bold = image(TRS, 2.0, |volume, voxel| (volume * voxel % 7) as i16 + 50);
        write(&dir, &format!("run{run:03}_bold.nii"), bold);
        write(&dir, &format!("onsets_run{run:03}/cond1.txt"), "10\t6\t1\n");
        write(&dir, &format!("onsets_run{run:03}/cond2.txt"), "30\t6\t1\n50\t6\t1\n");
        write(&dir, &format!("run{run:03}_motion.tsv"), confounds(TRS, &[]));
    }
    let spec = r#"{
        "parcellation": {"volume": "vt.nii", "kind": "voxels"}, "pattern": "run{run}_bold.nii", "subject": "1",
        "events": "onsets_run{run}/{trial_type}.txt", "confounds-file": "run{run}_motion.tsv", "confounds": ["csf"]
    }"#;
    let dataset: Bids = boldface::registry::parse(&serde_json::from_str(spec).unwrap()).unwrap();
    assert!(dataset.check(dir.path()).is_empty());
    let cohort = dataset.cohort(dir.path(), "flat").unwrap();
    assert_eq!(names(&cohort), ["flat/sub-1_run-001", "flat/sub-1_run-002"]);
    let scan = &cohort.scans[1];
    let events: Vec<(f64, &str)> =
        scan.events.iter().map(|event| (event.onset, event.trial_type.as_deref().unwrap())).collect();
    assert_eq!(events, [(10.0, "cond1"), (30.0, "cond2"), (50.0, "cond2")]);
    assert_eq!((scan.rois, scan.trs), (2, TRS));
    assert_eq!(dataset.record(dir.path(), scan).unwrap().series.rois(), 2);
    assert_eq!(dataset.files(dir.path()).unwrap().len(), 1 + 2 * 4);
}

#[test]
fn settings_that_contradict_are_problems() {
    let dir = study();
    let said = |more: &str| -> String {
        bids(more).check(dir.path()).iter().map(|problem| shown(&dir, &format!("{problem}\n"))).collect()
    };
    expect![""].assert_eq(&said(""));
    expect![[r#"
        pattern: it has no `{subject}`; say whose runs these are, such as `subject = "1"`
        raw: `raw` cannot be used with `pattern`; use `participants`, `events` and `tr` instead
        exclude: there is no file `no.tsv`; a path is relative to the dataset's folder
        raw: there is no folder `no`; a path is relative to the dataset's folder
    "#]]
    .assert_eq(&said(r#""pattern": "run{run}.nii", "raw": "no", "exclude": "no.tsv""#));
    expect![[r#"
        low-pass: `0.01` Hz is not above `high-pass`, `0.1` Hz: nothing would pass; `low-pass` is the highest frequency kept, `high-pass` the lowest
        minimum-clean-seconds: `-1` cannot be a limit; write 0 or more
        subject: the subject is in the names of the images; leave `subject` out
    "#]].assert_eq(&said(
        r#""low-pass": 0.01, "high-pass": 0.1, "subject": "1", "minimum-clean-seconds": -1"#,
    ));
}

fn bids_at(spec: &str) -> Bids {
    boldface::registry::parse(&serde_json::from_str(spec).unwrap()).unwrap()
}

#[test]
fn run_labels_are_numbers_in_every_folder() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "atlas.nii", image(1, 0.0, |_, _| 1));
    // The header has no repetition time, and the raw folder writes the run otherwise.
    for run in ["run-1", "run-02"] {
        let bold = image(TRS, 0.0, |volume, voxel| (volume * voxel % 7) as i16 + 50);
        write(&dir, &format!("sub-01/func/sub-01_task-faces_{run}_space-MNI_desc-preproc_bold.nii"), bold);
    }
    for run in ["run-01", "run-2"] {
        let raw = format!("raw/sub-01/func/sub-01_task-faces_{run}");
        write(&dir, &format!("{raw}_events.tsv"), "onset\tduration\n4\t2\n");
        write(&dir, &format!("{raw}_bold.json"), r#"{"RepetitionTime": 2.0}"#);
    }
    let cohort = bids_at(r#"{"parcellation": {"volume": "atlas.nii"}, "raw": "raw"}"#)
        .cohort(dir.path(), "faces")
        .unwrap();
    assert_eq!(names(&cohort), ["faces/sub-01_task-faces_run-02", "faces/sub-01_task-faces_run-1"]);
    assert!(cohort.scans.iter().all(|scan| scan.tr == 2.0 && scan.events.len() == 1));
    let only = r#"{"parcellation": {"volume": "atlas.nii"}, "raw": "raw", "only": {"run": "2"}}"#;
    assert_eq!(
        names(&bids_at(only).cohort(dir.path(), "faces").unwrap()),
        ["faces/sub-01_task-faces_run-02"]
    );
}

#[test]
fn echoes_share_the_mask_of_their_run() {
    let dir = study();
    for run in ["sub-01/func/sub-01_task-rest_run-1", "sub-01/func/sub-01_task-rest_run-2"] {
        let bold = image(TRS, 2.0, |volume, voxel| 100 + ((volume * 7 + voxel * 3) % 11) as i16);
        write(&dir, &format!("{run}_echo-1_space-MNI_desc-preproc_bold.nii"), bold);
        // Only the first voxel, which is one of two in region 1.
        write(
            &dir,
            &format!("{run}_space-MNI_desc-brain_mask.nii"),
            image(1, 0.0, |_, voxel| (voxel == 0).into()),
        );
    }
    let dataset = bids(r#""only": {"echo": "1"}"#);
    let cohort = dataset.cohort(dir.path(), "study").unwrap();
    assert_eq!(cohort.scans.len(), 2);
    for scan in &cohort.scans {
        assert_eq!(dataset.record(dir.path(), scan).unwrap().quality.coverage, [0.5, 0.0]);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_was_not_fetched_is_not_absent() {
    for file in [
        "participants.tsv",
        "sub-01/func/sub-01_task-rest_run-1_desc-confounds_timeseries.tsv",
        "sub-01/func/sub-01_task-rest_run-1_space-MNI_desc-brain_mask.nii",
        "task-rest_events.tsv",
    ] {
        let dir = study();
        let path = dir.path().join(file);
        drop(fs::remove_file(&path));
        std::os::unix::fs::symlink(".git/annex/objects/a", &path).unwrap();
        let error = bids("").files(dir.path()).unwrap_err().to_string();
        assert_eq!(
            shown(&dir, &error),
            format!(
                "`{file}`: a link to a file that is not here; in a DataLad dataset, `datalad get` fetches it"
            )
        );
    }
}
