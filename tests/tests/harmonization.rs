//! ComBat removes a planted site effect from the FC baselines, keeps a real effect, and never fits test
//! scans.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::PathBuf;

use boldface::{ScanId, Split};
use boldface_imaging::combat::Combat;
use boldface_runner::plan::{Build, Offer, no_libraries, resolve};
use boldface_runner::run::Finished;
use boldface_tests::{Sandbox, Seen, test_score};
use expect_test::{Expect, expect};

const SUBJECTS: usize = 80;
const TRS: usize = 60;
const ROIS: usize = 10;

const SPEC: &str = r#"
[datasets.files]
type = "series"
path = "data"
tr = 2.0

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

const HARMONIZATION: &str = "[harmonization]\nbatch = \"site\"\npreserve = [\"age\", \"sex\"]\n";

/// Planted effects: coupling of the first regions at site B, and of other regions in condition `high`.
#[derive(Clone, Copy)]
struct Planted {
    site: f64,
    condition: f64,
}

/// Returns site and condition of a subject. 30% of site A and 70% of site B are `high`.
fn site_and_condition(subject: usize) -> (&'static str, &'static str) {
    let (is_b, place) = (!subject.is_multiple_of(2), subject / 2 % 10);
    let is_high = if is_b { place < 7 } else { place < 3 };
    (if is_b { "B" } else { "A" }, if is_high { "high" } else { "low" })
}

/// Creates a study. `change` may alter the values of a subject.
fn project(planted: Planted, more: &str, change: impl Fn(usize, f64) -> f64) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut participants = "participant_id\tsite\tcondition\tage\tsex\tcode\n".to_owned();
    for subject in 0..SUBJECTS {
        let (site, condition) = site_and_condition(subject);
        let (age, sex) = (20 + subject * 7 % 41, ["F", "M"][subject / 4 % 2]);
        let code = if condition == "high" { 7 } else { 3 };
        participants += &format!("sub-{subject:02}\t{site}\t{condition}\t{age}\t{sex}\t{code}\n");
        let header: Vec<String> = (0..ROIS).map(|roi| format!("r{roi}")).collect();
        let mut table = header.join("\t") + "\n";
        let mut state = 12_345 + 7_919 * subject as u64;
        let mut noise = || {
            state = (1_103_515_245 * state + 12_345) % (1 << 31);
            state as f64 / (1u64 << 31) as f64 - 0.5
        };
        for _ in 0..TRS {
            let (common, other) = (noise(), noise());
            let volume = (0..ROIS).map(|roi| {
                let of_site = if site == "B" && roi < 5 { planted.site * common } else { 0.0 };
                let of_condition =
                    if condition == "high" && roi >= 5 { planted.condition * other } else { 0.0 };
                change(subject, noise() + of_site + of_condition).to_string()
            });
            table += &(volume.collect::<Vec<String>>().join("\t") + "\n");
        }
        sandbox.write(&format!("data/sub-{subject:02}/sub-{subject:02}_task-rest_timeseries.tsv"), &table);
    }
    sandbox.write("data/participants.tsv", &participants);
    let regions: String = (0..ROIS).map(|roi| format!("{0}\tr{roi}\tN{1}\n", roi + 1, roi / 5)).collect();
    sandbox.write("data/seg-ten_dseg.tsv", &format!("index\tname\tnetwork\n{regions}"));
    sandbox.write("spec.toml", &format!("{SPEC}\n{more}"));
    sandbox
}

/// Mean test AUROC of logistic regression on FC over four splits.
fn auroc(planted: Planted, more: &str) -> f64 {
    let of_seed = |seed: usize| {
        let more = format!("[split]\ntest = 0.4\nseed = {seed}\nstratify = [\"site\"]\n{more}");
        let sandbox = project(planted, &more, |_, value| value);
        let run = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
        test_score(&run.dir, "condition", "fc-logistic", "auroc")
    };
    (0..4).map(of_seed).sum::<f64>() / 4.0
}

#[test]
fn a_site_effect_goes_and_an_effect_stays() {
    // The site alone predicts 70% of the conditions, an AUROC of .70.
    let site = Planted { site: 1.2, condition: 0.0 };
    let (with, without) = (auroc(site, HARMONIZATION), auroc(site, ""));
    assert!(without > 0.62 && (with - 0.5).abs() < 0.1, "{without} by the site, then {with}");
    let both = Planted { site: 1.2, condition: 1.2 };
    let found = auroc(both, HARMONIZATION);
    assert!(found > 0.9, "{found}");
}

fn artefact(sandbox: &Sandbox, run: &Finished, stage: &str) -> PathBuf {
    let found = run.stages.iter().find(|found| found.stage.name() == stage).unwrap();
    sandbox.path("runs").join(&found.artefact)
}

#[test]
fn test_scans_change_nothing_that_is_fitted() {
    let planted = Planted { site: 1.0, condition: 0.5 };
    let corpus = "[corpora.connectivity]\nharmonize = { batch = \"site\", preserve = [\"age\"] }\n";
    let more = format!("{HARMONIZATION}\n{corpus}");
    let fitted = |other: Option<&str>| {
        let is_other = |subject: usize| other == Some(format!("files/sub-{subject:02}").as_str());
        let change = |subject, value: f64| if is_other(subject) { 5.0 * value.powi(3) + 1.0 } else { value };
        let sandbox = project(planted, &more, change);
        let run = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
        let read =
            |stage: &str, file: &str| fs::read_to_string(artefact(&sandbox, &run, stage).join(file)).unwrap();
        let split: Split = serde_json::from_str(&read("split", "split.json")).unwrap();
        let files = [
            read("baseline.condition", "harmonization.json"),
            read("corpus", "connectivity/learned.json"),
            read("corpus", "connectivity/norms.json"),
        ];
        let on: Vec<ScanId> = serde_json::from_str(&read("baseline.condition", "fitted-on.json")).unwrap();
        assert!(on.iter().all(|scan| split.parts[&scan.person()].name() == "train"));
        let proof = fs::read_to_string(run.dir.join("leakage.json")).unwrap();
        assert!(proof.contains("`baseline.condition` was given"), "{proof}");
        (split, files)
    };
    let (split, before) = fitted(None);
    let combat: Combat = serde_json::from_str(&before[0]).unwrap();
    assert_eq!(combat.fitted(), ROIS * (ROIS - 1) / 2);
    let someone = |part: &str| split.parts.iter().find(|(_, of)| of.name() == part).unwrap().0.clone();
    for part in ["test", "validation"] {
        assert_eq!(fitted(Some(&someone(part))).1, before, "{part}");
    }
    // The same change in a training scan is visible everywhere, so this test can fail.
    let changed = fitted(Some(&someone("train"))).1;
    assert!(changed.iter().zip(&before).all(|(a, b)| a != b));
}

#[test]
fn the_section_changes_the_keys_of_what_it_is_for_and_no_other() {
    let planted = Planted { site: 0.0, condition: 0.0 };
    let keys = |more: &str| {
        let sandbox = project(planted, more, |_, value| value);
        let plan = sandbox.plan("spec.toml");
        plan.stages.iter().map(|stage| (stage.name(), stage.key.clone())).collect::<Vec<_>>()
    };
    let (plain, harmonized) = (keys(""), keys(HARMONIZATION));
    for ((name, before), (_, after)) in plain.iter().zip(&harmonized) {
        let is_for = ["baseline.condition", "evaluation.condition"].contains(&name.as_str());
        assert_eq!(before != after, is_for, "{name}");
    }
    let explicit = HARMONIZATION.replace("batch", "type = \"combat\"\nbatch");
    assert_eq!(keys(&explicit), harmonized);
    assert_ne!(keys("[harmonization]\nbatch = \"site\"\n"), harmonized);
}

fn refused(more: &str, said: &Expect) {
    let sandbox = project(Planted { site: 0.0, condition: 0.0 }, more, |_, value| value);
    let source = fs::read_to_string(sandbox.path("spec.toml")).unwrap();
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    let problems = resolve(&sandbox.path("spec.toml"), &source, &build).unwrap_err();
    let lines: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    said.assert_eq(&lines.replace(&sandbox.path("spec.toml").display().to_string(), "spec.toml"));
}

#[test]
fn what_would_leak_or_cannot_be_fitted_is_a_problem_of_the_plan() {
    refused(
        "[harmonization]\nbatch = \"site\"\npreserve = [\"age\", \"condition\"]\n",
        &expect![[r#"
        spec.toml:28:20: leak `harmonization.preserve.condition.tasks.condition`: `tasks.condition` asks for `condition`, which harmonisation puts into the features of every scan, those of the test part too; take `condition` out of `preserve`; or accept it with a reason: `[leakage] accept = { "harmonization.preserve.condition.tasks.condition" = "..." }`
    "#]],
    );
    // The preserved column is the answer under another name.
    refused(
        "[harmonization]\nbatch = \"site\"\npreserve = [\"code\"]\n",
        &expect![[r#"
        spec.toml:28:13: leak `harmonization.preserve.code.tasks.condition`: `tasks.condition`: the preserved column `code` alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (80 people, p = 0.001); take `code` out of `preserve`; or accept it with a reason: `[leakage] accept = { "harmonization.preserve.code.tasks.condition" = "..." }`
    "#]],
    );
    refused(
        "[harmonization]\nbatch = \"condition\"\n",
        &expect![[r#"
        spec.toml:27:9: leak `harmonization.batch.tasks.condition`: `tasks.condition` asks for `condition`, which harmonisation takes out of the features; leave the section out, or do not ask for it; or accept it with a reason: `[leakage] accept = { "harmonization.batch.tasks.condition" = "..." }`
    "#]],
    );
    refused(
        "[harmonization]\nbatch = \"scanner\"\npreserve = [\"agee\", \"sex\"]\n",
        &expect![[r#"
        spec.toml:27:9: no scan has a column `scanner`; there are `age`, `code`, `condition`, `sex`, `site`
        spec.toml:28:13: no scan has a column `agee`; did you mean `age`?
    "#]],
    );
    refused(
        "[harmonization]\npreserve = [\"sex\"]\n",
        &expect![[r#"
        spec.toml:26:2: missing field `batch`
    "#]],
    );
    refused(
        "[harmonization]\nbatch = \"site\"\ntype = \"covbat\"\n",
        &expect![[r#"
        spec.toml:28:8: unknown value `covbat`, expected `combat`; did you mean `combat`?
    "#]],
    );
    refused(
        "[harmonization]\nbatch = \"age\"\n",
        &expect![[r#"
        spec.toml:27:9: every `age` needs two training scans to be harmonised, but there are 1 of `26`, 1 of `27`, 1 of `32`, 1 of `33`, 1 of `34` and 15 more; spread them over the parts with `[split] stratify = ["age"]`, leave those scans out, or join small ones in another column
    "#]],
    );
    refused(
        "[split]\nleave-out = \"site\"\nfold = 0\n[harmonization]\nbatch = \"site\"\n",
        &expect![[r#"
        spec.toml:30:9: `split.leave-out` keeps each `site` in one part, so what the scans of a test part are harmonised by can never be learned in training; leave `[harmonization]` out, or split in another way
    "#]],
    );
    refused(
        "[corpora.connectivity]\nharmonize = { batch = \"site\", preserve = [\"condition\"] }\n",
        &expect![[r#"
            spec.toml:26:10: leak `corpora.connectivity.names.condition`: it describes `condition`, which `tasks.condition` asks for; leave it out of the corpus, or do not ask for it; or accept it with a reason: `[leakage] accept = { "corpora.connectivity.names.condition" = "..." }`
        "#]],
    );
}
