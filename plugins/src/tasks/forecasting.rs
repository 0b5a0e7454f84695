//! Predicts how a scan continues.

use boldface::{
    Answer, CheckContext, Deserialize, Example, JsonSchema, Metric, Outcome, Prediction, Problem, Result,
    Scan, Serialize, Task, TimeSeries, Window, register, scores,
};

/// Shows the first `context` volumes of a scan and asks for the next `horizon` volumes.
///
/// Both are in standard deviations of the shown volumes. Scores are means over scans: `mae`, `mse` and
/// `pearson_r` over all volumes and regions of a scan, and `mse@h` and `pearson_r@h` over the regions
/// of a single volume, the h-th after the shown ones, for h of 1, 5, 10, 20, 40 and 80. A scan whose
/// true volumes are constant has no correlation and is left out of its mean.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Forecasting {
    /// Number of volumes to show: a multiple of the tokenizer's `patch`.
    context: usize,
    /// Number of volumes to predict: a multiple of the tokenizer's `patch`.
    horizon: usize,
}

register!(Task "forecasting" => Forecasting);

const QUESTION: &str = "How does this scan continue?";

/// Volumes after the context that are scored individually.
const STEPS: [usize; 6] = [1, 5, 10, 20, 40, 80];

impl Task for Forecasting {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let (has, needs) = (scan.series.trs(), self.context.saturating_add(self.horizon));
        if has < needs {
            return Err(format!(
                "`{}` has {has} volumes, but {needs} are to be shown and predicted",
                scan.info.id
            )
            .into());
        }
        Ok(vec![Example {
            window: Window::first(self.context),
            question: QUESTION.to_owned(),
            answer: Answer::Series { trs: self.horizon },
        }])
    }

    fn forecasts(&self) -> bool {
        true
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        let scans: Vec<Forecast> =
            outcomes.iter().map(|outcome| forecast(outcome, self.horizon)).collect::<Result<_>>()?;
        let all = |score: fn(&[f64], &[f64]) -> f64| {
            scores::mean(scans.iter().map(|scan| score(&scan.actual, &scan.predicted)))
        };
        let mut metrics = vec![
            Metric::lower_is_better("mse", all(scores::mse)),
            Metric::lower_is_better("mae", all(scores::mae)),
            Metric::higher_is_better(
                "pearson_r",
                correlation(scans.iter().map(|scan| (&scan.actual[..], &scan.predicted[..]))),
            ),
        ];
        for step in STEPS.into_iter().filter(|&step| step <= self.horizon) {
            let at: Vec<(&[f64], &[f64])> = scans.iter().map(|scan| scan.volume(step - 1)).collect();
            let mse = scores::mean(at.iter().map(|(actual, predicted)| scores::mse(actual, predicted)));
            metrics.push(Metric::lower_is_better(format!("mse@{step}"), mse));
            metrics.push(Metric::higher_is_better(format!("pearson_r@{step}"), correlation(at.into_iter())));
        }
        Ok(metrics)
    }

    fn check(&self, cx: &CheckContext<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, trs) in [("context", self.context), ("horizon", self.horizon)] {
            if trs == 0 {
                problems.push(Problem::at(key, "0 volumes").help("give a number of volumes above 0"));
            } else if !trs.is_multiple_of(cx.patch) {
                let patch = cx.patch;
                let message = format!("{trs} volumes are not a whole number of patches of {patch}");
                let near = (trs / patch.max(1)).max(1) * patch;
                problems.push(
                    Problem::at(key, message).help(format!("use a multiple of {patch}, such as {near}")),
                );
            }
        }
        let needed = self.context.saturating_add(self.horizon);
        if needed > cx.trs {
            let message = format!(
                "{} shown and {} predicted volumes make {needed}, but scans are cropped to {}",
                self.context, self.horizon, cx.trs
            );
            let help = "shorten `context` or `horizon`, or raise the dataset's `trs`";
            problems.push(Problem::at("horizon", message).help(help));
        }
        problems
    }
}

/// True and predicted volumes of one scan in `f64`, time-major.
struct Forecast {
    rois: usize,
    actual: Vec<f64>,
    predicted: Vec<f64>,
}

impl Forecast {
    /// Returns the true and the predicted regions at volume `t` after the context.
    fn volume(&self, t: usize) -> (&[f64], &[f64]) {
        let regions = t * self.rois..(t + 1) * self.rois;
        (&self.actual[regions.clone()], &self.predicted[regions])
    }
}

/// Reads the forecast of an outcome.
///
/// # Errors
/// If the outcome is not a series, or its shape differs from the true one of `horizon` volumes.
fn forecast(outcome: &Outcome, horizon: usize) -> Result<Forecast> {
    let (Answer::Series { .. }, Prediction::Series { predicted, actual }) =
        (&outcome.example.answer, &outcome.prediction)
    else {
        return Err(format!("`{}` was not answered with a series", outcome.scan).into());
    };
    let shape = |series: &TimeSeries| (series.trs(), series.rois());
    if shape(predicted) != shape(actual) || actual.trs() != horizon {
        let message = format!(
            "`{}` needs {horizon} volumes: predicted {:?}, actual {:?} (volumes, regions)",
            outcome.scan,
            shape(predicted),
            shape(actual)
        );
        return Err(message.into());
    }
    let wide = |series: &TimeSeries| series.values().iter().copied().map(f64::from).collect();
    Ok(Forecast { rois: actual.rois(), actual: wide(actual), predicted: wide(predicted) })
}

/// Returns the mean correlation over scans. Scans with constant true volumes are left out, because no
/// forecast can correlate with them. A constant forecast of varying volumes makes the mean undefined.
fn correlation<'a>(scans: impl Iterator<Item = (&'a [f64], &'a [f64])>) -> f64 {
    let varying = scans.filter(|(actual, _)| actual.iter().any(|value| *value != actual[0]));
    scores::mean(varying.map(|(actual, predicted)| scores::pearson_r(actual, predicted)))
}
