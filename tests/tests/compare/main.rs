//! Compares real runs with the real binary and with other people's readers.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod bad;
mod beside;
mod page;
mod python;
mod runs;
mod sweep;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use boldface::MetricRow;
use boldface_tests::{Sandbox, Seen};
use serde_json::json;

/// A complete experiment without training.
const SMALL: &str = r#"
seed = SEED
[datasets.made]
type = "synthetic"
subjects = 40
trs = 80
[signal]
trs = 80
[split]
seed = SPLIT
validation = 0.3
test = 0.3
[tokenizer]
type = "quantile"
patch = 20
codebook-size = CODES
[backbone]
type = "bigram"
[instruction]
steps = 4
warmup = 0
peak-lr = 1e-3
[tasks.forecasting]
context = 60
horizon = 20
[evaluation]
resamples = 50
"#;

/// Fills in the seeds and the codebook size.
fn spec(seed: u64, split: u64, codes: usize) -> String {
    SMALL
        .replace("SEED", &seed.to_string())
        .replace("SPLIT", &split.to_string())
        .replace("CODES", &codes.to_string())
}

/// Runs a spec and returns the run's folder.
fn run(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    sandbox.write(&format!("{name}.toml"), text);
    sandbox.run(&format!("{name}.toml"), &Seen::default()).unwrap().dir
}

/// Returns the output of a successful command.
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns the exit code and error messages of a failed command.
fn complained(output: &Output) -> (Option<i32>, String) {
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    (output.status.code(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// Returns the score of a run's model on a part.
fn score(dir: &Path, part: &str, metric: &str) -> MetricRow {
    let rows = boldface_tables::metrics::read(&dir.join("metrics.parquet")).unwrap();
    let is_it = |row: &MetricRow| {
        row.plugin == "bigram" && row.split == part && row.metric == metric && row.against.is_none()
    };
    rows.into_iter().find(is_it).unwrap()
}

/// Creates a sweep over codebook sizes and parts of the split, in the folder layout of `boldface run`:
/// three finished arms of two runs each, and one failed arm.
fn sweep(sandbox: &Sandbox) -> PathBuf {
    let dir = sandbox.path("runs/codes/2026-11-23T06-00-00");
    fs::create_dir_all(dir.join("arms")).unwrap();
    let mut arms = Vec::new();
    for (codes, split) in [(16, 0), (16, 1), (8, 0), (8, 1), (4, 0), (4, 1)] {
        let name = format!("codebook-size={codes},split={split}");
        let made = run(sandbox, &format!("arm-{codes}-{split}"), &spec(0, split, codes));
        fs::rename(made, dir.join("arms").join(&name)).unwrap();
        let settings = json!({ "tokenizer.codebook-size": codes, "split.seed": split });
        let run = format!("arms/{name}");
        arms.push(
            json!({ "name": name, "settings": settings, "status": "finished", "error": null, "run": run }),
        );
    }
    let settings = json!({ "tokenizer.codebook-size": 1, "split.seed": 0 });
    let failed = json!({ "name": "codebook-size=1,split=0", "settings": settings, "status": "failed", "error": "too few", "run": null });
    arms.push(failed);
    let axes = json!({ "tokenizer.codebook-size": [16, 8, 4, 1], "split.seed": [0, 1] });
    let file = json!({ "name": "codes", "spec": "codes.toml", "axes": axes, "select": null, "arms": arms });
    fs::write(dir.join("sweep.json"), file.to_string()).unwrap();
    dir
}
