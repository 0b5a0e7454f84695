//! Crates written by `boldface new` build, pass their own tests, load and run. Invalid requests are
//! refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use boldface_tests::libraries::profile;
use boldface_tests::{Sandbox, repository};

use super::told;

/// Serialises the builds of these crates. They share a folder, so that dependencies are compiled once.
static BUILDING: Mutex<()> = Mutex::new(());

/// Makes `folder` share its build folder with all crates made by tests, and use this workspace's
/// `Cargo.lock`.
pub(super) fn share_builds(folder: &Path) {
    let shared = profile().parent().unwrap().join("made-by-tests");
    fs::create_dir_all(&shared).unwrap();
    std::os::unix::fs::symlink(shared, folder.join("target")).unwrap();
    fs::copy(repository("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// Runs cargo in `folder` and returns its output.
pub(super) fn cargo(folder: &Path, arguments: &[&str]) -> String {
    let _one = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).current_dir(folder).env_remove("CARGO_TARGET_DIR").env("CARGO_NET_OFFLINE", "true");
    let (code, shown, errors) = told(&cargo.output().unwrap());
    assert_eq!(code, Some(0), "cargo {arguments:?}: {shown}{errors}");
    shown + &errors
}

fn new(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let (code, shown, errors) = told(&sandbox.boldface(&[&["new"], arguments].concat()));
    assert_eq!(code, Some(0), "{errors}");
    shown
}

/// Creates a crate, tests and builds it and runs its spec. Returns the project and the output of the
/// run.
fn made(kind: &str, name: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let shown = new(&sandbox, &[kind, name, "--dynamic"]);
    assert!(shown.starts_with(&format!("wrote {name}/Cargo.toml\n")), "{shown}");
    let folder = sandbox.path(name);
    share_builds(&folder);
    let tested = cargo(&folder, &["test", "--release"]);
    assert!(tested.contains("test result: ok. ") && !tested.contains(" 0 passed; 0 failed"), "{tested}");
    assert!(!tested.contains("warning"), "{tested}");
    cargo(&folder, &["build", "--release"]);
    let mut program = sandbox.command(&["run", &format!("{name}.toml")]);
    let (code, shown, errors) = told(&program.current_dir(&folder).output().unwrap());
    assert_eq!(code, Some(0), "{errors}");
    (sandbox, shown)
}

#[test]
fn a_task_of_its_own() {
    let (sandbox, shown) = made("task", "group-of-subject");
    assert!(shown.contains("test: group-of-subject, "), "{shown}");
    let source = fs::read_to_string(sandbox.path("group-of-subject/src/lib.rs")).unwrap();
    assert!(!source.contains("unsafe"), "{source}");

    let (code, _, errors) = told(&sandbox.boldface(&["new", "task", "group-of-subject", "--dynamic"]));
    assert_eq!(code, Some(2));
    assert_eq!(errors, "error: `group-of-subject` already exists; nothing was written\n");
}

#[test]
fn a_corpus_of_its_own() {
    let (_sandbox, shown) = made("corpus", "smoothness");
    assert!(shown.contains("test: captioning, "), "{shown}");
}

#[test]
fn a_dataset_of_its_own() {
    let (_sandbox, shown) = made("dataset", "spreadsheets");
    assert!(shown.contains("test: forecasting, 2 scans of 2 subjects"), "{shown}");
}

/// Creates the parts of a checkout that a built-in plugin needs, without anything that takes long to
/// build.
fn checkout(sandbox: &Sandbox) -> PathBuf {
    let core = repository("framework/core").canonicalize().unwrap();
    let manifest = format!(
        "[package]\nname = \"boldface-plugins\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\nboldface = {{ path = \"{}\" }}\nschemars = \"1.2\"\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n[dev-dependencies]\ntempfile = \"3\"\n",
        core.display()
    );
    sandbox.write("plugins/Cargo.toml", &manifest);
    let mut root = "//! Plugins.\n".to_owned();
    for folder in ["corpora", "datasets", "tasks"] {
        root += &format!("mod {folder};\n");
        sandbox.write(&format!("plugins/src/{folder}/mod.rs"), "//! One kind.\n\n#[cfg(test)]\nmod tests;\n");
        sandbox.write(&format!("plugins/src/{folder}/tests.rs"), "//! Tests.\n");
    }
    sandbox.write("plugins/src/lib.rs", &root);
    sandbox.path("plugins")
}

#[test]
fn built_in_plugins_are_declared_and_pass_their_tests() {
    let sandbox = Sandbox::new();
    let folder = checkout(&sandbox);
    share_builds(&folder);
    let shown = new(&sandbox, &["task", "group-of-subject"]);
    assert!(shown.contains("plugins/src/tasks/group_of_subject.rs\nchanged "), "{shown}");
    new(&sandbox, &["corpus", "smoothness", "--dir", "plugins"]);
    new(&sandbox, &["dataset", "spreadsheets"]);
    let list = fs::read_to_string(folder.join("src/tasks/mod.rs")).unwrap();
    assert!(list.contains("\nmod group_of_subject;\n"), "{list}");
    let tested = cargo(&folder, &["test", "--release", "--lib"]);
    for test in [
        "tasks::group_of_subject::tests::",
        "corpora::smoothness::tests::",
        "datasets::spreadsheets::tests::",
    ] {
        assert!(tested.lines().any(|line| line.contains(test) && line.ends_with("ok")), "{tested}");
    }

    let (code, _, errors) = told(&sandbox.boldface(&["new", "task", "group-of-subject"]));
    assert_eq!(code, Some(2));
    assert!(errors.ends_with("/tasks/mod.rs` declares `mod group_of_subject;` already\n"), "{errors}");
}

#[test]
fn the_template_is_the_example_that_the_workspace_tests() {
    let sandbox = Sandbox::new();
    checkout(&sandbox);
    new(&sandbox, &["task", "example-task-two"]);
    let made = fs::read_to_string(sandbox.path("plugins/src/tasks/example_task_two.rs")).unwrap();
    let example = fs::read_to_string(repository("plugins/example-dynamic/src/task.rs")).unwrap();
    assert_eq!(
        made.replace("example-task-two", "example-task").replace("ExampleTaskTwo", "ExampleTask"),
        example
    );
}

#[test]
fn what_cannot_be_written_is_refused() {
    let sandbox = Sandbox::new();
    let refused = |arguments: &[&str]| {
        let (code, shown, errors) = told(&sandbox.boldface(&[&["new"], arguments].concat()));
        assert_eq!((code, shown.as_str()), (Some(2), ""), "{errors}");
        errors
    };
    let names = refused(&["task", "MyTask", "--dynamic"]);
    assert_eq!(names, "error: `MyTask` cannot be the name of a plugin: write `my-task`\n");
    let taken = refused(&["task", "forecasting", "--dynamic"]);
    assert!(
        taken.starts_with("error: there is a task `forecasting` already, in `boldface_plugins::tasks"),
        "{taken}"
    );
    let outside = refused(&["task", "mine"]);
    assert!(outside.contains("is not in a checkout of boldface"), "{outside}");
    let kind = refused(&["tokenizer", "mine"]);
    assert!(kind.contains("[possible values: task, corpus, dataset]"), "{kind}");
    assert_eq!(fs::read_dir(sandbox.path("")).unwrap().count(), 0, "something was written");
}
