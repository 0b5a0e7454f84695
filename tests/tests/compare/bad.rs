//! Invalid comparisons are refused with a reason and never panic.

use std::fs;

use boldface_tests::Sandbox;

use super::{complained, run, spec, sweep};

#[test]
fn a_folder_that_is_no_run_is_said() {
    let sandbox = Sandbox::new();
    run(&sandbox, "one", &spec(0, 0, 4));
    fs::create_dir_all(sandbox.path("notes/inside")).unwrap();
    let cases = [
        (
            "nowhere",
            "error: `nowhere` is neither a run nor a sweep: there is no such folder; runs are in `runs/EXPERIMENT/TIME`\n",
        ),
        (
            "notes",
            "error: `notes` is neither a run nor a sweep: neither it nor a folder in it has a `plan.json` or a `sweep.json`; runs are in `runs/EXPERIMENT/TIME`\n",
        ),
        (
            "one.toml",
            "error: `one.toml` is neither a run nor a sweep: there is no such folder; runs are in `runs/EXPERIMENT/TIME`\n",
        ),
    ];
    for (path, expected) in cases {
        assert_eq!(complained(&sandbox.boldface(&["compare", "one", path])), (Some(2), expected.to_owned()));
    }
    let (code, text) = complained(&sandbox.boldface(&["compare", "one"]));
    assert_eq!(code, Some(2));
    assert!(
        text.ends_with("is one run: name another one to compare it with, or the folder of a sweep\n"),
        "{text}"
    );
}

#[test]
fn runs_without_a_common_task_or_metric_are_said() {
    let sandbox = Sandbox::new();
    run(&sandbox, "one", &spec(0, 0, 4));
    run(
        &sandbox,
        "two",
        &spec(0, 0, 4).replace("[tasks.forecasting]", "[tasks.next]\ntype = \"forecasting\""),
    );
    let (code, text) = complained(&sandbox.boldface(&["compare", "one", "two"]));
    assert_eq!(code, Some(2));
    assert!(text.starts_with("error: the runs have no task in common: `one/"), "{text}");
    assert!(text.contains("has `forecasting`, `two/") && text.ends_with("has `next`\n"), "{text}");

    let (code, text) = complained(&sandbox.boldface(&["compare", "one", "one", "--metric", "auroc"]));
    assert_eq!(code, Some(2));
    assert!(
        text.starts_with("error: no scored task has the metric `auroc`; there are `forecasting."),
        "{text}"
    );
}

#[test]
fn damaged_files_are_named() {
    let sandbox = Sandbox::new();
    let one = run(&sandbox, "one", &spec(0, 0, 4));
    run(&sandbox, "two", &spec(0, 0, 8));
    let table = one.join("metrics.parquet");
    let whole = fs::read(&table).unwrap();
    let compare = || complained(&sandbox.boldface(&["compare", "one", "two"]));

    fs::write(&table, &whole[..whole.len() / 2]).unwrap();
    let (code, text) = compare();
    assert_eq!(code, Some(1));
    assert!(text.contains("metrics.parquet` is not a readable Parquet file"), "{text}");

    // After any flipped byte, either the file is named in an error or the table is unchanged.
    fs::write(&table, &whole).unwrap();
    let before = super::said(&sandbox.boldface(&["compare", "one", "two"]));
    let mut found = 0;
    for place in [whole.len() / 4, whole.len() / 3, whole.len() / 2, whole.len() - 5, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[place] ^= 0xff;
        fs::write(&table, flipped).unwrap();
        let output = sandbox.boldface(&["compare", "one", "two"]);
        if output.status.success() {
            assert_eq!(super::said(&output), before, "{place}");
        } else {
            let (code, text) = complained(&output);
            assert_eq!(code, Some(1), "{place}");
            assert!(text.contains("metrics.parquet`"), "{place}: {text}");
            found += 1;
        }
    }
    assert!(found >= 3, "{found} of 5");
    fs::remove_file(&table).unwrap();
    let (code, text) = compare();
    assert_eq!(code, Some(1));
    assert!(text.contains("cannot read `") && text.contains("metrics.parquet`: No such file"), "{text}");

    fs::write(&table, whole).unwrap();
    fs::write(one.join("plan.json"), "{\"name\":").unwrap();
    let (code, text) = compare();
    assert_eq!(code, Some(1));
    assert!(text.contains("plan.json` is damaged: EOF while parsing"), "{text}");
}

#[test]
fn an_arm_that_cannot_be_read_is_left_out_and_named() {
    let sandbox = Sandbox::new();
    let dir = sweep(&sandbox);
    fs::write(dir.join("arms/codebook-size=8,split=0/metrics.parquet"), "PAR1").unwrap();
    let output = sandbox.boldface(&["compare", "codes"]);
    let text = super::said(&output);
    assert!(text.contains("5 of 7 runs in 3 arms"), "{text}");
    assert!(text.contains("codebook-size=8,split=0 cannot be read:"), "{text}");
    assert!(
        text.split_whitespace().collect::<Vec<_>>().join(" ").contains("is not a readable Parquet file"),
        "{text}"
    );

    fs::remove_dir_all(dir.join("arms")).unwrap();
    let (code, text) = complained(&sandbox.boldface(&["compare", "codes"]));
    assert_eq!(code, Some(2));
    assert!(
        text.starts_with("error: no arm of the sweep in `")
            && text.contains("\n  codebook-size=1,split=0 failed: too few\n"),
        "{text}"
    );

    fs::write(dir.join("sweep.json"), "{").unwrap();
    let (code, text) = complained(&sandbox.boldface(&["compare", "codes"]));
    assert_eq!(code, Some(1));
    assert!(text.contains("sweep.json` is damaged"), "{text}");
}
