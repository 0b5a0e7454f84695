//! A result that cannot be written is an error, in every command.

use std::fs::OpenOptions;
use std::process::Stdio;

use boldface_tests::cohort::{SPEC, study};

use super::told;

#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let sandbox = study();
    sandbox.write("study.toml", SPEC);
    assert_eq!(told(&sandbox.boldface(&["run", "study.toml"])).0, Some(0));
    assert_eq!(told(&sandbox.boldface(&["export", "latest", "--to", "out"])).0, Some(0));
    let scan = boldface_tests::cohort::file("01");
    let commands: [&[&str]; 17] = [
        &["check", "study.toml"],
        &["plan", "study.toml"],
        &["run", "study.toml"],
        &["report"],
        &["export", "latest", "--to", "two"],
        &["verify", "out"],
        &["compare", "latest", "latest"],
        &["watch"],
        &["describe", "--corpus", "runs/latest", "--series", &scan],
        &["features", &scan, "--regions", "data/seg-own_dseg.tsv", "--tr", "2.0", "--out", "features.tsv"],
        &["list"],
        &["explain", "task", "classification"],
        &["schema"],
        &["new", "task", "handedness", "--dynamic"],
        &["--help"],
        &["plan", "--help"],
        &["--version"],
    ];
    for command in commands {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output =
            sandbox.command(command).stdout(Stdio::from(full)).stderr(Stdio::piped()).output().unwrap();
        let (code, _, errors) = told(&output);
        assert_eq!(code, Some(1), "{command:?}: {errors}");
        assert!(
            errors.contains("cannot write standard output: No space left on device"),
            "{command:?}: {errors}"
        );
    }
}
