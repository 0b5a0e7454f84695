//! Labels that something other than the brain predicts.

use boldface_tests::Sandbox;
use expect_test::expect;

use super::{SPEC, class, plan, said, study, with};

#[test]
fn the_site() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns.push(("site", ["Bern", "Ulm"][i % 2].to_owned()));
    });
    expect![[r#"
        spec.toml:22:8: leak `tasks.condition.nuisance.site`: the column `site` alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); balance `site` over the answers, or test where it was not trained on: `[split] group = "site"`; or accept it with a reason: `[leakage] accept = { "tasks.condition.nuisance.site" = "..." }`
    "#]].assert_eq(&said(&sandbox, SPEC));
    // A site that is only in one part cannot carry the answer to the other.
    let apart = SPEC.replace("[split]", "[split]\ngroup = \"site\"");
    let found = plan(&sandbox, &apart);
    assert!(!found.is_err_and(|said| said.contains("leak")));
}

#[test]
fn head_motion() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        let fd = 0.1 + 0.3 * (i % 2) as f64 + 0.01 * (i % 7) as f64;
        person.columns.push(("mean_fd", fd.to_string()));
    });
    expect![[r#"
        spec.toml:22:8: leak `tasks.condition.nuisance.motion`: the column `mean_fd` alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); balance `mean_fd` over the answers, or match people by it; or accept it with a reason: `[leakage] accept = { "tasks.condition.nuisance.motion" = "..." }`
    "#]].assert_eq(&said(&sandbox, SPEC));
}

#[test]
fn a_nuisance_that_the_spec_names() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.columns.push(("coil", format!("c{}", i % 2))));
    assert_eq!(said(&sandbox, SPEC), "no problem\n");
    expect![[r#"
        spec.toml:22:8: leak `tasks.condition.nuisance.coil`: the column `coil` alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); balance `coil` over the answers, or test where it was not trained on: `[split] group = "coil"`; or accept it with a reason: `[leakage] accept = { "tasks.condition.nuisance.coil" = "..." }`
    "#]].assert_eq(&said(&sandbox, &with("[nuisances]\ncoil = \"coil\"\n")));
}

#[test]
fn the_repetition_time() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.columns.push(("tr", ["2.0", "2.5"][i % 2].to_owned())));
    let spec =
        SPEC.replace("tr = 2.0", "tr-column = \"tr\"").replace("trs = 40", "trs = 40\nmixed-tr = true");
    expect![[r#"
        spec.toml:23:8: leak `tasks.condition.nuisance.tr`: the repetition time alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); resample to one repetition time, or balance it over the answers; or accept it with a reason: `[leakage] accept = { "tasks.condition.nuisance.tr" = "..." }`
    "#]].assert_eq(&said(&sandbox, &spec));
}

#[test]
fn the_dataset() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, person| person.columns = vec![("condition", "low".to_owned())]);
    study(&sandbox, "more", |i, person| {
        person.signal = 100 + i;
        person.label = format!("p{i:02}");
        person.columns = vec![("condition", "high".to_owned())];
    });
    let more = "[datasets.more]\ntype = \"series\"\npath = \"more\"\ntr = 2.0\n";
    expect![[r#"
        spec.toml:22:8: leak `tasks.condition.nuisance.dataset`: the dataset that a scan comes from alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (48 people, p = 0.001); take both answers from each dataset; or accept it with a reason: `[leakage] accept = { "tasks.condition.nuisance.dataset" = "..." }`
    "#]].assert_eq(&said(&sandbox, &with(more)));
}

#[test]
fn what_people_did() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.entities = format!("_task-{}", ["rest", "film"][i % 2]));
    expect![[r#"
        spec.toml:22:8: leak `tasks.condition.nuisance.task`: what was done in the scanner (`task-`) alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); compare people who did the same; or accept it with a reason: `[leakage] accept = { "tasks.condition.nuisance.task" = "..." }`
    "#]].assert_eq(&said(&sandbox, SPEC));
}

#[test]
fn a_number_that_a_site_tells() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns[1].1 = (10 + 50 * (i % 2) + i % 5).to_string();
        person.columns.push(("site", ["School", "Clinic"][i % 2].to_owned()));
        person.columns[0].1 = class(i / 2).to_owned();
    });
    let age = "[tasks.age]\ntype = \"nosy\"\nby = \"number\"\n";
    expect![[r#"
        spec.toml:31:8: leak `tasks.age.nuisance.site`: the column `site` alone explains R2 = 1.00 of the answer (24 people, p = 0.001); balance `site` over the answers, or test where it was not trained on: `[split] group = "site"`; or accept it with a reason: `[leakage] accept = { "tasks.age.nuisance.site" = "..." }`
    "#]].assert_eq(&said(&sandbox, &with(age)));
}

#[test]
fn a_length_that_the_crop_hides() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.trs = 40 + 10 * (i % 2));
    let plan = plan(&sandbox, SPEC).unwrap();
    let length = plan.leakage.checks.iter().find(|check| check.id == "tasks.condition.nuisance.length");
    expect!["the length of the scan on disk alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001), but every scan is shown as its volumes 0..40"].assert_eq(&length.unwrap().found);
}

#[test]
fn a_length_that_is_shown() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.trs = 40 + 25 * (i % 2));
    let shown = SPEC.replace("trs = 40", "trs = 60\nmin-trs = 40");
    expect![[r#"
        spec.toml:23:8: leak `tasks.condition.nuisance.window`: the number of volumes shown alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); show as many volumes of every scan: set `[signal] trs = 40` and remove `min-trs`; or accept it with a reason: `[leakage] accept = { "tasks.condition.nuisance.window" = "..." }`
    "#]].assert_eq(&said(&sandbox, &shown));
    // As many patches of both classes: what is on disk cannot be seen.
    study(&sandbox, "data", |i, person| person.trs = 40 + 10 * (i % 2));
    let plan = plan(&sandbox, &shown.replace("trs = 60", "trs = 40")).unwrap();
    let length = plan.leakage.checks.iter().find(|check| check.id == "tasks.condition.nuisance.length");
    expect!["the length of the scan on disk alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001), but only the number of volumes shown is visible: see `tasks.condition.nuisance.window`"].assert_eq(&length.unwrap().found);
}

#[test]
fn an_order_is_said_and_no_leak() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.entities = format!("_run-{}", 1 + i % 2));
    let plan = plan(&sandbox, SPEC).unwrap();
    let run = plan.leakage.checks.iter().find(|check| check.id == "tasks.condition.nuisance.run");
    expect!["the number of the run alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); what comes with the order of scans cannot be told from it"].assert_eq(&run.unwrap().found);
}

#[test]
fn eight_people_are_too_few_to_accuse_a_site() {
    let sandbox = Sandbox::new();
    super::study_of(&sandbox, "data", 8, |i, person| person.columns.push(("site", format!("s{}", i % 2))));
    assert_eq!(said(&sandbox, SPEC), "no problem\n");
}
