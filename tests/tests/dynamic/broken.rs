//! Stale, damaged and foreign libraries are refused before anything runs, with instructions how to fix
//! them.

use boldface_tests::Sandbox;
use boldface_tests::libraries::{library, renamed, with_header};

use super::{SPEC, example, project, put, told};

/// Returns the complaint of `check` about a spec that loads this file as a library.
fn refused(library: &[u8]) -> String {
    complaint(&project(SPEC, library))
}

fn complaint(sandbox: &Sandbox) -> String {
    let (code, _, errors) = told(&sandbox.boldface(&["check", "spec.toml"]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.ends_with("1 problem; nothing was run\n"), "{errors}");
    let root = sandbox.path("").display().to_string();
    errors.replace(&root, "HERE/")
}

/// Checks that the problem has this message and points at the path in the spec.
fn check(errors: &str, message: &str) {
    assert!(errors.starts_with(&format!("error: {message}")), "{errors}");
    assert!(errors.contains(" --> spec.toml:2:12\n") && errors.contains("\"lib/example.so\""), "{errors}");
}

#[test]
fn a_file_that_is_no_library() {
    check(
        &refused(b"hello"),
        "`HERE/lib/example.so` is not a shared library; `cargo build --release` of a crate",
    );
    check(&refused(b""), "`HERE/lib/example.so` is not a shared library");
}

#[test]
fn a_file_that_is_missing() {
    let sandbox = Sandbox::new();
    sandbox.write("spec.toml", SPEC);
    let errors = complaint(&sandbox);
    check(&errors, "there is no file `lib/example.so`");
    assert!(errors.contains("= help: a path is relative to the spec; `cargo build --release`"), "{errors}");
}

#[test]
fn a_file_that_is_cut_short() {
    let whole = example();
    for kept in [64, 4096, whole.len() / 2, whole.len() - 1] {
        let message = format!("`HERE/lib/example.so` is cut short: it has {kept} of ");
        check(&refused(&whole[..kept]), &message);
    }
}

#[test]
fn a_library_without_the_symbol() {
    let errors = refused(&renamed(&example(), "BOLDFACE_PLUGINS", "ANOTHER__LIBRARY"));
    check(&errors, "`HERE/lib/example.so` exports no plugins; write `boldface::export_plugins!();`");
}

#[test]
fn a_library_with_another_meaning_of_the_symbol() {
    let errors = refused(&renamed(&example(), "boldface plugins", "something else!!"));
    check(&errors, "`HERE/lib/example.so` has a symbol `BOLDFACE_PLUGINS` that is not a table of plugins");
}

#[test]
fn a_library_for_an_older_or_a_newer_interface() {
    for (version, words) in [(boldface::abi::VERSION - 1, "3"), (boldface::abi::VERSION + 1, "5")] {
        let errors = refused(&with_header(&example(), version, true));
        check(
            &errors,
            &format!(
                "`HERE/lib/example.so` uses version {words} of the plugin interface, but this program needs 3: it \
                 was built with boldface 0.1.0 and rustc "
            ),
        );
        assert!(errors.contains("; build it again with boldface 0.1.0\n"), "{errors}");
    }
}

#[test]
fn a_library_that_could_end_the_run() {
    let errors = refused(&with_header(&example(), boldface::abi::VERSION, false));
    check(&errors, "`HERE/lib/example.so` was built with `panic = \"abort\"`");
}

#[test]
fn two_plugins_of_one_name_are_refused_with_both_files() {
    let mut other = example();
    other.push(0);
    let sandbox = project(&SPEC.replace("example.so\"]", "example.so\", \"lib/other.so\"]"), &example());
    put(&sandbox, "lib/other.so", &other);
    let (code, _, errors) = told(&sandbox.boldface(&["check", "spec.toml"]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("error: two task plugins are named `example-task`\n"), "{errors}");
    let both = format!(
        "= help: rename one of them, or leave one out: `{}` and `{}`",
        sandbox.path("lib/example.so").display(),
        sandbox.path("lib/other.so").display()
    );
    assert!(errors.contains(&both), "{errors}");

    // The same bytes under two names count as one library.
    put(&sandbox, "lib/other.so", &example());
    let (_, _, errors) = told(&sandbox.boldface(&["check", "spec.toml"]));
    assert!(errors.contains("error: `lib/other.so` is a library that is listed before\n"), "{errors}");
}

#[test]
fn a_plugin_named_as_a_built_in_one_is_refused() {
    let taken = renamed(&library("boldface-misbehaving"), "misbehaving", "forecasting");
    let errors = refused(&taken);
    assert!(errors.contains("error: two task plugins are named `forecasting`\n"), "{errors}");
    assert!(errors.contains("`HERE/lib/example.so` and `boldface_plugins::tasks::forecasting`"), "{errors}");
}
