//! A library runs only if the user's own spec or command line names it, and one that ends the program is named.

use std::fs;
use std::path::Path;
use std::process::Command;

use boldface_tests::Sandbox;
use boldface_tests::libraries::library;

use super::told;

const SPEC: &str = r#"
plugins = ["lib/example.so"]

[datasets.made]
type = "synthetic"
subjects = 14
trs = 40

[signal]
trs = 40

[tokenizer]
type = "quantile"
patch = 20

[backbone]
type = "bigram"

[tasks.odd]
type = "misbehaving"
how = "HOW"
in = "score"

[evaluation]
resamples = 40
"#;

fn project(how: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("spec.toml", &SPEC.replace("HOW", how));
    let file = sandbox.write("lib/example.so", "");
    fs::write(file, library("boldface-misbehaving")).unwrap();
    sandbox
}

/// Replaces the library at `file` by one whose constructor writes the file `mark`.
fn plant(sandbox: &Sandbox, file: &Path, mark: &Path) {
    let source = sandbox.write(
        "planted.c",
        &format!(
            "#include <stdio.h>\n__attribute__((constructor)) static void run(void) {{ FILE *f = fopen(\"{}\", \"w\"); \
             if (f) fclose(f); }}\n",
            mark.display()
        ),
    );
    fs::remove_file(file).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(file).arg(source).status().unwrap();
    assert!(built.success());
}

#[test]
fn no_command_loads_a_library_that_an_export_names() {
    let sandbox = project("log");
    assert_eq!(told(&sandbox.boldface(&["run", "spec.toml"])).0, Some(0));
    assert_eq!(told(&sandbox.boldface(&["export", "latest", "--to", "out"])).0, Some(0));
    let (library, mark) = (sandbox.path("lib/example.so"), sandbox.path("it-ran"));
    plant(&sandbox, &library, &mark);
    // The planted library runs where the user names it, so the test would notice.
    sandbox.boldface(&["list", "--plugin", "lib/example.so"]);
    assert!(mark.exists());
    fs::remove_file(&mark).unwrap();

    let (code, _, errors) = told(&sandbox.boldface(&["verify", "out"]));
    assert_eq!(code, Some(2), "{errors}");
    for said in ["`lib/example.so`", "is from the library with hash ", "name it with `--plugin PATH`"] {
        assert!(errors.contains(said), "{said}: {errors}");
    }
    let builtin = SPEC.lines().filter(|line| !line.starts_with("plugins")).collect::<Vec<_>>().join("\n");
    let builtin = builtin.split("[tasks.odd]").next().unwrap().to_owned();
    let start =
        "[tasks.captioning]\n\n[corpora.connectivity]\n\n[start]\npath = \"out\"\ntake = [\"tokenizer\"]\n";
    sandbox.write("start.toml", &(builtin + start));
    for command in [
        &["report"][..],
        &["compare", "latest", "latest"],
        &["check", "start.toml"],
        &["export", "latest", "--to", "two"],
    ] {
        sandbox.boldface(command);
        assert!(!mark.exists(), "{command:?} ran the library");
    }
    assert!(!mark.exists());
}

#[test]
fn a_plugin_that_ends_the_program_is_no_success() {
    let sandbox = project("exit");
    let (code, _, errors) = told(&sandbox.boldface(&["run", "spec.toml"]));
    assert_eq!(code, Some(1), "{errors}");
    assert!(
        errors.contains("task `misbehaving` of ") && errors.contains("`score`, ended the whole program"),
        "{errors}"
    );
}
