//! A faulty disk, clock or store gives a clear message, and nothing finished is lost.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::process::{Command, Output};

use boldface_tests::Sandbox;

/// A spec without training.
const COUNTED: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 14
trs = 80

[signal]
trs = 80

[corpora.connectivity]

[tokenizer]
type = "quantile"
patch = 20
codebook-size = 8

[backbone]
type = "bigram"

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[evaluation]
resamples = 40
"#;

fn project() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    sandbox.write("counted.toml", COUNTED);
    sandbox
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn succeeds(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.boldface(arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

/// Returns the error of a failing run in one line, without its folder.
fn fails(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.boldface(arguments);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    stderr(&output)
}

/// Returns the metric table of the latest run.
fn table(sandbox: &Sandbox) -> Vec<u8> {
    fs::read(sandbox.path("runs/latest/metrics.parquet")).unwrap()
}

/// Lists the artefacts' files, including hidden ones, whose names begin with `start`.
fn stored(sandbox: &Sandbox, start: &str) -> Vec<String> {
    let names = fs::read_dir(sandbox.path("runs/cache")).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with(start));
    names.sort();
    names
}

#[test]
fn a_full_disk_is_said_and_keeps_what_is_finished() {
    let sandbox = project();
    // Limits files to 512 blocks of 512 or 1024 bytes. The token vectors need a megabyte.
    let program = sandbox.command(&["run", "counted.toml"]);
    let full = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "sh", "512"])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(sandbox.path(""))
        .output()
        .unwrap();
    let said = stderr(&full);
    assert_eq!(full.status.code(), Some(1), "{said}");
    assert!(said.contains("error: stage `text-space` failed"), "{said}");
    assert!(said.contains("because cannot write `") && said.contains("vectors.safetensors`"), "{said}");
    assert!(said.contains("File too large"), "{said}");
    assert!(said.contains("help: make room, or give another folder of runs with `--runs`"), "{said}");
    assert_eq!(stored(&sandbox, ".tmp-"), Vec::<String>::new());

    let said = succeeds(&sandbox, &["run", "counted.toml"]);
    for (stage, is_kept) in [("series", true), ("split", true), ("corpus", true), ("text-space", false)] {
        let line = said.lines().find(|line| line.starts_with(&format!("  {stage} "))).unwrap();
        assert_eq!(line.ends_with("cached"), is_kept, "{said}");
    }
    let quiet = project();
    succeeds(&quiet, &["run", "counted.toml"]);
    assert!(table(&sandbox) == table(&quiet));
}

#[test]
fn a_folder_that_cannot_be_written_is_said() {
    let sandbox = project();
    // Nobody may create a folder there, not even the administrator.
    #[cfg(target_os = "linux")]
    {
        let said = fails(&sandbox, &["run", "counted.toml", "--runs", "/sys/boldface"]);
        assert!(said.contains("error: cannot make `/sys/boldface/cache`"), "{said}");
        assert!(said.contains("help: a run must be able to write there; give another folder"), "{said}");
    }
    sandbox.write("taken", "a file");
    let said = fails(&sandbox, &["run", "counted.toml", "--runs", "taken"]);
    assert!(said.contains("error: cannot make `taken/cache`"), "{said}");
    assert!(said.contains("help: a run must be able to write there; give another folder"), "{said}");
    assert_eq!(fs::read_to_string(sandbox.path("taken")).unwrap(), "a file");
}

#[test]
fn a_damaged_artefact_is_moved_away_and_made_again() {
    let sandbox = project();
    succeeds(&sandbox, &["run", "counted.toml"]);
    let before = table(&sandbox);
    let codes = stored(&sandbox, "codes-").remove(0);
    for file in ["metrics.parquet", "codes.safetensors"] {
        let path = sandbox.path("runs/cache").join(&codes).join(file);
        let whole = fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        damaged[whole.len() / 2] ^= 1;
        fs::write(&path, damaged).unwrap();
        let said = succeeds(&sandbox, &["run", "counted.toml"]);
        assert!(said.contains("An artefact is damaged; it was moved away and is made again."), "{said}");
        assert!(said.contains(&format!("`{file}` has changed since it was written")), "{said}");
        assert!(fs::read(&path).unwrap() == whole && table(&sandbox) == before);
    }
    assert_eq!(stored(&sandbox, ".damaged-").len(), 2);
}

#[test]
fn a_damaged_table_of_a_run_is_said_and_the_next_run_has_it() {
    let sandbox = project();
    succeeds(&sandbox, &["run", "counted.toml"]);
    let before = table(&sandbox);
    fs::write(sandbox.path("runs/latest/metrics.parquet"), &before[..before.len() / 2]).unwrap();
    let said = fails(&sandbox, &["report"]);
    assert!(said.contains("metrics.parquet` is not a readable Parquet file"), "{said}");
    succeeds(&sandbox, &["run", "counted.toml"]);
    assert!(table(&sandbox) == before);
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let sandbox = project();
    succeeds(&sandbox, &["run", "counted.toml"]);
    let name = stored(&sandbox, "tokenizer-").remove(0);
    let path = sandbox.path("runs/cache").join(&name).join("manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(manifest["format"], 1);
    manifest["format"] = 2.into();
    manifest["boldface"] = "9.9.9".into();
    manifest["something"] = "new".into();
    let newer = serde_json::to_vec(&manifest).unwrap();
    fs::write(&path, &newer).unwrap();
    let said = fails(&sandbox, &["run", "counted.toml"]);
    let reason = "cannot be used: it was made by boldface 9.9.9 in store format 2, and this version reads up to 1; upgrade boldface, or give another folder of runs with `--runs`";
    assert!(said.contains(&name) && said.contains(reason), "{said}");
    assert_eq!(fs::read(&path).unwrap(), newer);
    assert_eq!(stored(&sandbox, ".damaged-"), Vec::<String>::new());
    succeeds(&sandbox, &["run", "counted.toml", "--runs", "others"]);
}

#[test]
fn a_clock_that_went_back_is_said_and_overwrites_nothing() {
    let sandbox = project();
    let later = sandbox.write("runs/counted/2999-12-31T00-00-00/plan.json", "of a run in the future");
    let said = succeeds(&sandbox, &["run", "counted.toml"]);
    assert!(said.contains("The clock is behind that of an earlier run"), "{said}");
    assert_eq!(fs::read_to_string(later).unwrap(), "of a run in the future");
    let latest = fs::canonicalize(sandbox.path("runs/latest")).unwrap();
    assert!(!latest.ends_with("2999-12-31T00-00-00") && latest.join("report.md").exists());
}
