//! Tests that the next volumes are predicted and scored by horizon.

use boldface::serde_json::json;
use boldface::{Answer, Outcome, Prediction, Task, TimeSeries, Window};
use expect_test::expect;

use super::{check, info, outcome, scan, score, task};

fn forecasting(context: usize, horizon: usize) -> Box<dyn Task> {
    task("forecasting", &json!({"context": context, "horizon": horizon}))
}

/// An outcome with volumes of two regions.
fn answered(predicted: &[[f32; 2]], actual: &[[f32; 2]]) -> Outcome {
    let series = |volumes: &[[f32; 2]]| TimeSeries::new(volumes.len(), 2, 2.0, volumes.concat()).unwrap();
    let prediction = Prediction::Series { predicted: series(predicted), actual: series(actual) };
    outcome("1", Answer::Series { trs: actual.len() }, prediction)
}

#[test]
fn the_first_volumes_are_shown_and_the_next_asked_for() {
    let examples = forecasting(8, 4).examples(&scan(info("1", &[]))).unwrap();
    assert_eq!(examples[0].window, Window::first(8));
    assert_eq!(examples[0].answer, Answer::Series { trs: 4 });
    let error = forecasting(8, 8).examples(&scan(info("1", &[]))).unwrap_err().to_string();
    assert_eq!(error, "`pain/sub-1` has 12 volumes, but 16 are to be shown and predicted");
}

#[test]
fn error_and_correlation_are_means_over_scans_and_apart_by_volume() {
    let actual = [[1.0, -1.0], [2.0, 0.0], [0.0, 1.0], [1.0, 1.0], [3.0, 1.0]];
    // In one scan all values are too high by 1, in the other their signs are flipped.
    let shifted = actual.map(|volume| volume.map(|x| x + 1.0));
    let negated = actual.map(|volume| volume.map(|x| -x));
    let scores = score(&*forecasting(4, 5), &[answered(&shifted, &actual), answered(&negated, &actual)]);
    // Errors in the second scan are twice the values: |x| sums to 11, x squared to 19, over 10 numbers.
    assert!((scores["mae"] - (1.0 + 2.2) / 2.0).abs() < 1e-12);
    assert!((scores["mse"] - (1.0 + 7.6) / 2.0).abs() < 1e-12);
    assert!(scores["pearson_r"].abs() < 1e-12); // 1 and -1
    // Volume 1: errors 1, 1 and 2, 2. Volume 5: 1, 1 and 6, 2.
    assert!((scores["mse@1"] - (1.0 + 4.0) / 2.0).abs() < 1e-12);
    assert!((scores["mse@5"] - (1.0 + 20.0) / 2.0).abs() < 1e-12);
    assert!(scores["pearson_r@5"].abs() < 1e-12);
    // No score goes beyond the horizon.
    let names: Vec<&str> = scores.keys().map(String::as_str).collect();
    assert_eq!(names, ["mae", "mse", "mse@1", "mse@5", "pearson_r", "pearson_r@1", "pearson_r@5"]);
}

#[test]
fn a_constant_forecast_has_no_correlation_and_a_constant_scan_is_left_out() {
    let actual = [[1.0, -1.0], [2.0, 0.5]];
    let (good, flat) = (answered(&actual, &actual), answered(&[[0.1; 2]; 2], &actual));
    assert!(score(&*forecasting(4, 2), &[good.clone(), flat])["pearson_r"].is_nan());
    let dead = answered(&actual, &[[0.0; 2]; 2]);
    let scores = score(&*forecasting(4, 2), &[good, dead.clone()]);
    assert!((scores["pearson_r"] - 1.0).abs() < 1e-12);
    assert!(score(&*forecasting(4, 2), &[dead])["pearson_r"].is_nan());
}

#[test]
fn another_shape_is_an_error() {
    let error = |outcome: Outcome| forecasting(4, 2).score(&[&outcome]).unwrap_err().to_string();
    expect!["`pain/sub-1` needs 2 volumes: predicted (1, 2), actual (2, 2) (volumes, regions)"]
        .assert_eq(&error(answered(&[[0.0; 2]], &[[0.0; 2]; 2])));
    // Shorter than the task's horizon.
    expect!["`pain/sub-1` needs 2 volumes: predicted (1, 2), actual (1, 2) (volumes, regions)"]
        .assert_eq(&error(answered(&[[0.0; 2]], &[[0.0; 2]])));
    let choice = Prediction::Choice { probabilities: vec![1.0] };
    expect!["`pain/sub-1` was not answered with a series"].assert_eq(&error(outcome(
        "1",
        Answer::Series { trs: 2 },
        choice,
    )));
}

#[test]
fn problems() {
    let problems = |context, horizon| check(&*forecasting(context, horizon), &[]);
    assert_eq!(problems(8, 4), "");
    expect!["context: 7 volumes are not a whole number of patches of 4; use a multiple of 4, such as 4"]
        .assert_eq(&problems(7, 4));
    expect!["horizon: 2 volumes are not a whole number of patches of 4; use a multiple of 4, such as 4"]
        .assert_eq(&problems(8, 2));
    expect![[r#"
        context: 0 volumes; give a number of volumes above 0
        horizon: 0 volumes; give a number of volumes above 0"#]]
    .assert_eq(&problems(0, 0));
    expect![[r#"
        horizon: 8 shown and 8 predicted volumes make 16, but scans are cropped to 12; shorten `context` or `horizon`, or raise the dataset's `trs`"#]]
    .assert_eq(&problems(8, 8));
}
