//! Published weights in a spec: their content is part of the keys, but their location is not.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::Path;

use boldface_plugins as _;
use boldface_runner::plan::{Build, Offer, Plan, no_libraries, resolve};
use boldface_tests::shipped::stand_in;

const SPEC: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 12
trs = 80

[signal]
trs = 80

[corpora.connectivity]

[tokenizer]
type = "quantile"
patch = 20

[backbone]
type = "pretrained"
weights = "models/tiny"

[alignment]
steps = 10
warmup = 1
peak-lr = 1e-3
text-to-text = 0
lora = { rank = 8 }

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]
"#;

fn copy(to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(stand_in().join(name), to.join(name)).unwrap();
    }
}

fn try_plan(dir: &Path, source: &str) -> Result<Plan, String> {
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    resolve(&dir.join("spec.toml"), source, &build).map_err(|problems| {
        problems.iter().map(|located| located.problem.to_string()).collect::<Vec<_>>().join("\n")
    })
}

fn keys(plan: &Plan) -> Vec<(String, String)> {
    plan.stages.iter().map(|stage| (stage.name(), stage.key.0.clone())).collect()
}

#[test]
fn moved_weights_keep_the_keys_and_changed_ones_change_them() {
    let dir = tempfile::tempdir().unwrap();
    copy(&dir.path().join("models/tiny"));
    copy(&dir.path().join("elsewhere/large"));
    let first = try_plan(dir.path(), SPEC).unwrap();
    // The path as written in the spec, not the joined one.
    assert_eq!(first.experiment.backbone["weights"], "models/tiny");
    let moved = try_plan(dir.path(), &SPEC.replace("models/tiny", "elsewhere/large")).unwrap();
    assert_eq!(keys(&moved), keys(&first));
    let written = serde_json::to_string(&first.stages.iter().map(|stage| &stage.config).collect::<Vec<_>>());
    assert!(!written.unwrap().contains("models/tiny"), "a path is in a key");

    let path = dir.path().join("elsewhere/large/model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let changed = try_plan(dir.path(), &SPEC.replace("models/tiny", "elsewhere/large")).unwrap();
    let differ: Vec<String> = keys(&changed)
        .into_iter()
        .zip(keys(&first))
        .filter(|(one, other)| one != other)
        .map(|(one, _)| one.0)
        .collect();
    assert_eq!(differ, ["text-space", "tokenizer", "codes", "alignment", "evaluation.condition"]);
    // A plan states the size of the model.
    let alignment = first.stages.iter().find(|stage| stage.name() == "alignment").unwrap();
    assert!(alignment.size.parameters.is_none_or(|numbers| numbers > 10_000), "{:?}", alignment.size);
    let text = first.stages.iter().find(|stage| stage.name() == "text-space").unwrap();
    assert!(text.size.parameters.unwrap() > 10_000);
}

#[test]
fn what_is_wrong_with_weights_and_adapters_is_found_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    copy(&dir.path().join("models/tiny"));
    let wrong = |from: &str, to: &str| try_plan(dir.path(), &SPEC.replace(from, to)).map(|_| ()).unwrap_err();
    let told = wrong("{ rank = 8 }", "{ rank = 8, targets = [\"q_proj\", \"query\"] }");
    assert!(
        told.starts_with("alignment.lora.targets: no linear layer of the model is named `query`"),
        "{told}"
    );
    let told = wrong("models/tiny", "models/none");
    assert!(told.starts_with("backbone.weights: ") && told.contains("does not exist"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    let told = wrong("weights = \"models/tiny\"", "weights = 7");
    assert!(told.starts_with("backbone.weights: "), "{told}");
    let told = wrong("weights = \"models/tiny\"", "");
    assert!(told.contains("missing field `weights`"), "{told}");
    fs::write(dir.path().join("models/tiny/model.safetensors"), b"short").unwrap();
    let told = wrong("subjects = 12", "subjects = 12");
    assert!(told.starts_with("backbone.weights: ") && told.contains("model.safetensors"), "{told}");
}
