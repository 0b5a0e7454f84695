//! Compares the import table of ARCHITECTURE.md with what cargo sees.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
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
    ("boldface-runner", &["boldface", "boldface-features", "boldface-imaging", "boldface-tables"]),
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
/// (used by cleaning and features) and TOML (used by specs and tables of words).
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
    ("toml", &["boldface-runner", "boldface-plugins"]),
    ("blake3", &["boldface-runner"]),
    ("tokenizers", &["boldface-lm", "boldface-plugins"]),
    ("minijinja", &["boldface-lm"]),
    ("fancy-regex", &["boldface-lm"]),
    ("memmap2", &["boldface-engine"]),
    ("clap", &["boldface-cli"]),
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
