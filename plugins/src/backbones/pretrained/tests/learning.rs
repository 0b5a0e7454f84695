//! Tests of what training changes and what stays as published.

use super::*;
use crate::stopping::Stopping;

#[test]
fn every_loss_falls_with_adapters_and_with_all_weights() {
    for dir in [llama(Some(TEMPLATE)), gpt2()] {
        for (tuning, input) in [(lora(4), Input::Features), (Tuning::Full, Input::Codes)] {
            let mut model = model(&Pretrained { input, ..config(dir.path()) });
            let batch = batch(&model);
            let log = train(&mut model, &training(60, tuning), batch).unwrap();
            for name in ["fmri_to_fmri", "fmri_to_text", "instruction", "text_to_text"] {
                let losses = &log.0[&format!("{name}_loss")];
                assert!(losses[59] < 0.9 * losses[0], "{name}: {losses:?}");
            }
        }
    }
}

#[test]
fn adapters_leave_the_published_weights_bit_identical_and_are_stacked() {
    let dir = llama(Some(TEMPLATE));
    let mut model = model(&config(dir.path()));
    let (published, batch) = (weights(&model), batch(&model));
    let base: Vec<&String> = published.keys().filter(|name| !causal::is_fmri(name)).collect();
    for stage in ["alignment", "instruction"] {
        let before = weights(&model);
        train(&mut model, &training(4, lora(2)), batch.clone()).unwrap();
        let after = weights(&model);
        assert!(base.iter().all(|name| after[*name] == published[*name]), "{stage}");
        for name in after.keys().filter(|name| causal::is_fmri(name)) {
            assert_ne!(after[name], before[name], "{stage}: {name} does not learn");
        }
        let moved = |name: &String| name.ends_with("lora_b") && after[name].iter().any(|&bits| bits != 0);
        assert_eq!(after.keys().filter(|name| moved(name)).count(), 14, "{stage}");
    }
    // The first adapter is frozen beside the second, at rank 2 each.
    let a = model.network.params().get("model.layers.0.self_attn.q_proj.frozen_a");
    assert_eq!(a.dims(), [2, 18]);

    // Once all weights are trained, the adapters are merged into them.
    let query = [Query { prompt: prompt(&batch[0]), options: vec![batch[0].after[3..].to_vec()] }];
    let ranks = model.rank(&query).unwrap();
    model.network.tune(&Tuning::Full, 0).unwrap();
    assert!(close(&model.rank(&query).unwrap(), &ranks));
    assert!(weights(&model).keys().all(|name| published.contains_key(name)));
    train(&mut model, &training(2, Tuning::Full), batch).unwrap();
    let after = weights(&model);
    assert!(base.iter().all(|name| after[*name] != published[*name]));
}

#[test]
fn a_block_that_is_read_once_gives_the_gradients_of_one_read_for_each_question() {
    for dir in [llama(Some(TEMPLATE)), gpt2()] {
        let mut model = model(&config(dir.path()));
        let examples = batch(&model);
        train(&mut model, &training(3, lora(2)), examples).unwrap();
        let (one, other) = (block(1, 3), block(2, 3));
        let ask =
            |block: &FmriBlock, question, answer| sequence(&model, Some(block.clone()), question, answer);
        let batch = [
            ask(&one, "is it?", "never"),
            ask(&other, "is it?", "never silent"),
            ask(&one, "and the heart?", "is still"),
            Sequence { text_weight: 0.0, ..ask(&one, "", "") },
            sequence(&model, None, "what?", "never"),
        ];
        for tuning in [lora(2), Tuning::Full] {
            model.network.tune(&tuning, 5).unwrap();
            causal::assert_sharing_changes_nothing(&model.network, &batch);
        }
    }
}

#[test]
fn layers_that_are_computed_again_learn_the_same() {
    let dir = llama(Some(TEMPLATE));
    let learned = |checkpointing| {
        let mut model = model(&Pretrained { checkpointing, ..config(dir.path()) });
        let batch = batch(&model);
        train(&mut model, &training(3, lora(2)), batch).unwrap();
        weights(&model)
    };
    assert!(learned(false) == learned(true));
}

/// A scan of a class: one number in each vector of region 0 is above or below the others.
fn planted(seed: u64, class: bool) -> FmriBlock {
    let block = block(seed, 3);
    let mut features = (*block.features).clone();
    for patch in 0..3 {
        features.values[patch * SHAPE.rois * SHAPE.width] += if class { 2.0 } else { -2.0 };
    }
    FmriBlock { features: Arc::new(features), ..block }
}

#[test]
fn a_planted_response_is_learned_and_found_in_new_scans() {
    let dir = llama(Some(TEMPLATE));
    let mut model = model(&config(dir.path()));
    let ask = |seed: u64, class: bool| {
        let answer = if class { "pain" } else { "rest" };
        Sequence { code_weight: 0.0, ..sequence(&model, Some(planted(seed, class)), "which?", answer) }
    };
    let lessons: Vec<Sequence> = (0..32).map(|seed| ask(seed, seed % 2 == 0)).collect();
    let held_out: Vec<(Sequence, bool)> =
        (100..120).map(|seed| (prompt(&ask(seed, seed % 3 == 0)), seed % 3 == 0)).collect();
    train(&mut model, &training(60, lora(4)), lessons).unwrap();
    let options = ["rest", "pain"].map(|text| model.answer_tokens("which?", true, text).unwrap()).to_vec();
    let queries: Vec<Query> = held_out
        .iter()
        .map(|(prompt, _)| Query { prompt: prompt.clone(), options: options.clone() })
        .collect();
    let ranks = model.rank(&queries).unwrap();
    let right = ranks.iter().zip(&held_out).filter(|(ranks, (_, class))| (ranks[1] > ranks[0]) == *class);
    // By chance, 18 or more of 20 are right once in 5 000 times.
    assert!(right.count() >= 18, "{ranks:?}");
}

/// Trains a second stage that stops after each of `stops` and returns the weights and the table. Each
/// attempt starts like a new process, from the files of the first stage.
fn trained(config: &Pretrained, start: &Path, tuning: &Tuning, stops: &[u64]) -> (Vec<Vec<u8>>, Stopping) {
    let (runtime, mut stopping) = (runtime(), Stopping::new());
    let model = stopping.at_each(stops, |stopping| {
        let mut model = super::super::files::load(config, start, &runtime)?;
        let examples = batch(&model);
        let mut batches = (0..).map(|draw| Ok(examples.iter().cycle().take(1 + draw % 4).cloned().collect()));
        let mut cx = FitContext { runtime: &runtime, seed: 3, observer: stopping };
        model.train(&Training { dropout: 0.1, ..training(7, tuning.clone()) }, &mut batches, &mut cx)?;
        Ok(model)
    });
    let dir = tempfile::tempdir().unwrap();
    model.save(dir.path()).unwrap();
    (contents(dir.path()).into_values().collect(), stopping)
}

#[test]
fn a_stopped_training_ends_with_the_same_bytes_and_its_checkpoints_hold_no_base() {
    let (dir, start) = (llama(Some(TEMPLATE)), tempfile::tempdir().unwrap());
    let config = config(dir.path());
    let mut first = model(&config);
    let examples = batch(&first);
    train(&mut first, &training(2, lora(3)), examples).unwrap();
    first.save(start.path()).unwrap();
    for tuning in [lora(2), Tuning::Full] {
        let (straight, table) = trained(&config, start.path(), &tuning, &[]);
        let (stopped, resumed) = trained(&config, start.path(), &tuning, &[1, 4, 7]);
        assert_eq!(resumed.resumed, 7);
        assert!(straight == stopped, "{tuning:?}");
        assert_eq!(table.rows, resumed.rows);
        let kept = Params::load(&open("dfdx", "cpu").unwrap(), &resumed.dir().join("weights.safetensors"));
        let has_base = kept.unwrap().names().any(|name| name == "model.embed_tokens.weight");
        assert_eq!(has_base, tuning == Tuning::Full);
    }
}
