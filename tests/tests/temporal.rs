//! Compares spectra, ALFF and sliding windows with scipy and numpy, live, on two real scans.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::path::Path;

use boldface::{Regions, TimeSeries};
use boldface_features::signal::{detrend, lag1};
use boldface_features::spectrum::{ALFF, FrequencyBand, LOW, Spectra};
use boldface_features::temporal::{Sliding, WindowTaper};
use boldface_features::{Missing, Networks};
use boldface_imaging::npy;
use boldface_tests::{repository, shared, told};
use serde_json::Value;

#[test]
fn a_pain_scan_has_scipys_spectra() {
    let name = "sub-04/func/sub-04_task-pain_run-3_seg-MIST122_stat-mean_timeseries.npy";
    let path = repository("experiments/data/pain").join(name);
    let (header, values) = npy::read(&path).unwrap();
    let (trs, rois) = (header.rows, header.cols);
    compare(&path, "trs", &TimeSeries::new(trs, rois, 2.0, values).unwrap());
}

#[test]
fn a_long_scan_with_a_quick_tr_has_scipys_spectra() {
    let Some(path) = shared("lemon_schaefer400/lemon_sub-010188_schaefer400_652.npy") else { return };
    let (header, values) = npy::read(&path).unwrap();
    let (rois, trs) = (header.rows, header.cols);
    let values =
        (0..trs).flat_map(|t| (0..rois).map(move |roi| roi * trs + t)).map(|at| values[at]).collect();
    compare(&path, "rois", &TimeSeries::new(trs, rois, 1.4, values).unwrap());
}

/// Compares every region and window with the script's output for the same file.
fn compare(path: &Path, rows: &str, series: &TimeSeries) {
    let arguments = [path.display().to_string(), series.tr().to_string(), rows.to_owned()];
    let Some(lines) = told("temporal.py", &arguments) else { return };
    let (theirs, trs) = (&lines[0], series.trs());
    let spectra = Spectra::new(trs, series.tr());
    let mut alive = Vec::new();
    for roi in 0..series.rois() {
        let signal: Vec<f64> = series.roi(roi).map(f64::from).collect();
        let Value::Array(numbers) = &theirs["regions"][roi] else {
            assert_eq!(spectra.alff(&signal, ALFF), Err(Missing::Dead), "region {roi}");
            assert_eq!((lag1(&signal), spectra.ratio(&signal)), (Err(Missing::Dead), Err(Missing::Dead)));
            continue;
        };
        alive.push(roi);
        let mut z = signal.clone();
        detrend(&mut z);
        let sd = (z.iter().map(|x| x * x).sum::<f64>() / trs as f64).sqrt();
        z.iter_mut().for_each(|x| *x /= sd);
        let (alff, welch) = (spectra.alff(&signal, ALFF).unwrap(), spectra.welch(&z).unwrap());
        // The script excludes the lower end of the fast band.
        let fast = FrequencyBand { low: 0.10 + 1e-6, high: 0.25 };
        let (low, high) = (welch.sum(LOW).unwrap(), welch.sum(fast).unwrap());
        let all = welch.density.iter().sum();
        let ours = [alff.alff, alff.falff, lag1(&signal).unwrap(), all, low, high];
        for (ours, theirs) in ours.into_iter().zip(numbers) {
            let theirs = theirs.as_f64().unwrap();
            assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3), "region {roi}: {ours}, {theirs}");
        }
        assert!((spectra.ratio(&signal).unwrap() - low / high).abs() < 1e-9 * low / high);
    }
    assert!(alive.len() > 100);
    windows(&theirs["windows"], series, &alive);
}

/// Compares the couplings of windows. Regions with a signal are assigned to the networks even and odd in
/// turn.
fn windows(theirs: &Value, series: &TimeSeries, alive: &[usize]) {
    let values =
        (0..series.trs()).flat_map(|t| alive.iter().map(move |&roi| series.volume(t)[roi])).collect();
    let series = TimeSeries::new(series.trs(), alive.len(), series.tr(), values).unwrap();
    let names: Vec<String> = (0..alive.len()).map(|roi| roi.to_string()).collect();
    let networks = (0..alive.len()).map(|roi| ["even", "odd"][roi % 2].to_owned()).collect();
    let networks = Networks::group(&Regions { names, networks });
    let (window, step) = (40.0 * series.tr(), 10.0 * series.tr());
    let sliding = Sliding::new(window, step, WindowTaper::Square, series.tr()).unwrap();
    let ours = sliding.couplings(&series, &networks, std::slice::from_ref(&(0..series.trs()))).unwrap();
    let theirs = theirs.as_array().unwrap();
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        // The pairs are even-even, even-odd and odd-odd.
        assert!((ours.coupling[1] - theirs.as_f64().unwrap()).abs() < 1e-9);
    }
}
