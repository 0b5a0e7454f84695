//! Tests of components, on scans with known sources.

mod bad_input;
mod dual;
mod golden;
mod ica;
mod measured;
mod near;
mod planted;

use boldface::TimeSeries;
use boldface::seed::stream;
use rand::Rng;

/// Regions, sources and volumes of a planted cohort.
const ROIS: usize = 200;
const SOURCES: usize = 4;
const TRS: usize = 150;

/// Returns a planted source over regions: a random tenth of them has a high weight, the others are near
/// 0. The places of different sources are independent.
fn source(k: usize) -> Vec<f64> {
    let mut noise = stream(9, &format!("source {k}"));
    let weight = |_| if uniform(&mut noise) > 0.8 { 1.0 } else { 0.02 * uniform(&mut noise) };
    (0..ROIS).map(weight).collect()
}

/// Returns a course for each source in a scan: autocorrelated noise.
fn courses(scan: usize) -> Vec<Vec<f64>> {
    let mut noise = stream(scan as u64, "courses");
    let course = |_| {
        let mut last = 0.0;
        (0..TRS)
            .map(|_| {
                last = 0.6 * last + uniform(&mut noise);
                last
            })
            .collect()
    };
    (0..SOURCES).map(course).collect()
}

/// Returns a scan with mean 100: `scale` times the sum of sources times courses and noise.
fn scan(number: usize, scale: f64) -> TimeSeries {
    let (courses, mut noise) = (courses(number), stream(number as u64, "noise"));
    let sources: Vec<Vec<f64>> = (0..SOURCES).map(source).collect();
    let mut value = |t: usize, i: usize| {
        let signal: f64 = sources.iter().zip(&courses).map(|(source, course)| source[i] * course[t]).sum();
        (scale * (signal + 0.4 * uniform(&mut noise)) + 100.0) as f32
    };
    let places = (0..TRS).flat_map(|t| (0..ROIS).map(move |i| (t, i)));
    TimeSeries::new(TRS, ROIS, 2.0, places.map(|(t, i)| value(t, i)).collect()).unwrap()
}

/// Returns the first scans of a planted cohort.
fn cohort(scans: usize) -> Vec<TimeSeries> {
    (0..scans).map(|number| scan(number, 1.0 + number as f64)).collect()
}

/// Gives all scans the same weight.
fn equal(scans: &[TimeSeries]) -> Vec<(&TimeSeries, f64)> {
    scans.iter().map(|series| (series, 1.0 / scans.len() as f64)).collect()
}

/// Draws a number from -1 to 1.
fn uniform(stream: &mut impl Rng) -> f64 {
    (stream.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(a, b)| f(a - ma, b - mb)).sum::<f64>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}
