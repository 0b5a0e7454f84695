//! Tests of what training changes and what it leaves alone.

use boldface::Query;

use super::super::network::{ASKED, CENTER, is_adapter};
use super::*;

#[test]
fn the_loss_is_the_likelihood_of_the_answer_and_its_end() {
    let mut model = model(&config());
    let asked =
        Sequence { code_weight: 0.0, ..sequence(&model, Some(block(1, 3)), "is it?", "never silent") };
    let answer = asked.after[asked.supervised.clone()].to_vec();
    let tokens = answer.len() as f64;
    let ranks = model.rank(&[Query { prompt: prompt(&asked), options: vec![answer] }]).unwrap();
    let log = train(&mut model, &Training { dropout: 0.0, ..training(1) }, vec![asked]).unwrap();
    assert!((log.0["instruction_loss"][0] + ranks[0][0] / tokens).abs() < 1e-5, "{:?} {ranks:?}", log.0);
    assert_eq!(log.0.keys().collect::<Vec<_>>(), ["instruction_loss", "lr"]);
}

#[test]
fn every_loss_falls_with_full_tuning_and_with_adapters() {
    let (features, codes) = (Input::Features, Input::Codes);
    for (tuning, input) in [(Tuning::Full, features), (lora(4), features), (Tuning::Full, codes)] {
        let mut model = model(&Gpt { input, ..config() });
        let batch = batch(&model);
        let log = train(&mut model, &Training { tuning, dropout: 0.0, ..training(40) }, batch).unwrap();
        let names = ["fmri_to_fmri", "fmri_to_text", "instruction", "text_to_text"];
        for losses in names.map(|name| &log.0[&format!("{name}_loss")]) {
            assert!(losses[39] < 0.8 * losses[0], "{losses:?}");
        }
    }
}

#[test]
fn adapters_leave_the_language_model_bit_identical_and_fold_into_it() {
    let mut model = model(&config());
    let (base, batch) = (weights(&model), batch(&model));
    train(&mut model, &Training { tuning: lora(2), ..training(5) }, batch.clone()).unwrap();
    for (name, bits) in weights(&model) {
        let moves = is_adapter(&name) || causal::is_fmri(&name);
        assert_eq!(base.get(&name) != Some(&bits), moves, "{name}");
    }
    let query = [Query { prompt: prompt(&batch[0]), options: vec![batch[0].after[3..].to_vec()] }];
    let with_adapters = model.rank(&query).unwrap();
    model.network.fold_lora();
    assert!(close(&model.rank(&query).unwrap(), &with_adapters));
    assert_eq!(weights(&model).keys().collect::<Vec<_>>(), base.keys().collect::<Vec<_>>());
    let error = train(&mut model, &Training { tuning: lora(0), ..training(1) }, batch).unwrap_err();
    assert_eq!(error.to_string(), "an adapter's `rank` is 0; use at least 1");
}

#[test]
fn padding_of_a_shorter_scan_reaches_no_loss() {
    let model = model(&config());
    let quiet = Training { dropout: 0.0, ..training(1) };
    let of = |micro: &[Vec<Sequence>]| causal::gradients(&model.network, &quiet, micro, 0, 0).unwrap();
    // Two scans of three patches, one of two and one of a single patch, in one rectangle.
    let mut batch: Vec<Sequence> = [3, 2, 3, 1]
        .into_iter()
        .zip([
            "is it?",
            "is the heart still?",
            "is the brain silent?",
            "is the heart never silent and still?",
        ])
        .zip(1..)
        .map(|((patches, question), seed)| {
            let asked = sequence(&model, Some(block(seed, patches)), question, "never");
            Sequence { forecast: 1..patches, ..asked }
        })
        .collect();
    let apart: Vec<Vec<Sequence>> = batch.iter().map(|one| vec![one.clone()]).collect();
    let (alone_losses, alone) = of(&apart);
    for _ in 0..2 {
        let (losses, gradients) = of(std::slice::from_ref(&batch));
        for (name, loss) in &alone_losses {
            assert!((loss - losses[name]).abs() < 1e-5, "{name}: {loss} {}", losses[name]);
        }
        for name in model.network.params.names() {
            let [one, two] = [&alone, &gradients].map(|all| all.values(&model.network.params, name));
            let (one, two) = (one.unwrap_or_default(), two.unwrap_or_default());
            assert!(one.iter().zip(&two).all(|(a, b)| (a - b).abs() < 1e-4), "{name}");
        }
        batch.reverse();
    }
}

#[test]
fn micro_batches_give_the_gradient_of_one_large_batch() {
    let model = model(&config());
    let batch = batch(&model);
    let quiet = Training { dropout: 0.0, ..training(1) };
    let of = |micro: &[Vec<Sequence>]| causal::gradients(&model.network, &quiet, micro, 0, 0).unwrap();
    let (one_losses, one) = of(std::slice::from_ref(&batch));
    let (two_losses, two) = of(&[batch[..1].to_vec(), batch[1..].to_vec()]);
    for (name, loss) in &one_losses {
        assert!((loss - two_losses[name]).abs() < 1e-5, "{name}: {loss} {}", two_losses[name]);
    }
    for name in model.network.params.names().filter(|name| ![ASKED, CENTER].contains(name)) {
        let [one, two] = [&one, &two].map(|all| all.values(&model.network.params, name).unwrap());
        let far = one.iter().zip(&two).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 1e-5, "{name}: {far}");
    }
}

#[test]
fn a_block_that_is_read_once_gives_the_gradients_of_one_read_for_each_question() {
    let model = model(&config());
    let (one, other) = (block(1, 3), block(2, 3));
    let ask = |block: &FmriBlock, question, answer| sequence(&model, Some(block.clone()), question, answer);
    // Of the last two, one has only codes to learn, and the block itself predicts the other's first
    // answer token.
    let codes = Sequence { text_weight: 0.0, ..ask(&one, "", "") };
    let bare = ask(&one, "", "the heart is never still");
    let bare = Sequence { after: bare.after[bare.supervised.clone()].to_vec(), supervised: 0..3, ..bare };
    let batch = [
        ask(&one, "is it?", "never"),
        ask(&other, "is it?", "never silent"),
        ask(&one, "describe the brain and the heart", "the heart is still"),
        codes,
        bare,
        sequence(&model, None, "what?", "never"),
    ];
    causal::assert_sharing_changes_nothing(&model.network, &batch);
}

#[test]
fn an_answer_is_learned_generated_and_its_end_found() {
    let mut model = model(&config());
    let batch = batch(&model);
    train(&mut model, &Training { dropout: 0.0, ..training(120) }, batch.clone()).unwrap();
    let texts = model.generate(&[prompt(&batch[0]), prompt(&batch[2])], 20).unwrap();
    let texts: Vec<String> = texts.iter().map(|tokens| model.text(tokens).unwrap()).collect();
    assert_eq!(texts, ["the heart is still", "never"]);
    // Training taught the codes of patch 2 as those that follow patches 0 and 1.
    let fmri = batch[0].fmri.clone().map(|block| FmriBlock { patches: 2, ..block });
    let shown = Sequence::prompt(batch[0].before.clone(), fmri, Vec::new());
    assert_eq!(model.next_codes(&[shown]).unwrap()[0], batch[0].fmri.as_ref().unwrap().codes.codes[6..]);
}
