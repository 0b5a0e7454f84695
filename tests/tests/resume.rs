//! An experiment that is killed at any time, or run twice at once, ends with the numbers of an
//! undisturbed run.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use boldface_runner::run::{FileRecord, Manifest};
use boldface_tests::Sandbox;

/// Trains the backbone three times (twice with adapters) and the tokenizer once, all with random noise.
const LEARNED: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 14
trs = 80

[signal]
trs = 80

[corpora.connectivity]

[text]
path = "text.txt"

[tokenizer]
type = "vq"
patch = 20
codebook-size = 16
width = 16
steps = 60
warmup = 10
dropout = 0.1
drop-path = 0.1
revive-after = 3

[backbone]
type = "gpt"
layers = 1
heads = 2
width = 16
vocabulary = 300
text-steps = 40
text-batch-size = 4
text-length = 32
text-dropout = 0.1

[alignment]
steps = 30
batch-size = 2
accumulate = 2
warmup = 5
peak-lr = 1e-2
dropout = 0.1
lora = { rank = 2, dropout = 0.1 }

[instruction]
steps = 30
batch-size = 4
warmup = 5
peak-lr = 1e-2
lora = { rank = 2 }

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[evaluation]
resamples = 40

[runtime]
checkpoint-seconds = 0
"#;

/// Like [`LEARNED`], except for the last training and the stages after it.
fn other() -> String {
    LEARNED.replace("[instruction]\nsteps = 30", "[instruction]\nsteps = 31")
}

fn project() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    sandbox.write("text.txt", "The cat sat.\n\nThe dog ran, and the cat ran too.\n");
    sandbox.write("learned.toml", LEARNED);
    sandbox.write("other.toml", &other());
    sandbox
}

/// Starts a run with its output redirected to a file.
fn start(sandbox: &Sandbox, spec: &str, log: &str) -> Child {
    let file = File::create(sandbox.path(log)).unwrap();
    let mut command = sandbox.command(&["run", spec]);
    command.stdout(Stdio::null()).stderr(file).spawn().unwrap()
}

fn said(sandbox: &Sandbox, log: &str) -> String {
    fs::read_to_string(sandbox.path(log)).unwrap()
}

/// Returns the metric table of the only run of `spec` that has one, as bytes, and the files of every
/// artefact.
fn results(sandbox: &Sandbox, spec: &str) -> (Vec<u8>, BTreeMap<String, BTreeMap<String, FileRecord>>) {
    let runs = fs::read_dir(sandbox.path("runs").join(spec)).unwrap().map(|run| run.unwrap().path());
    let is_whole = |run: &std::path::PathBuf| {
        let record = fs::read_to_string(run.join("plan.json"));
        record.is_ok_and(|record| record.contains("evaluation.condition-"))
    };
    let whole: Vec<_> = runs.filter(is_whole).collect();
    let table = fs::read(whole.first().unwrap().join("metrics.parquet")).unwrap();
    (table, artefacts(&sandbox.path("runs/cache")))
}

fn artefacts(cache: &Path) -> BTreeMap<String, BTreeMap<String, FileRecord>> {
    let mut artefacts = BTreeMap::new();
    for entry in fs::read_dir(cache).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_leftover = [".tmp-", ".progress-", ".damaged-"].iter().any(|start| name.starts_with(start));
        assert!(!is_leftover, "{name} is left");
        if !name.starts_with('.') {
            let manifest = fs::read(entry.path().join("manifest.json")).unwrap();
            artefacts.insert(name, serde_json::from_slice::<Manifest>(&manifest).unwrap().files);
        }
    }
    artefacts
}

#[test]
fn kills_at_many_moments_change_no_bit() {
    let quiet = project();
    // Builds the binary first, because that takes longer than a run.
    quiet.boldface(&["--version"]);
    let begun = Instant::now();
    assert!(start(&quiet, "learned.toml", "log").wait().unwrap().success(), "{}", said(&quiet, "log"));
    let whole = begun.elapsed();
    let expected = results(&quiet, "learned");

    let (mut kills, mut resumed, mut moment) = (0, 0, 0.5);
    while kills < 24 {
        let sandbox = project();
        loop {
            let mut program = start(&sandbox, "learned.toml", "log");
            // Multiples of the golden ratio are evenly spread and never repeat.
            moment = (moment + 0.618_033_988_749_895) % 1.0;
            let deadline = Instant::now() + Duration::from_millis(50) + whole.mul_f64(0.25 * moment);
            while Instant::now() < deadline && program.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            // This has no effect on a program that has ended.
            program.kill().unwrap();
            let ended = program.wait().unwrap();
            let said = said(&sandbox, "log");
            resumed += said.matches("resumes after step").count();
            // A killed program has no exit code.
            if let Some(code) = ended.code() {
                assert_eq!(code, 0, "{said}");
                break;
            }
            kills += 1;
            assert!(kills < 300, "nothing gets done");
        }
        // The last run started after the last kill, so it cleaned up.
        assert!(results(&sandbox, "learned") == expected, "the numbers differ");
    }
    println!("quiet run {whole:?}, {kills} kills, {resumed} resumed trainings");
    assert!(resumed >= 6, "{resumed}");
}

#[test]
fn two_runs_at_once_make_each_stage_once() {
    let alone = project();
    for spec in ["learned", "other"] {
        let status = start(&alone, &format!("{spec}.toml"), "log").wait().unwrap();
        assert!(status.success(), "{}", said(&alone, "log"));
    }
    // One spec twice, and another that shares all stages except the last.
    let together = project();
    let mut programs = ["learned", "learned", "other"]
        .iter()
        .enumerate()
        .map(|(i, spec)| start(&together, &format!("{spec}.toml"), &format!("log-{i}")))
        .collect::<Vec<_>>();
    let logs: Vec<String> = programs
        .iter_mut()
        .enumerate()
        .map(|(i, program)| (program.wait().unwrap(), said(&together, &format!("log-{i}"))))
        .map(|(status, said)| {
            assert!(status.success(), "{said}");
            said
        })
        .collect();
    for spec in ["learned", "other"] {
        assert!(results(&together, spec) == results(&alone, spec), "{spec}");
    }
    let all = logs.concat();
    for stage in ["series", "split", "corpus", "text-space", "tokenizer", "codes", "alignment"] {
        let began = all.lines().filter(|line| line.starts_with('[') && line.contains(&format!("] {stage}")));
        assert_eq!(began.count(), 1, "{stage}:\n{all}");
    }
    assert!(all.contains("another run is making `"), "{all}");
}
