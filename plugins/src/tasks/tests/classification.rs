//! Tests of questions, ranking and scores for a phenotype.

use boldface::serde_json::json;
use boldface::{Answer, Outcome, Prediction, ScanInfo, Task, Window};
use expect_test::expect;

use super::{check, info, outcome, scan, score, task};

fn condition() -> Box<dyn Task> {
    task("classification", &json!({"target": "condition", "classes": ["passive", "up"]}))
}

fn answered(subject: &str, correct: usize, probabilities: &[f64]) -> Outcome {
    let options = vec!["passive".to_owned(), "up".to_owned()];
    let prediction = Prediction::Choice { probabilities: probabilities.to_vec() };
    outcome(subject, Answer::Choice { options, correct }, prediction)
}

#[test]
fn the_whole_crop_is_shown_and_the_value_asked_for() {
    let examples = condition().examples(&scan(info("1", &[("condition", "up")]))).unwrap();
    assert_eq!(examples.len(), 1);
    assert_eq!(examples[0].window, Window::first(12));
    assert_eq!(examples[0].question, "What is the condition of this scan?");
    let options = vec!["passive".to_owned(), "up".to_owned()];
    assert_eq!(examples[0].answer, Answer::Choice { options, correct: 1 });
}

#[test]
fn a_scan_that_does_not_fit_is_an_error_or_left_out() {
    let (without, down) = (scan(info("1", &[("sex", "F")])), scan(info("1", &[("condition", "down")])));
    let said = |scan| condition().examples(scan).unwrap_err().to_string();
    assert_eq!(said(&without), "`pain/sub-1` has no `condition`");
    assert_eq!(said(&down), "`condition` of `pain/sub-1` is `down`, not one of the classes `passive`, `up`");
    let skipping =
        json!({"target": "condition", "classes": ["passive", "up"], "missing": "skip", "others": "skip"});
    let skipping = task("classification", &skipping);
    assert!(skipping.examples(&without).unwrap().is_empty());
    assert!(skipping.examples(&down).unwrap().is_empty());
}

#[test]
fn scores() {
    // Scans 1, 2 and 4 are right. Recall is 1 of 1 for class 0 and 2 of 3 for class 1.
    let outcomes = [
        answered("1", 0, &[0.75, 0.25]),
        answered("2", 1, &[0.25, 0.75]),
        answered("3", 1, &[0.5, 0.5]),
        answered("4", 1, &[0.125, 0.875]),
    ];
    let scores = score(&*condition(), &outcomes);
    assert_eq!(scores["accuracy"], 0.75);
    assert!((scores["balanced_accuracy"] - 5.0 / 6.0).abs() < 1e-12);
    // Every `up` has a higher probability of `up` than the only `passive`, although one answer is
    // wrong.
    assert_eq!(scores["auroc"], 1.0);
    // F1 of class 0: 2 * 1 / (1 + 2); of class 1: 2 * 2 / (3 + 2).
    assert!((scores["macro_f1"] - (2.0 / 3.0 + 0.8) / 2.0).abs() < 1e-12);
    let nats = -(0.75f64.ln() + 0.75f64.ln() + 0.5f64.ln() + 0.875f64.ln()) / 4.0;
    assert!((scores["log_loss"] - nats).abs() < 1e-12);
    // Squared distances from the truth: .0625 + .0625 + .25 + .015625, over 4.
    assert!((scores["brier"] - 0.390_625 / 4.0).abs() < 1e-12);
    // Confidences .75 and .75 (both right), .5 (wrong) and .875 (right): (2 * .25 + .5 + .125) / 4.
    assert!((scores["ece"] - 0.281_25).abs() < 1e-12);
    // A single class has no AUROC.
    assert!(score(&*condition(), &outcomes[1..])["auroc"].is_nan());
}

#[test]
fn what_is_no_answer_is_an_error() {
    let error = |outcome: Outcome| condition().score(&[&outcome]).unwrap_err().to_string();
    expect!["`pain/sub-1` needs 2 probabilities: [1.0]"].assert_eq(&error(answered("1", 0, &[1.0])));
    expect!["`pain/sub-1` needs 2 probabilities: [NaN, 1.0]"].assert_eq(&error(answered(
        "1",
        0,
        &[f64::NAN, 1.0],
    )));
    let text = Prediction::Text { text: "up".to_owned(), facts: Vec::new() };
    let strange = outcome("1", answered("1", 0, &[]).example.answer, text);
    expect!["`pain/sub-1` was not answered with a choice"].assert_eq(&error(strange));
}

#[test]
fn problems() {
    let scans = |values: &[&str]| -> Vec<ScanInfo> {
        let scan = |(i, value): (usize, &&str)| info(&i.to_string(), &[("condition", value), ("sex", "F")]);
        values.iter().enumerate().map(scan).collect()
    };
    let problems = |table, values: &[&str]| check(&*task("classification", &table), &scans(values));
    let both = json!({"target": "condition", "classes": ["passive", "up"]});
    assert_eq!(problems(both.clone(), &["up", "up", "passive", "passive"]), "");
    expect![[r#"
        classes: class `passive` occurs in one subject only: it cannot be in both training and test; leave the class out or add subjects"#]]
    .assert_eq(&problems(both.clone(), &["up", "up", "passive"]));
    expect![[r#"
        classes: `condition` takes the value `down`, which is not a class; add `down` to `classes`, or leave such scans out with `others = "skip"`
        classes: no scan has `passive` as its `condition`; leave the class out or add subjects"#]]
    .assert_eq(&problems(both, &["up", "up", "down", "down"]));
    expect!["target: no scan has a value for `conditon`; columns are: condition, sex"]
        .assert_eq(&problems(json!({"target": "conditon", "classes": ["up", "passive"]}), &["up"]));
    expect![[r#"
        classes: there is nothing to choose between; list every value that the target takes
        classes: a class is listed twice; list each class once"#]]
    .assert_eq(&problems(json!({"target": "condition", "classes": ["up", "up"]}), &["up", "up"]));
    let none = check(&*condition(), &[info("1", &[])]);
    expect!["target: no scan has a value for `condition`; the dataset has no participants, sessions or scans table"]
        .assert_eq(&none);
    // Two runs of one person count as one subject.
    let runs = [info("1", &[("condition", "up")]), info("1", &[("condition", "up")])];
    assert!(check(&*condition(), &runs).contains("class `up` occurs in one subject only"));
}
