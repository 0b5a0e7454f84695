//! Fixtures for tests of all language models: one small scan, sequences about it and a short training.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{
    Codes, Features, FitContext, FmriBlock, FmriShape, LanguageModel, Lora, Metric, Objective, Observer,
    Query, Result, Runtime, Sequence, Training, Tuning, seed,
};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

/// Shape of the test scan.
pub(super) const SHAPE: FmriShape = FmriShape { rois: 3, patches: 3, width: 4, codebook_size: 5 };

pub(super) fn runtime() -> Runtime {
    Runtime { engine: "dfdx".into(), precision: boldface::Precision::F32, device: "cpu".into(), workers: 1 }
}

/// A short training without dropout.
pub(super) fn training(steps: u64, tuning: Tuning) -> Training {
    Training {
        steps,
        accumulate: 1,
        peak_lr: 1e-2,
        final_lr: 1e-3,
        warmup: 2,
        weight_decay: 0.01,
        clip: 1.0,
        dropout: 0.0,
        tuning,
    }
}

pub(super) fn lora(rank: usize) -> Tuning {
    Tuning::Lora(Lora { rank, alpha: 8.0, dropout: 0.1, targets: Vec::new() })
}

pub(super) fn block(seed: u64, patches: usize) -> FmriBlock {
    let mut rng = seed::stream(seed, "block");
    let n = patches * SHAPE.rois;
    let features = StandardNormal.sample_iter(&mut rng).take(n * SHAPE.width).collect();
    let codes = (0..n).map(|_| rng.random_range(0..5)).collect();
    let features = Arc::new(Features::new(SHAPE.width, features).unwrap());
    FmriBlock {
        features,
        codes: Arc::new(Codes { patches, rois: SHAPE.rois, codes }),
        patches,
        regions: None,
    }
}

pub(super) fn sequence(
    model: &impl LanguageModel,
    fmri: Option<FmriBlock>,
    question: &str,
    answer: &str,
) -> Sequence {
    let (before, mut after) = model.prompt_tokens(question, fmri.is_some()).unwrap();
    let start = after.len();
    after.extend(model.answer_tokens(question, fmri.is_some(), answer).unwrap());
    let forecast = if fmri.is_some() { 1..3 } else { 0..0 };
    let supervised = start..after.len();
    let prompt = Sequence::prompt(before, fmri, after);
    Sequence { supervised, forecast, text_weight: 1.0, code_weight: 0.5, ..prompt }
}

/// One sequence for each of three objectives, of different lengths.
pub(super) fn batch(model: &impl LanguageModel) -> Vec<Sequence> {
    let described = sequence(model, Some(block(1, 3)), "describe", "the heart is still");
    let asked = sequence(model, Some(block(2, 3)), "is the brain silent?", "never");
    let text = model.text_tokens("the brain is never still").unwrap();
    let supervised = 1..text.len();
    let text = Sequence { supervised, text_weight: 0.5, ..Sequence::prompt(Vec::new(), None, text) };
    vec![
        Sequence { objective: Objective::FmriToText, ..described },
        Sequence { objective: Objective::TextToText, ..text },
        asked,
    ]
}

pub(super) fn train(
    model: &mut impl LanguageModel,
    training: &Training,
    batch: Vec<Sequence>,
) -> Result<Log> {
    let (mut log, runtime) = (Log::default(), runtime());
    let mut cx = FitContext { runtime: &runtime, seed: 3, observer: &mut log };
    model.train(training, &mut std::iter::repeat_with(|| Ok(batch.clone())), &mut cx)?;
    Ok(log)
}

pub(super) fn prompt(sequence: &Sequence) -> Sequence {
    let after = sequence.after[..sequence.supervised.start].to_vec();
    Sequence::prompt(sequence.before.clone(), sequence.fmri.clone(), after)
}

/// Records every metric by name.
#[derive(Debug, Default)]
pub(super) struct Log(pub(super) BTreeMap<String, Vec<f64>>);

impl Observer for Log {
    fn record(&mut self, _: u64, metric: Metric) {
        self.0.entry(metric.name).or_default().push(metric.value);
    }
    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}

/// Asserts that every rank equals that of its option asked alone, to within `within`. Returns the
/// ranks.
pub(super) fn ranked_as_alone(model: &impl LanguageModel, queries: &[Query], within: f64) -> Vec<Vec<f64>> {
    let together = model.rank(queries).unwrap();
    let alone = |query: &Query| model.rank(std::slice::from_ref(query)).unwrap().remove(0);
    for (query, ranks) in queries.iter().zip(&together) {
        let same = alone(query);
        assert_eq!(same.len(), ranks.len());
        for ((option, rank), same) in query.options.iter().zip(ranks).zip(same) {
            let only = alone(&Query { prompt: query.prompt.clone(), options: vec![option.clone()] });
            assert_eq!(only.len(), 1);
            assert!(
                (same - rank).abs() < within && (only[0] - rank).abs() < within,
                "{rank} {same} {only:?}"
            );
        }
    }
    together
}
