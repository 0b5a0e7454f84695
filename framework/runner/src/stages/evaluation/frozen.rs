//! What a linear model reads off the frozen language model: probes, and numbers without bins.

use boldface::{Observer, Part, Result};

use super::super::Work;
use super::super::cases::{Case, answered};
use super::super::linear::{self, Featured};
use super::super::packing::{fits, prompt};
use super::asker::Asker;
use super::{BATCH, TEXT_ONLY};
use crate::run::Answered;

/// Answers of a linear model on the pooled prompts, with the scan and with the question alone; it is
/// fitted on `train` and nothing else.
pub fn answers(
    work: &mut Work<'_>,
    asker: &mut Asker<'_>,
    train: &[Case<'_>],
    asked: &[(Part, Vec<Case<'_>>)],
) -> Result<Vec<Answered>> {
    let backbone = work.plan.backbone.plugin;
    let seed = work.stage.seed;
    let each = train.len() + asked.iter().map(|(_, cases)| cases.len()).sum::<usize>();
    let (mut done, total) = (0, 2 * each as u64);
    let mut answers = Vec::new();
    for (plugin, fmri) in [(backbone, true), (TEXT_ONLY, false)] {
        let mut pooled = |cases: &'_ [Case<'_>]| -> Result<Vec<Vec<f32>>> {
            let mut features = Vec::new();
            for batch in cases.chunks(BATCH) {
                features.extend(asker.pooled(batch, fmri)?);
                done += batch.len() as u64;
                work.recorder.progress(done, total)?;
            }
            Ok(features)
        };
        let known: Vec<Featured<'_>> = train.iter().zip(pooled(train)?).collect();
        for (part, cases) in asked {
            let points: Vec<Featured<'_>> = cases.iter().zip(pooled(cases)?).collect();
            let predictions = linear::predict(&known, &points, seed)?;
            answers.extend(answered(*part, plugin, cases, predictions));
        }
    }
    Ok(answers)
}

impl Asker<'_> {
    /// Every question's prompt as one vector.
    fn pooled(&mut self, cases: &[Case<'_>], fmri: bool) -> Result<Vec<Vec<f32>>> {
        let (_, blocks) = self.blocks(cases, fmri)?;
        let mut prompts = Vec::new();
        for (case, block) in cases.iter().zip(blocks) {
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
