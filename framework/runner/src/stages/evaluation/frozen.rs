//! What a linear model reads off the frozen language model: probes, and numbers without bins.

use boldface::{Observer, Part, Result};

use super::super::Work;
use super::super::cases::{Case, answered_in_parts};
use super::super::linear::{self, Featured};
use super::super::packing::{fits, prompt};
use super::asker::{Asker, Shown};
use super::{BATCH, SURROGATE, TEXT_ONLY};
use crate::run::Answered;

/// Answers of a linear model on the pooled prompts, with the scan, to surrogates of it and with the
/// question alone; it is fitted on `train` and nothing else, and never on a surrogate.
pub fn answers(
    work: &mut Work<'_>,
    asker: &mut Asker<'_>,
    train: &[Case<'_>],
    asked: &[(Part, Vec<Case<'_>>)],
) -> Result<Vec<Answered>> {
    let backbone = work.plan.backbone.plugin;
    let seed = work.stage.seed;
    let every: Vec<Case<'_>> = asked.iter().flat_map(|(_, cases)| cases).cloned().collect();
    let (mut done, total) = (0, (2 * train.len() + 3 * every.len()) as u64);
    let mut answers = Vec::new();
    let fits = [
        (Shown::Scan, vec![(backbone, Shown::Scan), (SURROGATE, Shown::Surrogate)]),
        (Shown::Nothing, vec![(TEXT_ONLY, Shown::Nothing)]),
    ];
    for (learned, answerers) in fits {
        let mut pooled = |cases: &'_ [Case<'_>], shown: Shown| -> Result<Vec<Vec<f32>>> {
            let mut features = Vec::new();
            for batch in cases.chunks(BATCH) {
                features.extend(asker.pooled(batch, shown)?);
                done += batch.len() as u64;
                work.recorder.progress(done, total)?;
            }
            Ok(features)
        };
        let known: Vec<Featured<'_>> = train.iter().zip(pooled(train, learned)?).collect();
        for (plugin, shown) in answerers {
            let points: Vec<Featured<'_>> = every.iter().zip(pooled(&every, shown)?).collect();
            let predictions = linear::predict(&known, &points, seed, &mut || Ok(()))?;
            answers.extend(answered_in_parts(plugin, asked, predictions));
        }
    }
    Ok(answers)
}

impl Asker<'_> {
    /// Every question's prompt as one vector.
    fn pooled(&mut self, cases: &[Case<'_>], shown: Shown) -> Result<Vec<Vec<f32>>> {
        let (_, blocks) = self.blocks(cases, shown)?;
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
