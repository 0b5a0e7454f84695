//! Tests that a resumed training equals one that never stopped.

use boldface::Backbone;

use super::*;
use crate::stopping::Stopping;

/// Trains with a stop after each of `stops` and returns the weights and the table. Each attempt starts
/// like a new process: from the model that the previous stage left, here one with adapters.
fn trained(tuning: &Tuning, stops: &[u64]) -> (BTreeMap<String, Vec<u32>>, Stopping) {
    let mut start = model(&config());
    let examples = batch(&start);
    train(&mut start, &Training { tuning: lora(3), ..training(2) }, examples.clone()).unwrap();
    let start = start.network.params;

    let training = Training { tuning: tuning.clone(), accumulate: 2, ..training(9) };
    let runtime = runtime();
    let mut stopping = Stopping::new();
    let model = stopping.at_each(stops, |stopping| {
        let mut model = model(&config());
        model.network.add_lora(
            Lora { rank: 3, alpha: 8.0, dropout: 0.1, targets: Vec::new() },
            &mut seed::stream(9, "other"),
        );
        model.network.params = start.clone();
        // Each micro-batch has a different number of examples.
        let mut batches = (0..).map(|draw| Ok(examples.iter().cycle().take(1 + draw % 4).cloned().collect()));
        let mut cx = FitContext { runtime: &runtime, seed: 3, observer: stopping };
        model.train(&training, &mut batches, &mut cx)?;
        Ok(model)
    });
    (weights(&model), stopping)
}

#[test]
fn a_stopped_training_ends_with_the_same_bits() {
    for tuning in [Tuning::Full, lora(2)] {
        let (straight, table) = trained(&tuning, &[]);
        let (stopped, resumed) = trained(&tuning, &[1, 4, 5, 9]);
        assert_eq!(resumed.resumed, 9);
        assert_eq!(straight, stopped);
        assert_eq!(table.rows, resumed.rows);
    }
}

#[test]
fn a_stopped_text_side_ends_with_the_same_bits() {
    let general = vec!["the brain is never silent and the heart is never still ".repeat(4)];
    let text = TextSource {
        general,
        descriptions: vec!["Rest is low.".to_owned(), "Pain is high.".to_owned()],
        ..TextSource::default()
    };
    let side = |stops: &[u64]| {
        let (runtime, dir, mut stopping) = (runtime(), tempfile::tempdir().unwrap(), Stopping::new());
        let side = stopping.at_each(stops, |stopping| {
            config().text_space(&text, &mut FitContext { runtime: &runtime, seed: 5, observer: stopping })
        });
        side.save(dir.path()).unwrap();
        (std::fs::read(dir.path().join("weights.safetensors")).unwrap(), stopping.rows)
    };
    assert!(side(&[]) == side(&[7, 19]));
}

#[test]
fn a_checkpoint_of_another_model_is_refused_and_changes_nothing() {
    let runtime = runtime();
    let mut stopping = Stopping::new();
    stopping.at = Some(2);
    let fit = |config: &Gpt, stopping: &mut Stopping| {
        let mut model = model(config);
        let examples = batch(&model);
        let mut batches = std::iter::repeat_with(|| Ok(examples.clone()));
        let mut cx = FitContext { runtime: &runtime, seed: 3, observer: stopping };
        model.train(&training(3), &mut batches, &mut cx)
    };
    fit(&config(), &mut stopping).unwrap_err();
    let mut other = model(&Gpt { width: 32, ..config() });
    let before = weights(&other);
    let mut optimiser = boldface_engine::AdamW::new(0.1);
    let error = causal::restore(&mut other.network, &mut optimiser, stopping.dir()).unwrap_err();
    assert!(error.to_string().contains("optimiser.safetensors"), "{error}");
    assert_eq!(weights(&other), before);
}
