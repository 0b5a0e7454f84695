//! Asks the same examples in every paradigm: each runs, learns only what it may, and finds the planted
//! effect.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeSet;
use std::path::Path;

use boldface::{Answer, Part, Prediction};
use boldface_runner::run::{Finished, OutcomeLine};
use boldface_tests::asked::{AGE, CONDITION, DATA, answers, key, plan, problems, run, spec};
use boldface_tests::{Sandbox, test_score};

const GROUP: &str = "type = \"classification\"\ntarget = \"group\"\nclasses = [\"a\", \"b\"]\n";

fn metrics(run: &Path, task: &str) -> BTreeSet<String> {
    let rows = boldface_tables::metrics::read(&run.join("metrics.parquet")).unwrap();
    let stage = format!("evaluation.{task}");
    let own =
        rows.into_iter().filter(|row| row.stage == stage && row.plugin == "bigram" && row.against.is_none());
    own.map(|row| row.metric).collect()
}

#[test]
fn one_experiment_asks_in_every_way() {
    let sandbox = Sandbox::new();
    sandbox.write("words.toml", "question = [\"{question}\", \"{target}?\", \"Which {target}?\"]");
    let text = spec(&[
        ("age", AGE, ""),
        ("age-bins", AGE, "edges = [0, 40, 80]"),
        ("asked", CONDITION, "prompts = \"words.toml\""),
        ("both-condition", CONDITION, "paradigm = \"multi\""),
        ("both-group", GROUP, "paradigm = \"multi\""),
        ("few", CONDITION, "shots = 3"),
        ("open", CONDITION, "paradigm = \"open\""),
        ("probe", CONDITION, "paradigm = \"probe\""),
        ("probe-age", AGE, "paradigm = \"probe\""),
    ]);
    let finished = run(&sandbox, &text);
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<BTreeSet<String>>();
    let choice = names(&["accuracy", "balanced_accuracy", "auroc", "macro_f1", "log_loss"]);
    for task in ["asked", "both-condition", "both-group", "few", "probe"] {
        assert!(metrics(&finished.dir, task).is_superset(&choice), "{task}");
    }
    for task in ["age", "age-bins", "probe-age"] {
        assert!(metrics(&finished.dir, task).is_superset(&names(&["mae", "r2"])), "{task}");
    }
    let open = metrics(&finished.dir, "open");
    assert!(open.is_superset(&names(&["accuracy", "parsed_share"])), "{open:?}");
    assert!(open.is_disjoint(&names(&["auroc", "log_loss"])), "{open:?}");

    // An open answer is the generated text, and a number from bins lies between the bins' centres.
    for answered in &answers(&sandbox, &finished, "evaluation.open")["bigram"] {
        assert!(matches!(answered.outcome.prediction, Prediction::Open { .. }), "{answered:?}");
    }
    for answered in &answers(&sandbox, &finished, "evaluation.age-bins")["text-only"] {
        let Prediction::Value { value } = answered.outcome.prediction else { panic!("{answered:?}") };
        assert!((20.0..=60.0).contains(&value));
    }
    // Probes and ridge regressions add nothing to the training, and a probe reads the model as it was
    // before.
    let tuned = finished.stages.iter().find(|record| record.stage.name() == "instruction").unwrap();
    let taught = tuned.stage.config["tasks"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(taught, names(&["age-bins", "asked", "both-condition", "both-group", "few", "open"]));
    let inputs = |task: &str| {
        let stage = format!("evaluation.{task}");
        finished.stages.iter().find(|record| record.stage.name() == stage).unwrap().stage.inputs.clone()
    };
    assert!(inputs("age").contains(&"instruction".to_owned()));
    assert!(!inputs("probe").contains(&"instruction".to_owned()));
}

#[test]
fn a_probe_and_a_ridge_find_what_is_planted_and_nothing_in_permuted_labels() {
    let tasks = [("age", AGE, ""), ("probe", CONDITION, "paradigm = \"probe\"")];
    let sandbox = Sandbox::new();
    let found = run(&sandbox, &spec(&tasks)).dir;
    let auroc = test_score(&found, "probe", "bigram", "auroc");
    let r2 = test_score(&found, "age", "bigram", "r2");
    let mae = test_score(&found, "age", "bigram", "mae");
    println!("planted: AUROC {auroc:.3}, R2 {r2:.3}, MAE {mae:.2} years");
    assert!(auroc > 0.9 && r2 > 0.4 && mae < 14.0);
    // The question alone carries no information, so the answer is the mean.
    assert!((test_score(&found, "age", "text-only", "mae") - 20.0).abs() < 2.0);
    assert_eq!(test_score(&found, "probe", "text-only", "auroc"), 0.5);
    // Other people's scans carry none either. There are 24 test scans, as below.
    let swapped = test_score(&found, "probe", "swap", "auroc");
    assert!((swapped - 0.5).abs() < 3.0 * 0.12, "{swapped}");
    assert!(test_score(&found, "age", "swap", "mae") > 16.0);
    // Surrogates have other phases, which is where the classes differ, and shuffling destroys the wave.
    let surrogate = test_score(&found, "probe", "surrogate", "auroc");
    assert!((surrogate - 0.5).abs() < 3.0 * 0.12, "{surrogate}");
    assert!(test_score(&found, "age", "shuffled", "mae") > mae);

    let permuted = spec(&tasks).replace("response = 1.5", "response = 1.5\npermute-labels = true");
    let nothing = run(&sandbox, &permuted).dir;
    let auroc = test_score(&nothing, "probe", "bigram", "auroc");
    let r2 = test_score(&nothing, "age", "bigram", "r2");
    println!("permuted: AUROC {auroc:.3}, R2 {r2:.3}");
    // 24 test scans, 12 per class: at chance, the SD of an AUROC is sqrt(25 / (12 * 12 * 12)) = 0.12.
    assert!((auroc - 0.5).abs() < 3.0 * 0.12 && r2 < 0.2);
}

#[test]
fn a_task_that_is_held_out_has_no_lesson() {
    let sandbox = Sandbox::new();
    let without = plan(&sandbox, &spec(&[("group", GROUP, "")]));
    let held_out =
        plan(&sandbox, &spec(&[("condition", CONDITION, "held-out = true"), ("group", GROUP, "")]));
    let taught = plan(&sandbox, &spec(&[("condition", CONDITION, ""), ("group", GROUP, "")]));
    assert_eq!(key(&held_out, "instruction"), key(&without, "instruction"));
    assert_ne!(key(&taught, "instruction"), key(&without, "instruction"));
    // The model is asked the held-out task like any other, although it was never trained on it.
    let finished = run(&sandbox, &spec(&[("condition", CONDITION, "held-out = true"), ("group", GROUP, "")]));
    let asked = |task: &str| -> Vec<_> {
        let answers = answers(&sandbox, &finished, &format!("evaluation.{task}"));
        answers["bigram"].iter().map(|answer| answer.outcome.scan.clone()).collect()
    };
    assert_eq!(asked("condition"), asked("group"));
    assert!(metrics(&finished.dir, "condition").contains("accuracy"));
    // Without a task to learn there is no instruction tuning.
    let alone = plan(&sandbox, &spec(&[("condition", CONDITION, "held-out = true")]));
    assert!(alone.stages.iter().all(|stage| stage.name() != "instruction"));
}

#[test]
fn keys_change_with_what_matters_and_only_then() {
    let sandbox = Sandbox::new();
    sandbox.write("words.toml", "question = [\"{question}\", \"{target}?\"]");
    let of = |keys: &str| {
        let plan = plan(&sandbox, &spec(&[("condition", CONDITION, keys)]));
        let name = |stage: &str| {
            plan.stages.iter().find(|found| found.name() == stage).map(|found| found.key.0.clone())
        };
        ["instruction", "baseline.condition", "evaluation.condition"].map(name)
    };
    let plain = of("");
    assert_eq!(of("paradigm = \"single\"\nheld-out = false"), plain);
    // Few shots change the training data of every stage, and paraphrases only those of the model. A file
    // counts by its content.
    let (shots, words) = (of("shots = 4"), of("prompts = \"words.toml\""));
    assert!((0..3).all(|stage| shots[stage] != plain[stage]));
    assert_eq!([0, 1, 2].map(|stage| words[stage] == plain[stage]), [false, true, false]);
    sandbox.write("words.toml", "question = [\"{question}\", \"Which {target}?\"]");
    assert_ne!(of("prompts = \"words.toml\"")[0], words[0]);
    sandbox.write("same.toml", "question = [\"{question}\", \"Which {target}?\"]");
    assert_eq!(of("prompts = \"same.toml\""), of("prompts = \"words.toml\""));
}

#[test]
fn few_shots_are_what_all_learn_from() {
    // This includes the baseline: with one shot per class, it knows one scan of each class.
    let sandbox = Sandbox::new();
    let lopsided = DATA.replace("classes = [\"20\", \"60\"]", "classes = [\"20\", \"60\", \"70\"]");
    let classes = CONDITION.replace("\"60\"]", "\"60\", \"70\"]");
    let finished = run(&sandbox, &format!("{lopsided}\n[tasks.condition]\n{classes}shots = 1\n"));
    for answered in &answers(&sandbox, &finished, "baseline.condition")["majority"] {
        let Prediction::Choice { probabilities } = &answered.outcome.prediction else {
            panic!("{answered:?}")
        };
        assert!(probabilities.iter().all(|share| (share - 1.0 / 3.0).abs() < 1e-9), "{probabilities:?}");
        let Answer::Choice { options, .. } = &answered.outcome.example.answer else { panic!("{answered:?}") };
        assert_eq!(options.len(), 3);
        assert_ne!(answered.part, Part::Train);
    }
}

#[test]
fn what_cannot_be_asked_is_said_before_anything_runs() {
    use expect_test::expect;
    expect![[r#"
        tasks.alone.paradigm: no other task is `multi`; a prompt of one question is `single`; set `multi` in another task too
        tasks.future.paradigm: its answers are volumes, which cannot be asked this way; remove `paradigm`
        tasks.number.held-out: a ridge regression learns from training scans: it cannot be zero-shot; list `edges` of bins, which a model can rank
        tasks.number.held-out: `alone` teaches the model `condition` too: this is not zero-shot; hold both out, or ask them in two experiments
        tasks.rare.shots: only 30 scans are `20`, fewer than 40 shots; lower `shots`; only training scans count
        tasks.zero.held-out: a task that is held out learns from no shots; remove `shots` for zero-shot, or `held-out` for few-shot
    "#]].assert_eq(&problems(&spec(&[
        ("alone", CONDITION, "paradigm = \"multi\""),
        ("future", "type = \"forecasting\"\ncontext = 40\nhorizon = 40\n", "paradigm = \"probe\""),
        ("number", AGE, "held-out = true"),
        ("rare", CONDITION, "shots = 40"),
        ("zero", CONDITION, "held-out = true\nshots = 2"),
    ])));
    expect![[r#"
        tasks.unseen.held-out: `taught` teaches the model `condition` too: this is not zero-shot; hold both out, or ask them in two experiments
        tasks.worded.prompts: cannot read `prompts/none.toml`: No such file or directory (os error 2); a path is relative to the spec: this one is `experiments/prompts/none.toml`
    "#]].assert_eq(&problems(&spec(&[
        ("taught", CONDITION, ""),
        ("unseen", CONDITION, "held-out = true"),
        ("worded", CONDITION, "prompts = \"prompts/none.toml\""),
    ])));
    expect![[r#"
        tasks.misspelt.held_out: unknown field `held_out`, expected one of `target`, `classes`, `missing`, `others`, `question`; did you mean `held-out`?
        tasks.strange.paradigm: unknown value `probing`, expected one of `single`, `multi`, `open`, `probe`; did you mean `probe`?
    "#]].assert_eq(&problems(&spec(&[
        ("misspelt", CONDITION, "held_out = true"),
        ("strange", GROUP, "paradigm = \"probing\""),
    ])));
}

#[test]
fn a_prior_is_corrected_by_a_model_that_knows_more_and_kept_otherwise() {
    let sandbox = Sandbox::new();
    let auroc = |finished: &Finished, plugin: &str| test_score(&finished.dir, "condition", plugin, "auroc");
    let spec =
        |data: &str| format!("{data}\n[tasks.condition]\n{CONDITION}paradigm = \"probe\"\nprior = \"fc\"\n");

    // The classes differ in the phase of a wave: the codes show it, and correlations do not.
    let finished = run(&sandbox, &spec(DATA));
    let (both, model, prior) =
        (auroc(&finished, "bigram"), auroc(&finished, "without-prior"), auroc(&finished, "fc-logistic"));
    assert!(model > 0.9 && prior < 0.75, "{model} {prior}");
    assert!(both > prior + 0.15, "{both} {model} {prior}");

    // They differ in coupling, which a bigram of codes cannot see.
    let coupled = DATA.replace("effect = 0.0", "effect = 1.5").replace("response = 1.5", "response = 0.0");
    let finished = run(&sandbox, &spec(&coupled));
    let told = answers(&sandbox, &finished, "evaluation.condition");
    let baselines = answers(&sandbox, &finished, "baseline.condition");
    let shares = |answers: &[OutcomeLine]| -> Vec<Prediction> {
        answers.iter().map(|answer| answer.outcome.prediction.clone()).collect()
    };
    assert!(auroc(&finished, "bigram") > 0.9);
    assert_eq!(shares(&told["bigram"]), shares(&baselines["fc-logistic"]), "the prior, to the bit");
    // The controls keep the prior too, so the verdict is about what the model adds.
    assert_eq!(shares(&told["swap"]), shares(&told["bigram"]));
    assert_ne!(shares(&told["without-prior"]), shares(&told["bigram"]));
}

#[test]
fn a_prior_that_does_not_fit_is_said_before_anything_runs() {
    let mut text = spec(&[
        ("open", CONDITION, "paradigm = \"open\"\nprior = \"fc-flat\""),
        ("forecasting", "context = 40\nhorizon = 20\n", "prior = \"tangent\""),
    ]);
    assert_eq!(
        problems(&text),
        "tasks.open.prior: a sentence has no probabilities that could correct a prior; use another `paradigm`, or \
         remove `prior`\n\
         tasks.forecasting.prior: a linear baseline answers with a class or a number, and this task asks for neither; \
         remove `prior`\n"
    );
    text = spec(&[("condition", CONDITION, "prior = \"fc\"")])
        .replace("test = 0.4", "folds = 3\nvalidation = 0");
    assert_eq!(
        problems(&text),
        "tasks.condition.prior: how much the model corrects its prior is chosen on validation subjects, and there are \
         none; set `[split] validation` above 0, or remove `prior`\n"
    );
    let message = problems(&spec(&[("condition", CONDITION, "prior = \"fc-flatt\"")]));
    assert!(message.contains("fc-flat"), "{message}");
}
