//! Trusted tools of others that tests ask for a second opinion: Python's tables and validators, a browser.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::repository;

/// Python with the packages of `tests/requirements.txt`: `$BOLDFACE_PYTHON`, or the `.venv` that `.ci/run`
/// makes. None where there is none: then the test says so and passes.
///
/// # Panics
/// In CI, where it must be there.
pub fn python() -> Option<Command> {
    let own = repository(".venv/bin/python");
    let path = env::var_os("BOLDFACE_PYTHON").map(PathBuf::from).or_else(|| own.exists().then_some(own));
    found("Python with tests/requirements.txt", path).map(Command::new)
}

/// What a script of `tests/python` prints, a JSON value a line; none where there is no Python, see [`python`].
///
/// # Panics
/// If the script fails.
pub fn told(script: &str, arguments: &[String]) -> Option<Vec<serde_json::Value>> {
    let script = repository("tests/python").join(script);
    let output = python()?.arg(script).args(arguments).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("Python prints UTF-8");
    Some(lines.lines().map(|line| serde_json::from_str(line).expect("the script prints JSON")).collect())
}

/// A file or folder of the real data beside the repository, `../shared/data`. None where it is not there: then
/// the test says so and passes.
///
/// # Panics
/// In CI, where it must be there.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = repository("../shared/data").join(name).canonicalize().ok();
    found(&format!("../shared/data/{name}"), path)
}

/// A headless Chromium without a sandbox, network chatter or a profile that outlives `profile`:
/// `$CHROMIUM`, or the system's. None where there is none: then the test says so and passes.
///
/// # Panics
/// In CI, where it must be there.
pub fn chromium(profile: &std::path::Path) -> Option<Command> {
    let system = || ["/usr/bin/chromium", "/usr/bin/chromium-browser"].map(PathBuf::from);
    let path = env::var_os("CHROMIUM").map(PathBuf::from);
    let path = path.or_else(|| system().into_iter().find(|path| path.exists()));
    let mut command = found("Chromium", path).map(Command::new)?;
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    command.arg(format!("--user-data-dir={}", profile.display()));
    Some(command)
}

/// Whether continuous integration runs these tests: then nothing may be skipped.
pub fn is_ci() -> bool {
    env::var("CI").is_ok_and(|ci| ci == "true")
}

fn found(tool: &str, path: Option<PathBuf>) -> Option<PathBuf> {
    if path.is_none() {
        assert!(!is_ci(), "CI has no {tool}");
        eprintln!("skipped: there is no {tool}");
    }
    path
}
