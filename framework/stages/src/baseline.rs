//! Stage `baseline.<task>`: scores without the model, from class shares, motion, site, connectivity,
//! descriptors and the past.

use std::collections::BTreeMap;

use boldface::{Answer, Fact, Metric, MetricRow, Observer, Part, Prediction, Result, Task, Window, scores};
use boldface_imaging::combat::Harmonization;
use serde::Serialize;
use tracing::warn;

use super::StageContext;
use super::baselines::another_person;
use super::baselines::autoregressive::{Autoregressive, persistence};
use super::baselines::columns::{Sites, motion};
use super::baselines::connectivity;
use super::baselines::facts::FactColumns;
use super::baselines::fc_logistic::FOLDS;
use super::baselines::majority::{consensus, frequencies};
use super::cases::{self, AnswerForm, QuestionCase, answered_in_parts};
use super::config::ExampleSource;
use super::groups::{Groups, Scoring};
use super::harmonization;
use super::linear::{self, Featured, choice, value};
use super::packing::{extent, options};
use super::windows::shown;
use crate::inputs::read_facts;
use crate::score::intervals::{Scores, resamples, subjects};
use crate::store::{OutcomeLine, write_answers};
use crate::study::{PlannedPlugin, Study};

/// Increase when the same config gives different results.
pub const VERSION: u32 = 8;

/// What the stage reads.
#[derive(Debug, Serialize)]
pub struct BaselineConfig<'a> {
    /// The task.
    task: ExampleSource<'a>,
    /// How answers are scored.
    scoring: Scoring<'a>,
    /// The column of motion.
    motion: Option<&'a str>,
    /// The column of sites.
    site: Option<&'a str>,
    /// How connectivity is harmonised.
    harmonization: Option<&'a Harmonization>,
    /// Volumes per patch, if the task may ask for a continuation: a forecast begins with a whole patch.
    patch: Option<usize>,
}

impl<'a> BaselineConfig<'a> {
    /// Takes what the stage reads from a study.
    pub fn new(study: &'a Study, task: &'a PlannedPlugin<dyn Task>) -> BaselineConfig<'a> {
        let experiment = &study.experiment;
        let nuisance = |name: &str| experiment.nuisances.get(name).map(String::as_str);
        let may_continue = task.asking.form.is_none_or(|form| form == AnswerForm::Series);
        BaselineConfig {
            task: ExampleSource::new(study.experiment.seed, task),
            scoring: Scoring::new(&experiment.evaluation),
            motion: nuisance("motion"),
            site: nuisance("site"),
            harmonization: experiment.harmonization.as_ref(),
            patch: may_continue.then(|| study.tokenizer.config.patch()),
        }
    }
}

/// The reported parts.
pub const PARTS: [Part; 2] = [Part::Validation, Part::Test];

/// The questions of the reported parts.
type Asked<'a> = Vec<(Part, Vec<QuestionCase<'a>>)>;

/// Saves every baseline's answers to the validation and test questions. Baselines are fitted on
/// training scans only.
pub fn run(work: &mut StageContext<'_, BaselineConfig<'_>>) -> Result<()> {
    let task = &work.config.task;
    let (scans, split) = (work.inputs.scans()?, work.inputs.split()?);
    let train = cases::training(task, &scans, &split)?;
    let mut asked = Vec::new();
    for part in PARTS {
        asked.push((part, cases::cases(task, &scans, &split, part)?));
    }
    let all: Vec<QuestionCase<'_>> =
        asked.iter().flat_map(|(_, cases)| cases).chain(&train).cloned().collect();
    let answers = match cases::form(&all)? {
        None => Vec::new(),
        Some(AnswerForm::Choice) => {
            let simple = each(&asked, |case| majority(&train, case))?;
            let mut answers = answered_in_parts("majority", &asked, simple);
            answers.extend(linear_models(work, "logistic", &train, &asked)?);
            answers
        }
        Some(AnswerForm::Band) => {
            let mut answers = answered_in_parts("majority", &asked, usual_bands(&train, &asked)?);
            answers.extend(another_person(&asked, work.seed)?);
            answers
        }
        Some(AnswerForm::Value | AnswerForm::Bins) => {
            let known = train.iter().map(value).collect::<Result<Vec<f64>>>()?;
            let mean = scores::mean(known);
            let mut answers =
                answered_in_parts("mean", &asked, each(&asked, |_| Ok(Prediction::Value { value: mean }))?);
            answers.extend(linear_models(work, "ridge", &train, &asked)?);
            answers
        }
        Some(AnswerForm::Text) => {
            let common = common_text(work, &train)?;
            let mut answers = answered_in_parts("majority", &asked, each(&asked, |_| Ok(common.clone()))?);
            answers.extend(another_person(&asked, work.seed)?);
            answers
        }
        Some(AnswerForm::Series) => {
            let (continued, order) = continued(work, &train, &asked)?;
            let row = work.recorder.row(Metric::neutral("order", order as f64));
            work.recorder.extend([MetricRow { plugin: "ar".to_owned(), ..row }]);
            continued
        }
    };
    let scoring = work.config.scoring;
    let groups = Groups::collect((scoring, work.seed), task.plugin.config, &scans);
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
            let resamples = resamples(subjects(&outcomes), scoring.resamples, work.seed, part);
            let scores = Scores::compute(task.plugin.config, &outcomes, &resamples)?;
            let mut rows = scores.rows(|metric| work.recorder.row(metric), part, &plugin, None);
            rows.extend(groups.rows(&work.recorder, part, &plugin, &outcomes)?);
            work.recorder.extend(rows);
        }
    }
    write_answers(work.dir, &answers)
}

/// Answers from other people's truths; empty, with a warning, if a question has none.
fn another_person(asked: &Asked<'_>, seed: u64) -> Result<Vec<OutcomeLine>> {
    let Some(predictions) = another_person::answers(asked, seed)? else {
        warn!("Nobody else has the facts that are asked for; the baseline `another-person` is left out.");
        return Ok(Vec::new());
    };
    Ok(answered_in_parts("another-person", asked, predictions))
}

/// Answers every question, part by part.
fn each(
    asked: &Asked<'_>,
    answer: impl Fn(&QuestionCase<'_>) -> Result<Prediction>,
) -> Result<Vec<Prediction>> {
    asked.iter().flat_map(|(_, cases)| cases).map(answer).collect()
}

/// Returns the names of everything that answered, each once, in order of appearance.
pub fn answers_by(answers: &[OutcomeLine]) -> Vec<String> {
    let mut plugins: Vec<String> = Vec::new();
    for answer in answers {
        if !plugins.contains(&answer.plugin) {
            plugins.push(answer.plugin.clone());
        }
    }
    plugins
}

/// Answers with the training shares of the options, over questions with the same options.
fn majority(train: &[QuestionCase<'_>], case: &QuestionCase<'_>) -> Result<Prediction> {
    let (options, _) = choice(case)?;
    let mut known = Vec::new();
    for other in train {
        let (theirs, class) = choice(other)?;
        known.extend((theirs == options).then_some(class));
    }
    Ok(Prediction::Choice { probabilities: frequencies(&known, options.len()) })
}

/// Answers with each feature's shares of bands in training.
fn usual_bands(train: &[QuestionCase<'_>], asked: &Asked<'_>) -> Result<Vec<Prediction>> {
    let mut known: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for case in train {
        if let Answer::Band { fact, .. } = &case.example.answer {
            known.entry(&fact.feature).or_default().push(options(&case.example.answer)?.1);
        }
    }
    each(asked, |case| {
        let Answer::Band { fact, bands } = &case.example.answer else {
            return Err("a band was expected".into());
        };
        let known = known.get(fact.feature.as_str()).map_or(&[][..], Vec::as_slice);
        Ok(Prediction::Choice { probabilities: frequencies(known, bands.len()) })
    })
}

/// Fits linear models by `method`. Features are motion and site (if the phenotype has them), several
/// forms of connectivity, and one more kind. For choices about a part of a scan that is the mean
/// activity; for questions about whole scans, the facts of all corpora together and of each corpus if
/// there are several.
fn linear_models(
    work: &mut StageContext<'_, BaselineConfig<'_>>,
    method: &str,
    train: &[QuestionCase<'_>],
    asked: &Asked<'_>,
) -> Result<Vec<OutcomeLine>> {
    let signals = work.inputs.signals()?;
    let nuisance =
        |column: Option<&'_ str>| column.filter(|column| !is_target(column, train)).map(str::to_owned);
    let (site_column, motion_column) = (nuisance(work.config.site), nuisance(work.config.motion));
    let sites = site_column
        .as_deref()
        .map(|column| Sites::collect(train.iter().map(|case| &*case.scan.info), column));
    /// Computes features of all cases, the given number of which are training cases. `None` if the
    /// model does not apply.
    type Features<'a> = Box<dyn Fn(&[&QuestionCase<'_>], usize) -> Result<Option<Vec<Vec<f32>>>> + 'a>;
    fn per_case<'a>(of_case: impl Fn(&QuestionCase<'_>) -> Result<Vec<f32>> + 'a) -> Features<'a> {
        Box::new(move |cases, _| cases.iter().map(|case| of_case(case)).collect::<Result<_>>().map(Some))
    }
    let mut models: Vec<(String, Features<'_>)> = Vec::new();
    if let Some(column) = motion_column.as_deref() {
        models.push(("motion-only".to_owned(), per_case(|case| Ok(motion(&case.scan.info, column)))));
    }
    if let Some(sites) = &sites {
        models.push(("site-only".to_owned(), per_case(|case| Ok(sites.features(&case.scan.info)))));
    }
    let mut of_connectivity: BTreeMap<String, String> = BTreeMap::new();
    for (form, name) in connectivity::ConnectivityForm::ALL {
        let plugin = format!("{name}-{method}");
        let is_first = of_connectivity.is_empty();
        let file =
            if is_first { harmonization::FILE.to_owned() } else { format!("harmonization-{name}.json") };
        of_connectivity.insert(plugin.clone(), file);
        let signals = &signals;
        let features: Features<'_> =
            Box::new(move |cases, train| connectivity::features(form, signals, cases, train));
        models.push((plugin, features));
    }
    // Facts describe the whole scan. In a question about a part, they would reveal volumes that it does
    // not show.
    if asked.iter().flat_map(|(_, cases)| cases).chain(train).all(shows_the_whole) {
        for (name, facts) in facts(work, method, train) {
            models.push((name, per_case(move |case| Ok(facts.features(case)))));
        }
    } else if method == "logistic" {
        models.push((format!("pattern-{method}"), per_case(pattern)));
    }

    let (mut done, total) = (0, (models.len() * (FOLDS + 1)) as u64);
    let mut answers = Vec::new();
    for (place, (plugin, features)) in models.iter().enumerate() {
        let cases: Vec<&QuestionCase<'_>> =
            train.iter().chain(asked.iter().flat_map(|(_, cases)| cases)).collect();
        let Some(found) = features(&cases, train.len())? else {
            warn!(plugin, "There are too many regions for this baseline; it is left out.");
            continue;
        };
        let mut train_and_points = cases.into_iter().zip(found);
        let mut train: Vec<Featured<'_>> = train_and_points.by_ref().take(train.len()).collect();
        let mut points: Vec<Featured<'_>> = train_and_points.collect();
        let harmonized = work.config.harmonization.zip(of_connectivity.get(plugin));
        if let Some((how, file)) = harmonized {
            let combat = harmonization::harmonize(work, how, file, &mut train, &mut points)
                .map_err(|error| format!("`harmonization`: {error}"))?;
            let row = work.recorder.row(Metric::neutral("harmonized", combat.fitted() as f64));
            work.recorder.extend([MetricRow { plugin: plugin.clone(), ..row }]);
        }
        let end = ((place + 1) * (FOLDS + 1)) as u64;
        // With several lists of options there are more fits than `total` assumes.
        let mut progress = || {
            done = (done + 1).min(end);
            work.recorder.progress(done, total)
        };
        let predictions = linear::predict(&train, &points, work.seed, &mut progress)?;
        answers.extend(answered_in_parts(plugin, asked, predictions));
        done = end;
    }
    Ok(answers)
}

/// Facts by model name: `facts-logistic` for all corpora, and `facts (graph)` for one of several.
fn facts<'a>(
    work: &StageContext<'_, BaselineConfig<'_>>,
    method: &str,
    train: &[QuestionCase<'a>],
) -> Vec<(String, FactColumns<'a>)> {
    let corpora = work.inputs.corpora();
    let mut models = vec![(format!("facts-{method}"), FactColumns::collect(train, &corpora))];
    if corpora.len() > 1 {
        models.extend(
            corpora
                .iter()
                .map(|&corpus| (format!("facts ({corpus})"), FactColumns::collect(train, &[corpus]))),
        );
    }
    models.retain(|(_, facts)| !facts.is_empty());
    models
}

/// Whether a question shows the whole scan.
fn shows_the_whole(case: &QuestionCase<'_>) -> bool {
    case.example.window == Window::first(case.scan.series.trs())
}

/// Returns the mean of every region over the window, in units of the whole scan, as a measure of its
/// activity.
fn pattern(case: &QuestionCase<'_>) -> Result<Vec<f32>> {
    let shown = case.scan.series.window(case.example.window)?;
    let mean = |roi| shown.roi(roi).map(f64::from).sum::<f64>() / shown.trs() as f64;
    Ok((0..shown.rois()).map(|roi| mean(roi) as f32).collect())
}

/// Whether a column equals the answer. A model of such a column is not a baseline.
fn is_target(column: &str, train: &[QuestionCase<'_>]) -> bool {
    let is_answer = |case: &QuestionCase<'_>| {
        let told = case.scan.info.phenotype.get(column);
        told.is_some_and(|told| match &case.example.answer {
            Answer::Choice { options, correct } => options.get(*correct) == Some(told),
            Answer::Value { value, .. } => told.trim().parse() == Ok(*value),
            Answer::Text { .. } | Answer::Series { .. } | Answer::Band { .. } => false,
        })
    };
    !train.is_empty() && train.iter().all(is_answer)
}

/// Answers every question with the training text that agrees best with the others.
fn common_text(
    work: &StageContext<'_, BaselineConfig<'_>>,
    train: &[QuestionCase<'_>],
) -> Result<Prediction> {
    let mut texts: Vec<(&str, &[Fact])> = Vec::new();
    for case in train {
        if let Answer::Text { reference, facts, .. } = &case.example.answer {
            texts.push((reference, facts));
        }
    }
    let facts: Vec<&[Fact]> = texts.iter().map(|(_, facts)| *facts).collect();
    let text = consensus(&facts).map_or("", |text| texts[text].0).to_owned();
    let facts = read_facts(&work.inputs.describers()?, &text)?;
    Ok(Prediction::Text { text, facts })
}

/// Fits persistence and an autoregressive model of each region. Returns the answers and the model's
/// order.
fn continued(
    work: &StageContext<'_, BaselineConfig<'_>>,
    train: &[QuestionCase<'_>],
    asked: &Asked<'_>,
) -> Result<(Vec<OutcomeLine>, usize)> {
    let signals = work.inputs.signals()?;
    let patch = work.config.patch.ok_or("the task asks for a continuation that its plan did not expect")?;
    let how = work.inputs.series().signal.standardize;
    let of = |case: &QuestionCase<'_>| {
        let (window, horizon) = extent(&case.example, patch)?;
        shown(signals.series_of(&case.scan.info.id)?, window, horizon, how)
    };
    let mut known = Vec::new();
    for case in train {
        let (context, future) = of(case)?;
        known.push(context.followed_by(&future)?);
    }
    let model = Autoregressive::fit(&known)?;
    let (mut last, mut linear) = (Vec::new(), Vec::new());
    for case in asked.iter().flat_map(|(_, cases)| cases) {
        let (context, actual) = of(case)?;
        let predicted = persistence(&context, actual.trs())?;
        last.push(Prediction::Series { predicted, actual: actual.clone() });
        let predicted = model.predict(&context, actual.trs())?;
        linear.push(Prediction::Series { predicted, actual });
    }
    let mut answers = answered_in_parts("persistence", asked, last);
    answers.extend(answered_in_parts("ar", asked, linear));
    Ok((answers, model.order()))
}
