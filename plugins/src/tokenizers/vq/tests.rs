//! Tests of the whole of stage 1 on simulated waves: learning, saving and errors.

mod channels;
mod resuming;
mod sizes;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use boldface::{
    Codes, Features, FitContext, FittedTokenizer, Runtime, Scan, TextSpace, TimeSeries, Tokenizer, Window,
};

use super::data::Tokens;
use super::fit::Trainer;
use super::text::TextVectors;
use super::{Losses, Vq};
use crate::tokenizers::fixture::{self, RecordedMetrics};

fn runtime() -> Runtime {
    Runtime { engine: "dfdx".into(), precision: boldface::Precision::F32, device: "cpu".into(), workers: 1 }
}

/// A tokenizer of a few thousand weights with the given loss weights.
fn tiny(reconstruction: f64, commitment: f64, alignment: f64, domain: f64) -> Vq {
    Vq {
        patch: 6,
        codebook_size: 16,
        code_dim: 8,
        width: 16,
        layers: 1,
        heads: 2,
        align_dim: 8,
        steps: 60,
        batch_size: 6,
        peak_lr: 1e-2,
        warmup: 1,
        losses: Losses {
            signal: reconstruction,
            coupling: 0.0,
            spectrum: 0.0,
            facts: 0.0,
            commitment,
            alignment,
            domain,
        },
        ..Vq::default()
    }
}

/// Descriptions that distinguish slow from fast waves, and token embeddings around a point.
fn text(scans: &[Scan]) -> TextSpace {
    let said = |(i, scan): (usize, &Scan)| {
        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
        (scan.info.id.clone(), vec![100.0 + sign, 0.01 * sign, 7.0])
    };
    let tokens = (0..64).map(|i| ((i * 37 % 64) as f32 / 32.0 - 1.0) * 0.02).collect();
    let descriptions = scans.iter().enumerate().map(said).collect();
    TextSpace { descriptions, tokens: Features::new(4, tokens).unwrap() }
}

fn no_text() -> TextSpace {
    TextSpace { descriptions: Default::default(), tokens: Features::new(1, vec![]).unwrap() }
}

fn fit_on(config: &Vq, scans: &[Scan], text: &TextSpace) -> (Box<dyn FittedTokenizer>, RecordedMetrics) {
    let split = fixture::all_train(scans);
    let (runtime, mut kept) = (runtime(), RecordedMetrics::default());
    let mut cx = FitContext { runtime: &runtime, seed: 7, observer: &mut kept };
    let fitted = config.fit(&split.train(scans).unwrap(), text, &mut cx).unwrap();
    (fitted, kept)
}

fn fit(config: &Vq) -> (Box<dyn FittedTokenizer>, RecordedMetrics) {
    let scans = fixture::scans(fixture::waves(12, 0));
    let text = text(&scans);
    fit_on(config, &scans, &text)
}

/// Returns the first and last recorded values.
fn ends(kept: &RecordedMetrics, name: &str) -> (f64, f64) {
    let values = kept.values(name);
    (values[0], *values.last().unwrap())
}

fn bytes(fitted: &dyn FittedTokenizer) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    fitted.save(dir.path()).unwrap();
    fs::read(dir.path().join("vq.safetensors")).unwrap()
}

#[test]
fn reconstruction_falls_and_held_out_waves_are_rebuilt() {
    let (fitted, kept) = fit(&Vq { steps: 200, ..tiny(1.0, 1.0, 0.0, 0.0) });
    let (first, last) = ends(&kept, "reconstruction_mse");
    assert!(last < 0.5 * first, "{first} to {last}");
    let mut error = (0.0, 0.0);
    for series in fixture::waves(6, 1) {
        let (_, codes) = fitted.embed(&[&series]).unwrap().remove(0);
        let decoded = fitted.decode(&codes, 2.0).unwrap();
        for (a, b) in series.values().iter().zip(decoded.values()) {
            error = (error.0 + (a - b).powi(2), error.1 + a * a);
        }
    }
    assert!(error.0 < 0.6 * error.1, "{error:?}");
}

#[test]
fn commitment_falls_by_itself() {
    let (_, kept) = fit(&tiny(0.0, 1.0, 0.0, 0.0));
    let (first, last) = ends(&kept, "commitment");
    assert!(last < 0.5 * first, "{first} to {last}");
}

#[test]
fn alignment_falls_below_what_unrelated_pairs_can_reach() {
    let (_, kept) = fit(&tiny(0.0, 0.0, 1.0, 0.0));
    let (first, last) = ends(&kept, "alignment");
    assert!(last < 0.8 * first, "{first} to {last}");
}

#[test]
fn the_domain_classifier_learns_to_tell_features_from_text() {
    let (_, kept) = fit(&Vq { steps: 100, ..tiny(0.0, 0.0, 0.0, 1.0) });
    let losses = kept.values("domain");
    let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    // Chance is ln 2 = 0.693. Later steps are chaotic; `nets::domain` tests both sides of the game.
    assert!(lowest < 0.6, "{losses:?}");
}

#[test]
fn each_loss_moves_the_weights_it_owns_and_no_others() {
    let scans = fixture::scans(fixture::waves(12, 0));
    let split = fixture::all_train(&scans);
    let train = split.train(&scans).unwrap();
    let engine = boldface_engine::open("dfdx", "cpu").unwrap();
    let moved = |config: Vq| {
        let tokens = Tokens::cut(&train, config.patch).unwrap();
        let text = TextVectors::collect(&train, &text(&scans)).unwrap();
        let facts = super::facts::FactDeviations::collect(&train);
        let mut trainer = Trainer::new(&config, &engine, (tokens, Vec::new(), text, facts), 7).unwrap();
        let all = |trainer: &Trainer<'_>| -> Vec<(String, Vec<f32>)> {
            trainer.params.names().map(|name| (name.to_owned(), trainer.params.get(name).to_vec())).collect()
        };
        let before = all(&trainer);
        (0..3).for_each(|step| trainer.step(step, &mut Default::default()));
        let changed = before.into_iter().zip(all(&trainer)).filter(|(before, after)| before != after);
        let parts: BTreeSet<String> =
            changed.map(|((name, _), _)| name.split('.').next().unwrap().into()).collect();
        parts.into_iter().collect::<Vec<_>>()
    };
    let alone = |losses: [f64; 4]| {
        let [reconstruction, commitment, alignment, domain] = losses;
        moved(Vq { weight_decay: 0.0, ..tiny(reconstruction, commitment, alignment, domain) })
    };
    assert_eq!(alone([1.0, 0.0, 0.0, 0.0]), ["code", "coupling", "decoder", "encoder", "patch"]);
    assert_eq!(alone([0.0, 1.0, 0.0, 0.0]), ["code", "coupling", "encoder"]);
    assert_eq!(alone([0.0, 0.0, 1.0, 0.0]), ["alignment", "coupling", "encoder"]);
    assert_eq!(alone([0.0, 0.0, 0.0, 1.0]), ["coupling", "domain", "encoder"]);
    let only = |losses: Losses| moved(Vq { weight_decay: 0.0, losses, ..tiny(0.0, 0.0, 0.0, 0.0) });
    let none = || tiny(0.0, 0.0, 0.0, 0.0).losses;
    assert_eq!(only(Losses { coupling: 1.0, ..none() }), ["coupling", "encoder", "rows"]);
    assert_eq!(only(Losses { spectrum: 1.0, ..none() }), ["coupling", "encoder", "spectrum"]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let config = Vq { steps: 10, dropout: 0.1, drop_path: 0.1, ..tiny(1.0, 0.1, 0.1, 0.1) };
    let trained = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bytes(&*fit(&config).0))
    });
    assert_eq!(trained[0], trained[1]);
    assert_ne!(trained[0], bytes(&*fit(&Vq { dropout: 0.0, ..config }).0));
}

#[test]
fn without_text_only_the_signal_is_learned_from_and_the_table_says_so() {
    let scans = fixture::scans(fixture::waves(12, 0));
    let config = Vq { steps: 3, ..tiny(1.0, 1.0, 1.0, 1.0) };
    let (fitted, kept) = fit_on(&config, &scans, &no_text());
    assert_eq!((kept.values("alignment_descriptions"), kept.values("domain_tokens")), (vec![0.0], vec![0.0]));
    assert!(kept.values("alignment").is_empty() && kept.values("domain").is_empty());
    let alone = fit_on(&Vq { steps: 3, ..tiny(1.0, 1.0, 0.0, 0.0) }, &scans, &no_text()).0;
    assert_eq!(bytes(&*fitted), bytes(&*alone));
}

#[test]
fn nothing_of_a_patch_depends_on_a_later_one() {
    let (fitted, _) = fit(&Vq { steps: 5, layers: 2, ..tiny(1.0, 1.0, 0.0, 0.0) });
    let series = fixture::waves(1, 3).remove(0);
    let (features, codes) = fitted.embed(&[&series]).unwrap().remove(0);
    for patch in 1..4 {
        let mut values = series.values().to_vec();
        values[patch * 6 * 4..].iter_mut().for_each(|value| *value = 3.0 - *value);
        let (changed, changed_codes) =
            fitted.embed(&[&series.with_values(values).unwrap()]).unwrap().remove(0);
        assert_eq!(changed.first(patch * 4), features.first(patch * 4), "bit for bit");
        assert_eq!(changed_codes.first(patch), codes.first(patch));
        assert_ne!(changed.row(patch * 4), features.row(patch * 4));

        let prefix = series.window(Window::first(patch * 6)).unwrap();
        let (alone, alone_codes) = fitted.embed(&[&prefix]).unwrap().remove(0);
        let furthest =
            alone.values.iter().zip(&features.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 1e-5, "{furthest}");
        assert_eq!(alone_codes, codes.first(patch));

        let whole = fitted.decode(&codes, 2.0).unwrap().window(Window::first(patch * 6)).unwrap();
        let part = fitted.decode(&codes.first(patch), 2.0).unwrap();
        let furthest =
            whole.values().iter().zip(part.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 1e-5, "{furthest}");
    }
}

#[test]
fn a_region_and_a_time_are_told_apart() {
    // All tokens have the same numbers, so that only positions can make a difference.
    let (fitted, _) = fit(&Vq { steps: 5, ..tiny(1.0, 1.0, 0.0, 0.0) });
    let flat = TimeSeries::new(24, 4, 2.0, vec![1.0; 96]).unwrap();
    let (features, _) = fitted.embed(&[&flat]).unwrap().remove(0);
    for token in 1..16 {
        assert_ne!(features.row(0), features.row(token), "token {token}");
    }
}

#[test]
fn many_series_are_embedded_as_one_is() {
    let (fitted, _) = fit(&Vq { steps: 3, ..tiny(1.0, 1.0, 0.0, 0.0) });
    let mut series = fixture::waves(11, 5);
    series[4] = series[4].window(Window::first(12)).unwrap();
    let together = fitted.embed(&series.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(together.len(), 11);
    assert_eq!((together[4].0.rows, together[4].0.width), (8, 32));
    for (series, (features, codes)) in series.iter().zip(&together) {
        let (alone, alone_codes) = fitted.embed(&[series]).unwrap().remove(0);
        assert_eq!((&alone_codes, alone.values.len()), (codes, features.values.len()));
        let furthest =
            alone.values.iter().zip(&features.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 1e-5, "{furthest}");
    }
}

#[test]
fn what_is_saved_is_what_is_loaded_and_damage_is_found() {
    let config = Vq { steps: 3, ..tiny(1.0, 1.0, 0.0, 0.0) };
    let (fitted, _) = fit(&config);
    let dir = tempfile::tempdir().unwrap();
    fitted.save(dir.path()).unwrap();
    let loaded = config.load(dir.path(), &runtime()).unwrap();
    let series = fixture::waves(1, 5).remove(0);
    let embedded = fitted.embed(&[&series]).unwrap();
    assert_eq!(loaded.embed(&[&series]).unwrap(), embedded);
    assert_eq!(loaded.decode(&embedded[0].1, 2.0).unwrap(), fitted.decode(&embedded[0].1, 2.0).unwrap());

    let error = |config: &Vq| config.load(dir.path(), &runtime()).err().unwrap().to_string();
    assert!(error(&Vq { width: 32, ..tiny(1.0, 1.0, 0.0, 0.0) }).contains("does not fit its spec"));
    let weights = dir.path().join("vq.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() - 100]).unwrap();
    assert!(error(&config).contains("vq.safetensors"));
    let (wider, _) = fit(&Vq { width: 32, ..Vq { steps: 2, ..tiny(1.0, 1.0, 0.0, 0.0) } });
    let other = tempfile::tempdir().unwrap();
    wider.save(other.path()).unwrap();
    fs::copy(other.path().join("vq.safetensors"), &weights).unwrap();
    assert!(error(&config).contains("does not hold the weights"));
    fs::remove_file(&weights).unwrap();
    assert!(error(&config).contains("vq.safetensors"));
    assert!(
        config.load(Path::new("nowhere"), &runtime()).err().unwrap().to_string().contains("nowhere/vq.json")
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let (fitted, _) = fit(&Vq { steps: 2, ..tiny(1.0, 1.0, 0.0, 0.0) });
    let made = |trs: usize, rois: usize| TimeSeries::new(trs, rois, 2.0, vec![0.5; trs * rois]).unwrap();
    let error = |series: TimeSeries| fitted.embed(&[&series]).unwrap_err().to_string();
    assert_eq!(error(made(7, 4)), "7 volumes are not a whole number of patches of 6");
    let knows = "this tokenizer knows up to 4 patches of 4 regions";
    assert_eq!(error(made(30, 4)), format!("5 patches of 4 regions; {knows}"));
    assert_eq!(error(made(6, 3)), format!("1 patches of 3 regions; {knows}"));
    let codes = Codes { patches: 1, rois: 4, codes: vec![0, 1, 2, 16] };
    assert_eq!(fitted.decode(&codes, 2.0).unwrap_err().to_string(), "a code is not below 16");

    let short = fixture::scans([made(6, 1)]);
    let split = fixture::all_train(&short);
    let (runtime, mut kept) = (runtime(), RecordedMetrics::default());
    let mut cx = FitContext { runtime: &runtime, seed: 0, observer: &mut kept };
    let mut error = |config: Vq| {
        config.fit(&split.train(&short).unwrap(), &no_text(), &mut cx).err().unwrap().to_string()
    };
    assert_eq!(error(tiny(1.0, 1.0, 0.0, 0.0)), "1 training tokens cannot fill `codebook-size` = 16");
    let text_alone = Vq { codebook_size: 1, ..tiny(0.0, 0.0, 1.0, 1.0) };
    assert_eq!(error(text_alone), "`losses` need text, but there is none; add a corpus");
}

#[test]
fn the_check_finds_every_problem() {
    let cx = boldface::CheckContext { scans: &[], trs: 24, patch: 6 };
    assert_eq!(tiny(1.0, 1.0, 1.0, 1.0).check(&cx), []);
    let wrong =
        Vq { patch: 5, heads: 3, warmup: 60, ema_decay: 1.0, batch_size: 1, ..tiny(-1.0, 0.0, 1.0, 0.0) };
    let keys: Vec<String> = wrong.check(&cx).into_iter().map(|problem| problem.key).collect();
    assert_eq!(keys, ["patch", "heads", "warmup", "batch-size", "ema-decay", "losses.signal"]);
    let idle: Vec<String> = tiny(0.0, 0.0, 0.0, 0.0).check(&cx).into_iter().map(|p| p.to_string()).collect();
    assert_eq!(idle, ["losses: all weights are 0: nothing is learned"]);
}
