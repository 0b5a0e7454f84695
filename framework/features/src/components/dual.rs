//! Dual regression: from a group's maps to a scan's time courses, and from those to the scan's own maps.

use boldface::TimeSeries;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_upper_triangular_in_place;
use faer::{Accum, Mat, Par};

use super::Components;
use super::scan::Standardised;
use crate::Missing;

/// Time courses of a scan.
#[derive(Clone, Debug)]
pub struct Courses {
    /// One time course per component, with mean 0, on the scale of the group's map: a volume (of
    /// standardised regions) is the sum of maps times courses, plus a constant over regions, plus a
    /// residual. [`Missing::Dead`] if at least half of the squared weight of the component's map is in
    /// regions without a signal in this scan.
    pub courses: Vec<Result<Vec<f64>, Missing>>,
    signals: Standardised,
    all: Mat<f64>,
}

/// Pivots below this share of the largest are rounding noise: maps depend on each other.
const DEPENDENT: f64 = 1e-6;

impl Components {
    /// Runs step 1 of dual regression (Nickerson et al. 2017, Frontiers in Neuroscience 11:115):
    /// regresses each volume on all maps and a constant, over the regions with a signal in this scan.
    /// Regions are standardised as in training.
    ///
    /// # Errors
    /// [`Missing::Dead`] if fewer than half of the group's regions have a signal, or too few to separate
    /// the maps. [`Missing::Undefined`] if the scan has another number of regions.
    pub fn courses(&self, series: &TimeSeries) -> Result<Courses, Missing> {
        if series.rois() != self.rois {
            return Err(Missing::Undefined);
        }
        let signals = Standardised::compute(series);
        // Indices in the maps of regions that are live in both.
        let places: Vec<usize> =
            (0..self.live.len()).filter(|&i| signals.live.binary_search(&self.live[i]).is_ok()).collect();
        let (n, components) = (places.len(), self.maps.len());
        if 2 * n < self.live.len() || n <= components {
            return Err(Missing::Dead);
        }
        let mut maps = Mat::from_fn(n, components, |i, k| self.maps[k].weights[places[i]]);
        for k in 0..components {
            let map = maps.col_as_slice_mut(k);
            let mean = map.iter().sum::<f64>() / n as f64;
            map.iter_mut().for_each(|x| *x -= mean);
        }
        let data = Mat::from_fn(series.trs(), n, |t, i| signals.signals[(t, self.live[places[i]])]);
        let all = least_squares(&maps, &data).ok_or(Missing::Dead)?;
        let courses = (0..components).map(|k| {
            let weights = &self.maps[k].weights;
            let held: f64 = places.iter().map(|&i| weights[i].powi(2)).sum();
            if 2.0 * held <= weights.iter().map(|x| x * x).sum() {
                return Err(Missing::Dead);
            }
            Ok(all.col_as_slice(k).to_vec())
        });
        Ok(Courses { courses: courses.collect(), all, signals })
    }
}

impl Courses {
    /// Runs step 2: regresses the signal of each region of the scan on all time courses. Returns
    /// components x regions, with NaN for a region without a signal.
    ///
    /// # Errors
    /// [`Missing::Short`] if there are too few volumes to separate the courses.
    pub fn maps(&self) -> Result<Vec<Vec<f64>>, Missing> {
        let signals = &self.signals.signals;
        let maps = least_squares(&self.all, &signals.transpose().to_owned()).ok_or(Missing::Short)?;
        let live = |roi: usize| self.signals.live.binary_search(&roi).is_ok();
        let at = |roi: usize, k: usize| if live(roi) { maps[(roi, k)] } else { f64::NAN };
        Ok((0..maps.ncols()).map(|k| (0..maps.nrows()).map(|roi| at(roi, k)).collect()).collect())
    }
}

/// Returns the `B` (rows x columns) that fits `data` (rows x observations) by `B design'` (`design`:
/// observations x columns) in least squares; none if columns depend on each other.
fn least_squares(design: &Mat<f64>, data: &Mat<f64>) -> Option<Mat<f64>> {
    let (observations, columns) = (design.nrows(), design.ncols());
    if observations < columns {
        return None;
    }
    let qr = design.qr();
    let r = qr.thin_R();
    let pivots = || (0..columns).map(|k| r[(k, k)].abs());
    let (least, largest) = (pivots().fold(f64::INFINITY, f64::min), pivots().fold(0.0, f64::max));
    // The comparison is false for a NaN.
    if least.partial_cmp(&(DEPENDENT * largest)) != Some(std::cmp::Ordering::Greater) {
        return None;
    }
    let q = qr.compute_thin_Q();
    let mut fitted = Mat::zeros(columns, data.nrows());
    matmul(fitted.as_mut(), Accum::Replace, q.transpose(), data.transpose(), 1.0, Par::Seq);
    solve_upper_triangular_in_place(r, fitted.as_mut(), Par::Seq);
    Some(fitted.transpose().to_owned())
}
