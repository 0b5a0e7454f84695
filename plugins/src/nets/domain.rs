//! Domain-adversarial loss: a classifier distinguishes fMRI features from text embeddings, and the
//! features are trained against it (Ganin and Lempitsky 2015, "Unsupervised domain adaptation by
//! backpropagation").
//!
//! Shapes: `M` tokens of each domain, `D` feature width, `H` text width.

use boldface_engine::nn::{self, Pass};
use boldface_engine::{Params, Tensor};
use rand::Rng;

use super::encoder::STD;

/// Width of the classifier's hidden layer.
const HIDDEN: usize = 64;

/// Inserts the projection of features into text space and the classifier.
pub(crate) fn init(params: &mut Params, (features, text): (usize, usize), rng: &mut impl Rng) {
    nn::init_linear(params, "domain.project", features, text, true, STD, rng);
    nn::init_linear(params, "domain.hidden", text, HIDDEN, true, STD, rng);
    nn::init_linear(params, "domain.out", HIDDEN, 2, true, STD, rng);
}

/// Returns the mean cross-entropy of the classifier; `ln 2` if the two domains cannot be distinguished.
///
/// The classifier's gradient lowers the loss. The gradient of the projection and the features is
/// negated and scaled by `reversal`.
pub(crate) fn loss(pass: &Pass<'_>, fmri_md: &Tensor, text_mh: &Tensor, reversal: f32) -> Tensor {
    let fmri_mh = nn::linear(pass, "domain.project", fmri_md).reverse_gradient(reversal);
    let hidden = nn::linear(pass, "domain.hidden", &Tensor::concat(&[&fmri_mh, text_mh], 0)).gelu();
    let (fmri, text) = (fmri_mh.dims()[0], text_mh.dims()[0]);
    let domains: Vec<u32> = (0..fmri + text).map(|row| u32::from(row >= fmri)).collect();
    nn::linear(pass, "domain.out", &hidden).cross_entropy(&domains)
}

/// Strength of the reversal after a share `progress` (0 to 1) of the training: `2 / (1 + e^-10p) - 1`.
/// It starts at 0, so that an untrained classifier does not disturb the features.
pub(crate) fn reversal(progress: f64) -> f32 {
    (2.0 / (1.0 + (-10.0 * progress).exp()) - 1.0) as f32
}

#[cfg(test)]
mod tests {
    use boldface::seed::stream;
    use boldface_engine::{AdamW, Engine};

    use super::*;

    /// Weights, including the features under the name `features`, so that these have a gradient.
    fn setup() -> (Engine, Params, Tensor) {
        let engine = boldface_engine::open("dfdx", "cpu").unwrap();
        let mut params = Params::new(&engine);
        init(&mut params, (3, 2), &mut stream(0, "weights"));
        let rows = |shift: f32| (0..16).map(move |i| ((i * 5 % 16) as f32 / 8.0 - 1.0) * 0.3 + shift);
        params.insert("features", rows(1.0).chain(rows(0.5)).chain(rows(-1.0)).take(48).collect(), &[16, 3]);
        let text = engine.tensor(rows(-1.0).chain(rows(1.0)).collect(), &[16, 2]);
        (engine, params, text)
    }

    fn loss_of(params: &Params, text: &Tensor, reversal: f32) -> Tensor {
        let pass = Pass::inference(params);
        loss(&pass, params.get("features"), text, reversal)
    }

    #[test]
    fn the_classifier_learns_and_without_reversal_the_features_stay() {
        let (_, mut params, text) = setup();
        let names = ["domain.hidden.weight", "domain.out.weight", "domain.out.bias"];
        let before = names.map(|name| params.get(name).to_vec());
        let features = params.get("features").to_vec();
        let mut optimizer = AdamW::new(0.0);
        let mut losses = Vec::new();
        for _ in 0..150 {
            let loss = loss_of(&params, &text, 0.0);
            losses.push(loss.item());
            optimizer.step(&mut params, &loss.backward(), 0.02);
        }
        // Chance is ln 2 = 0.693.
        assert!((losses[0] - 0.693).abs() < 0.05 && losses[149] < 0.2, "{} to {}", losses[0], losses[149]);
        for (name, before) in names.iter().zip(before) {
            assert_ne!(params.get(name).to_vec(), before, "{name} did not move");
        }
        assert_eq!(params.get("features").to_vec(), features);
    }

    #[test]
    fn with_reversal_features_and_projection_learn_to_fool_the_classifier() {
        let (_, mut params, text) = setup();
        let mut train = |only: &[&str], reversal: f32| {
            params.train_only(|name| only.iter().any(|part| name.starts_with(part)));
            let mut optimizer = AdamW::new(0.0);
            for _ in 0..150 {
                let gradients = loss_of(&params, &text, reversal).backward();
                optimizer.step(&mut params, &gradients, 0.02);
            }
            loss_of(&params, &text, reversal).item()
        };
        let told_apart = train(&["domain.hidden", "domain.out"], 1.0);
        let fooled = train(&["features", "domain.project"], 1.0);
        // Against a frozen classifier, trained features do worse than chance, ln 2 = 0.693.
        assert!(told_apart < 0.2 && fooled > 0.693, "{told_apart}, then {fooled}");
    }

    #[test]
    fn what_flows_into_the_features_is_turned_round() {
        let (_, params, text) = setup();
        let gradient = |name: &str, reversal: f32| {
            loss_of(&params, &text, reversal).backward().values(&params, name).unwrap()
        };
        let (down, up) = (gradient("features", -1.0), gradient("features", 0.5));
        assert!(down.iter().any(|&value| value.abs() > 1e-9), "{down:?}");
        assert!(down.iter().zip(&up).all(|(down, up)| (0.5 * down + up).abs() < 1e-9), "{down:?} {up:?}");
        assert!(gradient("domain.project.weight", 1.0).iter().any(|&value| value != 0.0));
        assert_eq!(gradient("domain.out.weight", -1.0), gradient("domain.out.weight", 0.5));
    }

    #[test]
    fn the_reversal_starts_at_nothing_and_ends_near_1() {
        assert_eq!(reversal(0.0), 0.0);
        // 2 / (1 + e^-5) - 1 = 2 / 1.006738 - 1 = 0.986614.
        assert!((reversal(0.5) - 0.986614).abs() < 1e-5);
        assert!((reversal(1.0) - 0.999909).abs() < 1e-5);
    }
}
