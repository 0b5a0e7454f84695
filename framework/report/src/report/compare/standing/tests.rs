//! Verdicts about arms and folds, with scores written by hand.

use boldface::MetricRow;
use serde_json::json;

use super::*;
use crate::report::compare::run::Run;
use crate::report::document::TextSpan;

/// Makes a row of the metric `auroc`, for the model or a baseline.
fn row(
    plugin: &str,
    split: &str,
    value: Option<f64>,
    interval: Option<(f64, f64)>,
    against: Option<&str>,
) -> MetricRow {
    let stage = if ["gpt", SWAP].contains(&plugin) { "evaluation.sex" } else { "baseline.sex" };
    let (low, high) = interval.unzip();
    let row = json!({ "stage": stage, "key": "", "plugin": plugin, "split": split, "seed": 0, "step": null,
        "metric": "auroc", "value": value, "low": low, "high": high, "n": 20, "against": against,
        "higher_is_better": true, "group": null, "chance": 0.5 });
    serde_json::from_value(row).unwrap()
}

fn run(fold: u64, rows: Vec<MetricRow>) -> Run {
    Run::made(json!({ "seed": 0, "split": { "fold": fold }, "backbone": { "type": "gpt" } }), rows)
}

fn standing(runs: &[Run]) -> Standing {
    let group = RunGroup { label: "arm".into(), runs: (0..runs.len()).collect() };
    let measure = TaskMetric { task: "sex", part: Part::Test, metric: "auroc", higher_is_better: Some(true) };
    Bench::new(runs).standing(&group, &measure, Intervals::Rescored)
}

fn words(standing: &Standing) -> String {
    let blocks = standing.words();
    let [Block::Text(spans)] = &blocks[..] else { panic!("{blocks:?}") };
    let text = |span: &TextSpan| match span {
        TextSpan::Plain(text) | TextSpan::Strong(text) | TextSpan::Sourced { text, .. } => text.clone(),
        other => panic!("{other:?}"),
    };
    spans.iter().map(text).collect()
}

/// One run in which `majority` is best on validation and `fc-logistic` on test.
fn one(model: f64, minus: (f64, Option<(f64, f64)>)) -> Vec<Run> {
    vec![run(
        0,
        vec![
            row("gpt", "validation", Some(0.8), None, None),
            row("fc-logistic", "validation", Some(0.6), None, None),
            row("majority", "validation", Some(0.7), None, None),
            row("gpt", "test", Some(model), Some((model - 0.04, model + 0.04)), None),
            row("fc-logistic", "test", Some(0.9), None, None),
            row("majority", "test", Some(0.5), None, None),
            row("swap", "test", Some(model), None, None),
            row("gpt", "test", Some(minus.0), minus.1, Some("majority")),
            row("gpt", "test", Some(model - 0.9), Some((-0.5, -0.1)), Some("fc-logistic")),
            row("gpt", "test", Some(0.0), Some((-0.1, 0.1)), Some("swap")),
        ],
    )]
}

#[test]
fn validation_chooses_the_best_baseline_and_the_others_are_still_said() {
    let standing = standing(&one(0.55, (0.05, Some((0.01, 0.09)))));
    assert_eq!(standing.best().unwrap().0.name, "majority");
    let rest = " Other baselines that it does not beat: fc-logistic. Controls that it does not beat: swap, so its \
                score is not shown to come from this person's scan.";
    assert_eq!(
        words(&standing),
        format!(
            "sex AUROC: arm beats its best baseline, majority: 0.550 against 0.500 on test (+0.050 [0.010, 0.090]).{rest}"
        )
    );
    let names: Vec<String> = standing.table().rows.iter().map(|row| row[0].text.clone()).collect();
    assert_eq!(names, ["gpt", "fc-logistic", "majority (best baseline)", "swap (control)"]);
    assert_eq!(standing.best_cells()[0].line(), "0.500 majority");
}

#[test]
fn an_arm_that_does_not_beat_its_baseline_says_so() {
    let of = |model, minus| words(&standing(&one(model, minus)));
    let said = of(0.45, (-0.05, Some((-0.09, -0.01))));
    assert!(said.contains("arm loses to its best baseline, majority: 0.450 against 0.500"), "{said}");
    let said = of(0.52, (0.02, Some((-0.01, 0.05))));
    assert!(said.contains("arm does not beat its best baseline, majority: 0.520 against 0.500 on test (+0.020 [-0.010, 0.050] includes 0)"), "{said}");
    let said = of(0.5, (0.0, None));
    assert!(
        said.contains("arm does not beat its best baseline") && said.contains("without an interval"),
        "{said}"
    );
    let said = of(0.6, (0.1, None));
    assert!(said.contains("arm is not shown to beat its best baseline"), "{said}");
    // Better than a baseline that is worse than guessing.
    let said = of(0.52, (0.3, Some((0.2, 0.4))));
    assert!(said.contains("It is not above chance (0.5), so this says little."), "{said}");
}

#[test]
fn a_fold_without_the_score_is_not_in_the_difference() {
    let fold = |fold, model: f64, baseline: Option<f64>| {
        run(
            fold,
            vec![
                row("gpt", "validation", Some(0.5), None, None),
                row("majority", "validation", Some(0.5), None, None),
                row("gpt", "test", Some(model), None, None),
                row("majority", "test", baseline, None, None),
                row("gpt", "test", baseline.map(|baseline| model - baseline), None, Some("majority")),
            ],
        )
    };
    let runs = [fold(0, 0.9, Some(0.5)), fold(1, 0.1, None), fold(2, 0.6, Some(0.4))];
    let standing = standing(&runs);
    let (_, found) = standing.best().unwrap();
    // The model's mean over all folds minus the baseline's over two would be 0.533 - 0.45.
    assert!((found.score.difference.unwrap().value - 0.3).abs() < 1e-12, "{found:?}");
    assert_eq!((found.compared.n, found.compared.total), (2, 3));
    let said = words(&standing);
    assert!(
        said.contains("(+0.300 without an interval, mean of the 2 of 3 folds with both scores)"),
        "{said}"
    );
    let table = standing.table();
    assert!(table.caption.ends_with("mean of 3 folds"), "{}", table.caption);
    assert!(table.rows[1][2].line().ends_with("2 of 3 runs"), "{:?}", table.rows[1]);
    assert_eq!(table.rows[1][3].line(), "+0.300 2 of 3 runs");
}
