//! Stage `evaluation.<task>`: scores of the model, by ranking options, generating texts and continuing
//! scans.
//!
//! Model, controls and baselines are scored on the same resamples, so their differences are paired. The
//! interval of a difference can be narrow although both scores vary widely.

mod asker;
mod captions;
mod continued;
mod controls;
mod frequencies;
mod frozen;
mod outside;
mod prior;
mod together;

use std::collections::BTreeMap;

use boldface::{Metric, MetricRow, Observer, Part, Result, Scan, Split, Task};
use serde::Serialize;
use tracing::warn;

use super::StageContext;
use super::baseline::{PARTS, answers_by};
use super::cases::{self, AnswerForm, QuestionCase, answered};
use super::config::{ByName, Named, WordedTask};
use super::forms::FactValues;
use super::groups::{Groups, Scoring};
use super::windows::Windows;
use crate::score::CORRECTION_WEIGHT;
use crate::score::intervals::{Scores, resamples, subjects};
use crate::spec::{BandFrequencies, FactRecipe, Paradigm};
use crate::store::{OutcomeLine, write_answers};
use crate::study::{PlannedPlugin, Study};
use asker::Asker;
use controls::{CONTROLS, ShownInput, StandIns};
use frequencies::Frequencies;
pub use outside::OutsideScans;
use prior::Sources;
use together::Together;

/// Increase when the same config gives different results.
pub const VERSION: u32 = 4;

/// Increase when the same config with `frequencies` gives different results.
const FREQUENCIES_VERSION: u32 = 2;

/// What the stage reads.
#[derive(Debug, Serialize)]
pub struct EvaluationConfig<'a> {
    /// The task.
    task: WordedTask<'a>,
    /// The tasks asked in the same prompt, this one included. Empty for a task asked alone.
    together: ByName<WordedTask<'a>>,
    /// How answers are scored.
    scoring: Scoring<'a>,
    /// Longest generated answer, in tokens.
    longest_answer: usize,
    /// The baseline whose answer is the prior.
    prior: Option<String>,
    /// The frequencies of bands, unless the model's own answers stay.
    frequencies: Option<Correction>,
}

/// How often bands are expected, and what training asked, which the frequencies are corrected for.
#[derive(Debug, Serialize)]
struct Correction {
    wanted: BandFrequencies,
    /// Questions per scan in training.
    questions: usize,
    version: u32,
}

impl<'a> EvaluationConfig<'a> {
    /// Takes what the stage reads from a study.
    pub fn new(study: &'a Study, task: &'a PlannedPlugin<dyn Task>) -> EvaluationConfig<'a> {
        let experiment = &study.experiment;
        let together = study.asked_with(task).into_iter();
        let wanted = task.asking.keys.frequencies;
        EvaluationConfig {
            task: WordedTask::new(experiment.seed, task),
            together: together.map(|other| WordedTask::new(experiment.seed, other)).collect(),
            scoring: Scoring::new(&experiment.evaluation),
            longest_answer: experiment.evaluation.longest_answer,
            prior: task.asking.prior(),
            frequencies: (!wanted.is_asked()).then(|| Correction {
                wanted,
                questions: FactRecipe::new(experiment.alignment.as_ref()).questions,
                version: FREQUENCIES_VERSION,
            }),
        }
    }
}

/// Most questions asked at once about different scans, which the model reads one by one.
const BATCH: usize = 16;

/// Most questions asked at once about one scan, which is read once for all of them.
const ABOUT_ONE: usize = 256;

/// Saves the answers of the model, to the scans and to the controls. Records scores with intervals,
/// overall and by group, and the differences from each control and baseline.
pub fn run(work: &mut StageContext<'_, EvaluationConfig<'_>>) -> Result<()> {
    let task = &work.config.task;
    let name = task.name();
    let (scans, split) = (work.inputs.scans()?, work.inputs.split()?);
    let model = work.inputs.language_model(&mut work.fit())?;
    let (patch, windows) = (work.inputs.patch(), Windows::open(work.inputs)?);
    let describers = work.inputs.describers()?;
    let (context, longest, paradigm) = (work.inputs.context(), work.config.longest_answer, task.paradigm);
    let mut together = Together::new(name);
    let (mut asked, mut stand_ins) = (Vec::new(), StandIns::default());
    for part in PARTS {
        for other in work.config.together.iter() {
            together.add(other.name(), &questions(other, &scans, &split, part)?);
        }
        let cases = questions(task, &scans, &split, part)?;
        stand_ins.add(&cases, patch, work.seed)?;
        asked.push((part, cases));
    }
    let frequencies = match &work.config.frequencies {
        None => None,
        Some(Correction { wanted, questions, .. }) => {
            let (train, held_out) = (split.train(&scans)?, work.inputs.held_out());
            Some(Frequencies::count(&train, held_out, *questions, work.seed, *wanted)?)
        }
    };
    let mut asker = Asker {
        model: &*model,
        windows,
        describers,
        context,
        longest,
        paradigm,
        together,
        stand_ins,
        asks_values: false,
        frequencies: frequencies.clone(),
        seed: work.seed,
        altered: BTreeMap::new(),
    };
    let all: Vec<QuestionCase<'_>> = asked.iter().flat_map(|(_, cases)| cases).cloned().collect();
    let form = cases::form(&all)?;
    let is_read_off = task.paradigm == Paradigm::Probe || form == Some(AnswerForm::Value);
    asker.asks_values = !is_read_off && work.inputs.is_trained_on_values();
    let mut answers = if is_read_off {
        let mut train = cases::training(&task.source, &scans, &split)?;
        train.iter_mut().for_each(|case| case.example.question = task.question(&case.example.question));
        frozen::answers(work, &mut asker, &train, &asked)?
    } else {
        said(work, &mut asker, &asked)?
    };
    match frequencies {
        Some(frequencies) if form == Some(AnswerForm::Band) => {
            answers = frequencies.correct_all(&answers, work.inputs.backbone());
        }
        // Other facts are told with the frequencies, so the model's own captions are written anew.
        Some(_) => answers.extend(asker.without_frequencies(&asked)?),
        None => {}
    }
    let baselines = work.inputs.baseline(name)?;
    let prior = work.config.prior.clone();
    let mut weight = None;
    if let Some(prior) = &prior {
        let base = if form == Some(AnswerForm::Choice) { "majority" } else { "mean" };
        let model = work.inputs.backbone();
        let sources = Sources { baselines: &baselines, prior, base, model };
        let (corrected, chosen) = prior::correct(&answers, &sources)?;
        (answers, weight) = (corrected, Some(chosen));
    }
    write_answers(work.dir, &answers)?;
    score(work, &scans, &answers, &baselines)?;
    // After the scores: a task's first metric is its headline.
    let row = weight.map(|weight| work.recorder.row(Metric::neutral(CORRECTION_WEIGHT, weight)));
    work.recorder.extend(row.map(|row| MetricRow { against: prior, ..row }));
    Ok(())
}

/// Returns a task's questions about one part, in the wording for evaluation.
fn questions<'a>(
    task: &WordedTask<'_>,
    scans: &'a [Scan],
    split: &Split,
    part: Part,
) -> Result<Vec<QuestionCase<'a>>> {
    let mut cases = cases::cases(&task.source, scans, split, part)?;
    cases.iter_mut().for_each(|case| case.example.question = task.question(&case.example.question));
    Ok(cases)
}

/// Selects the controls for one part's questions. Forecasts cannot do without volumes, and a swap needs
/// other people. The facts as numbers are shown only to a model that was trained on them and answers in
/// words; the baseline `facts` is their counterpart for linear models. They must be about exactly the
/// volumes that the question shows: those of a forecast's whole scan would tell its future.
fn controls_of(
    asker: &Asker<'_>,
    part: Part,
    cases: &[QuestionCase<'_>],
) -> Result<Vec<(&'static str, ShownInput)>> {
    let is_forecast = cases::form(cases)? == Some(AnswerForm::Series);
    let can_swap = asker.stand_ins.are_complete(cases, asker.windows.patch())?;
    if !can_swap {
        let part = part.name();
        warn!(part, "Nobody else's scan can be shown instead; the control `swap` is left out.");
    }
    let has_values =
        |case: &QuestionCase<'_>| !FactValues::collect(case.scan, case.example.window).is_empty();
    let can_show_values = asker.asks_values && !is_forecast && cases.iter().all(has_values);
    if asker.asks_values && !can_show_values {
        let part = part.name();
        warn!(part, "No facts are measured in exactly the volumes shown; the control `values` is left out.");
    }
    let can_be_shown = |shown: ShownInput| match shown {
        ShownInput::Values => can_show_values,
        ShownInput::Nothing => !is_forecast,
        ShownInput::Swap => can_swap,
        ShownInput::Scan | ShownInput::Shuffled | ShownInput::Surrogate => true,
    };
    Ok(CONTROLS.into_iter().filter(|(_, shown)| can_be_shown(*shown)).collect())
}

/// Collects the language model's answers, with the scan and for each control.
fn said(
    work: &mut StageContext<'_, EvaluationConfig<'_>>,
    asker: &mut Asker<'_>,
    asked: &[(Part, Vec<QuestionCase<'_>>)],
) -> Result<Vec<OutcomeLine>> {
    let total = asked.iter().map(|(_, cases)| cases.len() as u64).sum();
    let (mut done, mut answers) = (0, Vec::new());
    for (part, cases) in asked {
        let mut shows = vec![(work.inputs.backbone(), ShownInput::Scan)];
        shows.extend(controls_of(asker, *part, cases)?);
        for batch in batches(cases, |a, b| a.scan.info.id == b.scan.info.id) {
            for &(plugin, shown) in &shows {
                answers.extend(answered(*part, plugin, batch, asker.ask(batch, shown)?));
            }
            done += batch.len() as u64;
            work.recorder.progress(done, total)?;
        }
    }
    Ok(answers)
}

impl Asker<'_> {
    /// Returns the model's answers as they are without the frequencies of bands.
    fn without_frequencies(&mut self, asked: &[(Part, Vec<QuestionCase<'_>>)]) -> Result<Vec<OutcomeLine>> {
        let (kept, mut answers) = (self.frequencies.take(), Vec::new());
        for (part, cases) in asked {
            for batch in batches(cases, |a, b| a.scan.info.id == b.scan.info.id) {
                let said = self.ask(batch, ShownInput::Scan)?;
                answers.extend(answered(*part, frequencies::WITHOUT, batch, said));
            }
        }
        self.frequencies = kept;
        Ok(answers)
    }
}

/// Splits cases into batches, in order. Questions about one scan stay together.
fn batches<T>(cases: &[T], are_about_one: impl Fn(&T, &T) -> bool) -> Vec<&[T]> {
    let (mut batches, mut start, mut end) = (Vec::new(), 0, 0);
    for part in cases.chunk_by(are_about_one).flat_map(|scan| scan.chunks(ABOUT_ONE)) {
        if end > start && end - start + part.len() > BATCH {
            batches.push(&cases[start..end]);
            start = end;
        }
        end += part.len();
    }
    batches.extend((end > start).then(|| &cases[start..end]));
    batches
}

/// Records rows of the model and its controls, and of the model's differences from controls and
/// baselines.
fn score(
    work: &mut StageContext<'_, EvaluationConfig<'_>>,
    scans: &[Scan],
    answers: &[OutcomeLine],
    baselines: &[OutcomeLine],
) -> Result<()> {
    let (task, scoring) = (work.config.task.source.plugin.config, work.config.scoring);
    let groups = Groups::collect((scoring, work.seed), task, scans);
    let backbone = work.inputs.backbone();
    for part in PARTS {
        let model = cases::outcomes(answers, part, backbone);
        if model.is_empty() {
            continue;
        }
        let resamples = resamples(subjects(&model), scoring.resamples, work.seed, part);
        let of_model = Scores::compute(task, &model, &resamples)?;
        let mut rows = of_model.rows(|metric| work.recorder.row(metric), part, backbone, None);
        rows.extend(groups.rows(&work.recorder, part, backbone, &model)?);
        let others = answers_by(answers).into_iter().filter(|plugin| plugin != backbone);
        let others = others.map(|plugin| (plugin, answers, true)).collect::<Vec<_>>();
        let simple = answers_by(baselines).into_iter().map(|plugin| (plugin, baselines, false));
        for (plugin, answers, is_of_model) in others.into_iter().chain(simple) {
            let outcomes = cases::outcomes(answers, part, &plugin);
            if is_of_model && outcomes.is_empty() {
                continue;
            }
            if outcomes.len() != model.len() || outcomes.iter().zip(&model).any(|(a, b)| a.scan != b.scan) {
                return Err(format!("`{plugin}` answered other questions than the model").into());
            }
            let scores = Scores::compute(task, &outcomes, &resamples)?;
            if is_of_model {
                rows.extend(scores.rows(|metric| work.recorder.row(metric), part, &plugin, None));
            }
            rows.extend(of_model.minus(&scores).rows(
                |metric| work.recorder.row(metric),
                part,
                backbone,
                Some(&plugin),
            ));
        }
        work.recorder.extend(rows);
        work.recorder.progress(answers.len() as u64, answers.len() as u64)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_about_one_scan_are_asked_at_once() {
        let check = |counts: &[usize], sizes: &[usize]| {
            let scans = counts.iter().enumerate().flat_map(|(scan, &count)| vec![scan; count]);
            let cases: Vec<usize> = scans.collect();
            let batches = batches(&cases, |a, b| a == b);
            assert_eq!(batches.iter().map(|batch| batch.len()).collect::<Vec<_>>(), sizes, "{counts:?}");
            assert_eq!(batches.concat(), cases);
        };
        check(&[], &[]);
        check(&[1; 40], &[16, 16, 8]);
        check(&[55, 55], &[55, 55]);
        check(&[3, 3, 12, 2], &[6, 14]);
        check(&[2, 600], &[2, 256, 256, 88]);
    }
}
