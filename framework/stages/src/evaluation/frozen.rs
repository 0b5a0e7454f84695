//! Linear models on the frozen language model: probes, and numbers without bins.

use boldface::{Observer, Part, Result};

use super::super::StageContext;
use super::super::cases::{QuestionCase, answered};
use super::super::linear::{self, Featured};
use super::super::packing::{fits, prompt};
use super::super::windows::ScanWindow;
use super::asker::{Asker, repeated};
use super::controls::{ShownInput, mean};
use super::{BATCH, controls_of};
use crate::store::OutcomeLine;

/// One set of predictions: a part, who answers, the questions, and the number of scans shown for each.
struct Round<'a> {
    part: Part,
    plugin: &'static str,
    cases: &'a [QuestionCase<'a>],
    scans: Vec<usize>,
}

/// Answers with linear models on the pooled prompts. One is fitted on `train` with scans, and answers
/// with scans and for the controls. Another is fitted and answers with the question alone.
pub fn answers(
    work: &mut StageContext<'_, super::EvaluationConfig<'_>>,
    asker: &mut Asker<'_>,
    train: &[QuestionCase<'_>],
    asked: &[(Part, Vec<QuestionCase<'_>>)],
) -> Result<Vec<OutcomeLine>> {
    let mut shows: Vec<(Part, &[QuestionCase<'_>], &'static str, ShownInput)> = Vec::new();
    for (part, cases) in asked {
        shows.push((*part, cases, work.inputs.backbone(), ShownInput::Scan));
        let controls = controls_of(asker, *part, cases)?;
        shows.extend(controls.into_iter().map(|(plugin, shown)| (*part, &cases[..], plugin, shown)));
    }
    let questions: usize = shows.iter().map(|(_, cases, ..)| cases.len()).sum();
    let (mut done, total) = (0, (2 * train.len() + questions) as u64);
    let mut answers = Vec::new();
    for learned in [ShownInput::Scan, ShownInput::Nothing] {
        let mut pooled = |cases: &[QuestionCase<'_>], shown: ShownInput| -> Result<Vec<Vec<Vec<f32>>>> {
            let mut features = Vec::new();
            for batch in cases.chunks(BATCH) {
                features.extend(asker.pooled(batch, shown)?);
                done += batch.len() as u64;
                work.recorder.progress(done, total)?;
            }
            Ok(features)
        };
        let known = pooled(train, learned)?.into_iter().flatten();
        let known: Vec<Featured<'_>> = train.iter().zip(known).collect();
        let (mut rounds, mut points): (Vec<Round<'_>>, Vec<Featured<'_>>) = (Vec::new(), Vec::new());
        let is_asked = |shown: ShownInput| (shown == ShownInput::Nothing) == (learned == ShownInput::Nothing);
        for &(part, cases, plugin, shown) in shows.iter().filter(|(.., shown)| is_asked(*shown)) {
            let features = pooled(cases, shown)?;
            rounds.push(Round { part, plugin, cases, scans: features.iter().map(Vec::len).collect() });
            for (case, features) in cases.iter().zip(features) {
                points.extend(features.into_iter().map(|features| (case, features)));
            }
        }
        let predictions =
            linear::predict(&known, &points, work.seed, &mut || work.recorder.progress(done, total))?;
        let mut predictions = predictions.into_iter();
        for Round { part, plugin, cases, scans } in rounds {
            let means = scans.into_iter().map(|n| mean(predictions.by_ref().take(n).collect()));
            answers.extend(answered(part, plugin, cases, means.collect::<Result<_>>()?));
        }
    }
    Ok(answers)
}

impl Asker<'_> {
    /// Pools every question's prompt into one vector per shown scan.
    fn pooled(&mut self, cases: &[QuestionCase<'_>], shown: ShownInput) -> Result<Vec<Vec<Vec<f32>>>> {
        let sights = self.sights(cases, shown)?;
        let asked = repeated(cases, &sights);
        let places: Vec<ScanWindow> = sights.iter().flatten().cloned().collect();
        let mut vectors = Vec::new();
        for (cases, places) in asked.chunks(BATCH).zip(places.chunks(BATCH)) {
            vectors.extend(self.pool(cases, places, shown)?);
        }
        let mut vectors = vectors.into_iter();
        Ok(sights.iter().map(|places| vectors.by_ref().take(places.len()).collect()).collect())
    }

    fn pool(
        &mut self,
        cases: &[QuestionCase<'_>],
        places: &[ScanWindow],
        shown: ShownInput,
    ) -> Result<Vec<Vec<f32>>> {
        let mut prompts = Vec::new();
        for (case, block) in cases.iter().zip(self.blocks(places, shown, false)?) {
            let prompt = prompt(self.model, &case.example.question, block)?;
            fits(&prompt, self.context, &format!("the question about `{}`", case.scan.info.id))?;
            prompts.push(prompt);
        }
        let features = self.model.pool(&prompts)?;
        if features.rows != cases.len() {
            return Err(
                format!("the backbone pooled {} prompts into {} rows", cases.len(), features.rows).into()
            );
        }
        Ok((0..features.rows).map(|row| features.row(row).to_vec()).collect())
    }
}
