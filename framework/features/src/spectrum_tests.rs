//! Tests of spectra: golden numbers, sines worked by hand, and signals without a spectrum.

use super::*;
use crate::golden;

const TRS: usize = golden::TRS;

/// Returns the first golden signal as in the golden block: detrended and z-scored (ddof 0).
fn golden_z() -> Vec<f64> {
    let mut z = golden::signals().0[0].clone();
    detrend(&mut z);
    let sd = (z.iter().map(|x| x * x).sum::<f64>() / TRS as f64).sqrt();
    z.iter_mut().for_each(|x| *x /= sd);
    z
}

#[test]
fn welch_equals_scipys() {
    let spectrum = Spectra::new(TRS, 2.0).welch(&golden_z()).unwrap();
    assert_eq!(spectrum.density.len(), 61);
    // Block `temporal_x0_tr2`, scipy 1.17.1.
    let first = [
        16.401_668_010_045_99,
        39.197_336_373_301_17,
        95.011_298_701_535_28,
        42.389_483_182_338_715,
        1.040_652_979_076_488_2,
    ];
    for (k, expected) in first.into_iter().enumerate() {
        assert!((spectrum.density[k] - expected).abs() < 1e-8, "{k}: {}", spectrum.density[k]);
    }
    let low = spectrum.sum(LOW).unwrap();
    let high = spectrum.sum(FrequencyBand { low: 0.1001, high: 0.25 }).unwrap();
    assert!((low - 62.493_491_266_166_93).abs() < 1e-8, "{low}");
    assert!((high - 31.735_261_197_724_174).abs() < 1e-8, "{high}");
    // The reference adds 1e-6 to the denominator, so its ratio depends on the unit of the signal.
    assert!((low / (high + 1e-6) - 1.969_213_012_226_144_9).abs() < 1e-8);
    let ratio = Spectra::new(TRS, 2.0).ratio(&golden::signals().0[0]).unwrap();
    assert!((ratio - low / high).abs() < 1e-9, "{ratio}");
    let Some(golden) = golden::file() else { return };
    assert_eq!(golden["temporal_x0_tr2"]["low"], 62.493_491_266_166_93);
}

/// Returns 600 values of a formula that also went through scipy.
fn long() -> Vec<f64> {
    let mut state: u64 = 1_234_567;
    let next = |t: usize| {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        let (t, noise) = (t as f64, state as f64 / (1u64 << 31) as f64 - 0.5);
        (0.31 * t).sin() + 0.6 * (0.05 * t).cos() + 1.5 * noise + 100.0
    };
    (0..600).map(next).collect()
}

#[test]
fn many_segments_odd_lengths_and_leftovers_equal_scipys() {
    // scipy.signal.welch(x[:n], 1 / 0.8, nperseg=min(256, n)): count, sum of the density, and some of
    // its values.
    let x = long();
    assert!((x.iter().sum::<f64>() - 59_993.082_921_544_88).abs() < 1e-6);
    let of = |trs: usize| Spectra::new(trs, 0.8).welch(&x[..trs]).unwrap().density;
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-7, "{a} is not {b}");
    let density = of(600);
    assert_eq!(density.len(), 129);
    for (k, expected) in [(0, 0.161_524_36), (1, 4.980_533_85), (127, 0.220_849_87), (128, 0.058_739_93)] {
        close(density[k], expected);
    }
    close(density.iter().sum(), 182.649_432_862_636_22);
    close(of(301).iter().sum(), 176.881_095_744_555_8);
    let density = of(101);
    assert_eq!(density.len(), 51);
    close(density[50], 0.196_383_07);
    close(density.iter().sum(), 79.178_964_200_542_5);
}

#[test]
fn alff_equals_dpabis_formula_in_numpy() {
    // y = detrend(x); a = 2 |fft(y, N)| / n with N = 1024 or 128; bins ceil(0.01 N TR) ..= fix(0.08 N
    // TR).
    let x = long();
    for (trs, alff, falff) in [
        (600, 0.093_619_277_853_745_42, 0.253_492_838_615_032_9),
        (101, 0.370_950_774_326_526, 0.357_827_331_567_467_16),
    ] {
        let measured = Spectra::new(trs, 0.8).alff(&x[..trs], ALFF).unwrap();
        assert!((measured.alff - alff).abs() < 1e-10, "{measured:?}");
        assert!((measured.falff - falff).abs() < 1e-10, "{measured:?}");
    }
}

#[test]
fn alff_of_cosines_is_worked_by_hand() {
    // 128 volumes of 2 s: a bin is 1/256 Hz, and the band has the 18 bins 3 ..= 20. Cosines that are
    // even about the middle have no slope. Amplitudes 3 in bin 10 and 1 in bin 40: ALFF 3 / 18, share 3
    // / 4.
    let cosine = |k: f64, t: usize| (TAU * k * (t as f64 + 0.5) / 128.0).cos();
    let signal: Vec<f64> = (0..128).map(|t| 7.0 + 3.0 * cosine(10.0, t) + cosine(40.0, t)).collect();
    let Alff { alff, falff } = Spectra::new(128, 2.0).alff(&signal, ALFF).unwrap();
    assert!((alff - 1.0 / 6.0).abs() < 1e-12 && (falff - 0.75).abs() < 1e-12, "{alff} {falff}");
}

#[test]
fn a_frequency_on_an_edge_is_in_the_band() {
    // 100 volumes of 2 s: steps of 0.005 Hz, of which 2 ..= 20 are in 0.01 to 0.10 Hz, however 20 *
    // 0.005 is rounded.
    let band = |low, high| FrequencyBand { low, high }.places(0.005, 0.25, 51);
    assert_eq!((band(0.01, 0.1), band(0.1, 0.25)), (Ok(2..21), Ok(20..51)));
    assert_eq!((band(0.0, 0.01), band(0.011, 0.014)), (Ok(0..3), Err(Missing::Short)));
}

#[test]
fn what_the_tr_and_the_length_cannot_tell_is_missing() {
    let x = long();
    // The Nyquist frequency of 2.5 s is 0.2 Hz: below 0.25, above 0.08.
    let slow = Spectra::new(600, 2.5);
    assert_eq!(slow.ratio(&x), Err(Missing::SlowTr));
    assert!(slow.alff(&x, ALFF).is_ok());
    assert_eq!(Spectra::new(600, 6.3).alff(&x, ALFF), Err(Missing::SlowTr));
    assert!(Spectra::new(600, 2.0).ratio(&x).is_ok());
    // Five volumes of 2 s have 0, 0.1 and 0.2 Hz. Padding to eight would add 0.0625 Hz, but no
    // information.
    assert_eq!(Spectra::new(5, 2.0).alff(&x[..5], ALFF), Err(Missing::Short));
    for trs in [0, 1, 3] {
        let spectra = Spectra::new(trs, 2.0);
        assert_eq!(spectra.ratio(&x[..trs]), Err(Missing::Short), "{trs}");
        assert_eq!(spectra.alff(&x[..trs], ALFF), Err(Missing::Short), "{trs}");
    }
}

#[test]
fn what_has_no_signal_has_no_spectrum() {
    let spectra = Spectra::new(200, 2.0);
    let mut broken = long()[..200].to_vec();
    broken[7] = f64::NAN;
    for dead in [vec![0.1; 200], broken, (0..200).map(|t| 1e4 + f64::from(t)).collect()] {
        assert_eq!(spectra.ratio(&dead), Err(Missing::Dead));
        assert_eq!(spectra.alff(&dead, ALFF), Err(Missing::Dead));
    }
    assert_eq!(spectra.welch(&[0.1; 200]), Err(Missing::Dead));
}
