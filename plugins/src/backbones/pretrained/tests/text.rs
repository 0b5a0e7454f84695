//! Tests of the frozen text side.

use boldface::TextEncoder;

use super::*;

fn descriptions() -> Vec<String> {
    vec!["connectivity is higher than usual".into(), "the coupling is low".into(), "still".into()]
}

fn side(config: &Pretrained) -> Box<dyn TextEncoder> {
    let (runtime, mut log) = (runtime(), Log::default());
    let mut cx = FitContext { runtime: &runtime, seed: 5, observer: &mut log };
    let source = TextSource {
        general: vec!["never read".into()],
        descriptions: descriptions(),
        ..TextSource::default()
    };
    config.text_space(&source, &mut cx).unwrap()
}

#[test]
fn texts_pool_apart_around_the_mean_of_the_descriptions() {
    let dir = llama(None);
    let side = side(&config(dir.path()));
    let descriptions = descriptions();
    let pooled = side.pool(&descriptions.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    assert_eq!((pooled.rows, pooled.width), (3, 18));
    for column in 0..18 {
        let sum: f32 = (0..3).map(|row| pooled.row(row)[column]).sum();
        assert!(sum.abs() < 1e-4, "not centred: {pooled:?}");
    }
    assert_ne!(pooled.row(0), pooled.row(1));
    let other = side.pool(&["a text of no description", "", &descriptions[1]]).unwrap();
    assert_eq!(other.row(1), [0.0; 18]);
    assert_eq!(other.row(2), pooled.row(1));
}

#[test]
fn a_pooled_text_is_the_mean_of_its_last_states_whatever_is_read_beside_it() {
    let dir = llama(None);
    let side = side(&config(dir.path()));
    // Differences of two texts contain no centre; long and short texts are batched differently.
    let texts = ["the brain is never silent and the heart is never still", "the heart", "the brain is not"];
    let together = side.pool(&texts).unwrap();
    let files = boldface_lm::open(dir.path()).unwrap();
    let (network, vocabulary) =
        (files.network(&open("dfdx", "cpu").unwrap()).unwrap(), files.vocabulary().unwrap());
    let mean = |text: &str| {
        let tokens = vocabulary.tokens(text).unwrap();
        let places: Vec<u32> = (0..u32::try_from(tokens.len()).unwrap()).collect();
        let visible: Vec<u32> = places.iter().map(|place| place + 1).collect();
        let pass = network.inference();
        let x = network.embed(&pass, &tokens).reshape(&[1, tokens.len(), 18]);
        network.norm(&pass, &network.read(&pass, &x, &places, &visible, None)).mean_rows(1).to_vec()
    };
    let expected = texts.map(mean);
    for row in 1..3 {
        for column in 0..18 {
            let found = together.row(row)[column] - together.row(0)[column];
            let expected = expected[row][column] - expected[0][column];
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
}

#[test]
fn a_text_longer_than_the_context_is_pooled_in_pieces() {
    let dir = llama(None);
    let side = side(&Pretrained { context: Some(8), ..config(dir.path()) });
    // Each digit is one token.
    let pooled = side.pool(&["12345678", "9012", "123456789012"]).unwrap();
    for column in 0..18 {
        let expected = (8.0 * pooled.row(0)[column] + 4.0 * pooled.row(1)[column]) / 12.0;
        assert!((pooled.row(2)[column] - expected).abs() < 1e-4, "{pooled:?}");
    }
}

#[test]
fn token_vectors_are_rows_of_the_published_embedding() {
    let dir = llama(None);
    let side = side(&config(dir.path()));
    let files = boldface_lm::open(dir.path()).unwrap();
    let network = files.network(&open("dfdx", "cpu").unwrap()).unwrap();
    let table = network.params.get("model.embed_tokens.weight").to_vec();
    let tokens = files.vocabulary().unwrap().tokens("the heart").unwrap();
    let expected: Vec<f32> =
        tokens.iter().flat_map(|&token| &table[token as usize * 18..][..18]).copied().collect();
    assert_eq!(side.token_embeddings(&["the heart", ""]).unwrap().values, expected);
    assert_eq!(side.token_embeddings(&[]).unwrap().rows, 0);
}
