//! Ordered answers: numbers whose near bins count, and bands of facts with their frequencies.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
use std::fs;

use boldface::Prediction;
use boldface_runner::plan::{Build, Offer, Plan, no_libraries, resolve};
use boldface_runner::run::{Finished, OutcomeLine};
use boldface_tests::{Sandbox, Seen, repository, test_score};

/// Simulated scans whose classes are numbers. The codes show the phase of a wave that depends on the
/// class.
const DATA: &str = r#"
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

const CONDITION: &str = "type = \"classification\"\ntarget = \"condition\"\nclasses = [\"20\", \"60\"]\n";
const AGE: &str = "type = \"regression\"\ntarget = \"condition\"\nunit = \"years\"\n";

fn spec(tasks: &[(&str, &str, &str)]) -> String {
    let tables = tasks.iter().map(|(name, table, keys)| format!("\n[tasks.{name}]\n{table}{keys}\n"));
    DATA.to_owned() + &tables.collect::<String>()
}

fn run(sandbox: &Sandbox, text: &str) -> Finished {
    sandbox.write("spec.toml", text);
    sandbox.run("spec.toml", &Seen::default()).unwrap()
}

fn plan(sandbox: &Sandbox, text: &str) -> Plan {
    sandbox.write("spec.toml", text);
    sandbox.plan("spec.toml")
}

fn problems(text: &str) -> String {
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    let folder = repository("experiments").join("spec.toml");
    let found = resolve(&folder, text, &build).unwrap_err();
    let told: String = found.iter().map(|located| format!("{}\n", located.problem)).collect();
    told.replace(&repository("experiments").display().to_string(), "experiments")
}

/// Returns the answers of an evaluation, by answerer.
fn answers(sandbox: &Sandbox, finished: &Finished, stage: &str) -> BTreeMap<String, Vec<OutcomeLine>> {
    let record = finished.stages.iter().find(|record| record.stage.name() == stage).unwrap();
    let path = sandbox.path("runs").join(&record.artefact).join("outcomes.jsonl");
    let mut by: BTreeMap<String, Vec<OutcomeLine>> = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let answered: OutcomeLine = serde_json::from_str(line).unwrap();
        by.entry(answered.plugin.clone()).or_default().push(answered);
    }
    by
}

fn key(plan: &Plan, stage: &str) -> String {
    plan.stages.iter().find(|found| found.name() == stage).unwrap().key.0.clone()
}

const BINS: &str =
    "type = \"regression\"\ntarget = \"condition\"\nunit = \"years\"\nedges = [0, 30, 50, 80]\n";

#[test]
fn near_bins_are_taught_and_the_truth_stays() {
    let sandbox = Sandbox::new();
    let of = |keys: &str| spec(&[("age", BINS, keys)]);
    let (plain, drawn) = (plan(&sandbox, &of("")), plan(&sandbox, &of("answer-sd = 10")));
    assert_ne!(key(&plain, "instruction"), key(&drawn, "instruction"));
    assert_eq!(key(&plain, "baseline.age"), key(&drawn, "baseline.age"));

    let told = ["", "answer-sd = 10"].map(|keys| {
        let finished = run(&sandbox, &of(keys));
        let told = answers(&sandbox, &finished, "evaluation.age").remove("bigram").unwrap();
        told.into_iter().map(|answered| (answered.outcome.example, answered.outcome.prediction))
    });
    let [(truths, plain), (same, drawn)] = told.map(|told| told.unzip::<_, _, Vec<_>, Vec<_>>());
    assert_eq!(truths, same);
    assert_ne!(plain, drawn);
}

/// The spec without tasks, with a corpus and an alignment that asks for its facts.
fn told() -> String {
    let data = DATA.replace("[tokenizer]", "[corpora.connectivity]\n\n[tokenizer]");
    data + "\n[alignment]\nsteps = 20\nwarmup = 0\npeak-lr = 1e-3\nquestions = 1\ntext-to-text = 0\n"
}

#[test]
fn bands_get_their_frequencies_again() {
    let sandbox = Sandbox::new();
    let of = |keys: &str| format!("{}\n[tasks.couplings]\ntype = \"facts\"\n{keys}\n", told());
    let (plain, corrected) = (plan(&sandbox, &of("")), plan(&sandbox, &of("frequencies = true")));
    let stages = |plan: &Plan| plan.stages.iter().map(|stage| stage.name()).collect::<Vec<_>>();
    assert_eq!(stages(&plain), stages(&corrected));
    // Only the evaluation has another key, and a default changes nothing.
    for stage in stages(&plain) {
        let is_same = key(&plain, &stage) == key(&corrected, &stage);
        assert_eq!(is_same, stage != "evaluation.couplings", "{stage}");
    }
    assert_eq!(
        key(&plan(&sandbox, &of("frequencies = false")), "evaluation.couplings"),
        key(&plain, "evaluation.couplings")
    );

    let [plain, corrected] = ["", "frequencies = true"].map(|keys| {
        let finished = run(&sandbox, &of(keys));
        answers(&sandbox, &finished, "evaluation.couplings")
    });
    assert_eq!(
        plain["bigram"].iter().map(|answered| &answered.outcome).collect::<Vec<_>>(),
        corrected["without-frequencies"].iter().map(|answered| &answered.outcome).collect::<Vec<_>>()
    );
    // Most facts are typical, so the middle of the bands gains.
    let middle = |answers: &[OutcomeLine]| -> f64 {
        let share = |answered: &OutcomeLine| {
            let Prediction::Choice { probabilities } = &answered.outcome.prediction else { panic!() };
            assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            probabilities[probabilities.len() / 2]
        };
        answers.iter().map(share).sum::<f64>() / answers.len() as f64
    };
    for plugin in ["bigram", "swap"] {
        let (before, after) = (middle(&plain[plugin]), middle(&corrected[plugin]));
        assert!(after > before, "{plugin}: {before} {after}");
    }
}

#[test]
fn captions_of_facts_get_the_frequencies_of_their_bands() {
    let sandbox = Sandbox::new();
    let of =
        |keys: &str| format!("{}\n[tasks.captioning]\ndecoding = \"asked\"\nfacts = 3\n{keys}\n", told());
    let (plain, corrected) = (plan(&sandbox, &of("")), plan(&sandbox, &of("frequencies = true")));
    assert_eq!(plain.stages.len(), corrected.stages.len());
    for stage in plain.stages.iter().map(|stage| stage.name()) {
        let is_same = key(&plain, &stage) == key(&corrected, &stage);
        assert_eq!(is_same, stage != "evaluation.captioning", "{stage}");
    }
    let finished = run(&sandbox, &of("frequencies = true"));
    let accuracy = test_score(&finished.dir, "captioning", "bigram", "fact_accuracy");
    assert!((0.0..=1.0).contains(&accuracy), "{accuracy}");
    for answered in &answers(&sandbox, &finished, "evaluation.captioning")["bigram"] {
        let Prediction::Text { facts, .. } = &answered.outcome.prediction else { panic!("{answered:?}") };
        assert!((1..=3).contains(&facts.len()), "{answered:?}");
    }
}

const FACTS: &str = "type = \"facts\"\n";
const COUPLINGS: &str = "type = \"facts\"\nfeatures = [\"coupling.*\", \"graph.*-Vis\"]\n";

#[test]
fn keys_that_facts_cannot_have_are_said_before_anything_runs() {
    use expect_test::expect;
    let tasks = |tasks: &[(&str, &str, &str)]| {
        let tables = tasks.iter().map(|(name, table, keys)| format!("\n[tasks.{name}]\n{table}{keys}\n"));
        told() + &tables.collect::<String>()
    };
    expect![[r#"
        tasks.drawn.answer-sd: `answer-sd` needs a task that answers with a number; remove `answer-sd`
        tasks.few.shots: the model learns facts from all training scans, so only baselines would learn from few; remove `shots`
        tasks.few-captions.shots: the model learns facts from all training scans, so only baselines would learn from few; remove `shots`, or set `decoding = "free"`
        tasks.free.frequencies: only answers about facts have bands with frequencies; remove `frequencies`; captions need `decoding = "asked"`
        tasks.joint.paradigm: its answers are bands of facts, which cannot be asked this way; remove `paradigm`
        tasks.open.paradigm: its answers are bands of facts, which cannot be asked this way; remove `paradigm`
        tasks.prior.prior: a linear baseline answers with a class or a number, and this task asks for neither; remove `prior`
        tasks.probe.paradigm: its answers are bands of facts, which cannot be asked this way; remove `paradigm`
    "#]]
    .assert_eq(&problems(&tasks(&[
        ("drawn", COUPLINGS, "answer-sd = 1"),
        ("few", COUPLINGS, "shots = 2"),
        ("few-captions", "type = \"captioning\"\n", "shots = 2"),
        ("free", "type = \"captioning\"\ndecoding = \"free\"\n", "frequencies = true"),
        ("joint", FACTS, "paradigm = \"multi\""),
        ("open", FACTS, "paradigm = \"open\""),
        ("prior", COUPLINGS, "prior = \"fc\""),
        ("probe", COUPLINGS, "paradigm = \"probe\""),
    ])));
    // A single paradigm is what facts have anyway, and free captions learn from few scans.
    let sandbox = Sandbox::new();
    plan(
        &sandbox,
        &tasks(&[
            ("couplings", COUPLINGS, "paradigm = \"single\""),
            ("free", "type = \"captioning\"\ndecoding = \"free\"\n", "shots = 2"),
        ]),
    );
}

#[test]
fn keys_about_ordered_answers_are_for_ordered_answers() {
    use expect_test::expect;
    expect![[r#"
        tasks.bands.frequencies: only answers about facts have bands with frequencies; remove `frequencies`; captions need `decoding = "asked"`
        tasks.classes.answer-sd: `answer-sd` needs a task that answers with a number; remove `answer-sd`
        tasks.negative.answer-sd: -1 is not a finite number above 0; give it in the unit of `edges`, such as 5 for 5 years, or remove it to learn the true bin only
        tasks.probe.answer-sd: `answer-sd` acts in instruction tuning, which leaves this task out; remove `answer-sd`, or `held-out` and `paradigm = "probe"`
        tasks.ridge.answer-sd: a ridge regression learns the numbers as they are; list `edges` of bins, or remove `answer-sd`
        tasks.wide.answer-sd: 80 is not below the range of all bins, 80 years; lower it: the first and last bins would be nearly all answers
    "#]]
    .assert_eq(&problems(&spec(&[
        ("bands", CONDITION, "frequencies = true"),
        ("classes", CONDITION, "answer-sd = 5"),
        ("negative", BINS, "answer-sd = -1"),
        ("probe", BINS, "answer-sd = 5\nparadigm = \"probe\""),
        ("ridge", AGE, "answer-sd = 5"),
        ("wide", BINS, "answer-sd = 80"),
    ])));
    expect![[r#"
        tasks.unseen.answer-sd: `answer-sd` acts in instruction tuning, which leaves this task out; remove `answer-sd`, or `held-out` and `paradigm = "probe"`
    "#]]
    .assert_eq(&problems(&spec(&[("unseen", BINS, "answer-sd = 5\nheld-out = true")])));
    let nothing = "\n[tasks.couplings]\ntype = \"facts\"\nfrequencies = true\n";
    let untaught = DATA.replace("[tokenizer]", "[corpora.connectivity]\n\n[tokenizer]");
    let untaught = untaught.replace("steps = 6\n", "steps = 6\nrehearsal = 0\n");
    expect![[r#"
        tasks.couplings.frequencies: training asks no questions about facts, so there is nothing to correct; set `questions` and `facts` of `[alignment]` above 0, or remove `frequencies`
    "#]]
    .assert_eq(&problems(&(untaught + nothing)));
}
