//! Norms of scans that differ in length, on simulated estimates.

use boldface::{ScanInfo, seed, serde_json};
use rand::RngExt;

use super::Norms;
use super::tests::{info, row};
use crate::Measurement;

/// Volumes of short and long scans.
const LENGTHS: [usize; 2] = [60, 240];

/// Scans of one process, half of them short: the value of a person, with an SD of `between`, and the error
/// of an estimate from `n` volumes, with an SD of one over the root of `n`.
fn estimates(
    count: usize,
    between: f64,
    lengths: [usize; 2],
) -> (Vec<ScanInfo>, Vec<Vec<Measurement>>, Vec<usize>) {
    let mut rng = seed::stream(3, "estimates");
    // A sum of twelve uniform numbers is nearly normal, with an SD of 1.
    let mut draw = || -> f64 { (0..12).map(|_| rng.random_range(-0.5..0.5)).sum() };
    let scans = (0..count).map(|person| info(person, 1, &[("site", ["a", "b"][person % 2])])).collect();
    let volumes: Vec<usize> = (0..count).map(|person| lengths[person % 2]).collect();
    let mut value = |&n: &usize| row(&[Ok(between * draw() + draw() / (n as f64).sqrt())]);
    (scans, volumes.iter().map(&mut value).collect(), volumes)
}

fn z(norms: &Norms, (scans, rows, volumes): &(Vec<ScanInfo>, Vec<Vec<Measurement>>, Vec<usize>)) -> Vec<f64> {
    let of = |scan: usize| norms.compare_at(&rows[scan], &scans[scan], volumes[scan]).unwrap()[0].z.unwrap();
    (0..scans.len()).map(of).collect()
}

/// Shares of `z` beyond one SD in short scans and in long ones, which alternate.
fn beyond(z: &[f64]) -> [f64; 2] {
    [0, 1].map(|begin| {
        let of_length: Vec<f64> = z.iter().skip(begin).step_by(2).copied().collect();
        of_length.iter().filter(|z| z.abs() > 1.0).count() as f64 / of_length.len() as f64
    })
}

fn fit(made: &(Vec<ScanInfo>, Vec<Vec<Measurement>>, Vec<usize>), adjust: &[&str]) -> Norms {
    let (scans, rows, volumes) = made;
    let adjust: Vec<String> = adjust.iter().map(|&column| column.to_owned()).collect();
    Norms::fit_by_length(rows, &scans.iter().collect::<Vec<_>>(), &adjust, volumes).unwrap()
}

#[test]
fn bands_do_not_tell_the_length() {
    for between in [0.0, 0.05, 0.1] {
        let made = estimates(1200, between, LENGTHS);
        // The share of a normal distribution beyond one SD is .317.
        let [short, long] = beyond(&z(&fit(&made, &[]), &made));
        assert!((short - 0.317).abs() < 0.05 && (long - 0.317).abs() < 0.05, "{between}: {short} {long}");
        let [short, long] =
            beyond(&z(&Norms::fit(&made.1, &made.0.iter().collect::<Vec<_>>(), &[]).unwrap(), &made));
        assert!(short > long + 0.1, "a spread that ignores length tells it: {between}: {short} {long}");
    }
    // Lengths that no training scan has, within those of training and beyond.
    let norms = fit(&estimates(1200, 0.05, LENGTHS), &[]);
    let [within, beyond] = beyond(&z(&norms, &estimates(1200, 0.05, [110, 400])));
    assert!((within - 0.317).abs() < 0.05 && (beyond - 0.317).abs() < 0.07, "{within} {beyond}");
}

#[test]
fn a_bias_of_short_scans_is_not_unusual() {
    // The absolute value of an estimate is larger in short scans.
    let (scans, mut rows, volumes) = estimates(1200, 0.0, LENGTHS);
    for one in rows.iter_mut().flatten() {
        one.value = one.value.map(f64::abs);
    }
    let made = (scans, rows, volumes);
    let mean = |z: &[f64], begin| z.iter().skip(begin).step_by(2).sum::<f64>() / (z.len() / 2) as f64;
    let found = z(&fit(&made, &[]), &made);
    assert!(mean(&found, 0).abs() < 0.1 && mean(&found, 1).abs() < 0.1);
    let ignored = z(&Norms::fit(&made.1, &made.0.iter().collect::<Vec<_>>(), &[]).unwrap(), &made);
    assert!(mean(&ignored, 0) > 0.3);
}

#[test]
fn equal_lengths_change_nothing() {
    let (scans, rows, _) = estimates(20, 0.05, LENGTHS);
    let scans: Vec<&ScanInfo> = scans.iter().collect();
    let text = |norms: &Norms| serde_json::to_string(norms).unwrap();
    let usual = Norms::fit(&rows, &scans, &[]).unwrap();
    let by_length = Norms::fit_by_length(&rows, &scans, &[], &[60; 20]).unwrap();
    assert_eq!(text(&by_length), text(&usual));
    assert!(!text(&usual).contains("length"));
    assert_eq!(by_length.compare(&rows[3], scans[3]).unwrap(), usual.compare(&rows[3], scans[3]).unwrap());
}

#[test]
fn a_site_with_one_length_has_its_own_mean_and_length_only_a_spread() {
    let made = estimates(1200, 0.0, LENGTHS);
    let norms = fit(&made, &["site"]);
    let [short, long] = beyond(&z(&norms, &made));
    assert!((short - 0.317).abs() < 0.05 && (long - 0.317).abs() < 0.05, "{short} {long}");
    // Two people are too few for a slope, but not for a mean.
    let few = estimates(2, 0.05, LENGTHS);
    assert!(z(&fit(&few, &[]), &few).iter().all(|z| z.is_finite()));
}

#[test]
fn norms_by_length_are_read_as_they_were_written_and_need_a_length() {
    let made = estimates(40, 0.05, LENGTHS);
    let norms = fit(&made, &[]);
    let text = serde_json::to_string(&norms).unwrap();
    assert_eq!(serde_json::from_str::<Norms>(&text).unwrap(), norms);
    let error = norms.compare(&made.1[0], &made.0[0]).unwrap_err().to_string();
    assert_eq!(error, "the norms depend on the number of volumes that were measured");
    let damaged = text.replace("\"shortest\":60", "\"shortest\":600");
    assert!(serde_json::from_str::<Norms>(&damaged).is_err());
}
