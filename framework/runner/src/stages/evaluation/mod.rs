//! What a task scores with the model: options ranked, texts generated, scans continued.

mod asker;
mod continued;
mod frozen;
mod together;

use boldface::{Observer, Part, Result, Scan, Split, Task};

use super::Work;
use super::baseline::{PARTS, answers_by};
use super::cases::{self, Case, Form, answered};
use super::groups::Groups;
use super::intervals::{Scores, resamples, subjects};
use super::windows::Windows;
use crate::plan::Entry;
use crate::run::Answered;
use asker::{Asker, Shown};
use together::Together;

/// Raised when the same config gives different results.
pub const VERSION: u32 = 3;

/// Questions that are asked at once, if they are about different scans: a model reads the scans one by one.
const BATCH: usize = 16;

/// Most questions that are asked at once about one scan, which is read once for all of them.
const ABOUT_ONE: usize = 256;

/// The same prompt without a scan: what the question alone gives away.
const TEXT_ONLY: &str = "text-only";

/// Scans whose phases are random: what is known from anything but connectivity.
const SURROGATE: &str = "surrogate";

/// What is shown instead of the scan, and under which name the answers are listed.
const CONTROLS: [(&str, Shown); 2] = [(TEXT_ONLY, Shown::Nothing), (SURROGATE, Shown::Surrogate)];

/// Saves the model's answers, and those of the same model without the scan and to scans with random
/// phases; scores them with intervals, apart by group, and the difference from each baseline.
pub fn run(work: &mut Work<'_>, name: &str) -> Result<()> {
    let task = cases::task(work.plan, name)?;
    let (scans, split) = (work.inputs.scans()?, work.inputs.split()?);
    let model = work.inputs.language_model(&mut work.fit())?;
    let patch = work.plan.tokenizer.config.patch();
    let windows = Windows::open(work.inputs, patch, work.plan.experiment.signal.standardize)?;
    let describers = work.inputs.describers()?;
    let context = work.plan.backbone.config.context();
    let longest = work.plan.experiment.evaluation.longest_answer;
    let paradigm = task.asking.keys.paradigm;
    let mut together = Together::new(name);
    let mut asked = Vec::new();
    for part in PARTS {
        for other in work.plan.asked_with(task) {
            together.add(&other.name, &questions(other, &scans, &split, part)?);
        }
        asked.push((part, questions(task, &scans, &split, part)?));
    }
    let mut asker = Asker {
        model: &*model,
        windows,
        describers,
        context,
        longest,
        paradigm,
        together,
        seed: work.stage.seed,
    };
    let all: Vec<Case<'_>> = asked.iter().flat_map(|(_, cases)| cases).cloned().collect();
    let form = cases::form(&all)?;
    let answers = if task.asking.is_frozen() || form == Some(Form::Value) {
        let mut train = cases::training(work.plan, task, &scans, &split)?;
        train
            .iter_mut()
            .for_each(|case| case.example.question = task.asking.question(&case.example.question));
        frozen::answers(work, &mut asker, &train, &asked)?
    } else {
        // A forecast is of the very volumes that are shown.
        let controls = if form == Some(Form::Series) { &[][..] } else { &CONTROLS };
        said(work, &mut asker, &asked, controls)?
    };
    cases::write(work.dir, &answers)?;
    score(work, name, &scans, &answers)
}

/// A task's questions about one part, in the words that evaluation asks.
fn questions<'a>(
    task: &Entry<dyn Task>,
    scans: &'a [Scan],
    split: &Split,
    part: Part,
) -> Result<Vec<Case<'a>>> {
    let mut cases = cases::cases(task, scans, split, part)?;
    cases.iter_mut().for_each(|case| case.example.question = task.asking.question(&case.example.question));
    Ok(cases)
}

/// What the language model itself answers, with the scan and to the controls.
fn said(
    work: &mut Work<'_>,
    asker: &mut Asker<'_>,
    asked: &[(Part, Vec<Case<'_>>)],
    controls: &[(&'static str, Shown)],
) -> Result<Vec<Answered>> {
    let backbone = work.plan.backbone.plugin;
    let total = asked.iter().map(|(_, cases)| cases.len() as u64).sum();
    let (mut done, mut answers) = (0, Vec::new());
    for (part, cases) in asked {
        for batch in batches(cases, |a, b| a.scan.info.id == b.scan.info.id) {
            for (plugin, shown) in [(backbone, Shown::Scan)].into_iter().chain(controls.iter().copied()) {
                answers.extend(answered(*part, plugin, batch, asker.ask(batch, shown)?));
            }
            done += batch.len() as u64;
            work.recorder.progress(done, total)?;
        }
    }
    Ok(answers)
}

/// Cases that are asked at once, in order: questions about one scan stay together.
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

/// Rows of the model, of text-only and of surrogates, and of the model's difference from everything simpler.
fn score(work: &mut Work<'_>, name: &str, scans: &[Scan], answers: &[Answered]) -> Result<()> {
    let task = &*cases::task(work.plan, name)?.config;
    let groups = Groups::of(work, task, scans);
    let baselines = work.inputs.baseline(name)?;
    let backbone = work.plan.backbone.plugin;
    for part in PARTS {
        let model = cases::outcomes(answers, part, backbone);
        if model.is_empty() {
            continue;
        }
        let count = work.plan.experiment.evaluation.resamples;
        let resamples = resamples(subjects(&model), count, work.stage.seed, part);
        let of_model = Scores::of(task, &model, &resamples)?;
        let mut rows = of_model.rows(&work.recorder, part, backbone, None);
        rows.extend(groups.rows(&work.recorder, part, backbone, &model)?);
        let others = answers_by(answers).into_iter().filter(|plugin| plugin != backbone);
        let others = others.map(|plugin| (plugin, answers)).collect::<Vec<_>>();
        let simple = answers_by(&baselines).into_iter().map(|plugin| (plugin, &baselines[..]));
        for (plugin, answers) in others.into_iter().chain(simple) {
            let outcomes = cases::outcomes(answers, part, &plugin);
            if outcomes.len() != model.len() || outcomes.iter().zip(&model).any(|(a, b)| a.scan != b.scan) {
                return Err(format!("`{plugin}` answered other questions than the model").into());
            }
            let scores = Scores::of(task, &outcomes, &resamples)?;
            if plugin == TEXT_ONLY || plugin == SURROGATE {
                rows.extend(scores.rows(&work.recorder, part, &plugin, None));
            }
            rows.extend(of_model.minus(&scores).rows(&work.recorder, part, backbone, Some(&plugin)));
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
