//! Compares the import table of ARCHITECTURE.md with what cargo sees, and the order of a crate's modules with its
//! `use` lines.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Our crates, and which of our crates each may import. Imports go down only, never sideways.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("boldface", &[]),
    ("boldface-imaging", &["boldface"]),
    ("boldface-features", &["boldface", "boldface-imaging"]),
    ("boldface-engine", &["boldface"]),
    ("boldface-lm", &["boldface", "boldface-engine"]),
    ("boldface-tables", &["boldface"]),
    ("boldface-loader", &["boldface"]),
    ("boldface-spec", &["boldface", "boldface-imaging"]),
    ("boldface-store", &["boldface", "boldface-imaging", "boldface-spec"]),
    (
        "boldface-stages",
        &[
            "boldface",
            "boldface-features",
            "boldface-imaging",
            "boldface-spec",
            "boldface-store",
            "boldface-tables",
        ],
    ),
    (
        "boldface-plan",
        &[
            "boldface",
            "boldface-features",
            "boldface-imaging",
            "boldface-spec",
            "boldface-stages",
            "boldface-store",
        ],
    ),
    (
        "boldface-report",
        &[
            "boldface",
            "boldface-features",
            "boldface-imaging",
            "boldface-spec",
            "boldface-store",
            "boldface-tables",
        ],
    ),
    (
        "boldface-runner",
        &[
            "boldface",
            "boldface-imaging",
            "boldface-plan",
            "boldface-report",
            "boldface-spec",
            "boldface-stages",
            "boldface-store",
            "boldface-tables",
        ],
    ),
    (
        "boldface-plugins",
        &["boldface", "boldface-engine", "boldface-features", "boldface-imaging", "boldface-lm"],
    ),
    ("boldface-example-dynamic", &["boldface"]),
    ("boldface-misbehaving", &["boldface"]),
    (
        "boldface-cli",
        &[
            "boldface",
            "boldface-engine",
            "boldface-features",
            "boldface-imaging",
            "boldface-lm",
            "boldface-loader",
            "boldface-plugins",
            "boldface-runner",
            "boldface-tables",
        ],
    ),
];

/// Heavy crates, and which of our crates may name each. It is a single one, except for linear algebra
/// (used by cleaning and features), TOML (used by specs and tables of words) and hashes (used by keys).
const NAMED_BY: &[(&str, &[&str])] = &[
    ("dfdx", &["boldface-engine"]),
    ("gemm", &["boldface-engine"]),
    ("tch", &["boldface-engine"]),
    ("polars", &["boldface-tables"]),
    ("polars-io", &["boldface-tables"]),
    ("polars-parquet", &["boldface-tables"]),
    ("nifti", &["boldface-imaging"]),
    ("faer", &["boldface-imaging", "boldface-features"]),
    ("realfft", &["boldface-features"]),
    ("flate2", &["boldface-imaging"]),
    ("quick-xml", &["boldface-imaging"]),
    ("libloading", &["boldface-loader"]),
    ("toml", &["boldface-spec", "boldface-plan", "boldface-report", "boldface-runner", "boldface-plugins"]),
    ("blake3", &["boldface-spec", "boldface-store", "boldface-stages", "boldface-plan", "boldface-report"]),
    ("tokenizers", &["boldface-lm", "boldface-plugins"]),
    ("minijinja", &["boldface-lm"]),
    ("fancy-regex", &["boldface-lm"]),
    ("memmap2", &["boldface-engine"]),
    ("clap", &["boldface-cli"]),
    ("clap_complete", &["boldface-cli"]),
    ("clap_mangen", &["boldface-cli"]),
    ("indicatif", &["boldface-cli"]),
    ("tracing-subscriber", &["boldface-cli"]),
];

/// Direct dependencies by package, without dev-dependencies.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments =
        ["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path", manifest];
    let output = Command::new(cargo).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let package = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        (name(package), all.filter(|dependency| dependency["kind"].is_null()).map(name).collect())
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

#[test]
fn imports_go_down_only() {
    let dependencies = dependencies();
    for (package, allowed) in MAY_IMPORT {
        let actual = dependencies.get(*package).unwrap_or_else(|| panic!("no crate is called `{package}`"));
        for dependency in actual.iter().filter(|dependency| dependency.starts_with("boldface")) {
            assert!(allowed.contains(&dependency.as_str()), "`{package}` may not import `{dependency}`");
        }
    }
    let ours = dependencies.keys().filter(|package| *package != "boldface-tests");
    for package in ours {
        assert!(
            MAY_IMPORT.iter().any(|(name, _)| name == package),
            "`{package}` is missing from the table above"
        );
    }
}

#[test]
fn each_heavy_crate_is_named_once() {
    for (package, dependencies) in dependencies() {
        for (heavy, owners) in NAMED_BY {
            let is_named = dependencies.iter().any(|dependency| dependency == heavy);
            let may = owners.contains(&package.as_str());
            assert!(!is_named || may, "`{package}` names `{heavy}`, which only {owners:?} may");
        }
    }
}

/// Our crates whose modules have an order, by folder. Each module may use those before it in its list, and no other.
/// What is in crates of its own is kept apart by cargo.
const MODULES: [(&str, &[&str]); 3] = [
    ("store", &["label", "score", "store", "study"]),
    ("report", &["report", "export", "describe"]),
    ("runner", &["run", "schema", "check", "predict", "init"]),
];

/// Returns the code of a Rust file without its line comments.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Returns the first names of the paths in a use tree, such as `a` and `b` of `{a::c, b::{d, e}}`.
fn first_names(tree: &str) -> Vec<String> {
    let tree = tree.trim_start();
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|&c| c.is_alphanumeric() || matches!(c, '_' | '*')).collect()
    };
    let Some(group) = tree.strip_prefix('{') else { return vec![name(tree)] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (place, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(name(&group[start..place]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(name(&group[start..place]));
                start = place + 1;
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Returns the modules at the root of a crate that a file names: after `crate::`, or after at least as many
/// `super::` as lead from a file `depth` modules deep to the root.
fn used_modules(text: &str, depth: usize) -> BTreeSet<String> {
    let code = without_comments(text);
    let mut used = BTreeSet::new();
    for (place, _) in code.match_indices("crate::") {
        let is_whole = !code[..place].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'));
        if is_whole {
            used.extend(first_names(&code[place + "crate::".len()..]));
        }
    }
    // An inline module of tests is one deeper than its file.
    let mut rest = code.as_str();
    while let Some(place) = rest.find("super::") {
        rest = &rest[place..];
        let mut steps = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, steps) = (after, steps + 1);
        }
        if steps >= depth {
            // `super::*` of an inline module names its own file.
            used.extend(first_names(rest).into_iter().filter(|name| name != "*"));
        }
    }
    used
}

/// Returns the uses of a crate's modules that `order` forbids, as `file uses module`.
fn wrong_uses(files: &[(PathBuf, String)], order: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in files {
        let mut parts = path.iter().map(|part| part.to_str().unwrap().trim_end_matches(".rs"));
        let module = parts.next().unwrap();
        let depth = 1 + parts.filter(|part| *part != "mod").count();
        let Some(own) = order.iter().position(|known| *known == module) else {
            wrong.push(format!("{} is in no module of the list", path.display()));
            continue;
        };
        for used in used_modules(text, depth) {
            let place = order.iter().position(|known| *known == used);
            if used == "*" || place.is_some_and(|place| place > own) {
                wrong.push(format!("{} uses `{used}`", path.display()));
            }
        }
    }
    wrong
}

/// Returns the folder with the sources of one of our crates.
fn framework(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../framework").join(folder).join("src")
}

fn files_below(dir: &Path, root: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.strip_prefix(root).unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn modules_use_only_those_below_them() {
    for (folder, order) in MODULES {
        let root = framework(folder);
        let mut files = Vec::new();
        files_below(&root, &root, &mut files);
        files.retain(|(path, _)| path != Path::new("lib.rs"));
        assert!(files.len() > 20, "found only {} files of {folder}: is the root right?", files.len());
        let wrong = wrong_uses(&files, order);
        assert!(wrong.is_empty(), "a module of {folder} uses one above it:\n{}", wrong.join("\n"));
    }
}

#[test]
fn a_use_of_a_module_above_is_found_however_it_is_written() {
    let order = ["spec", "plan", "run"];
    let wrong = |path: &str, text: &str| wrong_uses(&[(PathBuf::from(path), text.to_owned())], &order);
    for text in [
        "use crate::run::Store;",
        "pub use crate::{\n    plan::{Plan, sweep},\n    run as later,\n};",
        "fn make() { crate::run::run(); }",
        "use super::super::run;",
        "use super::super::{spec, run::Store};",
        "mod tests { use super::super::super::run; }",
    ] {
        assert_eq!(wrong("plan/leak.rs", text), ["plan/leak.rs uses `run`"], "{text}");
    }
    assert_eq!(wrong("plan/mod.rs", "use super::run;"), ["plan/mod.rs uses `run`"]);
    assert_eq!(wrong("plan/leak.rs", "use crate::*;"), ["plan/leak.rs uses `*`"]);
    assert_eq!(wrong("extra.rs", ""), ["extra.rs is in no module of the list"]);
    for text in ["use crate::spec::Table;", "// crate::run", "use super::run;", "use boldface::run;"] {
        assert!(wrong("plan/leak.rs", text).is_empty(), "{text}");
    }
}

/// Returns the lines of a stage's file that reach the experiment. All that a stage may read is in its config, which
/// its key hashes, so the types that hold an experiment are named only where a config is made of one.
fn reaches_study(text: &str) -> Vec<String> {
    let is_named = |line: &str| {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| matches!(word, "Study" | "Experiment" | "PlannedPlugin"))
    };
    let (mut found, mut makes_config) = (Vec::new(), false);
    for line in without_comments(text).lines() {
        if line.contains("fn ") {
            makes_config = line.contains("fn new(");
        }
        if is_named(line) && !makes_config && !line.starts_with("use ") && !line.starts_with("pub use ") {
            found.push(line.trim().to_owned());
        }
    }
    found
}

/// Files whose configs leave a field out of the key, with the reason.
const UNHASHED: [(&str, &str); 2] = [
    ("config/text.rs", "`path`, whose content is hashed"),
    ("series/mod.rs", "`limit`, only where a run has none"),
];

#[test]
fn stages_read_nothing_of_an_experiment_but_their_configs() {
    let root = framework("stages");
    let mut files = Vec::new();
    files_below(&root, &root, &mut files);
    assert!(files.len() > 50, "found only {} files: is the root right?", files.len());
    let mut wrong = Vec::new();
    for (path, text) in &files {
        wrong.extend(reaches_study(text).into_iter().map(|line| format!("{}: {line}", path.display())));
        let is_config = text.contains("fn new(study");
        let may_skip = UNHASHED.iter().any(|(file, _)| path == Path::new(file));
        if is_config && text.contains("#[serde(skip") && !may_skip {
            wrong.push(format!("{} leaves a field of a config out of its key", path.display()));
        }
    }
    assert!(wrong.is_empty(), "a stage reads what its key does not hash:\n{}", wrong.join("\n"));
}

#[test]
fn a_stage_that_reaches_the_experiment_is_found() {
    let new = "impl Config {\n    pub fn new(study: &Study) -> Config {\n        Config::default()\n    }\n";
    let text = |rest: &str| format!("use crate::study::Study;\n\n{new}{rest}}}\n");
    assert!(reaches_study(&text("")).is_empty());
    let run = "    pub fn run(study: &Study) {\n        let seed = study.experiment.seed;\n    }\n";
    assert_eq!(reaches_study(&text(run)), ["pub fn run(study: &Study) {"]);
    assert_eq!(reaches_study("struct Inputs {\n    plan: &Study,\n}"), ["plan: &Study,"]);
    assert!(reaches_study(&text("    // Study\n")).is_empty());
}
