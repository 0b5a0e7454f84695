//! External tools that tests compare with: Python packages and validators, and a browser.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::repository;

/// Python with the packages of `tests/requirements.txt`: `$BOLDFACE_PYTHON`, or the `.venv` that
/// `.ci/run` makes. If it is missing, prints a note and returns `None`, so that the test passes.
///
/// # Panics
/// If it is missing in CI.
pub fn python() -> Option<Command> {
    let own = repository(".venv/bin/python");
    let path = env::var_os("BOLDFACE_PYTHON").map(PathBuf::from).or_else(|| own.exists().then_some(own));
    found("Python with tests/requirements.txt", path).map(Command::new)
}

/// Runs a script of `tests/python` and parses its output, one JSON value per line. `None` without
/// [`python`].
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

/// Returns a file or folder of the real data beside the repository, `../shared/data`. If it is missing,
/// prints a note and returns `None`, so that the test passes.
///
/// # Panics
/// If it is missing in CI.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = repository("../shared/data").join(name).canonicalize().ok();
    found(&format!("../shared/data/{name}"), path)
}

/// A headless Chromium without sandbox or background traffic, whose profile is in `profile`:
/// `$CHROMIUM`, or the system's. If it is missing, prints a note and returns `None`, so that the test
/// passes.
///
/// # Panics
/// If it is missing in CI.
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

/// Whether the tests run in continuous integration, where nothing may be skipped.
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
