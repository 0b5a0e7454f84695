//! Tests of the words of questions that text after a scan is told.

use boldface_engine::no_grad;

use super::super::asked::QuestionVectors;
use super::super::files;
use super::*;
use crate::backbones::causal::Bucket;

fn config(dir: &TempDir) -> Pretrained {
    Pretrained { asked: true, ..super::config(dir.path()) }
}

/// Sums of the rows up to each token.
fn sums(asked: &QuestionVectors, tokens: &[u32], width: usize) -> Vec<Vec<f32>> {
    let mut sum = vec![0.0; width];
    let add = |row: &[f32]| {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        sum.clone()
    };
    asked.rows(tokens, width).chunks(width).map(add).collect()
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

#[test]
fn a_word_of_several_pieces_has_one_vector_and_no_place_depends_on_a_later_one() {
    let dir = llama(None);
    let model = super::model(&super::config(dir.path()));
    let vocabulary = model.prompts.vocabulary();
    let questions = ["QQ_net-ZZ still?", "ZZ-XX still?", "QQ_net still?", "QQ still?"].map(str::to_owned);
    let words = AskedWords::count(&questions, vocabulary, 3).unwrap();
    let asked = QuestionVectors::new(words, vocabulary, 8).unwrap();
    let tokens = |text: &str| vocabulary.tokens(text).unwrap();
    let whole = |text: &str| sums(&asked, &tokens(text), 8).pop().unwrap();
    assert!(tokens("QQ_net").len() > 2 && tokens("ZZ").len() > 1, "the words are whole tokens");
    let (net, zz) = (whole("QQ_net"), whole("ZZ"));
    assert!(net.iter().any(|x| x.abs() > 0.1) && !close(&net, &whole("QQ")));
    let both: Vec<f32> = net.iter().zip(&zz).map(|(a, b)| a + b).collect();
    // `still` and `?` are in all questions, and `-` between the names has a vector of its own.
    let dash = whole("-");
    let expected: Vec<f32> = both.iter().zip(&dash).map(|(a, b)| a + b).collect();
    assert!(close(&whole("QQ_net-ZZ still?"), &expected) && close(&whole("ZZ-QQ_net still?"), &expected));
    assert!(close(&whole("QQ_net ZZ"), &both));
    // No question has these words, although both begin like one that a question has.
    assert!(close(&whole("QQ_ne"), &[0.0; 8]) && close(&whole("ZZ_net"), &[0.0; 8]));
    let tokens = tokens("is it QQ_net-ZZ still?");
    let rows = asked.rows(&tokens, 8);
    for end in 0..tokens.len() {
        assert_eq!(asked.rows(&tokens[..end], 8), rows[..end * 8]);
    }
}

#[test]
fn only_text_after_a_scan_is_told_the_words() {
    for dir in [llama(Some(TEMPLATE)), gpt2()] {
        let (mut told, untold) = (super::model(&config(&dir)), super::model(&super::config(dir.path())));
        let hidden = |model: &PretrainedModel, sequence: &Sequence| {
            let bucket = Bucket::new(&[(sequence, 0..sequence.layout().len())]);
            let network = &model.network;
            no_grad(|| network.read(&network.pass(None), &bucket, None).to_vec())
        };
        let text = sequence(&told, None, "is the heart still?", "never");
        assert_eq!(hidden(&told, &text), hidden(&untold, &text));
        let scan = sequence(&told, Some(block(1, 3)), "is the heart still?", "never");
        let [with, without] = [&told, &untold].map(|model| hidden(model, &scan));
        assert_eq!(with, without, "the words are not a no-op at the start");
        let width = with.len() / scan.layout().len();
        told.network.params_mut().set("fmri.asked.norm.weight", vec![1.0; width]);
        let with = hidden(&told, &scan);
        assert_eq!(hidden(&told, &text), hidden(&untold, &text));
        let question = scan.layout().after(0) * width;
        assert_eq!(with[..question], without[..question]);
        assert_ne!(with[question..], without[question..]);
    }
}

#[test]
fn the_words_are_saved_and_answers_do_not_depend_on_what_else_is_asked() {
    let dir = llama(Some(TEMPLATE));
    let config = config(&dir);
    let mut model = super::model(&config);
    let before = weights(&model);
    let examples = batch(&model);
    train(&mut model, &training(3, lora(2)), examples.clone()).unwrap();
    assert_ne!(weights(&model)["fmri.asked.weight"], before["fmri.asked.weight"]);
    let options = ["never", "the brain is"].map(|text| model.answer_tokens("is it?", true, text).unwrap());
    let query = |sequence: &Sequence| Query { prompt: prompt(sequence), options: options.to_vec() };
    let other = sequence(&model, Some(block(2, 3)), "is the heart still?", "");
    let queries = [query(&examples[0]), query(&examples[2]), query(&other), query(&examples[1])];
    let ranks = ranked_as_alone(&model, &queries, 1e-4);
    model.network.tune(&lora(2), 5).unwrap();
    causal::assert_sharing_changes_nothing(
        &model.network,
        &[other.clone(), Sequence { after: examples[0].after.clone(), ..other }],
    );

    let run = tempfile::tempdir().unwrap();
    model.save(run.path()).unwrap();
    let loaded = files::load(&config, run.path(), &runtime()).unwrap();
    assert!(super::close(&loaded.rank(&queries).unwrap(), &ranks));
    let again = tempfile::tempdir().unwrap();
    loaded.save(again.path()).unwrap();
    assert!(contents(again.path()) == contents(run.path()));
}

#[test]
fn a_model_starts_with_the_words_of_its_text_side() {
    let (dir, runtime) = (llama(Some(TEMPLATE)), runtime());
    let mut cx = FitContext { runtime: &runtime, seed: 6, observer: &mut boldface::Silent };
    let questions = ["is the heart still?", "is the brain still?"].map(str::to_owned).to_vec();
    let source = TextSource { descriptions: vec!["low".to_owned()], questions, ..TextSource::default() };
    let text = tempfile::tempdir().unwrap();
    let config = config(&dir);
    config.text_space(&source, &mut cx).unwrap().save(text.path()).unwrap();
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    config.init(text.path(), SHAPE, &mut cx).unwrap().save(one.path()).unwrap();
    config.load(one.path(), &runtime).unwrap().save(two.path()).unwrap();
    assert!(contents(one.path()) == contents(two.path()));

    let untold = tempfile::tempdir().unwrap();
    super::config(dir.path()).text_space(&source, &mut cx).unwrap().save(untold.path()).unwrap();
    let error = config.init(untold.path(), SHAPE, &mut cx).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("was made without `asked`"), "{error}");
}
