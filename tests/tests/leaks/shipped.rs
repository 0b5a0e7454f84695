//! Nothing is flagged that leaks nothing.

use std::fs;
use std::path::{Path, PathBuf};

use boldface_runner::plan::Status;
use boldface_tests::{Sandbox, Seen, repository};

fn specs(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            specs(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

#[test]
fn no_shipped_spec_is_flagged() {
    let mut found = Vec::new();
    specs(&repository("experiments"), &mut found);
    found.sort();
    let is_spec = |path: &&PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        text.contains("[tokenizer]") && text.contains("[backbone]")
    };
    let found: Vec<&PathBuf> = found.iter().filter(is_spec).collect();
    assert!(found.len() >= 2);
    for path in found {
        // It would panic with the leaks.
        let plan = boldface_tests::plan(path);
        assert!(plan.leakage.checks.len() > 5, "{}", path.display());
        assert_eq!(plan.leakage.count(Status::Accepted), 0, "{}", path.display());
    }
}

#[test]
fn made_data_are_not_flagged_whatever_their_seed() {
    let sandbox = Sandbox::new();
    for seed in 0..20 {
        for subjects in [6, 13, 40] {
            let made = format!("type = \"synthetic\"\ntrs = 40\nsubjects = {subjects}\nscans = 2\nseed = {seed}");
            let spec = super::SPEC.replace("type = \"series\"\npath = \"data\"\ntr = 2.0", &made);
            assert_eq!(super::said(&sandbox, &spec), "no problem\n", "{seed} {subjects}");
        }
    }
}

#[test]
fn a_strong_effect_of_the_brain_is_no_leak() {
    let sandbox = Sandbox::new();
    let made = "type = \"synthetic\"\ntrs = 40\nsubjects = 30\neffect = 3.0\nbetween-subjects = 0.0";
    let spec = super::SPEC.replace("type = \"series\"\npath = \"data\"\ntr = 2.0", made);
    sandbox.write("made.toml", &(spec + "\n[corpora.connectivity]\n\n[tasks.captioning]\n"));
    sandbox.run("made.toml", &Seen::default()).unwrap();
}
