//! Runs the whole pipeline on real scans and checks the store: nothing runs twice and nothing is lost.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use boldface_runner::run::{Failed, run};
use boldface_tests::{Sandbox, Seen, plan, repository};

/// A small experiment on simulated scans that uses every part of a run.
const SMALL: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 14
trs = 80

[signal]
trs = 80

[corpora.connectivity]

[text]
path = "text.txt"

[tokenizer]
type = "quantile"
patch = 20
codebook-size = 8

[backbone]
type = "bigram"

[alignment]
steps = 4
warmup = 0
peak-lr = 1e-3

[instruction]
steps = 4
warmup = 0
peak-lr = 1e-3

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[tasks.captioning]

[tasks.forecasting]
context = 60
horizon = 20

[evaluation]
resamples = 40
longest-answer = 20
"#;

fn small() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("text.txt", "The cat sat.\n\nThe dog ran, and the cat ran too.\n");
    sandbox.write("small.toml", SMALL);
    sandbox
}

fn rows(dir: &Path) -> Vec<boldface::MetricRow> {
    boldface_tables::metrics::read(&dir.join("metrics.parquet")).unwrap()
}

#[test]
fn smoke_runs_on_real_scans_in_seconds_and_a_second_time_in_less() {
    let sandbox = Sandbox::new();
    let begun = Instant::now();
    let mut plan = plan(&repository("experiments/smoke.toml"));
    plan.study.experiment.runtime.runs = sandbox.path("runs");
    let finished = run(&plan, &Seen::default()).unwrap();
    let first = begun.elapsed();
    let seen = Seen::default();
    let begun = Instant::now();
    let again = run(&plan, &seen).unwrap();
    println!("first run {first:?}, second run {:?}", begun.elapsed());
    for stage in &finished.stages {
        println!("{:24} {:.3} s", stage.stage.name(), stage.seconds);
    }
    assert_eq!(seen.ran(), Vec::<String>::new());
    assert_eq!(rows(&again.dir), rows(&finished.dir));
    // The limits are generous, because other tests run at the same time.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(first < Duration::from_secs(20), "{first:?}");
}

#[test]
fn a_run_leaves_what_it_promises() {
    let sandbox = small();
    let finished = sandbox.run("small.toml", &Seen::default()).unwrap();
    assert_eq!(fs::read_to_string(finished.dir.join("spec.toml")).unwrap(), SMALL);
    let latest = fs::canonicalize(sandbox.path("runs/latest")).unwrap();
    assert_eq!(latest, fs::canonicalize(&finished.dir).unwrap());
    let record: boldface_runner::run::Record =
        serde_json::from_str(&fs::read_to_string(finished.dir.join("plan.json")).unwrap()).unwrap();
    assert_eq!(record.stages.len(), 14);
    for stage in &record.stages {
        assert!(sandbox.path("runs").join(&stage.artefact).join("manifest.json").exists(), "{stage:?}");
    }

    let rows = rows(&finished.dir);
    let has = |stage: &str, plugin: &str, split: &str, against: Option<&str>| {
        rows.iter().any(|row| {
            (&*row.stage, &*row.plugin, &*row.split, row.against.as_deref())
                == (stage, plugin, split, against)
                && row.value.is_some()
        })
    };
    for split in ["validation", "test"] {
        for (task, baselines) in [
            ("condition", &["majority", "fc-logistic"][..]),
            ("captioning", &["majority", "another-person"]),
            ("forecasting", &["persistence", "ar"]),
        ] {
            let (evaluation, baseline) = (format!("evaluation.{task}"), format!("baseline.{task}"));
            assert!(has(&evaluation, "bigram", split, None), "{evaluation} {split}");
            for plugin in baselines {
                assert!(has(&baseline, plugin, split, None), "{baseline} {plugin} {split}");
                assert!(has(&evaluation, "bigram", split, Some(plugin)), "{evaluation} {plugin} {split}");
            }
            for control in ["shuffled", "surrogate", "swap"] {
                assert!(has(&evaluation, control, split, None), "{evaluation} {control} {split}");
                assert!(has(&evaluation, "bigram", split, Some(control)), "{evaluation} {control} {split}");
            }
            let asked_without_a_scan = task != "forecasting";
            assert_eq!(
                has(&evaluation, "text-only", split, None),
                asked_without_a_scan,
                "{evaluation} {split}"
            );
        }
        assert!(has("codes", "quantile", split, None));
    }
    assert!(rows.iter().any(|row| row.metric == "fmri_to_fmri_loss" && row.step == Some(4)));
    // Either part has fewer than ten subjects, so no score has an interval.
    assert!(rows.iter().all(|row| row.low.is_none() && row.high.is_none()));
}

#[test]
fn two_projects_of_one_spec_have_equal_numbers() {
    let (one, two) = (small(), small());
    let (one, two) =
        (one.run("small.toml", &Seen::default()).unwrap(), two.run("small.toml", &Seen::default()).unwrap());
    assert_eq!(rows(&one.dir), rows(&two.dir));
}

#[test]
fn a_change_runs_only_what_depends_on_it() {
    let sandbox = small();
    sandbox.run("small.toml", &Seen::default()).unwrap();
    let after = |old: &str, new: &str| -> BTreeSet<String> {
        assert!(SMALL.contains(old));
        sandbox.write("changed.toml", &SMALL.replace(old, new));
        let seen = Seen::default();
        sandbox.run("changed.toml", &seen).unwrap();
        seen.ran().into_iter().collect()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(after("horizon = 20", "horizon = 20 # volumes"), set(&[]));
    assert_eq!(after("\n[evaluation]", "\n[runtime]\nworkers = 1\n\n[evaluation]"), set(&[]));
    let evaluations = ["evaluation.captioning", "evaluation.condition", "evaluation.forecasting"];
    let baselines = ["baseline.captioning", "baseline.condition", "baseline.forecasting"];
    let scored = [&evaluations[..], &baselines].concat();
    assert_eq!(after("resamples = 40", "resamples = 41"), set(&scored));
    let tuned = [&evaluations[..], &["instruction"]].concat();
    assert_eq!(after("[instruction]\nsteps = 4", "[instruction]\nsteps = 5"), set(&tuned));
    let coded = [&tuned[..], &["tokenizer", "codes", "alignment"]].concat();
    assert_eq!(after("codebook-size = 8", "codebook-size = 9"), set(&coded));
}

#[test]
fn a_damaged_artefact_is_made_again_as_it_was() {
    let sandbox = small();
    let first = sandbox.run("small.toml", &Seen::default()).unwrap();
    let codes = first.stages.iter().find(|stage| stage.stage.name() == "codes").unwrap();
    let file = sandbox.path("runs").join(&codes.artefact).join("codes.safetensors");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let seen = Seen::default();
    let second = sandbox.run("small.toml", &seen).unwrap();
    assert_eq!(seen.ran(), ["codes"]);
    assert_eq!(fs::read(&file).unwrap(), whole);
    assert_eq!(rows(&first.dir), rows(&second.dir));
}

#[test]
fn an_interrupted_run_keeps_what_is_finished() {
    let sandbox = small();
    let seen = Seen::interrupting("alignment");
    let failed = sandbox.run("small.toml", &seen).unwrap_err();
    let Failed::Interrupted { stage, finished, total, dir, saved: None } = &failed else {
        panic!("{failed}")
    };
    assert_eq!((stage.as_str(), *finished, *total), ("alignment", 6, 14));
    assert_eq!(seen.ran(), ["series", "split", "corpus", "text-space", "tokenizer", "codes"]);
    // The run's folder has the numbers of finished stages, and no half-written artefact remains.
    assert!(rows(dir).iter().any(|row| row.stage == "codes"));
    let names = fs::read_dir(sandbox.path("runs/cache")).unwrap().map(|entry| entry.unwrap().file_name());
    let partial = names.filter(|name| name.to_string_lossy().starts_with(".tmp")).count();
    assert_eq!(partial, 0);

    let seen = Seen::default();
    sandbox.run("small.toml", &seen).unwrap();
    assert_eq!(seen.cached(), ["series", "split", "corpus", "text-space", "tokenizer", "codes"]);
    assert_eq!(seen.ran()[0], "alignment");
}

#[test]
fn a_failed_stage_is_named_and_keeps_what_was_before() {
    let sandbox = small();
    // 14 subjects x 20 regions x 4 patches give 1120 means, too few for this codebook.
    sandbox.write("failing.toml", &SMALL.replace("codebook-size = 8", "codebook-size = 100000"));
    let seen = Seen::default();
    let failed = sandbox.run("failing.toml", &seen).unwrap_err();
    assert_eq!(failed.to_string(), "stage `tokenizer` failed in plugin `quantile`");
    let Failed::Stage { source, .. } = failed else { panic!("not a stage") };
    assert!(source.to_string().contains("too few for `codebook-size` = 100000"), "{source}");
    assert_eq!(seen.ran(), ["series", "split", "corpus", "text-space"]);
}

#[test]
fn the_binary_runs_reports_and_repeats_nothing() {
    let sandbox = small();
    let first = sandbox.boldface(&["run", "small.toml"]);
    let said = |output: &std::process::Output| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        format!("{}{}", text(&output.stdout), text(&output.stderr))
    };
    assert!(first.status.success(), "{}", said(&first));
    let table = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(table.contains("fc-logistic") && table.contains("persistence"), "{table}");
    for file in ["report.html", "report.md", "log.jsonl", "metrics.parquet", "plan.json", "spec.toml"] {
        assert!(sandbox.path("runs/latest").join(file).exists(), "{file}");
    }
    let begun = Instant::now();
    let second = sandbox.boldface(&["run", "small.toml"]);
    assert!(second.status.success(), "{}", said(&second));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let plan = sandbox.boldface(&["plan", "small.toml"]);
    assert!(said(&plan).contains("14 stages: 14 cached, 0 to run"), "{}", said(&plan));
}

#[test]
fn a_bad_scan_fails_the_run_by_name_and_loses_nothing() {
    let sandbox = small();
    sandbox.run("small.toml", &Seen::default()).unwrap();
    let scans = |bad: &str| {
        let values = |t: usize| if t == 5 { bad.to_owned() } else { (t as f64).sin().to_string() };
        let rows: Vec<String> = (0..80).map(|t| format!("{}\t{t}", values(t))).collect();
        format!("a\tb\n{}\n", rows.join("\n"))
    };
    for (subject, bad) in [("01", "nan"), ("02", "0.5"), ("03", "nan"), ("04", "0.1")] {
        sandbox.write(&format!("data/sub-{subject}/sub-{subject}_timeseries.tsv"), &scans(bad));
    }
    sandbox.write("data/participants.tsv", "participant_id\nsub-01\nsub-02\nsub-03\nsub-04\n");
    sandbox.write("data/seg-two_dseg.tsv", "index\tname\tnetwork\n1\ta\tX\n2\tb\tY\n");
    let spec = r#"
        [datasets.files]
        type = "series"
        path = "data"
        tr = 2.0

        [signal]
        trs = 80

        [tokenizer]
        type = "quantile"
        patch = 20

        [backbone]
        type = "bigram"

        [tasks.forecasting]
        context = 60
        horizon = 20
    "#;
    sandbox.write("bad.toml", spec);
    let failed = sandbox.boldface(&["run", "bad.toml"]);
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(!failed.status.success(), "{said}");
    assert!(
        said.contains("files/sub-01") && said.contains("files/sub-03") && !said.contains("files/sub-02"),
        "{said}"
    );
    let seen = Seen::default();
    sandbox.run("small.toml", &seen).unwrap();
    assert_eq!(seen.ran(), Vec::<String>::new());
}
