//! Properties of cleaning for any input: orthogonality, linearity, missing regions, and helpful errors.

use proptest::prelude::*;

use super::*;

/// Reproducible noise around a level of 50.5.
fn noise(rows: usize, columns: usize, seed: u64) -> Matrix {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        50.0 + (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    Matrix::new(rows, columns, std::iter::repeat_with(draw).take(rows * columns).collect()).unwrap()
}

fn all_settings() -> impl Strategy<Value = Cleaning> {
    let filter = prop_oneof![
        Just((None, None, Filter::Butterworth)),
        Just((Some(0.1), None, Filter::Butterworth)),
        Just((None, Some(0.01), Filter::Butterworth)),
        Just((Some(0.1), Some(0.01), Filter::Butterworth)),
        Just((None, Some(0.01), Filter::Cosine)),
    ];
    (any::<bool>(), filter, any::<bool>()).prop_map(
        |(detrend, (low_pass, high_pass, filter), standardize_confounds)| Cleaning {
            detrend,
            low_pass,
            high_pass,
            filter,
            standardize: Standardization::None,
            standardize_confounds,
        },
    )
}

/// Marks most of 120 volumes as kept.
fn most() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(prop::bool::weighted(0.85), 120).prop_map(|mut kept| {
        // The filter needs 34 volumes from the first kept to the last.
        kept[30] = true;
        kept[90] = true;
        kept
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cleaning_is_linear_in_the_signal(how in all_settings(), kept in most(), seed in 0u64..1000) {
        let (a, b) = (noise(120, 3, seed), noise(120, 3, seed + 5000));
        let confounds = noise(120, 4, seed + 9000);
        let both = a.values.iter().zip(&b.values).map(|(a, b)| 2.0 * a - 3.0 * b).collect();
        let both = Matrix::new(120, 3, both).unwrap();
        let cleaned = [&a, &b, &both].map(|x| clean(x, Some(&confounds), Some(&kept), 2.0, &how).unwrap());
        for ((a, b), both) in cleaned[0].values.iter().zip(&cleaned[1].values).zip(&cleaned[2].values) {
            prop_assert!((2.0 * a - 3.0 * b - both).abs() < 1e-8, "{a} {b} {both}");
        }
    }

    #[test]
    fn nothing_of_the_confounds_is_left_and_removing_them_twice_is_removing_them_once(
        kept in most(), seed in 0u64..1000, detrend in any::<bool>(),
    ) {
        let how = Cleaning { detrend, ..Cleaning::nothing() };
        let (signal, confounds) = (noise(120, 3, seed), noise(120, 4, seed + 5000));
        let once = clean(&signal, Some(&confounds), Some(&kept), 2.0, &how).unwrap();
        let confounds = confounds.keep(&kept);
        let twice = clean(&once, Some(&confounds), None, 2.0, &how).unwrap();
        for (once, twice) in once.values.iter().zip(&twice.values) {
            prop_assert!((once - twice).abs() < 1e-9);
        }
        let mut centred = confounds.clone();
        if detrend {
            detrend::detrend(&mut centred);
        }
        standardize::zscore(&mut centred, 1);
        for region in 0..3 {
            for confound in 0..4 {
                let product: f64 = once.column(region).zip(centred.column(confound)).map(|(x, c)| x * c).sum();
                prop_assert!(product.abs() < 1e-8, "{product}");
            }
        }
    }

    #[test]
    fn a_missing_region_is_missing_and_touches_no_other(how in all_settings(), kept in most(), scale in 0usize..4) {
        use Standardization::{None as Raw, Psc, Zscore, ZscoreSample};
        let how = Cleaning { standardize: [Raw, Zscore, ZscoreSample, Psc][scale], ..how };
        let (signal, confounds) = (noise(120, 2, 3), noise(120, 3, 4));
        let place = (0..120).filter(|&t| kept[t]).nth(20).unwrap();
        let beside = (0..120).flat_map(|t| {
            let damaged = if t == place { f64::INFINITY } else { 1.0 };
            [signal.at(t, 0), f64::NAN, signal.at(t, 1), damaged]
        });
        let beside = Matrix::new(120, 4, beside.collect()).unwrap();
        let alone = clean(&signal, Some(&confounds), Some(&kept), 2.0, &how).unwrap();
        let beside = clean(&beside, Some(&confounds), Some(&kept), 2.0, &how).unwrap();
        for t in 0..alone.rows {
            let [a, b] = [beside.at(t, 0) - alone.at(t, 0), beside.at(t, 2) - alone.at(t, 1)];
            prop_assert!(a.abs() < 1e-11 && b.abs() < 1e-11);
            prop_assert!(beside.at(t, 1).is_nan() && beside.at(t, 3).is_nan());
        }
    }

    #[test]
    fn a_dead_region_stays_dead(how in all_settings(), kept in most(), scale in 1usize..4, level in -1e5..1e5_f64) {
        use Standardization::{None as Raw, Psc, Zscore, ZscoreSample};
        let how = Cleaning {
            standardize: [Raw, Zscore, ZscoreSample, Psc][scale],
            standardize_confounds: true,
            ..how
        };
        let signal = Matrix::new(120, 1, vec![level; 120]).unwrap();
        let cleaned = clean(&signal, Some(&noise(120, 3, 4)), Some(&kept), 2.0, &how).unwrap();
        prop_assert!(cleaned.values.iter().all(|&x| x == 0.0), "{:?}", cleaned.values);
    }
}

#[test]
fn what_is_censored_has_no_influence() {
    let (mut signal, mut confounds) = (noise(120, 2, 1), noise(120, 3, 2));
    let kept: Vec<bool> = (0..120).map(|t| ![0, 17, 60, 61, 102, 119].contains(&t)).collect();
    let band = Cleaning { low_pass: Some(0.1), high_pass: Some(0.01), ..Cleaning::default() };
    let cosine = Cleaning { high_pass: Some(0.01), filter: Filter::Cosine, ..Cleaning::default() };
    for how in [&band, &cosine, &Cleaning::default()] {
        let clean_as_it_is = |signal: &Matrix, confounds: &Matrix| {
            clean(signal, Some(confounds), Some(&kept), 2.0, how).unwrap()
        };
        let before = clean_as_it_is(&signal, &confounds);
        // Volumes 17 and 102 are mirror images of each other, so nilearn 0.14.1 does not interpolate
        // them.
        for t in (0..120).filter(|&t| !kept[t]) {
            signal.row_mut(t).fill(f64::NAN);
            confounds.row_mut(t).fill(1e9);
        }
        assert_eq!(before.rows, 114);
        assert_eq!(clean_as_it_is(&signal, &confounds), before, "{how:?}");
        (signal, confounds) = (noise(120, 2, 1), noise(120, 3, 2));
    }
}

#[test]
fn percent_signal_change_goes_by_the_mean_before() {
    // 90 110 90 110 has mean 100, so -10% and +10%, detrended or not (the trend over 50 periods is
    // small).
    let values = (0..100).flat_map(|t| [if t % 2 == 0 { 90.0 } else { 110.0 }, -200.0 - f64::from(t % 2)]);
    let signal = Matrix::new(100, 2, values.collect()).unwrap();
    for detrend in [false, true] {
        let how = Cleaning { detrend, standardize: Standardization::Psc, ..Cleaning::nothing() };
        let cleaned = clean(&signal, None, None, 2.0, &how).unwrap();
        assert!((cleaned.at(50, 0) + 10.0).abs() < 0.2 && (cleaned.at(51, 0) - 10.0).abs() < 0.2);
        assert!((cleaned.at(50, 1) - 0.25).abs() < 0.02, "a fall from -200.5 to -201 is negative");
    }
    // 1 -1 1 -1 has mean 0, so no percentage is defined.
    let zero = Matrix::new(6, 1, vec![1.0, -1.0, 1.0, -1.0, 1.0, -1.0]).unwrap();
    let how = Cleaning { standardize: Standardization::Psc, ..Cleaning::nothing() };
    assert_eq!(clean(&zero, None, None, 2.0, &how).unwrap().values, [0.0; 6]);
}

fn refusal(signal: &Matrix, confounds: Option<&Matrix>, kept: Option<&[bool]>, how: &Cleaning) -> String {
    clean(signal, confounds, kept, 2.0, how).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_cleaned_says_what_to_do() {
    let signal = noise(100, 2, 1);
    let plain = Cleaning::default();
    let confounds = noise(100, 3, 2);
    assert_eq!(
        refusal(&signal, None, Some(&[false; 100]), &plain),
        "all 100 volumes are censored: nothing is left of the scan"
    );
    let one: Vec<bool> = (0..100).map(|t| t == 4).collect();
    assert_eq!(
        refusal(&signal, None, Some(&one), &plain),
        "1 of 100 volumes is kept: cleaning needs two or more"
    );
    assert_eq!(
        refusal(&signal, None, Some(&[true; 99]), &plain),
        "the scan has 100 volumes, but the list of kept volumes has 99"
    );
    assert_eq!(
        refusal(&signal, Some(&noise(98, 3, 2)), None, &plain),
        "the scan has 100 volumes, but its confounds have 98 rows"
    );
    let mut damaged = confounds.clone();
    damaged.row_mut(7)[1] = f64::NAN;
    assert_eq!(
        refusal(&signal, Some(&damaged), None, &plain),
        "confound 2 of 3 is `NaN` at volume 7 (counted from 0): fill it in, censor the volume, or leave the \
         confound out"
    );
    assert!(
        clean(&signal, Some(&damaged), Some(&(0..100).map(|t| t != 7).collect::<Vec<_>>()), 2.0, &plain)
            .is_ok()
    );
    assert_eq!(
        refusal(&signal, Some(&noise(100, 100, 3)), None, &plain),
        "100 regressors (98 of them independent) and mean and trend leave nothing of 100 kept volumes: remove fewer \
         confounds, censor less, or exclude the scan"
    );
    let band = Cleaning { low_pass: Some(0.1), high_pass: Some(0.01), ..plain.clone() };
    assert_eq!(
        refusal(&noise(33, 2, 1), None, None, &band),
        "the Butterworth filter needs more than 33 volumes, but the scan has 33 from the first kept to the last: use \
         filter = \"cosine\", drop the cut-offs, or exclude the scan"
    );
    assert!(clean(&noise(34, 2, 1), None, None, 2.0, &band).is_ok());
    // Of 40 volumes, the 5th to the 38th span 34 and the 5th to the 37th span 33.
    for (last, fits) in [(37, true), (36, false)] {
        let kept: Vec<bool> = (0..40).map(|t| t == 4 || t == 9 || t == last).collect();
        assert_eq!(possible(&kept, 2.0, &band).is_ok(), fits);
        assert_eq!(clean(&noise(40, 2, 1), None, Some(&kept), 2.0, &band).is_ok(), fits);
    }
    assert!(
        possible(&[true; 100], 5.5, &band)
            .unwrap_err()
            .to_string()
            .starts_with("`low-pass` = 0.1 Hz is not below")
    );
    let fast = Cleaning { low_pass: Some(0.25), ..plain.clone() };
    assert_eq!(
        refusal(&signal, None, None, &fast),
        "`low-pass` = 0.25 Hz is not below the Nyquist frequency, 0.2500 Hz at a TR of 2 s: lower it, or leave it out"
    );
    for tr in [0.0, -2.0, f64::NAN] {
        assert!(
            clean(&signal, None, None, tr, &plain)
                .unwrap_err()
                .to_string()
                .contains("it must be a positive number")
        );
    }
}

#[test]
fn settings_that_cannot_be_are_problems_at_their_keys() {
    let said = |how: Cleaning| how.problems().iter().map(ToString::to_string).collect::<Vec<_>>();
    let plain = Cleaning::default();
    assert!(said(plain.clone()).is_empty());
    assert_eq!(
        said(Cleaning { low_pass: Some(-0.1), high_pass: Some(f64::NAN), ..plain.clone() }),
        [
            "low-pass: `-0.1` is not a frequency above 0 Hz; leave the key out to skip this filter",
            "high-pass: `NaN` is not a frequency above 0 Hz; leave the key out to skip this filter",
        ]
    );
    assert_eq!(
        said(Cleaning { low_pass: Some(0.01), high_pass: Some(0.1), ..plain.clone() }),
        [
            "low-pass: `0.01` Hz is not above `high-pass`, `0.1` Hz: nothing would pass; `low-pass` is the highest \
          frequency kept, `high-pass` the lowest"
        ]
    );
    assert_eq!(
        said(Cleaning { low_pass: Some(0.1), filter: Filter::Cosine, ..plain }),
        [
            "high-pass: the `cosine` filter needs a cut-off; such as high-pass = 0.008",
            "low-pass: the `cosine` filter removes slow drifts only, not what is above `0.1` Hz; use filter = \
             \"butterworth\", or drop the key",
        ]
    );
}

#[test]
fn cautions_name_a_filter_that_does_nothing_and_confounds_that_leave_nothing() {
    let cosine = Cleaning { high_pass: Some(0.01), filter: Filter::Cosine, ..Cleaning::default() };
    assert!(cautions(None, 200, 200, 2.0, &cosine).is_empty());
    let short = cautions(None, 20, 20, 2.0, &cosine);
    assert_eq!(
        short,
        ["no cosine is slower than `high-pass` = 0.01 Hz in a scan of 40 s: the filter does nothing"]
    );
    let drift = Matrix::new(200, 1, (0..200).map(|t| -f64::from(t)).collect()).unwrap();
    let own = cautions(Some(&drift), 200, 200, 2.0, &cosine);
    assert!(own[0].starts_with("confound 1 correlates above 0.9 with drift cosine 1"), "{own:?}");
    // 200 volumes of 0.735 s, 0.01 to 0.1 Hz: 200 * 0.09 / 0.6803 = 26.5 degrees of freedom.
    let band = Cleaning { low_pass: Some(0.1), high_pass: Some(0.01), ..Cleaning::default() };
    let many = cautions(Some(&noise(200, 36, 1)), 200, 200, 0.735, &band);
    assert!(
        many[0].starts_with("the filter leaves about 26 degrees of freedom in 200 volumes, and 36"),
        "{many:?}"
    );
    assert!(cautions(Some(&noise(200, 6, 1)), 200, 200, 0.735, &band).is_empty());
}
