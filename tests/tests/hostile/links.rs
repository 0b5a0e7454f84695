//! Links, pipes and devices where a file should be: nothing behind them is emptied, replaced or waited for.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use boldface_tests::cohort::{SPEC, study};

use super::told;

#[test]
fn a_planted_link_never_empties_its_target() {
    let sandbox = study();
    sandbox.write("spec.toml", SPEC);
    assert_eq!(told(&sandbox.boldface(&["run", "spec.toml"])).0, Some(0));
    let target = sandbox.write("precious", "precious");
    let untouched = || assert_eq!(fs::read_to_string(&target).unwrap(), "precious");

    let lock = sandbox.path("runs/cache/.lock");
    fs::remove_file(&lock).unwrap();
    symlink(&target, &lock).unwrap();
    let (code, _, errors) = told(&sandbox.boldface(&["run", "spec.toml"]));
    assert!(code == Some(1) && errors.contains(".lock`") && errors.contains("it is a link"), "{errors}");
    untouched();
    fs::remove_file(&lock).unwrap();

    for page in ["report.md", "report.html"] {
        let page = sandbox.path("runs/latest").join(page);
        fs::remove_file(&page).unwrap();
        symlink(&target, &page).unwrap();
        assert_eq!(told(&sandbox.boldface(&["report"])).0, Some(0));
        untouched();
        assert!(!page.is_symlink() && page.metadata().unwrap().len() > 100);
    }
}

#[test]
fn a_device_is_never_replaced() {
    let sandbox = study();
    let pipe = sandbox.path("pipe.tsv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let arguments = [
        "features",
        &boldface_tests::cohort::file("01"),
        "--regions",
        "data/seg-own_dseg.tsv",
        "--out",
        "pipe.tsv",
    ];
    let (code, _, errors) = told(&sandbox.boldface(&arguments));
    assert!(code == Some(1) && errors.contains("it is a device or a pipe, no regular file"), "{errors}");
    assert!(!pipe.metadata().unwrap().is_file());
}

#[test]
fn nothing_waits_for_a_pipe() {
    let begun = Instant::now();
    let places =
        ["data/participants.tsv", "data/seg-own_dseg.tsv", "data/timeseries.json", "text.txt", "spec.toml"];
    for place in places {
        let sandbox = study();
        sandbox.write("text.txt", "One.\n\nTwo.\n");
        sandbox.write("spec.toml", &format!("{SPEC}\n[text]\npath = \"text.txt\"\n"));
        fs::remove_file(sandbox.path(place)).unwrap();
        assert!(Command::new("mkfifo").arg(sandbox.path(place)).status().unwrap().success());
        let (code, _, errors) = told(&sandbox.boldface(&["check", "spec.toml"]));
        assert_eq!(code, Some(2), "{place}: {errors}");
    }
    let sandbox = study();
    for place in ["export/manifest.json", "model/config.json"] {
        fs::remove_file(sandbox.write(place, "")).unwrap();
        assert!(Command::new("mkfifo").arg(sandbox.path(place)).status().unwrap().success());
    }
    assert_ne!(told(&sandbox.boldface(&["verify", "export"])).0, Some(0));
    assert_ne!(told(&sandbox.boldface(&["lm", "info", "model"])).0, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
}
