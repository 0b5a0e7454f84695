//! Tests of questions, checks and scores for a number.

use boldface::serde_json::json;
use boldface::{Answer, Outcome, Prediction, Task, Window};
use expect_test::expect;

use super::{check, info, outcome, scan, score, task};

fn age() -> Box<dyn Task> {
    task("regression", &json!({"target": "age", "unit": "years"}))
}

fn answered(subject: &str, actual: f64, predicted: f64) -> Outcome {
    let answer = Answer::Value { value: actual, unit: "years".to_owned(), edges: Vec::new() };
    outcome(subject, answer, Prediction::Value { value: predicted })
}

#[test]
fn the_number_is_read_from_the_table() {
    let examples = age().examples(&scan(info("1", &[("age", " 31.5 ")]))).unwrap();
    assert_eq!((examples.len(), examples[0].window), (1, Window::first(12)));
    assert_eq!(examples[0].question, "What is the age of this scan?");
    let answer = Answer::Value { value: 31.5, unit: "years".to_owned(), edges: Vec::new() };
    assert_eq!(examples[0].answer, answer);
    let said =
        |phenotype: &[(&str, &str)]| age().examples(&scan(info("1", phenotype))).unwrap_err().to_string();
    assert_eq!(said(&[]), "`pain/sub-1` has no `age`");
    assert_eq!(said(&[("age", "old")]), "`age` of `pain/sub-1` is `old`, not a number");
    assert_eq!(said(&[("age", "inf")]), "`age` of `pain/sub-1` is `inf`, not a number");
    let skipping = task("regression", &json!({"target": "age", "missing": "skip"}));
    assert!(skipping.examples(&scan(info("1", &[]))).unwrap().is_empty());
}

#[test]
fn scores() {
    // Errors 2, 0 and 4; their squares sum to 20, and those around the mean of 30 to 200.
    let outcomes = [answered("1", 20.0, 22.0), answered("2", 30.0, 30.0), answered("3", 40.0, 36.0)];
    let scores = score(&*age(), &outcomes);
    assert_eq!((scores["mae"], scores["r2"]), (2.0, 0.9));
    // Deviations from the means: (-10, 0, 10) and (-22/3, 2/3, 20/3), so r = 140 / sqrt(200 * 888/9).
    assert!((scores["pearson_r"] - 140.0 / (200.0 * 888.0 / 9.0f64).sqrt()).abs() < 1e-12);
    // Predicting the mean for everybody gives no correlation, and one scan has no spread.
    let same = [answered("1", 20.0, 30.0), answered("2", 40.0, 30.0)];
    let scores = score(&*age(), &same);
    assert!(scores["pearson_r"].is_nan() && scores["r2"].abs() < 1e-12 && scores["mae"] == 10.0);
    assert!(score(&*age(), &same[..1])["r2"].is_nan());
    let text = Prediction::Text { text: "30".to_owned(), facts: Vec::new() };
    let strange = outcome("1", answered("1", 0.0, 0.0).example.answer, text);
    let error = age().score(&[&strange]).unwrap_err().to_string();
    assert_eq!(error, "`pain/sub-1` was not answered with a number");
}

#[test]
fn problems() {
    let person = |subject, age| info(subject, &[("age", age)]);
    assert_eq!(check(&*age(), &[person("1", "20"), person("2", "40")]), "");
    expect!["target: no scan has a value for `age`; columns are: sex"]
        .assert_eq(&check(&*age(), &[info("1", &[("sex", "F")])]));
    expect![[r#"target: `age` has no value for `pain/sub-2`; fill the table in, or leave such scans out with `missing = "skip"`"#]].assert_eq(&check(&*age(), &[person("1", "20"), info("2", &[])]));
    expect![[r#"target: `age` of `pain/sub-2` is `n/a `, not a number; correct the table, or leave the cell empty and set `missing = "skip"`"#]].assert_eq(&check(&*age(), &[person("1", "20"), person("2", "n/a ")]));
    expect!["target: `age` is the same in every scan; choose a column that varies"]
        .assert_eq(&check(&*age(), &[person("1", "20"), person("2", "20.0")]));
    let bins = |edges: &[f64]| {
        let task = task("regression", &json!({"target": "age", "edges": edges}));
        check(&*task, &[person("1", "20"), person("2", "40")])
    };
    assert_eq!(bins(&[20.0, 30.0, 40.0]), "");
    expect!["edges: 2 edges do not make two bins; list at least three numbers"]
        .assert_eq(&bins(&[10.0, 50.0]));
    expect!["edges: 50 is followed by 30; list rising numbers"].assert_eq(&bins(&[10.0, 50.0, 30.0]));
    expect![
        "edges: `pain/sub-1` has 20, which is outside all bins; move the first or the last edge outwards"
    ]
    .assert_eq(&bins(&[25.0, 30.0, 40.0]));
}
