//! Runs side by side: real runs, the real binary.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

use boldface_tests::{Sandbox, Seen};
use serde_json::json;

/// A whole experiment that trains nothing.
const SMALL: &str = r#"
seed = SEED
[datasets.made]
type = "synthetic"
subjects = 40
trs = 80
[signal]
trs = 80
[split]
seed = 0
validation = 0.3
test = 0.3
[corpora.connectivity]
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
[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]
[tasks.forecasting]
context = 60
horizon = 20
[evaluation]
resamples = 50
"#;

fn spec(seed: u64, codes: usize) -> String {
    SMALL.replace("SEED", &seed.to_string()).replace("CODES", &codes.to_string())
}

fn run(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    sandbox.write(&format!("{name}.toml"), text);
    sandbox.run(&format!("{name}.toml"), &Seen::default()).unwrap().dir
}

/// What the binary printed on success.
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A sweep over codebook sizes and seeds, its folder laid out as `boldface run` does.
fn sweep(sandbox: &Sandbox) -> PathBuf {
    let dir = sandbox.path("runs/codes/2026-11-23T06-00-00");
    let mut arms = Vec::new();
    for (codes, seed) in [(4, 0), (4, 1), (8, 0), (8, 1), (16, 0), (16, 1)] {
        let name = format!("codebook-size={codes},seed={seed}");
        let made = run(sandbox, &format!("arm-{codes}-{seed}"), &spec(seed, codes));
        fs::create_dir_all(dir.join("arms")).unwrap();
        fs::rename(made, dir.join("arms").join(&name)).unwrap();
        let settings = json!({ "tokenizer.codebook-size": codes, "seed": seed });
        arms.push(json!({ "name": name, "settings": settings, "status": "finished", "error": null, "run": format!("arms/{name}") }));
    }
    let failed = json!({ "tokenizer.codebook-size": 1, "seed": 0 });
    arms.push(json!({ "name": "codebook-size=1,seed=0", "settings": failed, "status": "failed", "error": "too few", "run": null }));
    let axes: BTreeMap<_, _> =
        [("tokenizer.codebook-size", json!([16, 8, 4])), ("seed", json!([0, 1]))].into();
    let file = json!({ "name": "codes", "spec": "codes.toml", "axes": axes, "select": null, "arms": arms });
    fs::write(dir.join("sweep.json"), file.to_string()).unwrap();
    dir
}

#[test]
fn a_sweep_is_a_leaderboard() {
    let sandbox = Sandbox::new();
    let dir = sweep(&sandbox);
    println!("{}", said(&sandbox.boldface(&["compare", "codes"])));
    println!("{}", said(&sandbox.boldface(&["compare", "codes", "--to", "csv"])));
    println!("{}", said(&sandbox.boldface(&["compare", "arm-4-0", "codes", "--to", "latex"])));
    fs::copy(dir.join("compare.html"), "/tmp/compare.html").unwrap();
}

#[test]
fn two_runs_say_what_differs() {
    let sandbox = Sandbox::new();
    run(&sandbox, "four", &spec(0, 4));
    run(&sandbox, "eight", &spec(0, 8));
    println!("{}", said(&sandbox.boldface(&["compare", "four", "eight"])));
    said(&sandbox.boldface(&["compare", "four", "eight", "--to", "html", "--out", "/tmp/two.html"]));
}
