//! Ordered answers: numbers whose near bins count, and bands of facts with their frequencies.

use boldface::Prediction;
use boldface_runner::plan::Plan;
use boldface_runner::run::OutcomeLine;
use boldface_tests::Sandbox;
use boldface_tests::asked::{AGE, CONDITION, DATA, answers, key, plan, problems, run, spec};

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
    let (plain, corrected) = (plan(&sandbox, &of("")), plan(&sandbox, &of("frequencies = \"natural\"")));
    let stages = |plan: &Plan| plan.stages.iter().map(|stage| stage.name()).collect::<Vec<_>>();
    assert_eq!(stages(&plain), stages(&corrected));
    // Only the evaluation has another key.
    for stage in stages(&plain) {
        let is_same = key(&plain, &stage) == key(&corrected, &stage);
        assert_eq!(is_same, stage != "evaluation.couplings", "{stage}");
    }

    let kinds = ["", "frequencies = \"natural\"", "frequencies = \"equal\""];
    let [plain, corrected, equal] = kinds.map(|keys| {
        let finished = run(&sandbox, &of(keys));
        answers(&sandbox, &finished, "evaluation.couplings")
    });
    assert_eq!(
        plain["bigram"].iter().map(|answered| &answered.outcome).collect::<Vec<_>>(),
        corrected["without-frequencies"].iter().map(|answered| &answered.outcome).collect::<Vec<_>>()
    );
    // Most facts are typical, so the middle of the bands gains from natural frequencies and loses by equal ones.
    let middle = |answers: &[OutcomeLine]| -> f64 {
        let share = |answered: &OutcomeLine| {
            let Prediction::Choice { probabilities } = &answered.outcome.prediction else { panic!() };
            assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            probabilities[probabilities.len() / 2]
        };
        answers.iter().map(share).sum::<f64>() / answers.len() as f64
    };
    for plugin in ["bigram", "swap"] {
        let [before, after, rarer] = [&plain, &corrected, &equal].map(|answers| middle(&answers[plugin]));
        assert!(after > before && before > rarer, "{plugin}: {before} {after} {rarer}");
    }
}

#[test]
fn captions_of_facts_get_the_frequencies_of_their_bands() {
    let sandbox = Sandbox::new();
    let of =
        |keys: &str| format!("{}\n[tasks.captioning]\ndecoding = \"asked\"\nfacts = 3\n{keys}\n", told());
    let (plain, corrected) = (plan(&sandbox, &of("")), plan(&sandbox, &of("frequencies = \"natural\"")));
    assert_eq!(plain.stages.len(), corrected.stages.len());
    for stage in plain.stages.iter().map(|stage| stage.name()) {
        let is_same = key(&plain, &stage) == key(&corrected, &stage);
        assert_eq!(is_same, stage != "evaluation.captioning", "{stage}");
    }
    let finished = run(&sandbox, &of("frequencies = \"natural\""));
    let told = answers(&sandbox, &finished, "evaluation.captioning");
    // The model's own captions are those of a task without the key.
    let predictions = |answers: &[OutcomeLine]| -> Vec<Prediction> {
        answers.iter().map(|answered| answered.outcome.prediction.clone()).collect()
    };
    let plain = answers(&sandbox, &run(&sandbox, &of("")), "evaluation.captioning");
    assert_eq!(predictions(&told["without-frequencies"]), predictions(&plain["bigram"]));
    assert!(!plain.contains_key("without-frequencies"));
    for answered in &told["bigram"] {
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
        tasks.zero.held-out: training asks for the facts of the corpora whatever tasks there are, so this would hold nothing out; remove it; `[facts] held-out = ["coupling.A-*"]` keeps features out of training
        tasks.zero-captions.held-out: training asks for the facts of the corpora whatever tasks there are, so this would hold nothing out; remove it; `[facts] held-out = ["coupling.A-*"]` keeps features out of training
    "#]]
    .assert_eq(&problems(&tasks(&[
        ("drawn", COUPLINGS, "answer-sd = 1"),
        ("few", COUPLINGS, "shots = 2"),
        ("few-captions", "type = \"captioning\"\n", "shots = 2"),
        ("free", "type = \"captioning\"\ndecoding = \"free\"\n", "frequencies = \"natural\""),
        ("joint", FACTS, "paradigm = \"multi\""),
        ("open", FACTS, "paradigm = \"open\""),
        ("prior", COUPLINGS, "prior = \"fc\""),
        ("probe", COUPLINGS, "paradigm = \"probe\""),
        ("zero", COUPLINGS, "held-out = true"),
        ("zero-captions", "type = \"captioning\"\n", "held-out = true"),
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
        tasks.narrow.answer-sd: 0.2 changes almost nothing: at most 0.80% of drawn answers leave the narrowest bin of 20 years; raise it to about half a bin, or remove it to learn the true bin only
        tasks.negative.answer-sd: -1 is not a finite number above 0; give it in the unit of `edges`, such as 5 for 5 years, or remove it to learn the true bin only
        tasks.probe.answer-sd: `answer-sd` acts in instruction tuning, which leaves this task out; remove `answer-sd`, or `held-out` and `paradigm = "probe"`
        tasks.ridge.answer-sd: a ridge regression learns the numbers as they are; list `edges` of bins, or remove `answer-sd`
        tasks.wide.answer-sd: 80 is not below the range of all bins, 80 years; lower it: the first and last bins would be nearly all answers
    "#]]
    .assert_eq(&problems(&spec(&[
        ("bands", CONDITION, "frequencies = \"natural\""),
        ("classes", CONDITION, "answer-sd = 5"),
        ("narrow", BINS, "answer-sd = 0.2"),
        ("negative", BINS, "answer-sd = -1"),
        ("probe", BINS, "answer-sd = 5\nparadigm = \"probe\""),
        ("ridge", AGE, "answer-sd = 5"),
        ("wide", BINS, "answer-sd = 80"),
    ])));
    expect![[r#"
        tasks.unseen.answer-sd: `answer-sd` acts in instruction tuning, which leaves this task out; remove `answer-sd`, or `held-out` and `paradigm = "probe"`
    "#]]
    .assert_eq(&problems(&spec(&[("unseen", BINS, "answer-sd = 5\nheld-out = true")])));
    let nothing = "\n[tasks.couplings]\ntype = \"facts\"\nfrequencies = \"equal\"\n";
    let untaught = DATA.replace("[tokenizer]", "[corpora.connectivity]\n\n[tokenizer]");
    let untaught = untaught.replace("steps = 6\n", "steps = 6\nrehearsal = 0\n");
    expect![[r#"
        tasks.couplings.frequencies: training asks no questions about facts, so there is nothing to correct; set `questions` and `facts` of `[alignment]` above 0, or remove `frequencies`
    "#]]
    .assert_eq(&problems(&(untaught + nothing)));
}
