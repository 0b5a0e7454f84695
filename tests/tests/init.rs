//! `boldface init`: a folder as a lab has it becomes a spec that checks clean.

use std::fs;
use std::process::Output;

use boldface_tests::Sandbox;

/// Returns the exit code and all output.
fn told(output: &Output) -> (Option<i32>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// A table of `trs` volumes of six regions, with a header.
fn series(subject: u64, trs: usize, separator: &str) -> String {
    let mut state = subject * 7919 + 17;
    let mut text = ["A1", "A2", "A3", "B1", "B2", "B3"].join(separator) + "\n";
    for _ in 0..trs {
        let cells: Vec<String> = (0..6)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 40) as f64 / f64::from(1 << 24)).to_string()
            })
            .collect();
        text += &(cells.join(separator) + "\n");
    }
    text
}

/// Rows of 24 people with a sex, an age and a site.
fn people(id: &str, name: impl Fn(u64) -> String) -> String {
    let row = |subject: u64| {
        let sex = if subject.is_multiple_of(2) { "f" } else { "m" };
        format!("{},{sex},{},s{}\n", name(subject), 20 + subject * 7 % 24, subject / 3 % 2)
    };
    format!("{id},sex,age,site\n") + &(0..24).map(row).collect::<String>()
}

#[test]
fn one_table_per_subject_and_people_beside_them() {
    let sandbox = Sandbox::new();
    for subject in 0..24 {
        let trs = 64 + subject as usize;
        sandbox.write(&format!("lab/S{subject:02}_rest.csv"), &series(subject, trs, ","));
    }
    sandbox.write("people.csv", &people("subject_id", |subject| format!("S{subject:02}")));
    let (code, said) = told(&sandbox.boldface(&["init", "lab"]));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--tr, --participants and --pattern") && said.contains("epetition time"), "{said}");
    assert!(!sandbox.path("study.toml").exists());

    let (code, said) = told(&sandbox.boldface(&["init", "lab", "--tr", "2"]));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("files named `{subject}_rest.csv`"), "{said}");
    assert!(
        said.contains(
            "24 scans of 24 people: 64 to 87 volumes, one every 2 s, of 6 regions without networks"
        )
    );
    assert!(said.contains("task: column `sex`, 2 classes\ntask: column `age`, a number\n"), "{said}");
    let spec = fs::read_to_string(sandbox.path("study.toml")).unwrap();
    // 20 volumes per token: three of the shortest scan.
    assert!(spec.contains("trs         = 60 "), "{spec}");
    let (code, said) = told(&sandbox.boldface(&["check", "study.toml"]));
    assert_eq!(code, Some(0), "{said}\n{spec}");
    let (code, said) = told(&sandbox.boldface(&["run", "study.toml"]));
    assert_eq!(code, Some(0), "{said}\n{spec}");

    let (code, said) = told(&sandbox.boldface(&["init", "lab", "--tr", "2"]));
    assert!(code == Some(2) && said.contains("`study.toml` already exists"), "{said}");
    assert_eq!(fs::read_to_string(sandbox.path("study.toml")).unwrap(), spec);
}

#[test]
fn of_several_atlases_one_is_chosen_and_networks_bring_facts() {
    let sandbox = Sandbox::new();
    for subject in 0..24 {
        for atlas in ["Glasser", "Tian"] {
            let name = format!("sub-{subject:02}_task-rest_seg-{atlas}_timeseries");
            sandbox.write(&format!("xcpd/sub-{subject:02}/func/{name}.tsv"), &series(subject, 130, "\t"));
            sandbox.write(&format!("xcpd/sub-{subject:02}/func/{name}.json"), "{\"RepetitionTime\": 2.0}");
        }
    }
    let table = people("participant_id", |subject| format!("sub-{subject:02}")).replace(',', "\t");
    sandbox.write("xcpd/participants.tsv", &table);
    let rows = ["A1\tA", "A2\tA", "A3\tA", "B1\tB", "B2\tB", "B3\tB"];
    let rows: String = rows.iter().enumerate().map(|(n, row)| format!("{}\t{row}\n", n + 1)).collect();
    sandbox.write("xcpd/seg-Glasser_dseg.tsv", &format!("index\tname\tnetwork\n{rows}"));
    let (code, said) = told(&sandbox.boldface(&["init", "xcpd", "--out", "first.toml"]));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("`seg-Glasser` is used; there are also `seg-Tian`"), "{said}");
    assert!(said.contains("of 6 regions with networks"), "{said}");
    let spec = fs::read_to_string(sandbox.path("first.toml")).unwrap();
    assert!(spec.contains("[tasks.couplings]") && spec.contains("patch    = 40 "), "{spec}");
    let (code, said) = told(&sandbox.boldface(&["check", "first.toml"]));
    assert_eq!(code, Some(0), "{said}\n{spec}");
}

#[test]
fn what_names_do_not_say_is_asked_for() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("empty")).unwrap();
    for (name, subject) in [("S1_run1", 1), ("S1_run2", 2), ("S2_run1", 3)] {
        sandbox.write(&format!("runs/{name}.csv"), &series(subject, 60, ","));
    }
    sandbox.write("deriv/sub-01/func/sub-01_task-rest_desc-preproc_bold.nii.gz", "");
    for (folder, advice) in [
        ("nowhere", "`nowhere` is no folder"),
        ("empty", "nothing in `empty` looks like scans"),
        ("runs", "write it with --pattern, such as"),
        ("deriv", "give it with --parcellation"),
    ] {
        let (code, said) = told(&sandbox.boldface(&["init", folder]));
        assert!(code == Some(2) && said.contains(advice), "{folder}: {said}");
    }
    assert!(!sandbox.path("study.toml").exists());
}
