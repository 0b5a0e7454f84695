//! Times cleaning and resampling of 450 regions, for short and long scans, on one thread.
//!
//! `compare_clean.py` beside this file times nilearn on the same shapes and prints the ratios.

use boldface_imaging::clean::{Cleaning, Filter, Standardization, clean};
use boldface_imaging::{Matrix, resample};
use criterion::Criterion;

/// Volumes and seconds between them: a typical scan, and one of the Human Connectome Project.
const SCANS: [(usize, f64); 2] = [(200, 2.0), (1200, 0.72)];
const REGIONS: usize = 450;
const CONFOUNDS: usize = 24;

fn noise(rows: usize, columns: usize, mut state: u64) -> Matrix {
    let draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1000.0 + (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    let values = std::iter::repeat_with(draw).take(rows * columns).collect();
    Matrix::new(rows, columns, values).expect("as many values as were drawn")
}

fn cleaning(criterion: &mut Criterion) {
    let zscore = Cleaning { standardize: Standardization::ZscoreSample, ..Cleaning::default() };
    let band = Cleaning { low_pass: Some(0.1), high_pass: Some(0.01), ..zscore.clone() };
    let cosine = Cleaning { high_pass: Some(0.01), filter: Filter::Cosine, ..zscore };
    for (trs, tr) in SCANS {
        let (signal, confounds) = (noise(trs, REGIONS, 1), noise(trs, CONFOUNDS, 2));
        let kept: Vec<bool> = (0..trs).map(|t| t % 10 != 3).collect();
        let mut run = |name: &str, kept: Option<&[bool]>, how: &Cleaning| {
            criterion.bench_function(&format!("{name}/{trs}"), |bencher| {
                bencher.iter(|| clean(&signal, Some(&confounds), kept, tr, how).expect("it can be cleaned"));
            });
        };
        run("band", None, &band);
        run("band-scrubbed", Some(&kept), &band);
        run("cosine", None, &cosine);
        let to = if tr == 2.0 { 3.0 } else { 2.0 };
        criterion.bench_function(&format!("resample/{trs}"), |bencher| {
            bencher.iter(|| resample(&signal, tr, to).expect("it can be resampled"));
        });
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    cleaning(&mut criterion);
    criterion.final_summary();
}
