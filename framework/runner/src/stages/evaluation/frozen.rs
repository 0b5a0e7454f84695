//! What a linear model reads off the frozen language model: probes, and numbers without bins.

use boldface::{Observer, Part, Result};

use super::super::Work;
use super::super::cases::{Case, answered};
use super::super::linear::{self, Featured};
use super::super::packing::{fits, prompt};
use super::asker::{Asker, Shown};
use super::{BATCH, SURROGATE, TEXT_ONLY};
use crate::run::Answered;

/// Answers of a linear model on the pooled prompts: fitted on `train` with its scans, and asked with scans
/// and with surrogates; fitted and asked with the question alone. It is fitted on nothing else.
pub fn answers(
    work: &mut Work<'_>,
    asker: &mut Asker<'_>,
    train: &[Case<'_>],
    asked: &[(Part, Vec<Case<'_>>)],
) -> Result<Vec<Answered>> {
    let backbone = work.plan.backbone.plugin;
    let with_scan = vec![(backbone, Shown::Scan), (SURROGATE, Shown::Surrogate)];
    let fits = [(Shown::Scan, with_scan), (Shown::Nothing, vec![(TEXT_ONLY, Shown::Nothing)])];
    let questions: usize = asked.iter().map(|(_, cases)| cases.len()).sum();
    let (mut done, total) = (0, (2 * train.len() + 3 * questions) as u64);
    let mut answers = Vec::new();
    for (learned, answering) in fits {
        let mut pooled = |cases: &[Case<'_>], shown: Shown| -> Result<Vec<Vec<f32>>> {
            let mut features = Vec::new();
            for batch in cases.chunks(BATCH) {
                features.extend(asker.pooled(batch, shown)?);
                done += batch.len() as u64;
                work.recorder.progress(done, total)?;
            }
            Ok(features)
        };
        let known: Vec<Featured<'_>> = train.iter().zip(pooled(train, learned)?).collect();
        let mut points: Vec<Featured<'_>> = Vec::new();
        for (_, shown) in &answering {
            for (_, cases) in asked {
                points.extend(cases.iter().zip(pooled(cases, *shown)?));
            }
        }
        let predictions =
            linear::predict(&known, &points, work.stage.seed, &mut || work.recorder.progress(done, total))?;
        let mut predictions = predictions.into_iter();
        for (plugin, _) in answering {
            for (part, cases) in asked {
                let of_part = predictions.by_ref().take(cases.len()).collect();
                answers.extend(answered(*part, plugin, cases, of_part));
            }
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
