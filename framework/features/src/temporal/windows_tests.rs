//! Tests of sliding windows: equal to the correlations of pieces, and never across a cut.

use boldface::{Cut, Regions};

use super::*;
use crate::temporal::stretches::stretches;
use crate::{fc, golden};

fn networks() -> Networks {
    let names = (0..golden::ROIS).map(|roi| format!("r{roi}")).collect();
    let of = (0..golden::ROIS).map(|roi| if roi == 59 { "Z".to_owned() } else { format!("N{}", roi % 7) });
    Networks::group(&Regions { names, networks: of.collect() })
}

#[test]
fn a_square_window_has_the_mean_correlations_of_its_piece() {
    let (series, networks) = (golden::series(), networks());
    let sliding = Sliding::new(60.0, 10.0, WindowTaper::Square, 2.0).unwrap();
    assert_eq!((sliding.length(), sliding.step, sliding.step_seconds()), (30, 5, 10.0));
    let windows = sliding.couplings(&series, &networks, std::slice::from_ref(&(0..120))).unwrap();
    assert_eq!(windows.len(), (120 - 30) / 5 + 1);
    let piece = fc(&series.window(boldface::Window { start: 15, trs: 30 }).unwrap());
    for ((a, b), mean) in pairs(&networks).into_iter().zip(&windows[3].coupling) {
        let (in_a, in_b) = (&networks.members[a].1, &networks.members[b].1);
        let all = in_a.iter().flat_map(|&i| in_b.iter().map(move |&j| (i, j)));
        let edges: Vec<f64> = all.filter(|(i, j)| a != b || i < j).map(|(i, j)| piece.at(i, j)).collect();
        let expected = edges.iter().sum::<f64>() / edges.len() as f64;
        assert!((mean - expected).abs() < 1e-9, "{a}-{b}: {mean} is not {expected}");
    }
    // Eight networks have 36 pairs. Z has one region, and so no coupling with itself.
    assert_eq!(windows[0].coupling.len(), 35);
}

#[test]
fn a_taper_weighs_the_middle_more() {
    // Weight of volume t: the sum of exp(-(t - u)^2 / 18) over the window. The two signals agree in the
    // middle and disagree at both ends.
    let tapered = Sliding::new(40.0, 2.0, WindowTaper::Tapered, 2.0).unwrap();
    assert!((tapered.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!((0..20).all(|t| (tapered.weights[t] - tapered.weights[19 - t]).abs() < 1e-12));
    let sum = |t: i32| (0..20).map(|u| (-f64::from(t - u).powi(2) / 18.0).exp()).sum::<f64>();
    assert!((tapered.weights[0] / tapered.weights[9] - sum(0) / sum(9)).abs() < 1e-12);
    let sign = |t: usize| if t.is_multiple_of(2) { 1.0 } else { -1.0 };
    let values = (0..40).flat_map(|t| [sign(t), if (5..15).contains(&t) { sign(t) } else { -sign(t) }]);
    let series = TimeSeries::new(40, 2, 2.0, values.map(|x| x as f32).collect()).unwrap();
    let names = ["a", "b"].map(str::to_owned).to_vec();
    let networks = Networks::group(&Regions { names: names.clone(), networks: names });
    let square = Sliding::new(40.0, 2.0, WindowTaper::Square, 2.0).unwrap();
    let first = |sliding: &Sliding| {
        sliding.couplings(&series, &networks, std::slice::from_ref(&(0..40))).unwrap()[0].coupling[0]
    };
    assert!(first(&square).abs() < 1e-12, "{}", first(&square));
    // Both have the weighted mean 0, so r is the weight of the ten volumes that agree minus that of the
    // others.
    let agree: f64 = tapered.weights[5..15].iter().sum();
    assert!(agree > 0.55 && (first(&tapered) - (2.0 * agree - 1.0)).abs() < 1e-6, "{}", first(&tapered));
}

#[test]
fn no_window_reaches_over_a_cut() {
    let (series, networks) = (golden::series(), networks());
    let sliding = Sliding::new(60.0, 2.0, WindowTaper::Square, 2.0).unwrap();
    // Stretches: volumes 0..40, 40..50 (too short) and 50..120.
    let cuts = [Cut { at: 80.0, seconds: 2.0 }, Cut { at: 100.0, seconds: 6.0 }];
    let windows = sliding.couplings(&series, &networks, &stretches(&cuts, 120, 2.0)).unwrap();
    let of = |stretch| windows.iter().filter(|window| window.stretch == stretch).count();
    assert_eq!((of(0), of(1), of(2)), (11, 0, 41));
    let uncut = sliding.couplings(&series, &networks, std::slice::from_ref(&(0..120))).unwrap();
    assert_eq!(windows[10].coupling, uncut[10].coupling);
    assert_eq!(windows[11].coupling, uncut[50].coupling);
    // 40 volumes are fewer than two windows of 30.
    let cuts =
        [Cut { at: 80.0, seconds: 2.0 }, Cut { at: 120.0, seconds: 2.0 }, Cut { at: 180.0, seconds: 2.0 }];
    let short = sliding.couplings(&series, &networks, &stretches(&cuts[..2], 80, 2.0));
    assert_eq!(short, Err(Missing::Short));
    assert_eq!(sliding.couplings(&series, &networks, &[]), Err(Missing::Short));
}

#[test]
fn windows_of_few_volumes_are_refused_and_dead_networks_have_no_coupling() {
    assert_eq!(Sliding::new(27.0, 2.0, WindowTaper::Square, 3.0), Err(Missing::SlowTr));
    assert_eq!(Sliding::new(f64::NAN, 2.0, WindowTaper::Square, 3.0), Err(Missing::SlowTr));
    assert_eq!(Sliding::new(30.0, 0.1, WindowTaper::Square, 3.0).unwrap().step, 1);
    let networks = networks();
    let seen = golden::series();
    // Network N0 and one region of N1 have no signal.
    let dead = |roi: usize| roi == 1 || (roi.is_multiple_of(7) && roi != 59);
    let values = seen.values().iter().enumerate().map(|(at, &x)| if dead(at % 60) { 0.1 } else { x });
    let series = seen.with_values(values.collect()).unwrap();
    let sliding = Sliding::new(60.0, 10.0, WindowTaper::Tapered, 2.0).unwrap();
    for window in sliding.couplings(&series, &networks, std::slice::from_ref(&(0..120))).unwrap() {
        for ((a, b), r) in pairs(&networks).into_iter().zip(window.coupling) {
            assert_eq!(r.is_nan(), a == 0 || b == 0, "{a}-{b}");
            assert!(r.is_nan() || r.abs() <= 1.0);
        }
    }
}
