//! Specs of several files have the same keys as one file, and problems point to the right file.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::Path;
use std::time::Instant;

use boldface_plugins as _;
use boldface_runner::plan::{Build, DataCache, Offer, Plan, no_libraries, resolve, resolve_layered};
use boldface_runner::spec::Layered;
use boldface_tests::{Sandbox, Seen, repository};
use serde_json::json;

const BASE: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 12
trs = 80

[signal]
trs = 80

[text]
path = "words/text.txt"

[tokenizer]
type = "quantile"
patch = 20

[backbone]
type = "bigram"

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[evaluation]
resamples = 40
"#;

const CHILD: &str = r#"extends = "base/base.toml"
seed = 3

[tokenizer]
codebook-size = 4

[tasks.forecasting]
context = 60
horizon = 20
"#;

const BUILD: Build<'static> = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };

fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("base/words/text.txt", "A sentence.\n\nAnother one.\n");
    sandbox.write("base/base.toml", BASE);
    sandbox.write("child.toml", CHILD);
    sandbox
}

fn keys(plan: &Plan) -> Vec<String> {
    plan.stages.iter().map(|stage| format!("{} {}", stage.name(), stage.key.0)).collect()
}

/// Returns the problems of a spec of the project, without the project's folder.
fn said(sandbox: &Sandbox, name: &str) -> String {
    let path = sandbox.path(name);
    let problems = resolve(&path, &fs::read_to_string(&path).unwrap(), &BUILD).unwrap_err();
    let lines: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    lines.replace(&format!("{}/", sandbox.path("").display()).replace("//", "/"), "")
}

#[test]
fn layers_and_one_file_have_the_same_keys() {
    let sandbox = project();
    let one = BASE.replace("words/", "base/words/").replace("patch = 20", "patch = 20\ncodebook-size = 4");
    let forecasting = CHILD.split("\n\n").last().unwrap();
    sandbox.write("one.toml", &format!("seed = 3\n{one}\n{forecasting}"));
    let (layered, one) = (sandbox.plan("child.toml"), sandbox.plan("one.toml"));
    assert_eq!(keys(&layered), keys(&one));
    assert_ne!(keys(&layered), keys(&sandbox.plan("base/base.toml")));

    // The merged source in one file also has these keys.
    sandbox.write("said.toml", &layered.source);
    assert_eq!(keys(&sandbox.plan("said.toml")), keys(&one));
}

#[test]
fn a_run_keeps_what_was_read_of_every_file() {
    let sandbox = project();
    let finished = sandbox.run("child.toml", &Seen::default()).unwrap();
    let read = |name: &str| fs::read_to_string(finished.dir.join(name)).unwrap();
    assert_eq!(read("layers/1-child.toml"), CHILD);
    assert_eq!(read("layers/2-base.toml"), BASE);
    // Paths in the merged spec are relative to the child's folder.
    sandbox.write("again.toml", &read("spec.toml"));
    let seen = Seen::default();
    let again = sandbox.run("again.toml", &seen).unwrap();
    assert!(seen.ran().is_empty(), "{:?}", seen.ran());
    assert!(!again.dir.join("layers").exists());
}

#[test]
fn a_problem_is_in_the_file_that_wrote_it() {
    let sandbox = project();
    sandbox.write("base/base.toml", &BASE.replace("\"bigram\"", "\"bigrm\"").replace("words/", "wrds/"));
    sandbox
        .write("child.toml", &CHILD.replace("codebook-size", "codebok-size").replace("horizon = 20\n", ""));
    let expected = "child.toml:5:1: unknown field `codebok-size`, expected `patch` or `codebook-size`; \
                    did you mean `codebook-size`?\n\
                    child.toml:7:8: missing field `horizon`\n\
                    base/base.toml:11:8: there is no file `base/wrds/text.txt`; \
                    a path is relative to the spec: this one is `base/wrds/text.txt`\n\
                    base/base.toml:18:8: no backbone is named `bigrm`; did you mean `bigram`?\n";
    assert_eq!(said(&sandbox, "child.toml"), expected);
}

#[test]
fn a_thousand_arms_of_the_quickstart_plan_in_five_seconds() {
    let path = repository("experiments/quickstart.toml");
    let spec = Layered::read(&path, &fs::read_to_string(&path).unwrap()).unwrap();
    let origin = spec.origin("tokenizer.codebook-size").unwrap().clone();
    let (data, begun) = (DataCache::default(), Instant::now());
    let mut last = Vec::new();
    for size in 0..1000 {
        let mut arm = spec.clone();
        arm.set("tokenizer.codebook-size", json!(64 + size), &origin);
        arm.set("instruction.rehearsal", json!(3 + size % 2), &origin);
        let plan = resolve_layered(&arm, &BUILD, &data).unwrap();
        assert_ne!(keys(&plan), last);
        last = keys(&plan);
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("1,000 arms in {seconds:.2} s");
    // It takes a second alone on a quiet machine, but tests run in parallel.
    assert!(seconds < 5.0, "{seconds} s");
    // Sharing is correct: a plan made alone has the same keys.
    let alone = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/quickstart.toml");
    let text = fs::read_to_string(&alone).unwrap();
    let edited = text.replace("codebook-size = 128", "codebook-size = 1063");
    assert_eq!(keys(&resolve(&alone, &edited, &BUILD).unwrap()), last);
}
