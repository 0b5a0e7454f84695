//! What a task scores without the model: majority, FC and logistic regression, persistence, AR.

use boldface::{Answer, Fact, Metric, MetricRow, Observer, Part, Prediction, Result, TimeSeries};

use super::Work;
use super::baselines::autoregressive::{Autoregressive, persistence};
use super::baselines::fc_logistic;
use super::baselines::majority::{consensus, frequencies};
use super::cases::{self, Case, Form, answered};
use super::intervals::{Scores, resamples, subjects};
use super::linear::{self, choice};
use super::packing::extent;
use super::windows::shown;
use crate::run::Answered;
use crate::run::inputs::{Signals, read_facts};

/// Raised when the same config gives different results.
pub const VERSION: u32 = 1;

/// The parts that are reported.
pub const PARTS: [Part; 2] = [Part::Validation, Part::Test];

/// Saves every baseline's answers to the validation and test questions; all are fitted on training
/// scans alone.
pub fn run(work: &mut Work<'_>, name: &str) -> Result<()> {
    let task = cases::task(work.plan, name)?;
    let (scans, split) = (work.inputs.scans()?, work.inputs.split()?);
    let train = cases::training(work.plan, task, &scans, &split)?;
    let mut asked = Vec::new();
    for part in PARTS {
        asked.push((part, cases::cases(task, &scans, &split, part)?));
    }
    let all: Vec<Case<'_>> = asked.iter().flat_map(|(_, cases)| cases).chain(&train).cloned().collect();
    let mut answers = Vec::new();
    match cases::form(&all)? {
        None => {}
        Some(Form::Choice) => {
            for (part, cases) in &asked {
                answers.extend(answered(*part, "majority", cases, majority(&train, cases)?));
            }
            answers.extend(connectivity(work, &train, &asked)?);
        }
        Some(Form::Text) => {
            for (part, cases) in &asked {
                answers.extend(answered(*part, "majority", cases, common_text(work, &train, cases)?));
            }
        }
        Some(Form::Value | Form::Bins) => {}
        Some(Form::Series) => {
            let (continued, order) = continued(work, &train, &asked)?;
            answers.extend(continued);
            let row = work.recorder.row(Metric::neutral("order", order as f64));
            work.recorder.extend([MetricRow { plugin: "ar".to_owned(), ..row }]);
        }
    }
    let table = &work.plan.experiment.evaluation;
    let total = (answers_by(&answers).len() * PARTS.len()) as u64;
    let mut done = 0;
    for part in PARTS {
        for plugin in answers_by(&answers) {
            let outcomes = cases::outcomes(&answers, part, &plugin);
            done += 1;
            work.recorder.progress(done, total)?;
            if outcomes.is_empty() {
                continue;
            }
            let resamples = resamples(subjects(&outcomes), table.resamples, work.stage.seed, part);
            let scores = Scores::of(&*task.config, &outcomes, &resamples)?;
            let rows = scores.rows(&work.recorder, part, &plugin, None);
            work.recorder.extend(rows);
        }
    }
    cases::write(work.dir, &answers)
}

/// Who answered, each once, in order of appearance.
pub fn answers_by(answers: &[Answered]) -> Vec<String> {
    let mut plugins: Vec<String> = Vec::new();
    for answer in answers {
        if !plugins.contains(&answer.plugin) {
            plugins.push(answer.plugin.clone());
        }
    }
    plugins
}

/// Training shares of the options; questions with the same options belong together.
fn majority(train: &[Case<'_>], cases: &[Case<'_>]) -> Result<Vec<Prediction>> {
    let one = |case: &Case<'_>| {
        let (options, _) = choice(case)?;
        let mut known = Vec::new();
        for other in train {
            let (theirs, class) = choice(other)?;
            known.extend((theirs == options).then_some(class));
        }
        Ok(Prediction::Choice { probabilities: frequencies(&known, options.len()) })
    };
    cases.iter().map(one).collect()
}

/// FC and a linear model.
fn connectivity(
    work: &Work<'_>,
    train: &[Case<'_>],
    asked: &[(Part, Vec<Case<'_>>)],
) -> Result<Vec<Answered>> {
    let signals = work.inputs.signals()?;
    let featured = |case| -> Result<_> {
        // Correlations do not depend on how the window is standardised.
        Ok((case, fc_logistic::features(&series(&signals, case)?.window(case.example.window)?)))
    };
    let train = train.iter().map(featured).collect::<Result<Vec<_>>>()?;
    let mut answers = Vec::new();
    for (part, cases) in asked {
        let points = cases.iter().map(featured).collect::<Result<Vec<_>>>()?;
        let predictions = linear::predict(&train, &points, work.stage.seed)?;
        answers.extend(answered(*part, "fc-logistic", cases, predictions));
    }
    Ok(answers)
}

/// The training text that agrees with most others, whatever the scan.
fn common_text(work: &Work<'_>, train: &[Case<'_>], cases: &[Case<'_>]) -> Result<Vec<Prediction>> {
    let mut texts: Vec<(&str, &[Fact])> = Vec::new();
    for case in train {
        if let Answer::Text { reference, facts } = &case.example.answer {
            texts.push((reference, facts));
        }
    }
    let facts: Vec<&[Fact]> = texts.iter().map(|(_, facts)| *facts).collect();
    let text = consensus(&facts).map_or("", |text| texts[text].0).to_owned();
    let facts = read_facts(&work.inputs.describers()?, &text)?;
    Ok(vec![Prediction::Text { text, facts }; cases.len()])
}

/// Persistence and an autoregressive model of each region, and the order of the latter.
fn continued(
    work: &Work<'_>,
    train: &[Case<'_>],
    asked: &[(Part, Vec<Case<'_>>)],
) -> Result<(Vec<Answered>, usize)> {
    let signals = work.inputs.signals()?;
    let (patch, how) = (work.plan.tokenizer.config.patch(), work.plan.experiment.signal.standardize);
    let of = |case: &Case<'_>| {
        let (window, horizon) = extent(&case.example, patch)?;
        shown(series(&signals, case)?, window, horizon, how)
    };
    let mut known = Vec::new();
    for case in train {
        let (context, future) = of(case)?;
        known.push(context.followed_by(&future)?);
    }
    let model = Autoregressive::fit(&known)?;
    let mut answers = Vec::new();
    for (part, cases) in asked {
        let (mut last, mut linear) = (Vec::new(), Vec::new());
        for case in cases {
            let (context, actual) = of(case)?;
            let predicted = persistence(&context, actual.trs())?;
            last.push(Prediction::Series { predicted, actual: actual.clone() });
            let predicted = model.predict(&context, actual.trs())?;
            linear.push(Prediction::Series { predicted, actual });
        }
        answers.extend(answered(*part, "persistence", cases, last));
        answers.extend(answered(*part, "ar", cases, linear));
    }
    Ok((answers, model.order()))
}

/// The scan's signal as it lies on disk, cropped.
fn series<'a>(signals: &'a Signals, case: &Case<'_>) -> Result<&'a TimeSeries> {
    let id = &case.scan.info.id;
    let place = signals.infos.binary_search_by(|info| info.id.cmp(id));
    Ok(&signals.series[place.map_err(|_| format!("there is no scan `{id}`"))?])
}
