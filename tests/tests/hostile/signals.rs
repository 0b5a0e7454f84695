//! `nohup` protects a run from a terminal that hangs up, and without it the run stops and keeps what is finished.

use std::process::{Command, Stdio};
use std::time::Duration;

use boldface_tests::cohort::{SPEC, study};

use super::told;

/// Sends SIGHUP to a run that is started by `starter`. Returns its exit code and what it said.
fn hung_up(starter: &str) -> (Option<i32>, String) {
    let sandbox = study();
    sandbox.write("spec.toml", SPEC);
    let program = sandbox.command(&["run", "spec.toml"]);
    let shell = format!("{starter} '{}' run spec.toml", program.get_program().display());
    let mut run = Command::new("sh");
    run.args(["-c", &shell]).current_dir(sandbox.path("")).stderr(Stdio::piped()).stdout(Stdio::piped());
    let run = run.spawn().unwrap();
    let id = run.id().to_string();
    let journal = sandbox.path("runs/running/progress.jsonl");
    let sender = std::thread::spawn(move || {
        for _ in 0..2_000 {
            std::thread::sleep(Duration::from_millis(2));
            // Not before the program listens.
            if journal.exists() {
                let _ = Command::new("kill").args(["-HUP", &id]).stderr(Stdio::null()).status();
                return;
            }
        }
    });
    let (code, _, errors) = told(&run.wait_with_output().unwrap());
    sender.join().unwrap();
    (code, errors)
}

#[test]
fn an_ignored_hang_up_stays_ignored() {
    let (code, errors) = hung_up("trap '' HUP; exec");
    assert_eq!(code, Some(0), "{errors}");
    assert!(!errors.contains("stopping after"), "{errors}");
    // The tests themselves may run under `nohup`.
    let (code, errors) = hung_up("exec env --default-signal=HUP");
    assert_eq!(code, Some(130), "{errors}");
    assert!(errors.contains("the same command goes on from there"), "{errors}");
}
