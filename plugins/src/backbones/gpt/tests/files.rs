//! Tests of the text side, of files, and of errors for inputs that do not fit.

use std::path::Path;

use boldface::{Backbone, CheckContext, TextEncoder};
use boldface_engine::Params;
use expect_test::{Expect, expect};

use super::*;

fn source() -> TextSource {
    TextSource {
        general: vec![
            "the brain is never silent and the heart is never still".into(),
            "rest is not silence".into(),
        ],
        descriptions: vec![
            "connectivity is higher than usual".into(),
            "connectivity is lower than usual".into(),
        ],
        questions: vec!["Rest?".into(), "Pain?".into()],
    }
}

fn text_side(config: &Gpt, source: &TextSource) -> Result<(Box<dyn TextEncoder>, Log)> {
    let (mut log, runtime) = (Log::default(), runtime());
    let mut cx = FitContext { runtime: &runtime, seed: 5, observer: &mut log };
    Ok((config.text_space(source, &mut cx)?, log))
}

fn init(config: &Gpt, dir: &Path) -> Result<Box<dyn LanguageModel>> {
    let runtime = runtime();
    config.init(dir, SHAPE, &mut FitContext { runtime: &runtime, seed: 6, observer: &mut boldface::Silent })
}

fn bytes(dir: &Path) -> Vec<Vec<u8>> {
    ["weights.safetensors", "tokenizer.json", "model.json"]
        .map(|name| std::fs::read(dir.join(name)).unwrap())
        .to_vec()
}

fn check(error: impl ToString, expected: &Expect, dir: &Path) {
    expected.assert_eq(&error.to_string().replace(&dir.display().to_string(), "DIR"));
}

#[test]
fn language_is_learned_and_texts_pool_apart() {
    let (side, log) = text_side(&config(), &source()).unwrap();
    let losses = &log.0["text_loss"];
    assert!(losses[29] < 0.7 * losses[0], "{losses:?}");
    assert_eq!(log.0["perplexity"][29], losses[29].exp());
    let descriptions = source().descriptions;
    let both = side.pool(&[&descriptions[0], &descriptions[1]]).unwrap();
    assert!(both.row(0).iter().zip(both.row(1)).all(|(a, b)| (a + b).abs() < 1e-5), "not centred: {both:?}");
    let pooled = side.pool(&["higher than usual", "lower than usual", ""]).unwrap();
    assert_eq!((pooled.rows, pooled.width), (3, 16));
    assert_ne!(pooled.row(0), pooled.row(1));
    assert_eq!(pooled.row(2), [0.0; 16]);
    let once = side.token_embeddings(&["silent"]).unwrap();
    let twice = side.token_embeddings(&["silent", "silent"]).unwrap();
    assert_eq!(twice.values, [&once.values[..], &once.values].concat());
    let nothing = text_side(&config(), &TextSource::default()).map(|_| ()).unwrap_err();
    assert!(nothing.to_string().starts_with("there is no text"), "{nothing}");
}

#[test]
fn a_text_longer_than_the_context_is_pooled_in_pieces() {
    let (side, _) = text_side(&config(), &source()).unwrap();
    let tokens = |text: &str| side.token_embeddings(&[text]).unwrap().rows;
    // One text of exactly one context (64 tokens), and one that continues it. No token crosses a word
    // boundary.
    let words = ["higher", " than", " usual", ";", " lower"];
    let mut first = String::new();
    for word in words.iter().cycle().take(500) {
        match tokens(&format!("{first}{word}")) {
            64.. if tokens(&first) == 64 => break,
            65.. => first.push('.'),
            _ => first.push_str(word),
        }
    }
    let second = "lower than usual";
    let (a, b) = (tokens(&first), tokens(second));
    assert_eq!((a, tokens(&format!("{first} {second}"))), (64, a + b));
    let pooled = side.pool(&[&first, second, &format!("{first} {second}")]).unwrap();
    // Every token has the same weight, whatever piece it is in.
    let share = a as f32 / (a + b) as f32;
    for column in 0..16 {
        let expected = share * pooled.row(0)[column] + (1.0 - share) * pooled.row(1)[column];
        assert!((pooled.row(2)[column] - expected).abs() < 1e-5, "{pooled:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_files_give_the_same_model() {
    let run = |dir: &Path| {
        let (side, _) = text_side(&config(), &source()).unwrap();
        side.save(dir).unwrap();
        let text = bytes(dir);
        let runtime = runtime();
        let mut cx = FitContext { runtime: &runtime, seed: 6, observer: &mut boldface::Silent };
        let mut model = config().init(dir, SHAPE, &mut cx).unwrap();
        let (before, mut after) = model.prompt_tokens("is it higher?", true).unwrap();
        let start = after.len();
        after.extend(model.answer_tokens("is it higher?", true, "never").unwrap());
        let prompt = Sequence::prompt(before, Some(block(1, 3)), after);
        let sequence = Sequence { supervised: start..prompt.after.len(), text_weight: 1.0, ..prompt };
        let training = Training { tuning: lora(2), ..training(3) };
        model.train(&training, &mut std::iter::repeat_with(|| Ok(vec![sequence.clone()])), &mut cx).unwrap();
        model.save(dir).unwrap();
        (text, bytes(dir), model.generate(&[super::prompt(&sequence)], 5).unwrap())
    };
    let [first, second] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (one, two) = (run(first.path()), run(second.path()));
    assert!(one == two, "two runs of one seed differ");

    let loaded = config().load(first.path(), &runtime()).unwrap();
    loaded.save(second.path()).unwrap();
    assert!(bytes(second.path()) == one.1, "a file changed on the way through memory");
}

#[test]
fn files_of_another_shape_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    text_side(&config(), &source()).unwrap().0.save(dir).unwrap();
    let open_error = |config: &Gpt| init(config, dir).map(|_| ()).unwrap_err();
    check(
        open_error(&Gpt { context: 65, ..config() }),
        &expect![
            "`DIR/weights.safetensors` has `positions` of shape [64, 16], not [65, 16]; it was saved by another configuration"
        ],
        dir,
    );
    check(
        config().load(dir, &runtime()).map(|_| ()).unwrap_err(),
        &expect!["`DIR` holds a text model without fMRI parts"],
        dir,
    );

    let path = dir.join("weights.safetensors");
    let engine = open("dfdx", "cpu").unwrap();
    let mut params = Params::load(&engine, &path).unwrap();
    params.constant("surprise", &[1], 0.0);
    params.save(&path).unwrap();
    check(
        open_error(&config()),
        &expect![
            "`DIR/weights.safetensors` has an unknown parameter `surprise`; it was saved by another configuration"
        ],
        dir,
    );
    Params::new(&engine).save(&path).unwrap();
    let error = open_error(&config()).to_string();
    assert!(error.contains("lacks the parameter `asked`"), "{error}");
    std::fs::write(&path, b"no weights").unwrap();
    assert!(open_error(&config()).to_string().contains("weights.safetensors"));
    std::fs::write(dir.join("tokenizer.json"), b"{").unwrap();
    assert!(open_error(&config()).to_string().contains("tokenizer.json` is damaged"));
}

#[test]
fn what_does_not_fit_is_an_error() {
    let mut model = model(&config());
    let fits = sequence(&model, Some(block(1, 3)), "is it?", "never");
    let here = Path::new("-");
    let mut refused = |sequence: Sequence, expected: Expect| {
        let error = train(&mut model, &training(1), vec![sequence]).map(|_| ()).unwrap_err();
        check(error, &expected, here);
    };
    let long = Sequence { after: vec![1; 60], ..fits.clone() };
    refused(
        long,
        expect![
            "a sequence of 70 tokens (9 of fMRI, 61 of text) is longer than the backbone's `context` of 64; raise `context`, or show fewer volumes or less text"
        ],
    );
    let unknown = Sequence { before: vec![300], ..fits.clone() };
    refused(unknown, expect!["token 300 is outside the vocabulary of 292"]);
    let mut wide = block(1, 3);
    wide.features = Arc::new(Features::new(2, vec![0.0; 18]).unwrap());
    refused(
        Sequence { fmri: Some(wide), ..fits.clone() },
        expect![
            "a block of 3 regions and features of width 2 does not fit a backbone for 3 regions and width 4"
        ],
    );
    let short = FmriBlock { patches: 4, ..block(1, 3) };
    refused(
        Sequence { fmri: Some(short), ..fits.clone() },
        expect!["a block of 4 patches does not fit its 9 features, 9 codes and patches to predict (1..3)"],
    );
    refused(
        Sequence { text_weight: 0.0, code_weight: 0.0, ..fits.clone() },
        expect!["step 1 has nothing to learn: no loss weight above 0 has a target"],
    );
    let mut cx = FitContext { runtime: &runtime(), seed: 0, observer: &mut boldface::Silent };
    let error = model.train(&training(2), &mut std::iter::once(Ok(vec![fits])), &mut cx).unwrap_err();
    check(error, &expect!["the batches ran out at step 2 of 2"], here);
}

#[test]
fn configs_are_checked_all_at_once() {
    let bad =
        Gpt { width: 10, heads: 4, layers: 0, vocabulary: 12, text_length: 1, text_dropout: 1.0, ..config() };
    let cx = CheckContext { scans: &[], trs: 10, patch: 5 };
    let problems: Vec<String> = bad.check(&cx).iter().map(ToString::to_string).collect();
    expect![[r#"
        layers: must be at least 1
        width: 10 does not divide into 4 heads; use a multiple of 4
        vocabulary: 12 entries do not hold 256 bytes and the marks; use at least 261; 1024 suits small texts
        text-length: a window of 1 tokens is not between 2 and `context`; `context` is 64
        text-dropout: must be at least 0 and below 1"#]]
    .assert_eq(&problems.join("\n"));
    assert!(config().check(&cx).is_empty() && Gpt::default().check(&cx).is_empty());
}
