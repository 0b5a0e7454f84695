//! An export without subjects tells nobody: no id, no folder of the machine, no score of a few people.

use std::fs;

use boldface_tables::metrics;
use boldface_tests::Sandbox;
use boldface_tests::cohort::{SPEC, study};

use super::told;

const SEX: &str = r#"
[tasks.sex]
type = "classification"
target = "sex"
classes = ["F", "M"]
prompts = "words.toml"
"#;

fn project(question: &str) -> Sandbox {
    let sandbox = study();
    sandbox.write("words.toml", &format!("question = [\"{question}\"]\n"));
    let spec = SPEC.replace("path = \"data\"", &format!("path = \"{}\"", sandbox.path("data").display()));
    let spec = spec.replace("[evaluation]", "[evaluation]\ngroups = [\"sex\"]");
    sandbox.write("study.toml", &(spec + SEX));
    assert_eq!(told(&sandbox.boldface(&["run", "study.toml"])).0, Some(0));
    sandbox
}

#[test]
fn scores_of_few_people_and_folders_stay() {
    let sandbox = project("Which {target} has this subject?");
    let all = metrics::read(&sandbox.path("runs/latest/metrics.parquet")).unwrap();
    assert!(all.iter().any(|row| row.group.is_some()));
    let (code, said, errors) =
        told(&sandbox.boldface(&["export", "latest", "--to", "out", "--without-subjects"]));
    assert_eq!(code, Some(0), "{errors}");
    assert!(said.contains("no scores of groups of `sex` are in it"), "{said}");
    let shared = metrics::read(&sandbox.path("out/metrics.parquet")).unwrap();
    assert!(!shared.is_empty() && shared.iter().all(|row| row.group.is_none()));
    let folder = sandbox.path("").canonicalize().unwrap().display().to_string();
    for name in ["spec.toml", "manifest.json", "README.md", "versions.json"] {
        let text = fs::read_to_string(sandbox.path("out").join(name)).unwrap();
        assert!(!text.contains(folder.trim_end_matches('/')), "{name}: {text}");
    }
    // Whoever has the data can still verify it.
    let (code, _, errors) = told(&sandbox.boldface(&["verify", "out", "--data", "pain=data"]));
    assert_eq!(code, Some(0), "{errors}");
}

#[test]
fn an_id_in_a_question_stops_the_export() {
    let sandbox = project("Is it {target}, as in sub-07?");
    let (code, _, errors) =
        told(&sandbox.boldface(&["export", "latest", "--to", "out", "--without-subjects"]));
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("`prompts/sex.toml` names `sub-07`"), "{errors}");
    assert!(!sandbox.path("out").exists());
}
