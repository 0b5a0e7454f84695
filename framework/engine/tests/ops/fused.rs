//! Norms, softmax, rotary positions, cross-entropy, nearest codes and noise.

use boldface_engine::{Params, Rope, Tensor};

use crate::check::{assert_close, gradients, gradients_at, numbers, on_every_engine};

#[test]
fn layer_norm() {
    on_every_engine(|engine| {
        let x = engine.tensor(vec![1.0, 3.0, 5.0, 5.0], &[2, 2]);
        let (gain, bias) = (engine.tensor(vec![1.0, 2.0], &[2]), engine.tensor(vec![0.5, -1.0], &[2]));
        // Row (1, 3): mean 2, variance 1: (-1, 1) * (1, 2) + (.5, -1). A constant row becomes the bias.
        assert_close(&x.layer_norm(&gain, &bias, 0.0).narrow(0, 0, 1).to_vec(), &[-0.5, 1.0], 1e-6);
        assert_close(&x.layer_norm(&gain, &bias, 1e-5).narrow(0, 1, 1).to_vec(), &[0.5, -1.0], 1e-6);
        for width in [3, 16, 21] {
            gradients(engine, &[&[4, width], &[width], &[width]], |x| x[0].layer_norm(&x[1], &x[2], 1e-5));
        }
    });
}

#[test]
fn rms_norm() {
    on_every_engine(|engine| {
        // sqrt((1 + 49) / 2) = 5
        let x = engine.tensor(vec![1.0, 7.0], &[1, 2]);
        assert_close(&x.rms_norm(&engine.tensor(vec![10.0, 1.0], &[2]), 0.0).to_vec(), &[2.0, 1.4], 1e-6);
        for width in [3, 16, 21] {
            gradients(engine, &[&[4, width], &[width]], |x| x[0].rms_norm(&x[1], 1e-5));
        }
    });
}

#[test]
fn normalize_rows() {
    on_every_engine(|engine| {
        let x = engine.tensor(vec![3.0, 4.0, 0.0, 0.0], &[2, 2]);
        assert_close(&x.normalize_rows().to_vec(), &[0.6, 0.8, 0.0, 0.0], 1e-6);
        gradients(engine, &[&[3, 5]], |x| x[0].normalize_rows());
    });
}

#[test]
fn softmax() {
    on_every_engine(|engine| {
        let third = 1.0_f32 / 3.0;
        let x = engine.tensor(vec![0.0, 3.0_f32.ln(), 1000.0, 1000.0], &[2, 2]);
        assert_close(&x.softmax().to_vec(), &[0.25, 0.75, 0.5, 0.5], 1e-6);
        assert_close(
            &x.log_softmax().to_vec(),
            &[0.25_f32.ln(), 0.75_f32.ln(), 0.5_f32.ln(), 0.5_f32.ln()],
            1e-6,
        );
        assert_close(&engine.zeros(&[3]).softmax().to_vec(), &[third; 3], 1e-6);
        for width in [1, 3, 16, 21] {
            gradients(engine, &[&[3, width]], |x| x[0].softmax());
            gradients(engine, &[&[3, width]], |x| x[0].log_softmax());
        }
        // The output is used twice, so its gradient is a sum.
        gradients(engine, &[&[2, 3]], |x| {
            let p = x[0].softmax();
            p.mul(&x[0].log_softmax()).add(&p)
        });
    });
}

#[test]
fn rope() {
    on_every_engine(|engine| {
        // Two heads of width 2 with one frequency, 1. Position 2 turns (1, 0) to (cos 2, sin 2).
        let x = engine.tensor(vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0], &[2, 4]);
        let (cos, sin) = (2.0_f32.cos(), 2.0_f32.sin());
        let expected = [1.0, 0.0, 0.0, 1.0, cos, sin, -sin, cos];
        assert_close(&x.rope(&[0, 2], 2, &Rope::plain(2, 10_000.0)).to_vec(), &expected, 1e-6);
        // One head of width 4, base 100: numbers 0 and 2 turn by 3, numbers 1 and 3 by 3 / 10.
        let x = engine.tensor(vec![1.0, 1.0, 0.0, 0.0], &[1, 4]).rope(&[3], 1, &Rope::plain(4, 100.0));
        assert_close(&x.to_vec(), &[3.0_f32.cos(), 0.3_f32.cos(), 3.0_f32.sin(), 0.3_f32.sin()], 1e-6);
        gradients(engine, &[&[2, 2, 8]], |x| x[0].rope(&[0, 1, 5, 1000], 2, &Rope::plain(4, 10_000.0)));
    });
}

#[test]
fn cross_entropy() {
    on_every_engine(|engine| {
        let logits = engine.tensor(vec![0.0, 3.0_f32.ln(), 500.0, 500.0], &[2, 2]);
        // -(ln .75 + ln .5) / 2
        let expected = -(0.75_f32.ln() + 0.5_f32.ln()) / 2.0;
        assert_close(&[logits.cross_entropy(&[1, 0]).item()], &[expected], 1e-6);
        gradients(engine, &[&[3, 7]], |x| x[0].cross_entropy(&[6, 0, 3]));
        // Logits whose memory the gradient may overwrite, and logits that are also used elsewhere.
        gradients(engine, &[&[2, 3], &[5, 3]], |x| x[0].linear(&x[1], None).cross_entropy(&[4, 1]));
        gradients(engine, &[&[2, 3]], |x| {
            let logits = x[0].scale(2.0);
            logits.cross_entropy(&[2, 1]).add(&logits.square().mean())
        });
    });
}

#[test]
fn nearest_rows() {
    on_every_engine(|engine| {
        let codebook = engine.tensor(vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0], &[3, 2]);
        let x = engine.tensor(vec![0.9, 0.1, 0.2, 0.8, -1.0, -2.0], &[3, 2]);
        assert_eq!(x.nearest_rows(&codebook), [0, 1, 0], "the first of equals; -1 is above -2");
        let (x, codebook) = (numbers(3000 * 8, 1), numbers(100 * 8, 2));
        let found =
            engine.tensor(x.clone(), &[3000, 8]).nearest_rows(&engine.tensor(codebook.clone(), &[100, 8]));
        for row in [0, 1023, 1024, 2999] {
            let product =
                |code: usize| -> f32 { (0..8).map(|i| x[row * 8 + i] * codebook[code * 8 + i]).sum() };
            let best = (0..100).max_by(|a, b| product(*a).total_cmp(&product(*b)));
            assert_eq!(Some(found[row] as usize), best);
        }
    });
}

#[test]
fn dropout_keeps_the_mean_and_its_gradient() {
    on_every_engine(|engine| {
        let rng = || boldface::seed::stream(3, "dropout");
        let mut params = Params::new(engine);
        params.constant("x", &[200, 500], 1.0);
        let y = params.get("x").dropout(0.25, &mut rng());
        let values = y.to_vec();
        assert!(values.iter().all(|y| *y == 0.0 || (*y - 4.0 / 3.0).abs() < 1e-6));
        // 100 000 draws of mean 1 and standard deviation .577: 5 standard errors are .009.
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert_eq!(y.sum().backward().values(&params, "x"), Some(values.clone()));
        assert_eq!(params.get("x").dropout(0.25, &mut rng()).to_vec(), values, "the stream decides");
        assert_eq!(params.get("x").dropout(0.0, &mut rng()).to_vec(), vec![1.0; 100_000]);
    });
}

#[test]
fn stochastic_depth_drops_whole_samples() {
    on_every_engine(|engine| {
        let mut params = Params::new(engine);
        params.constant("x", &[400, 3, 2], 1.0);
        let y = params.get("x").drop_rows(400, 0.5, &mut boldface::seed::stream(3, "depth"));
        let values = y.to_vec();
        assert!(values.chunks(6).all(|sample| sample.iter().all(|y| *y == sample[0])), "samples are whole");
        assert!(values.iter().all(|y| *y == 0.0 || *y == 2.0));
        // 400 samples: 5 standard errors of the share of kept ones are .125.
        let kept = values.chunks(6).filter(|sample| sample[0] > 0.0).count();
        assert!((150..250).contains(&kept), "{kept}");
        assert_eq!(y.sum().backward().values(&params, "x"), Some(values));
    });
}

#[test]
fn a_small_model_end_to_end() {
    on_every_engine(|engine| {
        gradients_at(
            engine,
            &[&[5, 4], &[4], &[4], &[3, 4]],
            vec![numbers(20, 1), vec![1.0, 0.9, 1.1, 1.2], numbers(4, 3), numbers(12, 4)],
            |x| {
                let tokens = x[0].rows(&[0, 3, 3, 1]);
                let hidden = tokens.layer_norm(&x[1], &x[2], 1e-5).gelu().add(&tokens);
                Tensor::concat(&[&hidden, &tokens], 0)
                    .linear(&x[3], None)
                    .cross_entropy(&[0, 1, 2, 0, 1, 2, 0, 1])
            },
        );
    });
}
