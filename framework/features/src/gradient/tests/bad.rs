//! Scans without defined gradients: each has a reason, and the features stay the same.

use super::*;
use crate::Feature;

/// Returns values by feature, after checking that the features follow from the networks.
fn measured(
    steps: &Steps,
    template: &GradientTemplate,
    series: &TimeSeries,
) -> Vec<(String, Result<f64, Missing>)> {
    let networks = networks(series.rois());
    let measured = measure(steps, template, series, &networks);
    let named: Vec<Feature> = measured.iter().map(|one| one.feature.clone()).collect();
    assert_eq!(named, features(steps.components, &networks));
    measured.into_iter().map(|one| (one.feature.to_string(), one.value)).collect()
}

#[test]
fn features_have_names_and_numbers() {
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let series = series(&signals(60, 100, 1));
    let measured = measured(&steps, &template(&steps, &series), &series);
    let names: Vec<&str> = measured.iter().map(|(name, _)| name.as_str()).take(7).collect();
    let first = ["gradient-range.1", "gradient-variance.1", "gradient-share.1"];
    let means = ["gradient-mean.1-a", "gradient-mean.1-b", "gradient-mean.1-c", "gradient-range.2"];
    assert_eq!(names, [&first[..], &means].concat());
    assert_eq!(measured.len(), 18);
    assert!(measured.iter().all(|(_, value)| value.is_ok()));
    let shares: Vec<f64> = [2, 8, 14].map(|place| measured[place].1.unwrap()).to_vec();
    assert!(shares.is_sorted_by(|a, b| a > b) && shares.iter().sum::<f64>() < 1.0, "{shares:?}");
}

#[test]
fn dead_regions_have_no_place_and_the_others_keep_theirs() {
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let whole = signals(60, 100, 1);
    let template = template(&steps, &series(&whole));
    // The last region, alone in its network, is constant; region 3 has a NaN.
    let mut broken = whole.clone();
    broken[59] = vec![0.1; 100];
    broken[3][50] = f32::NAN;
    for (name, value) in measured(&steps, &template, &series(&broken)) {
        let expected = if name.ends_with("-c") { Some(Missing::Dead) } else { None };
        assert_eq!(value.err(), expected, "{name}");
    }
    // Living regions have the same values as in a scan without the dead ones.
    let fewer: Vec<_> = (0..60).filter(|roi| ![3, 59].contains(roi)).map(|roi| whole[roi].clone()).collect();
    let with = steps.gradients(&crate::fc(&series(&broken))).unwrap();
    let without = steps.gradients(&crate::fc(&series(&fewer))).unwrap();
    assert!(with.map(0)[3].is_nan() && with.map(0)[59].is_nan());
    let living: Vec<f64> = with.map(0).into_iter().filter(|value| !value.is_nan()).collect();
    assert_eq!(living, without.map(0));
}

#[test]
fn too_little_signal_says_so() {
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let whole = signals(60, 100, 1);
    let template = template(&steps, &series(&whole));
    let dead = |how_many: usize| {
        let mut broken = whole.clone();
        broken.iter_mut().take(how_many).for_each(|signal| signal.fill(0.0));
        series(&broken)
    };
    let cases = [
        ("31 of 60 are dead", dead(31), Missing::Dead),
        ("constant", dead(60), Missing::Dead),
        ("nothing but NaN", series(&vec![vec![f32::NAN; 100]; 60]), Missing::Dead),
        ("three volumes", series(&signals(60, 3, 1)), Missing::Short),
        ("one volume", series(&signals(60, 1, 1)), Missing::Short),
        ("one signal", series(&vec![whole[0].clone(); 60]), Missing::Undefined),
    ];
    for (name, series, expected) in cases {
        let measured = measured(&steps, &template, &series);
        assert!(measured.iter().all(|(_, value)| *value == Err(expected)), "{name}: {measured:?}");
    }
    // With half of the regions there are still gradients: 30 regions, of which each keeps two entries.
    assert!(measured(&steps, &template, &dead(30)).iter().any(|(_, value)| value.is_ok()));
    // Four volumes are enough, although the values mean little.
    let four = measured(&steps, &template, &series(&signals(60, 4, 1)));
    assert!(four.iter().all(|(_, value)| value.is_ok()), "{four:?}");
}

#[test]
fn pieces_are_no_extremes() {
    // Two groups of regions with orthogonal signals: correlations of 0.9 within a group, none between
    // groups.
    let group = |roi: usize| roi / 30;
    let value = |i: usize, j: usize| {
        if i == j {
            1.0
        } else if group(i) == group(j) {
            0.9
        } else {
            0.0
        }
    };
    let fc: Vec<f64> = (0..3600).map(|at| value(at / 60, at % 60)).collect();
    let all = || (0..60).collect::<Vec<_>>();
    for embedding in [Embedding::DiffusionMap, Embedding::Laplacian] {
        let cosine = steps(Kernel::Cosine, embedding).of_living(&fc, 60, all());
        assert_eq!(cosine.unwrap_err(), Missing::Pieces, "{embedding:?}");
    }
    // An angle of 90 degrees has an affinity of one half, and PCA needs no connected regions.
    assert!(steps(Kernel::NormalizedAngle, Embedding::DiffusionMap).of_living(&fc, 60, all()).is_ok());
    assert!(steps(Kernel::Cosine, Embedding::Pca).of_living(&fc, 60, all()).is_ok());
    // An affinity of rounding noise connects nothing.
    let mut affinity = affinity(&fc, 60, &all(), Kernel::Cosine, 0.9);
    (affinity[(0, 59)], affinity[(59, 0)]) = (1e-14, 1e-14);
    assert_eq!(Embedding::DiffusionMap.embed(affinity, 3).err(), Some(Missing::Pieces));
}

#[test]
fn a_scan_that_hardly_meets_the_template_is_not_turned() {
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let whole = series(&signals(60, 100, 1));
    let mut template = template(&steps, &whole);
    template.maps.iter_mut().for_each(|map| map[..31].fill(None));
    let measured = measured(&steps, &template, &whole);
    assert!(measured.iter().all(|(_, value)| *value == Err(Missing::Dead)));
}
