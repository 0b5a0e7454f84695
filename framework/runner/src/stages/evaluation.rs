//! What a task scores with the model: options ranked, texts generated, scans continued.

use boldface::{
    Answer, Codes, Describer, FmriBlock, LanguageModel, Observer, Prediction, Query, Result, Sequence,
    TimeSeries, Window,
};

use super::Work;
use super::baseline::{PARTS, answers_by};
use super::baselines::softmax;
use super::cases::{self, Case, Form, answered};
use super::intervals::{Scores, resamples, subjects};
use super::packing::{extent, fits, prompt, query};
use super::windows::{Place, Windows};
use crate::run::Answered;
use crate::run::inputs::read_facts;

/// Raised when the same config gives different results.
pub const VERSION: u32 = 1;

/// Questions that are asked at once.
const BATCH: usize = 16;

/// The same prompt without a scan: what the question alone gives away.
const TEXT_ONLY: &str = "text-only";

/// Saves the model's answers, and those of the same model without the scan; scores them with
/// intervals, and the difference from each baseline.
pub fn run(work: &mut Work<'_>, name: &str) -> Result<()> {
    let task = cases::task(work.plan, name)?;
    let (scans, split) = (work.inputs.scans()?, work.inputs.split()?);
    let model = work.inputs.language_model(&mut work.fit())?;
    let patch = work.plan.tokenizer.config.patch();
    let windows = Windows::open(work.inputs, patch, work.plan.experiment.signal.standardize)?;
    let describers = work.inputs.describers()?;
    let context = work.plan.backbone.config.context();
    let longest = work.plan.experiment.evaluation.longest_answer;
    let mut asker = Asker { model: &*model, windows, describers, context, longest };

    let backbone = work.plan.backbone.plugin;
    let mut asked = Vec::new();
    for part in PARTS {
        let cases = cases::cases(task, &scans, &split, part)?;
        asked.push((part, cases::form(&cases)?, cases));
    }
    let total = asked.iter().map(|(_, _, cases)| cases.len() as u64).sum();
    let mut done = 0;
    let mut answers = Vec::new();
    for (part, form, cases) in &asked {
        for batch in cases.chunks(BATCH) {
            answers.extend(answered(*part, backbone, batch, asker.ask(batch, true)?));
            if matches!(form, Some(Form::Choice | Form::Text)) {
                answers.extend(answered(*part, TEXT_ONLY, batch, asker.ask(batch, false)?));
            }
            done += batch.len() as u64;
            work.recorder.progress(done, total)?;
        }
    }
    cases::write(work.dir, &answers)?;
    score(work, name, &answers)
}

/// Rows of the model and of text-only, and of the model's difference from everything simpler.
fn score(work: &mut Work<'_>, name: &str, answers: &[Answered]) -> Result<()> {
    let task = &*cases::task(work.plan, name)?.config;
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
        let others = answers_by(answers).into_iter().filter(|plugin| plugin != backbone);
        let others = others.map(|plugin| (plugin, answers)).collect::<Vec<_>>();
        let simple = answers_by(&baselines).into_iter().map(|plugin| (plugin, &baselines[..]));
        for (plugin, answers) in others.into_iter().chain(simple) {
            let outcomes = cases::outcomes(answers, part, &plugin);
            if outcomes.len() != model.len() || outcomes.iter().zip(&model).any(|(a, b)| a.scan != b.scan) {
                return Err(format!("`{plugin}` answered other questions than the model").into());
            }
            let scores = Scores::of(task, &outcomes, &resamples)?;
            if plugin == TEXT_ONLY {
                rows.extend(scores.rows(&work.recorder, part, &plugin, None));
            }
            rows.extend(of_model.minus(&scores).rows(&work.recorder, part, backbone, Some(&plugin)));
        }
        work.recorder.extend(rows);
        work.recorder.progress(answers.len() as u64, answers.len() as u64)?;
    }
    Ok(())
}

/// Asks a language model about scans.
struct Asker<'a> {
    model: &'a dyn LanguageModel,
    windows: Windows,
    describers: Vec<Box<dyn Describer>>,
    context: Option<usize>,
    longest: usize,
}

impl Asker<'_> {
    /// The model's answers, with the scan or with the question alone.
    fn ask(&mut self, cases: &[Case<'_>], fmri: bool) -> Result<Vec<Prediction>> {
        let mut places = Vec::new();
        for case in cases {
            let (window, _) = extent(&case.example, self.windows.patch())?;
            places.push((case.scan.info.id.clone(), window, 0));
        }
        let blocks: Vec<Option<FmriBlock>> = if fmri {
            self.windows.blocks(&places)?.into_iter().map(Some).collect()
        } else {
            vec![None; cases.len()]
        };
        match cases::form(cases)? {
            None => Ok(Vec::new()),
            Some(Form::Choice) => self.rank(cases, blocks),
            Some(Form::Text) => self.generate(cases, blocks),
            Some(Form::Series) => self.continued(cases, &places, blocks),
        }
    }

    fn rank(&self, cases: &[Case<'_>], blocks: Vec<Option<FmriBlock>>) -> Result<Vec<Prediction>> {
        let mut queries: Vec<Query> = Vec::new();
        for (case, block) in cases.iter().zip(blocks) {
            let Answer::Choice { options, .. } = &case.example.answer else { continue };
            let query = query(self.model, prompt(self.model, &case.example.question, block)?, options)?;
            let longest = query.options.iter().max_by_key(|option| option.len()).cloned().unwrap_or_default();
            let mut whole = query.prompt.clone();
            whole.after.extend(longest);
            fits(&whole, self.context, &format!("the question about `{}`", case.scan.info.id))?;
            queries.push(query);
        }
        let ranked = self.model.rank(&queries)?;
        let mut predictions = Vec::new();
        for ((case, query), log_likelihoods) in cases.iter().zip(&queries).zip(ranked) {
            let usable =
                log_likelihoods.len() == query.options.len() && log_likelihoods.iter().all(|l| !l.is_nan());
            if !usable {
                let id = &case.scan.info.id;
                return Err(format!("the backbone ranked `{id}` with {log_likelihoods:?}").into());
            }
            // Each is of the whole string, its end included, so the shares are over the options.
            predictions.push(Prediction::Choice { probabilities: softmax(&log_likelihoods).0 });
        }
        Ok(predictions)
    }

    fn generate(&self, cases: &[Case<'_>], blocks: Vec<Option<FmriBlock>>) -> Result<Vec<Prediction>> {
        let mut prompts = Vec::new();
        let mut limit = self.longest;
        for (case, block) in cases.iter().zip(blocks) {
            let prompt = prompt(self.model, &case.example.question, block)?;
            fits(&prompt, self.context, &format!("the question about `{}`", case.scan.info.id))?;
            let room = self.context.map_or(usize::MAX, |context| context - prompt.layout().len());
            limit = limit.min(room);
            prompts.push(prompt);
        }
        let generated = self.model.generate(&prompts, limit)?;
        let mut predictions = Vec::new();
        for tokens in generated {
            let text = self.model.text(&tokens)?;
            predictions.push(Prediction::Text { facts: read_facts(&self.describers, &text)?, text });
        }
        Ok(predictions)
    }

    /// Patch by patch: the next codes are predicted, decoded, and read again with what was before.
    fn continued(
        &self,
        cases: &[Case<'_>],
        places: &[Place],
        blocks: Vec<Option<FmriBlock>>,
    ) -> Result<Vec<Prediction>> {
        let patch = self.windows.patch();
        let mut running = Vec::new();
        for ((case, (id, window, _)), block) in cases.iter().zip(places).zip(blocks) {
            let (_, horizon) = extent(&case.example, patch)?;
            let (context, actual) = self.windows.shown(&(id.clone(), *window, horizon))?;
            let block = block.ok_or("a scan cannot be continued without its volumes")?;
            let (before, _) = self.model.prompt_tokens(&case.example.question, true)?;
            let shown = context.trs();
            running.push(Running {
                shown,
                series: context,
                codes: (*block.codes).clone(),
                block,
                actual,
                before,
            });
        }
        let steps = running.iter().map(|scan| scan.actual.trs() / patch).max().unwrap_or(0);
        for _ in 0..steps {
            let prompts = running
                .iter()
                .map(|scan| Sequence::prompt(scan.before.clone(), Some(scan.block.clone()), Vec::new()));
            let next = self.model.next_codes(&prompts.collect::<Vec<_>>())?;
            for (scan, codes) in running.iter_mut().zip(next) {
                scan.append(codes, &self.windows)?;
            }
            let series: Vec<TimeSeries> = running.iter().map(|scan| scan.series.clone()).collect();
            for (scan, block) in running.iter_mut().zip(self.windows.embed(&series)?) {
                // The features are of what was decoded; the codes stay those that were predicted.
                scan.block = FmriBlock { codes: scan.codes.clone().into(), ..block };
            }
        }
        running.into_iter().map(Running::finish).collect()
    }
}

/// One scan that is being continued.
struct Running {
    before: Vec<u32>,
    /// Volumes that were shown; what is after them in `series` is predicted.
    shown: usize,
    series: TimeSeries,
    codes: Codes,
    block: FmriBlock,
    actual: TimeSeries,
}

impl Running {
    /// Appends the volumes that `codes` stand for after everything before them.
    fn append(&mut self, codes: Vec<u32>, windows: &Windows) -> Result<()> {
        if codes.len() != self.codes.rois {
            return Err(format!(
                "the backbone predicted {} codes for {} regions",
                codes.len(),
                self.codes.rois
            )
            .into());
        }
        self.codes.codes.extend(codes);
        self.codes.patches += 1;
        let decoded = windows.tokenizer().decode(&self.codes, self.series.tr())?;
        let patch = windows.patch();
        let start = decoded.trs().checked_sub(patch).ok_or("the tokenizer decoded less than a patch")?;
        let last = decoded.window(Window { start, trs: patch })?;
        self.series = self.series.followed_by(&last)?;
        Ok(())
    }

    fn finish(self) -> Result<Prediction> {
        let predicted = self.series.window(Window { start: self.shown, trs: self.actual.trs() })?;
        Ok(Prediction::Series { predicted, actual: self.actual })
    }
}
