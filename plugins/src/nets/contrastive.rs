//! SigLIP: each scan's features and its own description attract, all other pairs repel
//! (Zhai et al. 2023, "Sigmoid loss for language image pre-training").
//!
//! Shapes: `S` scans, `D` feature width, `H` text width, `A` width of the shared space.

use boldface_engine::nn::{self, Pass};
use boldface_engine::{Params, Tensor};
use rand::Rng;

use super::encoder::STD;

/// The paper's initial scale of the cosine.
const SCALE: f32 = 10.0;

/// Inserts the projections into the shared space, and the learned scale (as its logarithm) and bias.
///
/// The bias starts at `-ln(scans - 1)`, the best constant for a batch of unrelated pairs.
pub(crate) fn init(
    params: &mut Params,
    (features, text): (usize, usize),
    width: usize,
    scans: usize,
    rng: &mut impl Rng,
) {
    nn::init_linear(params, "alignment.fmri", features, width, false, STD, rng);
    nn::init_linear(params, "alignment.text", text, width, false, STD, rng);
    params.constant("alignment.log_scale", &[1], SCALE.ln());
    params.constant("alignment.bias", &[1], -(scans.max(2) as f32 - 1.0).ln());
}

/// Returns the pairwise sigmoid loss, averaged over scans. Row `i` of both inputs belongs to scan `i`.
pub(crate) fn loss(pass: &Pass<'_>, fmri_sd: &Tensor, text_sh: &Tensor) -> Tensor {
    let fmri_sa = nn::linear(pass, "alignment.fmri", fmri_sd).normalize_rows();
    let text_sa = nn::linear(pass, "alignment.text", text_sh).normalize_rows();
    let scale = pass.params.get("alignment.log_scale").exp();
    let bias = pass.params.get("alignment.bias");
    sigmoid_loss(pass, &fmri_sa.matmul_t(&text_sa).mul_scalar_tensor(&scale).add_scalar_tensor(bias))
}

/// `-1/S sum_ij ln sigmoid(y_ij * logit_ij)` with `y` 1 on the diagonal and -1 elsewhere.
fn sigmoid_loss(pass: &Pass<'_>, logits_ss: &Tensor) -> Tensor {
    let scans = logits_ss.dims()[0];
    let sign = |i: usize| if i / scans == i % scans { 1.0 } else { -1.0 };
    let signs_ss = pass.params.engine().tensor((0..scans * scans).map(sign).collect(), &[scans, scans]);
    logits_ss.mul(&signs_ss).log_sigmoid().sum().scale(-1.0 / scans as f32)
}

#[cfg(test)]
mod tests {
    use boldface::seed::stream;
    use boldface_engine::AdamW;

    use super::*;

    #[test]
    fn the_loss_is_the_one_of_the_paper() {
        let engine = boldface_engine::open("dfdx", "cpu").unwrap();
        let params = Params::new(&engine);
        let pass = Pass::inference(&params);
        // -(ln s(1) + ln s(2) + ln s(-0) + ln s(3)) / 2 = (.313262 + .126928 + .693147 + .048587) / 2.
        let logits = engine.tensor(vec![1.0, -2.0, 0.0, 3.0], &[2, 2]);
        assert!((sigmoid_loss(&pass, &logits).item() - 0.590962).abs() < 1e-5);
    }

    #[test]
    fn projections_scale_and_bias_learn_who_belongs_to_whom() {
        let engine = boldface_engine::open("dfdx", "cpu").unwrap();
        let mut params = Params::new(&engine);
        init(&mut params, (4, 3), 4, 4, &mut stream(0, "weights"));
        let start = params.get("alignment.bias").item();
        assert!((start + 3f32.ln()).abs() < 1e-6, "{start}");
        let names =
            ["alignment.fmri.weight", "alignment.text.weight", "alignment.log_scale", "alignment.bias"];
        let before = names.map(|name| params.get(name).to_vec());
        let one_hot = (0..16).map(|i| f32::from(u8::from(i / 4 == i % 4))).collect();
        let fmri = engine.tensor(one_hot, &[4, 4]);
        let text =
            engine.tensor(vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, -1.0, -1.0, -1.0], &[4, 3]);
        let mut optimizer = AdamW::new(0.0);
        let mut losses = Vec::new();
        for _ in 0..200 {
            let loss = loss(&Pass::inference(&params), &fmri, &text);
            losses.push(loss.item());
            optimizer.step(&mut params, &loss.backward(), 0.02);
        }
        assert!(losses[199] < 0.3 * losses[0], "{} to {}", losses[0], losses[199]);
        for (name, before) in names.iter().zip(before) {
            assert_ne!(params.get(name).to_vec(), before, "{name} did not move");
        }
    }
}
