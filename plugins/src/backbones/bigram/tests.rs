//! Tests that counting learns the pairs and nothing else.

use std::sync::Arc;

use boldface::{Codes, FmriBlock, Objective, Silent, Tuning};

use super::*;

fn runtime() -> Runtime {
    Runtime { engine: "none".into(), precision: boldface::Precision::F32, device: "cpu".into(), workers: 1 }
}

fn training(steps: u64) -> Training {
    Training {
        steps,
        accumulate: 1,
        peak_lr: 0.0,
        final_lr: 0.0,
        warmup: 0,
        weight_decay: 0.0,
        clip: 0.0,
        dropout: 0.0,
        tuning: Tuning::Full,
    }
}

fn model(source: &TextSource) -> Box<dyn LanguageModel> {
    let dir = tempfile::tempdir().unwrap();
    let (runtime, observer) = (runtime(), &mut Silent);
    let mut cx = FitContext { runtime: &runtime, seed: 0, observer };
    Bigram {}.text_space(source, &mut cx).unwrap().save(dir.path()).unwrap();
    let shape = FmriShape { rois: 2, patches: 3, width: 1, codebook_size: 4 };
    Bigram {}.init(dir.path(), shape, &mut cx).unwrap()
}

/// The codes 0 1, then 1 2, then 2 2 of two regions, and a question with the answer `ab`.
fn sequence(model: &dyn LanguageModel) -> Sequence {
    let codes = Arc::new(Codes { patches: 3, rois: 2, codes: vec![0, 1, 1, 2, 2, 2] });
    let features = Arc::new(Features::new(1, vec![0.0; 6]).unwrap());
    let (before, mut after) = model.prompt_tokens("?", true).unwrap();
    let supervised = after.len()..after.len() + 3;
    after.extend(model.answer_tokens("?", true, "ab").unwrap());
    let fmri = Some(FmriBlock { features, codes, patches: 3, regions: None });
    let objective = Objective::Instruction;
    Sequence {
        before,
        fmri,
        after,
        supervised,
        forecast: 1..3,
        objective,
        text_weight: 1.0,
        code_weight: 1.0,
    }
}

fn train(model: &mut dyn LanguageModel, steps: u64, batch: Vec<Sequence>) -> Result<()> {
    let runtime = runtime();
    let mut cx = FitContext { runtime: &runtime, seed: 0, observer: &mut Silent };
    model.train(&training(steps), &mut std::iter::repeat_n(batch, 2).map(Ok), &mut cx)
}

#[test]
fn it_learns_the_answer_and_the_next_code_and_survives_a_file() {
    let mut model = model(&TextSource::default());
    let batch = sequence(&*model);
    train(&mut *model, 2, vec![batch.clone()]).unwrap();

    let dir = tempfile::tempdir().unwrap();
    model.save(dir.path()).unwrap();
    let model = Bigram {}.load(dir.path(), &runtime()).unwrap();

    let prompt = Sequence { after: batch.after[..3].to_vec(), ..batch.clone() };
    let generated = model.generate(std::slice::from_ref(&prompt), 9).unwrap();
    assert_eq!(model.text(&generated[0]).unwrap(), "ab");
    // 2 followed code 2. In one region 1 follows 0, in the other 2 follows 1.
    assert_eq!(model.next_codes(&[batch]).unwrap(), [[2, 2]]);

    // Two steps saw answer -> a, a -> b and b -> end twice, so each has probability 3 / (2 + 260).
    let options = ["ab", "b"].map(|option| model.answer_tokens("?", true, option).unwrap()).to_vec();
    let ranks = model.rank(&[Query { prompt, options }]).unwrap();
    assert!((ranks[0][0] - 3.0 * (3f64 / 262.0).ln()).abs() < 1e-12, "{ranks:?}");
    assert!((ranks[0][1] - (1f64 / 262.0).ln() - (3f64 / 262.0).ln()).abs() < 1e-12, "{ranks:?}");
}

#[test]
fn a_prompt_is_not_learned_and_a_lack_of_batches_is_an_error() {
    let mut model = model(&TextSource::default());
    let untouched = model.rank(&[Query { prompt: sequence(&*model), options: vec![vec![CLOSE]] }]).unwrap();
    let prompt = Sequence { supervised: 0..0, forecast: 0..0, ..sequence(&*model) };
    let error = train(&mut *model, 3, vec![prompt.clone()]).unwrap_err();
    assert_eq!(error.to_string(), "the batches ran out at step 3 of 3");
    assert_eq!(model.rank(&[Query { prompt, options: vec![vec![CLOSE]] }]).unwrap(), untouched);
}

#[test]
fn general_text_is_learned_and_different_texts_pool_apart() {
    let model = model(&TextSource { general: vec!["abab".into()], ..TextSource::default() });
    let prompt = Sequence::prompt(Vec::new(), None, model.text_tokens("a").unwrap());
    assert_eq!(model.generate(&[prompt], 3).unwrap()[0][0], u32::from(b'b'));
    let side = TextSide { text: Counts::default() };
    let pooled = side.pool(&["lower", "higher"]).unwrap();
    assert_eq!((pooled.rows, pooled.width), (2, WIDTH));
    assert!(pooled.row(0) != pooled.row(1));
    assert_eq!(side.token_embeddings(&["aba"]).unwrap().rows, 3);
}

#[test]
fn a_pooled_prompt_says_which_code_stands_where_and_nothing_of_the_question() {
    let model = model(&TextSource::default());
    let asked = sequence(&*model);
    let with = |codes: Vec<u32>| {
        let block = asked.fmri.clone().unwrap();
        let codes = Arc::new(Codes { patches: 3, rois: 2, codes });
        Sequence { fmri: Some(FmriBlock { codes, ..block }), ..asked.clone() }
    };
    // The same codes with the first two exchanged.
    let swapped = with(vec![1, 0, 1, 2, 2, 2]);
    let mute = Sequence { after: Vec::new(), ..asked.clone() };
    let text = Sequence { fmri: None, ..asked.clone() };
    let pooled = model.pool(&[asked, swapped, mute, text]).unwrap();
    assert_eq!((pooled.rows, pooled.width), (4, BINS));
    // Six places, each 1 or -1 in a bin of its own (no two collide here).
    assert_eq!(pooled.row(0).iter().map(|value| value.abs()).sum::<f32>(), 6.0);
    assert_ne!(pooled.row(0), pooled.row(1));
    assert_eq!(pooled.row(0), pooled.row(2));
    assert!(pooled.row(3).iter().all(|&value| value == 0.0));
}
