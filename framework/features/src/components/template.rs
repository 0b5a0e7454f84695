//! Components near the maps of a template: independent, but also similar to a known map.

use boldface::{Deserialize, Serialize};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

use super::fastica::surplus;

/// Maps of components over the regions of a parcellation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub struct ComponentTemplate {
    /// Name of each component.
    pub names: Vec<String>,
    /// One map per component: a weight for each region, in the order of the series' columns.
    pub maps: Vec<Vec<f64>>,
}

/// The iteration ends when a step raises the objective, which is below 1, by less than this.
const GAIN: f64 = 1e-10;

const ITERATIONS: usize = 5000;

/// Armijo's rule: a step must gain at least this share of what the slope promises.
const PROMISED: f64 = 1e-4;

/// Finds a component of white data (dimensions x observations) for each reference (mean 0, variance 1),
/// as (references x observations). None for a reference whose iteration does not converge.
///
/// For each reference r, over unit vectors w with s = w' white, maximises `1/2 (2/pi) atan(c J(s)) + 1/2
/// E[s r]`, where `J(s) = (E[log cosh s] - E[log cosh gauss])^2` is the negentropy, and `c` makes both
/// terms equal at the start, the projection of the reference. This is the objective of Du and Fan
/// (2013), NeuroImage 69:157, equations 4-7 (GIG-ICA, or MOO-ICAR in GIFT, used by NeuroMark), with
/// equal weights, here on the group. The maximum is found by gradient ascent on the sphere with
/// backtracking.
pub(super) fn constrain(white: MatRef<'_, f64>, references: &[Vec<f64>]) -> Vec<Option<Vec<f64>>> {
    references.par_iter().map(|reference| near(white, reference)).collect()
}

fn near(white: MatRef<'_, f64>, reference: &[f64]) -> Option<Vec<f64>> {
    let n = white.ncols() as f64;
    let reference = Mat::from_fn(reference.len(), 1, |i, _| reference[i]);
    let mut toward = Mat::zeros(white.nrows(), 1);
    matmul(toward.as_mut(), Accum::Replace, white, &reference, 1.0 / n, Par::Seq);
    let mut at = Point::new(white, unit(toward.clone())?, &toward);
    // Balances both terms. The tangent is infinite for a reference that is wholly in the data, hence the
    // limit.
    let c = (std::f64::consts::FRAC_PI_2 * at.closeness.min(0.999)).tan() / at.negentropy().max(1e-12);
    for _ in 0..ITERATIONS {
        let value = at.objective(c);
        let ascent = at.ascent(white, &toward, c);
        let slope = squares(&ascent);
        let mut step = 1.0;
        let next = loop {
            let next = Point::new(white, unit(&at.w + &ascent * faer::Scale(step))?, &toward);
            if next.objective(c) >= value + PROMISED * step * slope {
                break next;
            }
            step /= 2.0;
            if step < 1e-12 {
                return Some(at.source);
            }
        };
        let gain = next.objective(c) - value;
        at = next;
        if gain < GAIN {
            return Some(at.source);
        }
    }
    None
}

/// A unit vector, and the values that the objective needs.
struct Point {
    w: Mat<f64>,
    source: Vec<f64>,
    /// E[log cosh s] minus that of a normal variable.
    surplus: f64,
    /// E[s r].
    closeness: f64,
}

impl Point {
    fn new(white: MatRef<'_, f64>, w: Mat<f64>, toward: &Mat<f64>) -> Point {
        let mut source = Mat::zeros(white.ncols(), 1);
        matmul(source.as_mut(), Accum::Replace, white.transpose(), &w, 1.0, Par::Seq);
        let source = source.col_as_slice(0).to_vec();
        let surplus = surplus(&source);
        let closeness = (0..w.nrows()).map(|k| w[(k, 0)] * toward[(k, 0)]).sum();
        Point { w, source, surplus, closeness }
    }

    fn negentropy(&self) -> f64 {
        self.surplus * self.surplus
    }

    fn objective(&self, c: f64) -> f64 {
        (c * self.negentropy()).atan() / std::f64::consts::PI + 0.5 * self.closeness
    }

    /// Returns the gradient of the objective, without its component along w.
    fn ascent(&self, white: MatRef<'_, f64>, toward: &Mat<f64>, c: f64) -> Mat<f64> {
        let n = self.source.len();
        let slopes = Mat::from_fn(n, 1, |i, _| self.source[i].tanh());
        let of_atan = c / (1.0 + (c * self.negentropy()).powi(2)) / std::f64::consts::PI;
        let mut gradient = Mat::from_fn(toward.nrows(), 1, |k, _| 0.5 * toward[(k, 0)]);
        let weight = of_atan * 2.0 * self.surplus / n as f64;
        matmul(gradient.as_mut(), Accum::Add, white, &slopes, weight, Par::Seq);
        let along: f64 = (0..self.w.nrows()).map(|k| gradient[(k, 0)] * self.w[(k, 0)]).sum();
        Mat::from_fn(self.w.nrows(), 1, |k, _| gradient[(k, 0)] - along * self.w[(k, 0)])
    }
}

/// Scales the vector to length 1; none if its length is 0.
fn unit(w: Mat<f64>) -> Option<Mat<f64>> {
    let length = squares(&w).sqrt();
    (length.is_finite() && length > 1e-12).then(|| w * faer::Scale(1.0 / length))
}

fn squares(w: &Mat<f64>) -> f64 {
    w.col_as_slice(0).iter().map(|x| x * x).sum()
}
