//! Follows a run through its folder: a running, a finished and a killed one.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use boldface_runner::run::{JournalEvent, JournalLine, PROGRESS};
use boldface_tests::{Sandbox, Seen};

const TINY: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 12
trs = 40
[signal]
trs = 40
[tokenizer]
type = "quantile"
patch = 20
codebook-size = 4
[backbone]
type = "bigram"
[tasks.forecasting]
context = 20
horizon = 20
[evaluation]
resamples = 40
"#;

fn told(file: &mut File, at: f64, event: JournalEvent) {
    writeln!(file, "{}", serde_json::to_string(&JournalLine { at, event }).unwrap()).unwrap();
}

fn stages() -> Vec<String> {
    ["series", "tokenizer"].map(str::to_owned).to_vec()
}

#[test]
fn a_finished_run_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let dir = sandbox.run("tiny.toml", &Seen::default()).unwrap().dir;
    let output = sandbox.boldface(&["watch", "--once"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.starts_with("runs/latest  7 of 7 stages\n") && text.ends_with("finished\n"), "{text}");
    // Every line can be parsed, and nothing else writes to this file.
    let lines = fs::read_to_string(dir.join(PROGRESS)).unwrap();
    let lines: Vec<JournalLine> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.is_sorted_by(|a, b| a.at <= b.at));
    let finished =
        lines.iter().filter(|line| matches!(line.event, JournalEvent::Finished { cached: false, .. }));
    assert_eq!(finished.count(), 7);
}

#[test]
fn a_failed_run_says_why() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    sandbox.run("tiny.toml", &Seen::interrupting("tokenizer")).unwrap_err();
    let output = sandbox.boldface(&["watch", "tiny", "--once"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("stopped: interrupted in stage `"), "{text}");
}

#[test]
fn a_run_that_goes_on_is_followed_to_its_end() {
    let sandbox = Sandbox::new();
    let path = sandbox.write(&format!("runs/tiny/2026-11-23T00-00-00/{PROGRESS}"), "");
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.try_lock().unwrap();
    told(&mut file, 0.0, JournalEvent::Opened { stages: stages() });
    told(&mut file, 0.1, JournalEvent::Finished { stage: "series".into(), seconds: 0.1, cached: true });
    let mut watch = sandbox.command(&["watch", "tiny"]);
    let mut child = watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(600));
    assert!(child.try_wait().unwrap().is_none(), "it did not wait for the end");
    told(&mut file, 1.0, JournalEvent::Started { stage: "tokenizer".into(), plugin: "vq".into() });
    told(&mut file, 3.0, JournalEvent::Finished { stage: "tokenizer".into(), seconds: 2.0, cached: false });
    told(&mut file, 3.0, JournalEvent::Ended { error: None });
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let expected = "\
runs/tiny/2026-11-23T00-00-00: 2 stages
series: cached
tokenizer (vq): started
tokenizer: 2.0 s
runs/tiny/2026-11-23T00-00-00  2 of 2 stages
  series     cached
  tokenizer  2.0 s
finished
";
    assert_eq!(text, expected);
}

#[test]
fn a_killed_run_is_known_by_its_lock() {
    let sandbox = Sandbox::new();
    let path = sandbox.write(&format!("runs/tiny/2026-11-23T00-00-00/{PROGRESS}"), "");
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    told(&mut file, 0.0, JournalEvent::Opened { stages: stages() });
    told(&mut file, 1.0, JournalEvent::Started { stage: "series".into(), plugin: String::new() });
    // A partial line, as a killed process leaves it.
    write!(file, "{{\"at\":2.0,\"eve").unwrap();
    drop(file);
    let output = sandbox.boldface(&["watch", "runs/tiny"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(
        text.contains("  series     not finished\n") && text.contains("it was killed; `boldface run`"),
        "{text}"
    );
}

#[test]
fn what_is_no_run_is_said() {
    let sandbox = Sandbox::new();
    let output = sandbox.boldface(&["watch", "nowhere"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text,
        "error: `nowhere` is not the folder of a run: it has no `progress.jsonl`; runs are in `runs/EXPERIMENT/TIME`\n"
    );
}
