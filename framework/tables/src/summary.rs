//! Summarises the metric table for readers: final scores of models and baselines.

use std::collections::BTreeMap;

use boldface::MetricRow;

/// One score of one model or baseline on one task and part.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The task's table in the spec.
    pub task: String,
    /// `validation` or `test`.
    pub split: String,
    /// Name of the model or baseline.
    pub plugin: String,
    /// Whether it belongs to a baseline stage.
    pub baseline: bool,
    /// The metric's name.
    pub metric: String,
    /// Number of examples behind it.
    pub n: Option<u64>,
    /// Its value. `None` if undefined.
    pub value: Option<f64>,
    /// Its 95% interval.
    pub interval: Option<(f64, f64)>,
    /// The metric's direction.
    pub higher_is_better: Option<bool>,
    /// The value that guessing reaches.
    pub chance: Option<f64>,
    /// The unit of the value.
    pub unit: Option<String>,
    /// Differences from other scores, paired by subject.
    pub differences: Vec<ScoreDifference>,
}

/// One score minus another.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreDifference {
    /// The plugin that was subtracted.
    pub against: String,
    /// The difference. `None` if undefined.
    pub value: Option<f64>,
    /// Its 95% interval.
    pub interval: Option<(f64, f64)>,
    /// Conclusion from the interval and the metric's direction.
    pub verdict: Verdict,
}

/// Conclusion from the interval of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole interval is on the better side of zero.
    Better,
    /// The interval contains zero.
    NotBetter,
    /// The whole interval is on the worse side of zero.
    Worse,
    /// No interval, or a metric without a direction.
    Unknown,
}

/// Collects the final rows (no step, no group) of `evaluation.*` and `baseline.*`, with each difference
/// attached to its score.
///
/// Tasks are sorted by name, validation before test, metrics in their original order, models before
/// baselines.
pub fn scores(rows: &[MetricRow]) -> Vec<Score> {
    let finals: Vec<(bool, &str, &MetricRow)> = rows.iter().filter_map(final_row).collect();
    let mut order = BTreeMap::new();
    for (_, task, row) in &finals {
        let next = order.len();
        order.entry((*task, row.metric.as_str())).or_insert(next);
    }

    let mut scores = Vec::new();
    for &(baseline, task, row) in finals.iter().filter(|(_, _, row)| row.against.is_none()) {
        let same = |other: &MetricRow| {
            (&other.stage, &other.split, &other.plugin, &other.metric)
                == (&row.stage, &row.split, &row.plugin, &row.metric)
        };
        let differences =
            finals.iter().filter(|(_, _, other)| same(other)).filter_map(|(_, _, other)| difference(other));
        scores.push(Score {
            task: task.to_owned(),
            split: row.split.clone(),
            plugin: row.plugin.clone(),
            baseline,
            metric: row.metric.clone(),
            n: row.n,
            value: defined(row.value),
            interval: interval(row),
            higher_is_better: row.higher_is_better,
            chance: row.chance,
            unit: row.unit.clone(),
            differences: differences.collect(),
        });
    }
    // The sort is stable, so baselines keep their original order.
    scores.sort_by_key(|score| {
        let metric = order.get(&(score.task.as_str(), score.metric.as_str())).copied();
        (score.task.clone(), score.split == "test", score.split.clone(), metric, score.baseline)
    });
    scores
}

fn final_row(row: &MetricRow) -> Option<(bool, &str, &MetricRow)> {
    let of_model = row.stage.strip_prefix("evaluation.").map(|task| (false, task, row));
    let of_baseline = || row.stage.strip_prefix("baseline.").map(|task| (true, task, row));
    of_model.or_else(of_baseline).filter(|_| row.step.is_none() && row.group.is_none())
}

fn difference(row: &MetricRow) -> Option<ScoreDifference> {
    let against = row.against.clone()?;
    let interval = interval(row);
    Some(ScoreDifference {
        against,
        value: defined(row.value),
        interval,
        verdict: verdict(interval, row.higher_is_better),
    })
}

/// Draws the conclusion from the interval of a difference.
pub fn verdict(interval: Option<(f64, f64)>, higher_is_better: Option<bool>) -> Verdict {
    let (Some((low, high)), Some(up)) = (interval, higher_is_better) else { return Verdict::Unknown };
    if low <= 0.0 && high >= 0.0 {
        Verdict::NotBetter
    } else if (low > 0.0) == up {
        Verdict::Better
    } else {
        Verdict::Worse
    }
}

fn interval(row: &MetricRow) -> Option<(f64, f64)> {
    defined(row.low).zip(defined(row.high))
}

fn defined(value: Option<f64>) -> Option<f64> {
    value.filter(|value| !value.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(stage: &str, plugin: &str, split: &str, metric: &str, value: f64) -> MetricRow {
        MetricRow {
            stage: stage.into(),
            key: "0".into(),
            plugin: plugin.into(),
            split: split.into(),
            group: None,
            seed: 0,
            step: None,
            metric: metric.into(),
            value: Some(value),
            low: Some(value - 0.1),
            high: Some(value + 0.1),
            n: Some(12),
            against: None,
            higher_is_better: Some(true),
            chance: None,
            unit: None,
        }
    }

    #[test]
    fn a_difference_stands_beside_its_score_and_steps_are_left_out() {
        let mut minus = row("evaluation.sex", "gpt", "test", "auroc", 0.25);
        minus.against = Some("fc-logistic".into());
        let mut step = row("evaluation.sex", "gpt", "test", "auroc", 0.9);
        step.step = Some(3);
        let rows = [
            row("baseline.sex", "fc-logistic", "test", "auroc", 0.5),
            row("evaluation.sex", "gpt", "test", "auroc", 0.75),
            row("evaluation.sex", "gpt", "validation", "auroc", 0.7),
            minus,
            step,
            row("tokenizer", "vq", "validation", "reconstruction_mse", 0.1),
        ];
        let scores = scores(&rows);
        let shown: Vec<_> =
            scores.iter().map(|s| (s.split.as_str(), s.plugin.as_str(), s.differences.len())).collect();
        assert_eq!(shown, [("validation", "gpt", 0), ("test", "gpt", 1), ("test", "fc-logistic", 0)]);
        let difference = &scores[1].differences[0];
        assert_eq!((difference.value, difference.interval), (Some(0.25), Some((0.15, 0.35))));
        assert_eq!(difference.verdict, Verdict::Better);
    }

    #[test]
    fn the_verdict_minds_zero_and_the_direction() {
        assert_eq!(verdict(Some((0.1, 0.3)), Some(true)), Verdict::Better);
        assert_eq!(verdict(Some((0.1, 0.3)), Some(false)), Verdict::Worse);
        assert_eq!(verdict(Some((-0.3, -0.1)), Some(false)), Verdict::Better);
        assert_eq!(verdict(Some((-0.1, 0.3)), Some(true)), Verdict::NotBetter);
        assert_eq!(verdict(Some((0.0, 0.3)), Some(true)), Verdict::NotBetter);
        assert_eq!(verdict(None, Some(true)), Verdict::Unknown);
        assert_eq!(verdict(Some((0.1, 0.3)), None), Verdict::Unknown);
    }
}
