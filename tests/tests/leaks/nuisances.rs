//! Labels that something other than the brain predicts.

use boldface_runner::plan::{CheckStatus, Plan};
use boldface_tests::Sandbox;
use expect_test::expect;

use super::{Person, SPEC, class, plan, run_says, said, study, with};

/// Returns the check with a name.
fn status(plan: &Plan, id: &str) -> (CheckStatus, String) {
    let check = plan.leakage.checks.iter().find(|check| check.id == id).unwrap();
    (check.status, check.found.clone())
}

/// Returns the names of the leaks found before anything runs, in a study with each person changed.
fn leaks(change: impl Fn(usize, &mut Person)) -> Vec<String> {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", change);
    named(&said(&sandbox, SPEC))
}

/// Returns the names of the leaks in a message.
fn named(said: &str) -> Vec<String> {
    said.split("leak `").skip(1).map(|rest| rest.split('`').next().unwrap().to_owned()).collect()
}

#[test]
fn sites_scanners_motion_and_dates_in_other_spellings() {
    for column in ["SITE_ID", "centre", "StudySite"] {
        let found = leaks(|i, person| person.columns.push((column, ["Bern", "Ulm"][i % 2].to_owned())));
        assert_eq!(found, ["tasks.condition.nuisance.site"], "{column}");
    }
    // The first of several is the site, and the others have checks of their own.
    let found = leaks(|i, person| {
        person.columns.push(("Site", ["Bern", "Ulm"][i / 2 % 2].to_owned()));
        person.columns.push(("ManufacturersModelName", ["A", "B"][i % 2].to_owned()));
        person.columns.push(("scan_date", format!("20{}-0{}-11", 10 + 5 * (i % 2), 1 + i / 3)));
    });
    assert_eq!(
        found,
        ["tasks.condition.nuisance.ManufacturersModelName", "tasks.condition.nuisance.scan_date"]
    );
    let found = leaks(|i, person| {
        person.columns.push(("func_mean_fd", (0.1 * (i % 2) as f64 + 0.003 * i as f64).to_string()))
    });
    assert_eq!(found, ["tasks.condition.nuisance.motion"]);
    assert_eq!(
        leaks(|i, person| person.columns.push(("lesion_site", ["left", "right"][i % 2].to_owned()))).len(),
        0
    );
}

#[test]
fn a_label_in_the_file_name_and_a_sidecar() {
    let found = leaks(|i, person| person.entities = format!("_acq-{}", ["mb8", "single"][i % 2]));
    assert_eq!(found, ["tasks.condition.nuisance.acq"]);
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    for i in 0..super::PEOPLE {
        let name = format!("data/sub-{0:02}/sub-{0:02}_timeseries.json", i + 1);
        let made_by = ["A", "B"][i % 2];
        sandbox.write(&name, &format!("{{\"RepetitionTime\": 2.0, \"Manufacturer\": \"{made_by}\"}}"));
    }
    assert_eq!(named(&said(&sandbox, SPEC)), ["tasks.condition.nuisance.site"]);
}

#[test]
fn a_column_that_tells_for_no_known_reason_is_worth_knowing() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns.push(("corridor", ["north", "south"][i % 2].to_owned()));
        person.columns.push(("severity", if i % 2 == 0 { "n/a".to_owned() } else { i.to_string() }));
    });
    let (status, found) = status(&plan(&sandbox, SPEC).unwrap(), "tasks.condition.columns");
    assert_eq!(status, CheckStatus::Warned);
    expect!["each of the columns `corridor`, `severity` alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001)"].assert_eq(&found);
}

#[test]
fn what_a_person_has_may_tell_and_chance_does_not() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns.push(("severity", if i % 2 == 0 { "n/a".to_owned() } else { i.to_string() }));
        person.columns.push(("dx_group", (1 + i % 2).to_string()));
    });
    assert_eq!(status(&plan(&sandbox, SPEC).unwrap(), "tasks.condition.columns").0, CheckStatus::Hidden);
    study(&sandbox, "data", |i, person| {
        person.columns.push(("corridor", ["north", "south"][i / 2 % 2].to_owned()));
        person.columns.push(("SITE_ID", ["Bern", "Ulm"][i / 2 % 2].to_owned()));
    });
    let plan = plan(&sandbox, SPEC).unwrap();
    assert_eq!(plan.leakage.count(CheckStatus::Warned) + plan.leakage.count(CheckStatus::Hidden), 0);
}

/// Runs a study whose signals are changed for every second person, and returns the leaks.
fn run_leaks(spec: &str, change: impl Fn(f64, usize) -> f64) -> Vec<String> {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    for i in (1..super::PEOPLE).step_by(2) {
        let name = format!("data/sub-{0:02}/sub-{0:02}_timeseries.tsv", i + 1);
        let mut table = String::new();
        for (row, line) in super::recording(i, 40, |x| x).lines().enumerate() {
            let cells = line.split('\t').enumerate();
            let changed = |(roi, cell): (usize, &str)| match row {
                0 => cell.to_owned(),
                _ => change(cell.parse().unwrap(), roi).to_string(),
            };
            table += &(cells.map(changed).collect::<Vec<_>>().join("\t") + "\n");
        }
        sandbox.write(&name, &table);
    }
    named(&run_says(&sandbox, spec))
}

#[test]
fn the_amplitude_where_a_model_sees_it() {
    let amplify = |x: f64, _| 4.0 * x;
    assert_eq!(run_leaks(SPEC, amplify).len(), 0);
    let none = SPEC.replace("trs = 40", "trs = 40\nstandardize = \"none\"");
    assert_eq!(
        run_leaks(&none, amplify),
        ["tasks.condition.nuisance.amplitude", "tasks.condition.nuisance.level"]
    );
    // A corpus describes scans before they are standardised.
    let described = with("[corpora.temporal]\nstates = 0\nband = [0.02, 0.1]\n");
    assert!(run_leaks(&described, amplify).contains(&"tasks.condition.nuisance.amplitude".to_owned()));
    assert_eq!(run_leaks(&with("[corpora.connectivity]\n"), amplify).len(), 0);
}

#[test]
fn a_dead_region_and_a_coarse_signal() {
    let dead = |x: f64, roi| if roi == 2 { 3.0 } else { x };
    assert_eq!(run_leaks(SPEC, dead), ["tasks.condition.nuisance.dead-regions"]);
    let coarse = |x: f64, _| (4.0 * x).round() / 4.0;
    assert_eq!(run_leaks(SPEC, coarse), ["tasks.condition.nuisance.precision"]);
}

#[test]
fn columns_that_tell_together_or_by_a_gap() {
    let phenotype = |columns: &str| with(&format!("[corpora.phenotype]\ncolumns = {{ {columns} }}\n"));
    let two = phenotype("a = { kind = \"category\" }, b = { kind = \"category\" }");
    let gap = phenotype("level = { kind = \"category\" }");
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns.push(("a", ["u", "v"][i / 2 % 2].to_owned()));
        person.columns.push(("b", ["x", "y"][(i + i / 2) % 2].to_owned()));
        person.columns.push(("level", if i % 2 == 0 { "n/a".to_owned() } else { format!("level {i}") }));
    });
    assert_eq!(named(&said(&sandbox, &two)), ["corpora.phenotype.retells.condition"]);
    assert_eq!(named(&said(&sandbox, &gap)), ["corpora.phenotype.retells.condition"]);
    let one = phenotype("a = { kind = \"category\" }");
    assert_eq!(said(&sandbox, &one), "no problem\n");
}

#[test]
fn codes_spellings_and_skipped_scans_are_told_with_counts() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns[1].1 = if i % 8 == 0 { "-999".to_owned() } else { (20 + i).to_string() };
        person.columns.push(("sex", ["F", "f", "M", "female"][i / 2 % 4].to_owned()));
    });
    let tasks = "[tasks.age]\ntype = \"regression\"\ntarget = \"age\"\n\n[tasks.sex]\ntype = \"classification\"\n\
                 target = \"sex\"\nclasses = [\"F\", \"M\"]\nothers = \"skip\"\n";
    let plan = plan(&sandbox, &with(tasks)).unwrap();
    let told: String = plan.leakage.told().map(|told| format!("{told}\n")).collect();
    expect![[r#"
        all answers to `tasks.sex` are `F` in `validation`: nothing can be learned from one answer, and scores of one are undefined
        `age` is `-999` in 3 of 24 scans and from 21 to 43 in others: `-999` looks like a code for a missing value
        `sex` is `F` (6), `f` (6), `female` (6): they look like one value
        `tasks.sex` leaves out 12 of 24 scans: their `sex` is `f` (6), `female` (6)
    "#]].assert_eq(&told);
}

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
    study(&sandbox, "data", |i, person| person.columns.push(("rig", format!("c{}", i % 2))));
    assert_eq!(said(&sandbox, SPEC), "no problem\n");
    expect![[r#"
        spec.toml:22:8: leak `tasks.condition.nuisance.rig`: the column `rig` alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); balance `rig` over the answers, or test where it was not trained on: `[split] group = "rig"`; or accept it with a reason: `[leakage] accept = { "tasks.condition.nuisance.rig" = "..." }`
    "#]].assert_eq(&said(&sandbox, &with("[nuisances]\nrig = \"rig\"\n")));
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
