//! Tests of the program: the output and exit code of each command.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod export;

use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::expect;

const SPEC: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 12
trs = 40
rois = 8

[signal]
trs = 40

[tokenizer]
type = "quantile"
patch = 10

[backbone]
type = "bigram"

[tasks.forecasting]
context = 30
horizon = 10

[evaluation]
resamples = 40
"#;

/// Runs `boldface` in `dir`, and returns its exit code, stdout and stderr.
fn boldface(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boldface"));
    let output = command.args(arguments).current_dir(dir).env_remove("BOLDFACE_LOG").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Creates a folder with the spec in it.
fn project(source: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("spec.toml"), source).unwrap();
    dir
}

#[test]
fn check_finds_nothing_in_a_right_spec() {
    let dir = project(SPEC);
    let (code, out, err) = boldface(dir.path(), &["check", "spec.toml"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "spec.toml: no problem, 7 stages\n", ""));
    assert!(!dir.path().join("runs").exists());
}

#[test]
fn check_prints_all_defaults_as_a_spec() {
    let dir = project(SPEC);
    let (code, out, _) = boldface(dir.path(), &["check", "--resolved", "spec.toml"]);
    assert_eq!(code, 0);
    fs::write(dir.path().join("resolved.toml"), &out).unwrap();
    let plan = |file| boldface(dir.path(), &["plan", file]).1;
    assert_eq!(plan("resolved.toml"), plan("spec.toml"));
}

#[test]
fn check_shows_every_problem_of_every_file_and_exits_with_2() {
    let dir = project(&SPEC.replace("horizon", "horizn").replace("\"bigram\"", "\"bigrm\""));
    fs::write(dir.path().join("broken.toml"), "[signal\n").unwrap();
    let (code, out, err) = boldface(dir.path(), &["check", "spec.toml", "broken.toml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    expect![[r#"
        error: no backbone is named `bigrm`
          --> spec.toml:16:8
           |
        16 | type = "bigrm"
           |        ^^^^^^^
           = help: did you mean `bigram`?

        error: unknown field `horizn`, expected `context` or `horizon`
          --> spec.toml:20:1
           |
        20 | horizn = 10
           | ^^^^^^
           = help: did you mean `horizon`?

        error: unclosed table, expected `]`
         --> broken.toml:1:8
          |
        1 | [signal
          |        ^

        3 problems; nothing was run
    "#]]
    .assert_eq(&err);
}

#[test]
fn a_wrong_spec_is_not_run() {
    let dir = project(&SPEC.replace("trs = 40\n\n", "trs = 400\n\n"));
    let (code, _, err) = boldface(dir.path(), &["run", "spec.toml"]);
    assert_eq!(code, 2);
    assert!(err.ends_with("1 problem; nothing was run\n"), "{err}");
    assert!(!dir.path().join("runs").exists());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let dir = project(SPEC);
    for command in ["check", "plan", "run"] {
        let (code, _, err) = boldface(dir.path(), &[command, "spce.toml"]);
        assert_eq!(code, 2);
        assert!(err.starts_with("error: cannot read `spce.toml`: "), "{err}");
    }
    let (code, _, err) = boldface(dir.path(), &["report"]);
    assert_eq!(code, 2);
    assert_eq!(err, "error: `runs/latest` is not the folder of a run: it has no `plan.json`\n");
}

#[test]
fn a_run_is_shown_in_plain_lines_kept_and_not_repeated() {
    let dir = project(SPEC);
    let (code, table, err) = boldface(dir.path(), &["run", "spec.toml", "--workers", "1"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("[1/7] series\n  series "), "{err}");
    assert!(dir.path().join("runs/latest/log.jsonl").is_file());
    let (_, plan, _) = boldface(dir.path(), &["plan", "spec.toml"]);
    assert!(plan.ends_with("7 stages: 7 cached, 0 to run\n"), "{plan}");

    let (code, again, err) = boldface(dir.path(), &["run", "spec.toml"]);
    assert_eq!(code, 0);
    assert_eq!(err.matches(" cached\n").count(), 7, "{err}");
    let numbers = |text: &str| {
        text.lines().filter(|line| !line.contains("report.")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&again), numbers(&table));
    let (code, report, _) = boldface(dir.path(), &["report"]);
    assert_eq!((code, numbers(&report)), (0, numbers(&table)));
}

#[test]
fn what_was_logged_is_json() {
    let dir = project(SPEC);
    assert_eq!(boldface(dir.path(), &["run", "spec.toml"]).0, 0);
    let log = fs::read_to_string(dir.path().join("runs/latest/log.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line["fields"]["message"] == "Stage finished.").count(), 7);
}

#[test]
fn plugins_are_listed_and_explained() {
    let dir = project(SPEC);
    let (code, tasks, _) = boldface(dir.path(), &["list", "task"]);
    assert_eq!(code, 0);
    assert!(tasks.lines().all(|line| line.starts_with("task ")) && tasks.contains("forecasting"), "{tasks}");
    let (_, all, _) = boldface(dir.path(), &["list"]);
    assert!(all.starts_with("dataset ") && all.contains(&tasks[..tasks.len() / 2]), "{all}");

    let (code, page, _) = boldface(dir.path(), &["explain", "task", "forecasting"]);
    assert_eq!(code, 0);
    assert!(page.contains("  horizon  whole number"), "{page}");
    let (code, _, err) = boldface(dir.path(), &["explain", "task", "forcasting"]);
    assert_eq!(
        (code, err.as_str()),
        (2, "error: no task is named `forcasting`; did you mean `forecasting`?\n")
    );
    assert_eq!(boldface(dir.path(), &["list", "tsk"]).0, 2);
}

#[test]
fn the_schema_is_json() {
    let dir = project(SPEC);
    let (code, schema, _) = boldface(dir.path(), &["schema"]);
    assert_eq!(code, 0);
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert!(schema["$defs"]["task.forecasting"]["properties"]["horizon"].is_object());
}

#[test]
fn where_to_run_is_checked() {
    let dir = project(SPEC);
    let (code, _, err) = boldface(dir.path(), &["run", "spec.toml", "--device", "cuda"]);
    assert_eq!(code, 2);
    expect![[r#"
        error: engine `dfdx` cannot compute on `cuda` here
         --> the command line:1:18
          |
        1 | runtime.device = "cuda"
          |                  ^^^^^^
          = help: there is only `cpu`; `engine = "tch"` computes on graphics cards

        1 problem; nothing was run
    "#]]
    .assert_eq(&err);
    let (code, _, err) = boldface(dir.path(), &["plan", "spec.toml", "--set", "runtime.worker=1"]);
    assert_eq!(code, 2);
    assert!(err.contains("unknown field `worker`") && err.contains("did you mean `workers`?"), "{err}");
}

#[test]
fn nothing_that_changes_results_is_set_on_the_command_line() {
    let dir = project(SPEC);
    for command in ["check", "plan", "run"] {
        let (code, _, err) = boldface(dir.path(), &[command, "spec.toml", "--set", "tokenizer.patch=20"]);
        assert_eq!(code, 2);
        assert!(
            err.starts_with(
                "error: `tokenizer.patch` cannot be set on the command line: only keys of `[runtime]`"
            ),
            "{err}"
        );
    }
    let keys = |arguments: &[&str]| boldface(dir.path(), &[&["plan", "spec.toml"], arguments].concat()).1;
    assert_eq!(keys(&["--set", "runtime.workers=1", "--set", "runtime.device=cpu"]), keys(&[]));
    let (code, _, err) = boldface(dir.path(), &["run", "spec.toml", "--set", "runtime.runs=elsewhere"]);
    assert_eq!(code, 0, "{err}");
    assert!(dir.path().join("elsewhere/cache").is_dir() && !dir.path().join("runs").exists());
}

#[test]
fn every_value_has_its_origin() {
    let dir = project(&SPEC.replace("patch = 10", "patch = 20"));
    let child = "extends = \"spec.toml\"\nseed = 5\n\n[tokenizer]\npatch = 10\n";
    fs::write(dir.path().join("child.toml"), child).unwrap();
    let arguments = ["plan", "child.toml", "--blame", "--set", "runtime.workers=1"];
    let (code, out, err) = boldface(dir.path(), &arguments);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split("  ").map(str::trim).collect()).collect();
    let origin = |value: &str| {
        let line = lines.iter().find(|line| line[0] == value);
        *line.unwrap_or_else(|| panic!("no `{value}` in\n{out}")).last().unwrap()
    };
    assert_eq!(origin("tokenizer.patch = 10"), "child.toml:5");
    assert_eq!(origin("tokenizer.type = \"quantile\""), "spec.toml:12");
    assert_eq!(origin("seed = 5"), "child.toml:2");
    assert_eq!(origin("tokenizer.codebook-size = 16"), "(default)");
    assert_eq!(origin("tokenizer.seed = 5"), "(default)");
    assert_eq!(origin("runtime.workers = 1"), "the command line:1");
    assert_eq!(origin("split.stratify = []"), "(default)");
}

#[test]
fn a_parent_that_is_wrong_is_shown_in_its_own_words() {
    let dir = project("extends = \"base.toml\"\n");
    fs::write(dir.path().join("base.toml"), SPEC.replace("\"bigram\"", "\"bigrm\"")).unwrap();
    let (code, _, err) = boldface(dir.path(), &["check", "spec.toml"]);
    assert_eq!(code, 2);
    expect![[r#"
        error: no backbone is named `bigrm`
          --> base.toml:16:8
           |
        16 | type = "bigrm"
           |        ^^^^^^^
           = help: did you mean `bigram`?

        1 problem; nothing was run
    "#]]
    .assert_eq(&err);
    fs::write(dir.path().join("base.toml"), "extends = \"spec.toml\"\n").unwrap();
    let (code, _, err) = boldface(dir.path(), &["run", "spec.toml"]);
    assert_eq!(code, 2);
    expect![[r#"
        error: a spec cannot extend itself: `spec.toml` extends `base.toml` extends `spec.toml`
         --> base.toml:1:11
          |
        1 | extends = "spec.toml"
          |           ^^^^^^^^^^^
          = help: take `extends` out of one of them

        1 problem; nothing was run
    "#]]
    .assert_eq(&err);
}

#[test]
fn the_stages_are_a_graph() {
    let dir = project(SPEC);
    assert_eq!(boldface(dir.path(), &["run", "spec.toml"]).0, 0);
    fs::write(dir.path().join("spec.toml"), SPEC.replace("patch = 10", "patch = 5")).unwrap();
    let (code, out, _) = boldface(dir.path(), &["plan", "spec.toml", "--dot"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("digraph \"spec\" {\n  rankdir = LR;\n") && out.ends_with("}\n"), "{out}");
    assert!(out.contains("  \"split\" -> \"tokenizer\";\n"), "{out}");
    let line = |stage: &str| out.lines().find(|line| line.starts_with(&format!("  \"{stage}\" ["))).unwrap();
    assert!(line("series").contains("fillcolor = lightgrey"), "{out}");
    assert!(line("tokenizer").contains("label = \"tokenizer (quantile)\\n"), "{out}");
    assert!(!line("tokenizer").contains("lightgrey"), "{out}");
}

#[test]
fn a_plan_tells_what_stages_will_take_from_past_runs_and_nothing_else() {
    let dir = project(SPEC);
    let (_, plan, _) = boldface(dir.path(), &["plan", "spec.toml"]);
    assert!(plan.contains(" run     quantile     no past run\n"), "{plan}");
    assert!(plan.ends_with("7 stages: 0 cached, 7 to run\n"), "{plan}");
    assert_eq!(boldface(dir.path(), &["run", "spec.toml"]).0, 0);

    // Other descriptions of the scans: an earlier tokenizer is similar, but no earlier corpus is.
    let other = SPEC.replace("patch = 10", "patch = 5") + "[corpora.connectivity]\n";
    fs::write(dir.path().join("spec.toml"), other).unwrap();
    let (code, out, err) = boldface(dir.path(), &["plan", "spec.toml", "--json"]);
    assert_eq!(code, 0, "{err}");
    let stages: serde_json::Value = serde_json::from_str(&out).unwrap();
    let of = |name: &str| stages.as_array().unwrap().iter().find(|stage| stage["name"] == name).unwrap();
    assert!(of("series")["cached"] == true && of("series")["estimate"].is_null());
    assert!(of("corpus")["cached"] == false && of("corpus")["estimate"].is_null());
    let codes = &of("codes")["estimate"];
    let like = codes["like"].as_str().unwrap();
    let manifest =
        fs::read_to_string(dir.path().join("runs/cache").join(like).join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    // Half as long patches are twice as many.
    assert_eq!(codes["times"], 2.0);
    assert_eq!(codes["seconds"].as_f64().unwrap(), 2.0 * manifest["seconds"].as_f64().unwrap());
    assert_eq!(codes["memory"], manifest["peak_memory"]);
    let (_, plan, _) = boldface(dir.path(), &["plan", "spec.toml"]);
    assert!(plan.contains(&format!("(like {like}, 2.0x the work)")), "{plan}");
    assert!(plan.contains("8 stages: 2 cached, 6 to run, 5 of them in about "), "{plan}");
}

/// The default build says how to get the missing engine.
#[test]
#[cfg(not(feature = "tch"))]
fn an_engine_that_was_left_out() {
    let dir =
        project(&format!("engine = \"tch\"\nprecision = \"bf16\"\nruntime.device = \"cuda:0\"\n{SPEC}"));
    let (code, _, err) = boldface(dir.path(), &["check", "spec.toml"]);
    assert_eq!(code, 2);
    for words in [
        "this build has no engine `tch`",
        "run `framework/engine/install-libtorch` once",
        "`cargo build --release --features tch`",
        "or set `engine = \"dfdx\"`, which it has",
        // Precision and device are not checked against the fallback engine.
        "1 problem",
    ] {
        assert!(err.contains(words), "{words} is not in:\n{err}");
    }
}

/// A missing device is reported with the available ones.
#[test]
#[cfg(feature = "tch")]
fn a_graphics_card_that_is_not_there() {
    let dir = project(&format!("engine = \"tch\"\nprecision = \"bf16\"\n{SPEC}"));
    let (code, _, err) = boldface(dir.path(), &["plan", "spec.toml", "--device", "cuda:99"]);
    assert_eq!(code, 2);
    assert!(err.contains("engine `tch` cannot compute on `cuda:99` here"), "{err}");
    assert!(err.contains("`cpu`"), "{err}");
    let (code, _, err) = boldface(dir.path(), &["check", "spec.toml"]);
    assert_eq!(code, 0, "{err}");
}
