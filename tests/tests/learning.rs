//! The whole pipeline learns: the language model's answers reflect an effect planted in the signal.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use boldface_tests::{Sandbox, Seen, test_score};

/// The difference between the classes.
#[derive(Clone, Copy)]
enum Planted {
    /// Stronger coupling of two networks, which no region shows alone.
    Coupling,
    /// Phase of a response.
    Response,
}

/// Returns the test AUROC of `vq` and `gpt` on simulated scans of two classes, first with the right
/// scans and then with those of other people.
fn answered(planted: Planted, permuted: bool) -> [f64; 2] {
    let (effect, response) = match planted {
        Planted::Coupling => ("1.0", "0.0"),
        Planted::Response => ("0.0", "1.0"),
    };
    let sandbox = Sandbox::new();
    sandbox.write("text.txt", "The cat sat.\n\nThe dog ran, and the cat ran too.\n");
    let spec = format!(
        r#"
        [datasets.made]
        type = "synthetic"
        subjects = 80
        rois = 8
        trs = 80
        effect = {effect}
        response = {response}
        permute-labels = {permuted}

        [signal]
        trs = 80

        [split]
        test = 0.4
        stratify = ["condition"]

        [corpora.connectivity]

        [text]
        path = "text.txt"

        [tokenizer]
        type = "vq"
        patch = 20
        steps = 100
        width = 32
        codebook-size = 32

        [backbone]
        type = "gpt"
        width = 32
        text-steps = 50

        [alignment]
        steps = 50
        peak-lr = 1e-3

        [instruction]
        steps = 150
        peak-lr = 2e-3

        [tasks.condition]
        type = "classification"
        target = "condition"
        classes = ["low", "high"]

        [evaluation]
        resamples = 40
        "#
    );
    sandbox.write("made.toml", &spec);
    let finished = sandbox.run("made.toml", &Seen::default()).unwrap();
    ["gpt", "swap"].map(|plugin| test_score(&finished.dir, "condition", plugin, "auroc"))
}

#[test]
fn the_language_model_finds_a_planted_response() {
    is_found(Planted::Response);
}

#[test]
fn the_language_model_finds_planted_coupling() {
    is_found(Planted::Coupling);
}

fn is_found(planted: Planted) {
    let [auroc, swapped] = answered(planted, false);
    assert!(auroc > 0.9, "{auroc}");
    // 32 test subjects, as below. Other people's scans do not reveal one's own condition.
    assert!((swapped - 0.5).abs() < 0.31, "{swapped}");
}

#[test]
fn with_permuted_labels_the_language_model_is_at_chance() {
    // 32 test subjects, 16 and 16: by chance, the SD of an AUROC is sqrt(33 / (12 x 256)) = 0.104.
    for planted in [Planted::Response, Planted::Coupling] {
        let [auroc, _] = answered(planted, true);
        assert!((auroc - 0.5).abs() < 0.31, "{auroc}");
    }
}
