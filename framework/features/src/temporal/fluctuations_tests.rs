//! Tests of fluctuations of networks: values, cuts and missing values.

use std::f64::consts::TAU;

use super::*;
use crate::golden;
use crate::spectrum::ALFF;

fn networks(of: &[&str]) -> Networks {
    let names = (0..of.len()).map(|roi| format!("r{roi}")).collect();
    Networks::group(&boldface::Regions { names, networks: of.iter().map(|&name| name.to_owned()).collect() })
}

const UNITS: Fluctuations = Fluctuations { band: ALFF, amplitude: Amplitude::Units };

/// Returns regions by a formula, at a TR of 2 s.
fn series(trs: usize, rois: usize, value: impl Fn(usize, usize) -> f64) -> TimeSeries {
    let values = (0..trs).flat_map(|t| (0..rois).map(move |roi| (t, roi)));
    TimeSeries::new(trs, rois, 2.0, values.map(|(t, roi)| value(t, roi) as f32).collect()).unwrap()
}

fn value_of(measured: &[Measurement], feature: &str) -> Result<f64, Missing> {
    measured.iter().find(|measured| measured.feature.to_string() == feature).unwrap().value
}

#[test]
fn networks_are_means_of_regions() {
    // 128 volumes: bin 10 of 1/256 Hz is in the band, bin 40 is not (see the tests of spectra).
    // Amplitudes are 3 and 6 in the band, 1 and 2 outside: ALFF 3 / 18 and 6 / 18, share 3/4. SD:
    // sqrt((a^2 + b^2) / 2 * 128 / 127).
    let cosine = |k: f64, t: usize| (TAU * k * (t as f64 + 0.5) / 128.0).cos();
    let signal = |t: usize, roi: usize| {
        let scale = if roi == 1 { 2.0 } else { 1.0 };
        50.0 + scale * (3.0 * cosine(10.0, t) + cosine(40.0, t))
    };
    let scan = series(128, 3, signal);
    let measured = UNITS.measure(&scan, &networks(&["A", "A", "B"]), &[]);
    let names: Vec<String> = measured.iter().map(|measured| measured.feature.to_string()).collect();
    let expected = "amplitude.A amplitude.B alff.A alff.B falff.A falff.B persistence.A persistence.B";
    assert_eq!(names.join(" "), expected);
    let sd = (5.0f64 * 128.0 / 127.0).sqrt();
    // The lag-1 value of a cosine of bin k is cos(2 pi k / 128), weighted by power 9 : 1; ends matter
    // little.
    let lag = 0.9 * (TAU * 10.0 / 128.0).cos() + 0.1 * (TAU * 40.0 / 128.0).cos();
    for (feature, expected, tolerance) in [
        ("amplitude.A", 1.5 * sd, 1e-5),
        ("amplitude.B", sd, 1e-5),
        ("alff.A", 0.25, 1e-5),
        ("alff.B", 1.0 / 6.0, 1e-5),
        ("falff.A", 0.75, 1e-4),
        ("persistence.B", lag, 0.02),
    ] {
        let value = value_of(&measured, feature).unwrap();
        assert!((value - expected).abs() < tolerance, "{feature}: {value} is not {expected}");
    }
    let percent = Fluctuations { amplitude: Amplitude::Percent, ..UNITS };
    let value = value_of(&percent.measure(&scan, &networks(&["A", "A", "B"]), &[]), "amplitude.B").unwrap();
    assert!((value - 2.0 * sd).abs() < 1e-4, "{value}");
}

#[test]
fn neither_mean_nor_unit_matters_where_it_should_not() {
    let seen = golden::series();
    let networks = networks(&["A"; 60]);
    let values = seen.values().iter().map(|x| 8.0 * x + 512.0).collect();
    let (a, b) = (
        UNITS.measure(&seen, &networks, &[]),
        UNITS.measure(&seen.with_values(values).unwrap(), &networks, &[]),
    );
    for (feature, times) in [("amplitude.A", 8.0), ("alff.A", 8.0), ("falff.A", 1.0), ("persistence.A", 1.0)]
    {
        let (a, b) = (value_of(&a, feature).unwrap(), value_of(&b, feature).unwrap());
        assert!((b - times * a).abs() < 1e-4 * b.abs(), "{feature}: {a} and {b}");
    }
}

#[test]
fn spectra_are_of_the_longest_stretch_and_never_across_a_cut() {
    // A slow wave whose phase jumps at volume 90 of 250, where 20 s are cut out.
    let wave = |seconds: f64| (TAU * 0.03 * seconds).sin() + 0.2 * (TAU * 0.11 * seconds).cos();
    let cut = Cut { at: 180.0, seconds: 20.0 };
    let scan = series(250, 1, |t, _| wave(2.0 * t as f64 + if t >= 90 { 20.0 } else { 0.0 }));
    let behind = series(160, 1, |t, _| wave(2.0 * t as f64 + 200.0));
    let one = networks(&["A"]);
    let (cut, behind, blind) = (
        UNITS.measure(&scan, &one, &[cut]),
        UNITS.measure(&behind, &one, &[]),
        UNITS.measure(&scan, &one, &[]),
    );
    for feature in ["falff.A", "persistence.A"] {
        assert_eq!(value_of(&cut, feature), value_of(&behind, feature), "{feature}");
        assert!(
            (value_of(&cut, feature).unwrap() - value_of(&blind, feature).unwrap()).abs() > 1e-4,
            "{feature}"
        );
    }
    // ALFF is scaled to that of 250 volumes.
    let whole = value_of(&behind, "alff.A").unwrap() * (160.0f64 / 250.0).sqrt();
    assert!((value_of(&cut, "alff.A").unwrap() - whole).abs() < 1e-12);
}

#[test]
fn noise_has_the_same_alff_with_and_without_cuts() {
    // Noise from the golden numbers' generator. Its amplitude at a frequency falls with the root of the
    // length: without the factor, half of a scan would have 1.41 times the ALFF of the whole.
    let mut state: u64 = 1;
    let mut noise = || {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        (state as f64 / (1u64 << 31) as f64 - 0.5) as f32
    };
    let scan = TimeSeries::new(400, 50, 2.0, (0..400 * 50).map(|_| noise()).collect()).unwrap();
    let networks = networks(&["A"; 50]);
    let whole = value_of(&UNITS.measure(&scan, &networks, &[]), "alff.A").unwrap();
    let half =
        value_of(&UNITS.measure(&scan, &networks, &[Cut { at: 400.0, seconds: 2.0 }]), "alff.A").unwrap();
    assert!((half / whole - 1.0).abs() < 0.1, "{half} of half and {whole} of the whole");
}

#[test]
fn short_stretches_have_no_slow_band() {
    // A cycle of 0.01 Hz takes 100 s: 49 volumes of 2 s are too few, 50 are enough.
    let scan = series(99, 1, |t, _| ((t * t) % 17) as f64);
    let one = networks(&["A"]);
    let cut = |volume: usize| [Cut { at: 2.0 * volume as f64, seconds: 2.0 }];
    assert!(value_of(&UNITS.measure(&scan, &one, &cut(49)), "falff.A").is_ok());
    let every = [cut(33), cut(66)].concat();
    let measured = UNITS.measure(&scan, &one, &every);
    assert_eq!(value_of(&measured, "falff.A"), Err(Missing::Short));
    assert_eq!(value_of(&measured, "alff.A"), Err(Missing::Short));
    assert!(value_of(&measured, "amplitude.A").is_ok() && value_of(&measured, "persistence.A").is_ok());
}

#[test]
fn bad_scans_have_reasons_and_the_same_features() {
    let seen = |trs| {
        series(trs, 5, |t, roi| [f64::NAN, 0.1, 7.0, ((t * t) % 17) as f64, ((t * 5) % 13) as f64][roi])
    };
    // A: a NaN and a signal, so half are there. B: constants. C: one region with a signal.
    let networks = networks(&["A", "B", "B", "A", "C"]);
    let good = UNITS.measure(&seen(120), &networks, &[]);
    for measure in ["amplitude", "alff", "falff", "persistence"] {
        assert!(
            value_of(&good, &format!("{measure}.A")).is_ok()
                && value_of(&good, &format!("{measure}.C")).is_ok()
        );
        assert_eq!(value_of(&good, &format!("{measure}.B")), Err(Missing::Dead));
    }
    for trs in [0, 1, 3] {
        let short = UNITS.measure(&seen(trs), &networks, &[]);
        let (a, b) = (short.iter().map(|m| &m.feature), good.iter().map(|m| &m.feature));
        assert!(a.eq(b));
        assert!(short.iter().all(|measured| measured.value == Err(Missing::Short)), "{short:?}");
    }
    // z-scores have a mean of 0, of which there are no percentages.
    let percent = Fluctuations { amplitude: Amplitude::Percent, ..UNITS };
    let zero = series(120, 1, |t, _| if t % 2 == 0 { 1.0 } else { -1.0 });
    assert_eq!(percent.measure(&zero, &self::networks(&["A"]), &[])[0].value, Err(Missing::Undefined));
}

#[test]
fn z_scores_are_known_by_their_spread() {
    let wave = |t: usize, roi: usize| std::f64::consts::SQRT_2 * (0.1 * (roi + 5) as f64 * t as f64).sin();
    assert!(is_standardized(&series(150, 20, wave)));
    assert!(!is_standardized(&series(150, 20, |t, roi| 2.0 * wave(t, roi))));
    // Amplitudes in percent may be about 1 as well, but not in nine of ten regions.
    assert!(!is_standardized(&series(150, 20, |t, roi| (0.4 + 0.1 * roi as f64) * wave(t, roi))));
    assert!(!is_standardized(&series(150, 2, |_, _| 0.0)));
}
