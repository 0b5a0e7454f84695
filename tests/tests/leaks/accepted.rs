//! Tests accepted findings: what may be accepted, and how the run records it.

use std::fs;

use boldface_runner::plan::{CheckStatus, Proof};
use boldface_runner::run::{ArmStatus, Budget, run_sweep};
use boldface_tests::{Sandbox, Seen};
use expect_test::expect;

use super::{SPEC, said, study, with};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.columns.push(("site", format!("s{}", i % 2))));
    sandbox
}

const ACCEPT: &str =
    "[leakage]\naccept = { \"tasks.condition.nuisance.site\" = \"each site has one condition\" }\n";

#[test]
fn an_accepted_leak_runs_and_is_told_with_its_reason() {
    let sandbox = sandbox();
    assert!(said(&sandbox, SPEC).contains("leak `tasks.condition.nuisance.site`"));
    sandbox.write("spec.toml", &with(ACCEPT));
    let run = sandbox.run("spec.toml", &Seen::default()).unwrap();
    let proof: Proof = serde_json::from_slice(&fs::read(run.dir.join("leakage.json")).unwrap()).unwrap();
    assert_eq!((proof.count(CheckStatus::Accepted), proof.count(CheckStatus::Failed)), (1, 0));
    for id in ["split.people", "series.copies", "text-space.fitted-on", "tokenizer.fitted-on"] {
        let check = proof.checks.iter().find(|check| check.id == id).unwrap();
        assert_eq!(check.status, CheckStatus::Passed, "{id}");
    }
    let paths = boldface_runner::report::write(&run.dir).unwrap();
    let report = fs::read_to_string(paths.markdown).unwrap();
    let section = report.split("## Leakage checks").nth(1).unwrap().split("\n## ").next().unwrap();
    let brief = section.split("<details>").next().unwrap();
    expect![[r#"


        29 passed, 1 accepted by the author; the proof with all numbers is leakage.json.

        - **accepted:** `tasks.condition.nuisance.site` the column site alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); accepted because: each site has one condition

    "#]].assert_eq(brief);
}

#[test]
fn every_arm_of_a_sweep_has_its_proof_and_a_leak_fails_its_arm() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    sandbox.write("base.toml", &with("[corpora.gossip]\ncolumns = []\n"));
    let arms = "base = \"base.toml\"\n\n[arms.quiet]\n\n[arms.loud]\n\"corpora.gossip.counts\" = true\n";
    sandbox.write("arms.toml", arms);
    let sweep = sandbox.sweep("arms.toml");
    let budget = Budget { workers: 1, cores: 2, memory: u64::MAX, takes: &|_| None, fail_fast: false };
    let run = run_sweep(&sweep, &budget, &Seen::default()).unwrap();
    for arm in &run.record.arms {
        let proof = fs::read(run.dir.join(&arm.run).join("leakage.json")).unwrap();
        let proof: Proof = serde_json::from_slice(&proof).unwrap();
        let order = proof.checks.iter().find(|check| check.id == "corpora.gossip.order").unwrap();
        let expected = match arm.name.as_str() {
            "loud" => (CheckStatus::Failed, ArmStatus::Failed),
            _ => (CheckStatus::Passed, ArmStatus::Finished),
        };
        assert_eq!((order.status, arm.status), expected, "{}", arm.name);
        let says_so = arm.error.as_ref().is_some_and(|error| error.contains("leak `corpora.gossip.order`"));
        assert_eq!(says_so, arm.name == "loud");
    }
    assert_eq!(run.record.arms.len(), 2);
}

#[test]
fn accepting_changes_no_key() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.entities = format!("_run-{}", 1 + i % 2));
    let keys = |spec: &str| {
        let plan = super::plan(&sandbox, spec).unwrap();
        plan.stages.into_iter().map(|stage| stage.key).collect::<Vec<_>>()
    };
    let accept = "[leakage]\naccept = { \"tasks.condition.nuisance.run\" = \"counterbalanced elsewhere\" }\n";
    assert_eq!(keys(SPEC), keys(&with(accept)));
}

#[test]
fn what_is_accepted_must_be_there_and_have_a_reason() {
    let sandbox = sandbox();
    let misspelt = ACCEPT.replace("nuisance.site", "nuisance.sites");
    expect![[r#"
        spec.toml:22:8: leak `tasks.condition.nuisance.site`: the column `site` alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); balance `site` over the answers, or test where it was not trained on: `[split] group = "site"`; or accept it with a reason: `[leakage] accept = { "tasks.condition.nuisance.site" = "..." }`
        spec.toml:32:47: no leak `tasks.condition.nuisance.sites` was found, so there is nothing to accept; did you mean `tasks.condition.nuisance.site`?
    "#]].assert_eq(&said(&sandbox, &with(&misspelt)));
    let silent = ACCEPT.replace("each site has one condition", " ");
    expect![[r#"
        spec.toml:32:46: no reason is given; say why it is not a leak; the reason is shown in the report
    "#]]
    .assert_eq(&said(&sandbox, &with(&silent)));
    let more = ACCEPT.replace("accept = {", "accept = { \"split.related.family\" = \"no twins\",");
    expect![[r#"
        spec.toml:32:37: no leak `split.related.family` was found, so there is nothing to accept; remove the line
    "#]].assert_eq(&said(&sandbox, &with(&more)));
    // Whether there are copies is known only in the run.
    let later = ACCEPT.replace("accept = {", "accept = { \"series.copies\" = \"a phantom\",");
    assert_eq!(said(&sandbox, &with(&later)), "no problem\n");
}
