//! Set-up of tests that ask the same simulated scans in many ways.

use std::collections::BTreeMap;
use std::fs;

use boldface_runner::plan::{Build, Offer, Plan, no_libraries, resolve};
use boldface_runner::run::{Finished, OutcomeLine};

use crate::{Sandbox, Seen, repository};

/// Simulated scans whose classes are numbers. The codes show the phase of a wave that depends on the
/// class.
pub const DATA: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 60
rois = 8
trs = 80
effect = 0.0
response = 1.5
classes = ["20", "60"]

[signal]
trs = 80

[split]
test = 0.4
stratify = ["condition"]

[tokenizer]
type = "quantile"
patch = 10
codebook-size = 8

[backbone]
type = "bigram"

[instruction]
steps = 6
warmup = 0
peak-lr = 1e-3

[evaluation]
resamples = 40
longest-answer = 40
"#;

/// A task with two classes.
pub const CONDITION: &str = "type = \"classification\"\ntarget = \"condition\"\nclasses = [\"20\", \"60\"]\n";
/// The same classes as numbers.
pub const AGE: &str = "type = \"regression\"\ntarget = \"condition\"\nunit = \"years\"\n";

/// The experiment with tasks: each a name, its table and further keys.
pub fn spec(tasks: &[(&str, &str, &str)]) -> String {
    let tables = tasks.iter().map(|(name, table, keys)| format!("\n[tasks.{name}]\n{table}{keys}\n"));
    DATA.to_owned() + &tables.collect::<String>()
}

/// Runs a spec.
///
/// # Panics
/// If it fails.
pub fn run(sandbox: &Sandbox, text: &str) -> Finished {
    sandbox.write("spec.toml", text);
    sandbox.run("spec.toml", &Seen::default()).expect("the run finishes")
}

/// Plans a spec.
pub fn plan(sandbox: &Sandbox, text: &str) -> Plan {
    sandbox.write("spec.toml", text);
    sandbox.plan("spec.toml")
}

/// Returns the problems of a spec, one per line.
///
/// # Panics
/// If it has none.
pub fn problems(text: &str) -> String {
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    let folder = repository("experiments").join("spec.toml");
    let found = resolve(&folder, text, &build).expect_err("the spec has a problem");
    let told: String = found.iter().map(|located| format!("{}\n", located.problem)).collect();
    told.replace(&repository("experiments").display().to_string(), "experiments")
}

/// Returns the answers of an evaluation, by answerer.
///
/// # Panics
/// If the stage did not finish.
pub fn answers(sandbox: &Sandbox, finished: &Finished, stage: &str) -> BTreeMap<String, Vec<OutcomeLine>> {
    let record =
        finished.stages.iter().find(|record| record.stage.name() == stage).expect("the stage finished");
    let path = sandbox.path("runs").join(&record.artefact).join("outcomes.jsonl");
    let mut by: BTreeMap<String, Vec<OutcomeLine>> = BTreeMap::new();
    for line in fs::read_to_string(path).expect("answers can be read").lines() {
        let answered: OutcomeLine = serde_json::from_str(line).expect("a line is an answer");
        by.entry(answered.plugin.clone()).or_default().push(answered);
    }
    by
}

/// Returns the key of a stage.
///
/// # Panics
/// If the plan has no such stage.
pub fn key(plan: &Plan, stage: &str) -> String {
    plan.stages.iter().find(|found| found.name() == stage).expect("the plan has the stage").key.0.clone()
}
