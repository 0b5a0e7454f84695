//! Tests splits, baselines, groups and calibration in whole runs on simulated scans.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boldface::{MetricRow, Part, Split};
use boldface_runner::plan::StageKind;
use boldface_tests::{Sandbox, Seen};
use expect_test::expect;

/// An experiment without training that runs within a second.
const SPEC: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 24
trs = 60
rois = 8

[signal]
trs = 60

[tokenizer]
type = "quantile"
patch = 20
codebook-size = 4

[backbone]
type = "bigram"

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[evaluation]
resamples = 40
"#;

fn with(more: &str) -> String {
    format!("{SPEC}\n{more}")
}

/// Returns the problems of a spec as the binary prints them.
fn problems(more: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.write("spec.toml", &with(more));
    let output = sandbox.boldface(&["check", "spec.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

fn rows(run: &Path) -> Vec<MetricRow> {
    boldface_tables::metrics::read(&run.join("metrics.parquet")).unwrap()
}

fn page(run: &Path) -> String {
    std::fs::read_to_string(boldface_runner::report::write(run).unwrap().markdown).unwrap()
}

/// Returns the split that a run used.
fn split(sandbox: &Sandbox, more: &str, name: &str) -> Split {
    sandbox.write(name, &with(more));
    let finished = sandbox.run(name, &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
    let plan = sandbox.plan(name);
    let stage = plan.stages.iter().find(|stage| stage.kind == StageKind::Split).unwrap();
    let folder = finished.dir.join("../../cache").join(format!("split-{}", stage.key.short()));
    serde_json::from_slice(&std::fs::read(folder.join("split.json")).unwrap()).unwrap()
}

#[test]
fn every_subject_is_tested_once_over_the_folds_of_real_runs() {
    let sandbox = Sandbox::new();
    let mut tested: Vec<String> = Vec::new();
    for fold in 0..3 {
        let more =
            format!("[split]\nfolds = 3\nfold = {fold}\ngroup = \"group\"\nstratify = [\"condition\"]\n");
        // Two groups cannot fill three folds, and the plan already reports it.
        sandbox.write("grouped.toml", &with(&more));
        assert_eq!(sandbox.boldface(&["check", "grouped.toml"]).status.code(), Some(2));
        let parts = split(&sandbox, &more.replace("group = \"group\"\n", ""), "folded.toml").parts;
        tested.extend(parts.into_iter().filter(|(_, part)| *part == Part::Test).map(|(person, _)| person));
    }
    assert_eq!(tested.len(), 24);
    assert_eq!(tested.into_iter().collect::<BTreeSet<_>>().len(), 24);
}

#[test]
fn a_split_file_is_followed_and_its_wording_is_not_in_the_key() {
    let sandbox = Sandbox::new();
    let part = |subject: usize| ["test", "validation", "train", "train"][subject % 4];
    let line = |subject: usize| format!("sub-{:02}\t{}\n", subject + 1, part(subject));
    let mut lines: Vec<String> = (0..24).map(line).collect();
    sandbox.write("split.tsv", &format!("participant_id\tpart\n{}", lines.concat()));
    let more = "[split]\nfile = \"split.tsv\"\n";
    let parts = split(&sandbox, more, "filed.toml").parts;
    for subject in 0..24 {
        assert_eq!(parts[&format!("made/sub-{:02}", subject + 1)].name(), part(subject));
    }
    let key = |sandbox: &Sandbox| {
        let plan = sandbox.plan("filed.toml");
        plan.stages.iter().find(|stage| stage.kind == StageKind::Split).unwrap().key.clone()
    };
    let before = key(&sandbox);
    lines.reverse();
    sandbox.write("split.tsv", &format!("participant_id\tpart\n{}", lines.concat()));
    assert_eq!(key(&sandbox), before);
    lines[0] = lines[0].replace("train", "test");
    sandbox.write("split.tsv", &format!("participant_id\tpart\n{}", lines.concat()));
    assert_ne!(key(&sandbox), before);
}

#[test]
fn repetitions_share_the_stages_of_the_plain_split() {
    let sandbox = Sandbox::new();
    let key = |more: &str| {
        sandbox.write("spec.toml", &with(more));
        sandbox.plan("spec.toml").stages[1].key.clone()
    };
    let plain = key("[split]\ntest = 0.2\n");
    assert_eq!(key("[split]\ntest = 0.2\nrepeats = 3\nrepeat = 0\n"), plain);
    assert_eq!(key("[split]\ntest = 0.2\nvalidation = 0.15\n"), plain);
    let second = key("[split]\ntest = 0.2\nrepeats = 3\nrepeat = 1\n");
    assert_ne!(second, plain);
    assert_eq!(key("[split]\ntest = 0.2\nrepeats = 9\nrepeat = 1\n"), second);
}

#[test]
fn problems_stand_at_their_keys() {
    expect![[r#"
        error: there is no fold 5: the 5 folds are counted from 0
          --> spec.toml:29:8
           |
        29 | fold = 5
           |        ^
           = help: choose 0 to 4

        1 problem; nothing was run
    "#]]
    .assert_eq(&problems("[split]\nfolds = 5\nfold = 5\n"));
    expect![[r#"
        error: no scan has a column `site`
          --> spec.toml:28:13
           |
        28 | leave-out = "site"
           |             ^^^^^^
           = help: there are `condition`, `group`

        error: `leave-out` and `test` both decide how large the test part is
          --> spec.toml:29:8
           |
        29 | test = 0.2
           |        ^^^
           = help: the fold is the test part: leave `test` out

        2 problems; nothing was run
    "#]]
    .assert_eq(&problems("[split]\nleave-out = \"site\"\ntest = 0.2\n"));
    expect![[r#"
        error: `condition` of `made/sub-01_run-1` is `low`, not a number
          --> spec.toml:28:10
           |
        28 | motion = "condition"
           |          ^^^^^^^^^^^

        error: no scan has a column `maker`
          --> spec.toml:29:11
           |
        29 | scanner = "maker"
           |           ^^^^^^^
           = help: there are `condition`, `group`

        2 problems; nothing was run
    "#]]
    .assert_eq(&problems("[nuisances]\nmotion = \"condition\"\nscanner = \"maker\"\n"));
    expect![[r#"
        error: there is no file `nowhere.tsv`
          --> spec.toml:28:8
           |
        28 | file = "nowhere.tsv"
           |        ^^^^^^^^^^^^^
           = help: a path is relative to the spec: this one is `nowhere.tsv`

        1 problem; nothing was run
    "#]]
    .assert_eq(&problems("[split]\nfile = \"nowhere.tsv\"\n"));
}

#[test]
fn site_and_groups_are_scored() {
    let sandbox = Sandbox::new();
    let more =
        "[nuisances]\nsite = \"group\"\n\n[split]\ntest = 0.4\nstratify = [\"condition\", \"group\"]\n";
    let spec = with(more).replace("resamples = 40", "resamples = 40\ngroups = [\"group\", \"condition\"]");
    sandbox.write("spec.toml", &spec);
    let finished = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
    let rows = rows(&finished.dir);
    let plugins = |stage: &str| -> BTreeSet<&str> {
        let of_stage = rows.iter().filter(|row| row.stage == stage && row.against.is_none());
        of_stage.map(|row| row.plugin.as_str()).collect()
    };
    assert_eq!(
        plugins("baseline.condition"),
        BTreeSet::from(["fc-flat-logistic", "fc-logistic", "majority", "site-only", "tangent-logistic"])
    );
    assert_eq!(
        plugins("evaluation.condition"),
        BTreeSet::from(["bigram", "shuffled", "surrogate", "swap", "text-only"])
    );

    let found = |plugin: &str, metric: &str, group: Option<&str>| {
        let is_it = |row: &&MetricRow| {
            row.plugin == plugin && row.metric == metric && row.split == "test" && row.against.is_none()
        };
        let row = rows.iter().filter(is_it).find(|row| row.group.as_deref() == group);
        row.unwrap_or_else(|| panic!("no {plugin} {metric} {group:?}")).clone()
    };
    // Ten test subjects, five per group and five per condition.
    for plugin in ["bigram", "fc-logistic"] {
        let [all, a, b] =
            [None, Some("group=a"), Some("group=b")].map(|group| found(plugin, "accuracy", group));
        assert_eq!([all.n, a.n, b.n], [Some(10), Some(5), Some(5)]);
        let mean = (a.value.unwrap() + b.value.unwrap()) / 2.0;
        assert!((all.value.unwrap() - mean).abs() < 1e-12);
        // AUROC is undefined for one class, but calibration is not.
        assert_eq!(found(plugin, "auroc", Some("condition=low")).value, None);
        assert!(found(plugin, "brier", Some("condition=low")).value.is_some());
        assert!(found(plugin, "ece", None).value.is_some());
    }
    let page = page(&finished.dir);
    for section in ["## What this number of subjects can show", "## Groups of subjects", "## Calibration"] {
        assert!(page.contains(section), "{section}");
    }
    assert!(page.contains("condition by group: AUROC") && page.contains("Too few for a claim."), "{page}");
}

#[test]
fn small_groups_are_too_few() {
    let sandbox = Sandbox::new();
    let spec = with("").replace("resamples = 40", "resamples = 40\ngroups = [\"group\"]");
    sandbox.write("spec.toml", &spec);
    let finished = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
    // With four test subjects, no group has five.
    let rows = rows(&finished.dir);
    let groups: Vec<&MetricRow> = rows.iter().filter(|row| row.group.is_some()).collect();
    assert!(!groups.is_empty() && groups.iter().all(|row| row.value.is_none() && row.n.is_some()));
    let page = page(&finished.dir);
    assert!(page.contains("too few"), "{page}");
}

#[test]
fn a_plan_says_what_its_test_subjects_cannot_show() {
    let sandbox = Sandbox::new();
    sandbox.write("spec.toml", SPEC);
    let output = sandbox.boldface(&["plan", "spec.toml"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let said: Vec<&str> = text.lines().filter(|line| line.starts_with("too few")).collect();
    expect!["too few for a claim: condition: 4 test subjects (1 with `high`, 3 with `low`) can tell no AUROC from chance (80% power, two-sided 5% level); 0.70 needs 32 subjects of each class; `[split] folds = 5` tests all 24 subjects, who can show 0.81"].assert_eq(&said.join("\n"));
    sandbox.write("spec.toml", &SPEC.replace("subjects = 24", "subjects = 480"));
    let output = sandbox.boldface(&["plan", "spec.toml"]);
    assert!(!String::from_utf8(output.stdout).unwrap().contains("too few"));
}

#[test]
fn couplings_tell_what_is_planted_in_them() {
    // Only couplings distinguish the classes. The model reads no scan, so it says the same of all.
    let sandbox = Sandbox::new();
    let spec = SPEC.replace("subjects = 24", "subjects = 60\neffect = 4.0").replace("trs = 60", "trs = 200");
    sandbox.write("spec.toml", &spec);
    let finished = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
    let rows = rows(&finished.dir);
    let score: BTreeMap<(&str, &str), f64> = rows
        .iter()
        .filter(|row| row.split == "test" && row.against.is_none() && row.group.is_none())
        .filter_map(|row| Some(((row.plugin.as_str(), row.metric.as_str()), row.value?)))
        .collect();
    for plugin in ["fc-logistic", "fc-flat-logistic", "tangent-logistic"] {
        assert!(score[&(plugin, "auroc")] > 0.9, "{plugin}: {}", score[&(plugin, "auroc")]);
    }
    for plugin in ["bigram", "shuffled", "surrogate", "swap"] {
        assert_eq!(score[&(plugin, "auroc")], 0.5, "{plugin}");
    }
    for control in ["shuffled", "surrogate", "swap"] {
        let compared = rows.iter().any(|row| row.against.as_deref() == Some(control));
        assert!(compared, "the model is compared with its answers to `{control}`");
    }
}

#[test]
fn a_number_has_its_baselines() {
    // Couplings predict the number, 20 or 60 years. The site, which is a group of its own, does not.
    let sandbox = Sandbox::new();
    let spec = SPEC
        .replace("subjects = 24", "subjects = 60\neffect = 4.0\nclasses = [\"20\", \"60\"]")
        .replace("type = \"classification\"", "type = \"regression\"")
        .replace("classes = [\"low\", \"high\"]", "unit = \"years\"");
    sandbox.write(
        "spec.toml",
        &format!("{spec}\n[nuisances]\nsite = \"group\"\nmotion = \"condition\"\n[split]\ntest = 0.3\n"),
    );
    let finished = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
    let rows = rows(&finished.dir);
    let mae = |plugin: &str| {
        let is_it = |row: &&MetricRow| {
            (row.plugin.as_str(), row.split.as_str(), row.metric.as_str()) == (plugin, "test", "mae")
                && row.against.is_none()
                && row.group.is_none()
        };
        rows.iter().find(is_it).and_then(|row| row.value).unwrap_or_else(|| panic!("no MAE of {plugin}"))
    };
    // The mean is about 40, 20 years from everyone. The site beats it only by chance.
    assert!((mae("mean") - 20.0).abs() < 1.0, "{}", mae("mean"));
    assert!((mae("site-only") - 20.0).abs() < 4.0, "{}", mae("site-only"));
    for plugin in ["fc-ridge", "fc-flat-ridge", "tangent-ridge"] {
        assert!(mae(plugin) < 15.0, "{plugin}: {}", mae(plugin));
    }
    assert!(mae("surrogate").is_finite() && mae("bigram").is_finite());
    // The target column is not a baseline for itself.
    assert!(!rows.iter().any(|row| row.plugin == "motion-only"));
    let page = page(&finished.dir);
    assert!(page.contains("can tell a correlation from chance only from"), "{page}");
}
