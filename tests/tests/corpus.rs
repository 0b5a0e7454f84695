//! Runs every family of `experiments/corpus.toml` on real scans. Each sentence reads back, and only by
//! its own family.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use boldface::{Answer, Describer, Descriptor, Fact, Outcome, Prediction};
use boldface_runner::plan::Plan;
use boldface_runner::run::{Finished, OutcomeLine, run};
use boldface_tests::{Sandbox, Seen, plan, repository};

/// Returns the plan and the run of the spec, with the whole corpus.
fn whole(sandbox: &Sandbox) -> (Plan, Finished) {
    let mut plan = plan(&repository("experiments/corpus.toml"));
    plan.experiment.runtime.runs = sandbox.path("runs");
    let finished = run(&plan, &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
    (plan, finished)
}

fn folder(sandbox: &Sandbox, finished: &Finished, name: &str) -> PathBuf {
    let stage = finished.stages.iter().find(|stage| stage.stage.name() == name).unwrap();
    sandbox.path("runs").join(&stage.artefact)
}

/// Reads a text with all describers in turn, as the framework does.
fn read(describers: &[Box<dyn Describer>], text: &str) -> Vec<Fact> {
    describers.iter().flat_map(|describer| describer.read(text).unwrap()).collect()
}

#[test]
fn the_whole_corpus_is_read_back_and_a_reference_scores_1() {
    let sandbox = Sandbox::new();
    let (plan, finished) = whole(&sandbox);
    let corpus = folder(&sandbox, &finished, "corpus");
    let load = |entry: &boldface_runner::plan::PlannedPlugin<dyn boldface::CorpusGenerator>| {
        entry.config.load(&corpus.join(&entry.name)).unwrap()
    };
    let describers: Vec<Box<dyn Describer>> = plan.corpora.iter().map(load).collect();
    let descriptors = boldface_tables::descriptors::read(&corpus.join("descriptors.parquet")).unwrap();

    // Every family describes every scan, always by the same features.
    let mut features: BTreeMap<&str, BTreeSet<Vec<&str>>> = BTreeMap::new();
    let mut of_scans: BTreeMap<(&str, String), Vec<&Descriptor>> = BTreeMap::new();
    for said in &descriptors {
        of_scans.entry((&said.corpus, said.scan.to_string())).or_default().push(said);
    }
    assert_eq!(of_scans.len(), 98 * plan.corpora.len());
    for ((corpus, _), said) in &of_scans {
        let list = said.iter().map(|said| said.fact.feature.as_str()).collect();
        features.entry(*corpus).or_default().insert(list);
    }
    assert!(features.values().all(|lists| lists.len() == 1), "{features:?}");

    // A sentence states one fact of its own family.
    let scans: Vec<String> = of_scans.keys().map(|(_, scan)| scan.clone()).take(2).collect();
    for ((_, scan), said) in &of_scans {
        for said in said.iter().filter(|_| scans.contains(scan)) {
            let facts = read(&describers, &said.text);
            let agrees = facts.len() == 1 && facts[0].agrees(&said.fact);
            assert!(agrees, "`{}` says {:?}, and is read as {facts:?}", said.text, said.fact);
        }
    }

    // The captioning task scores 1 if its reference is given as the answer.
    let outcomes = folder(&sandbox, &finished, "baseline.captioning").join("outcomes.jsonl");
    let parse = |line: &str| serde_json::from_str::<OutcomeLine>(line).unwrap().outcome;
    let perfect: Vec<Outcome> = fs::read_to_string(outcomes)
        .unwrap()
        .lines()
        .map(|line| {
            let outcome = parse(line);
            let Answer::Text { reference, .. } = &outcome.example.answer else { panic!("{outcome:?}") };
            let facts = read(&describers, reference);
            let prediction = Prediction::Text { text: reference.clone(), facts };
            Outcome { prediction, ..outcome }
        })
        .collect();
    let of_families = |outcome: &Outcome| {
        let Answer::Text { facts, .. } = &outcome.example.answer else { return 0 };
        let measure = |fact: &Fact| fact.feature.split(['.', '-']).next().unwrap().to_owned();
        facts.iter().map(measure).collect::<BTreeSet<String>>().len()
    };
    assert!(perfect.iter().any(|outcome| of_families(outcome) > 2), "captions tell of several families");
    let task = plan.tasks.iter().find(|task| task.name == "captioning").unwrap();
    let scores = task.config.score(&perfect.iter().collect::<Vec<_>>()).unwrap();
    for name in ["fact_accuracy", "fact_precision", "bleu", "rouge_l"] {
        let score = scores.iter().find(|metric| metric.name == name).unwrap();
        assert!((score.value - 1.0).abs() < 1e-9, "{name}: {}", score.value);
    }

    // The table scores how well the numbers of each family alone predict the condition.
    let rows = boldface_tables::metrics::read(&finished.dir.join("metrics.parquet")).unwrap();
    for corpus in &plan.corpora {
        let plugin = format!("facts ({})", corpus.name);
        assert!(rows.iter().any(|row| row.plugin == plugin && row.metric == "auroc"), "{plugin}");
    }
}
