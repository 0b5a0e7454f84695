//! Inputs beyond the signal: rows of the graph, and measures relative to training scans.

use super::super::Channel;
use super::super::data::inputs;
use super::super::norms::PatchNorms;
use super::*;

fn with_every_channel() -> Vq {
    let channels =
        vec![Channel::Signal, Channel::Coupling, Channel::Edges, Channel::Nodes, Channel::Networks];
    Vq { steps: 3, channels, ..tiny(1.0, 1.0, 0.0, 0.0) }
}

#[test]
fn measures_are_relative_to_the_training_scans() {
    let scans = fixture::scans(fixture::waves(12, 0));
    let split = fixture::all_train(&scans);
    let train = split.train(&scans).unwrap();
    let config = with_every_channel();
    let tokens = Tokens::cut(&train, config.patch).unwrap();
    let shape = config.shape(tokens.patches, tokens.rois);
    let norms = PatchNorms::fit(&tokens, &shape, vec![0, 0, 1, 1]);
    let all: Vec<Vec<f32>> = tokens.scans.iter().map(|scan| inputs(scan, &shape, &norms)).collect();
    let (measures, width) = (shape.own() - shape.measures..shape.own(), shape.inputs());
    for place in (0..all[0].len()).filter(|place| measures.contains(&(place % width))) {
        let mean = all.iter().map(|scan| f64::from(scan[place])).sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < 1e-4, "input {} has mean {mean}", place % width);
        let square = all.iter().map(|scan| f64::from(scan[place]).powi(2)).sum::<f64>() / all.len() as f64;
        // A measure that is equal in all scans, or has no value in some, has a smaller SD.
        assert!(square < 1.0 + 1e-3, "measure {} has SD {}", place % width, square.sqrt());
    }
}

#[test]
fn every_channel_survives_saving_and_is_causal() {
    let config = with_every_channel();
    let (fitted, _) = fit(&config);
    let dir = tempfile::tempdir().unwrap();
    fitted.save(dir.path()).unwrap();
    let loaded = config.load(dir.path(), &runtime()).unwrap();
    let series = fixture::waves(1, 5).remove(0);
    let (whole, _) = fitted.embed(&[&series]).unwrap().remove(0);
    assert_eq!(whole.width, 16 + 2 * (2 * 16 + 5));
    assert_eq!(loaded.embed(&[&series]).unwrap()[0].0, whole);
    let begin = series.window(Window::first(12)).unwrap();
    let (begin, _) = fitted.embed(&[&begin]).unwrap().remove(0);
    for (a, b) in begin.values.iter().zip(&whole.values) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    let channels = vec![Channel::Signal, Channel::Coupling, Channel::Edges, Channel::Nodes];
    let error =
        Vq { channels, ..with_every_channel() }.load(dir.path(), &runtime()).err().unwrap().to_string();
    assert!(error.contains("does not fit its spec"), "{error}");
}

#[test]
fn a_token_ends_with_the_means_of_its_network() {
    let scans = fixture::scans(fixture::waves(3, 0));
    let split = fixture::all_train(&scans);
    let train = split.train(&scans).unwrap();
    let config = Vq { channels: vec![Channel::Coupling, Channel::Networks], ..with_every_channel() };
    let tokens = Tokens::cut(&train, config.patch).unwrap();
    let shape = config.shape(tokens.patches, tokens.rois);
    let norms = PatchNorms::fit(&tokens, &shape, vec![0, 1, 1, 0]);
    let values = inputs(&tokens.scans[0], &shape, &norms);
    let patch: Vec<&[f32]> = values.chunks(shape.inputs()).skip(4).take(4).collect();
    for (region, fellow) in [(0, 3), (1, 2), (2, 1), (3, 0)] {
        for other in 0..4 {
            let mean = (patch[region][other] + patch[fellow][other]) / 2.0;
            assert!((patch[region][4 + other] - mean).abs() < 1e-6, "region {region}, {other}");
        }
    }
    assert_ne!(patch[0][4..], patch[1][4..]);
}

#[test]
fn networks_need_a_channel_to_average() {
    let config = Vq { channels: vec![Channel::Signal, Channel::Networks], ..with_every_channel() };
    let cx = boldface::CheckContext { scans: &[], trs: 24, patch: 6 };
    let problems = config.check(&cx);
    assert!(problems.iter().any(|problem| problem.message.contains("beside it")), "{problems:?}");
}
