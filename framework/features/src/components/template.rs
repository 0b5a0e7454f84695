//! Components that are held near the maps of a template: independent, and like a map that is known.

use boldface::{Deserialize, Serialize};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

use super::fastica::surplus;

/// Maps of components over the regions of a parcellation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub struct Template {
    /// Name of each component.
    pub names: Vec<String>,
    /// One map a component: a weight for each region, in the order of the series' columns.
    pub maps: Vec<Vec<f64>>,
}

/// The iteration ends when the objective, which is below 1, gains less by a step.
const GAIN: f64 = 1e-10;

const ITERATIONS: usize = 5000;

/// Armijo's rule: a step must gain this part of what the slope promises.
const PROMISED: f64 = 1e-4;

/// The component of white data (dimensions x observations) for each reference (of mean 0 and variance 1), as
/// (references x observations); none for a reference whose iteration came to no end.
///
/// Each by itself maximises over unit vectors w, with s = w' white,
/// `1/2 (2/pi) atan(c J(s)) + 1/2 E[s r]`, where `J(s) = (E[log cosh s] - E[log cosh gauss])^2` is the negentropy and
/// `c` makes both terms equal at the start, the projection of the reference. This is the objective of Du and Fan (2013),
/// NeuroImage 69:157, equations 4-7 (GIG-ICA, MOO-ICAR in GIFT, which NeuroMark uses), with equal weights, here on the group;
/// maximised by gradient ascent on the sphere with backtracking.
pub(super) fn constrain(white: MatRef<'_, f64>, references: &[Vec<f64>]) -> Vec<Option<Vec<f64>>> {
    references.par_iter().map(|reference| near(white, reference)).collect()
}

fn near(white: MatRef<'_, f64>, reference: &[f64]) -> Option<Vec<f64>> {
    let n = white.ncols() as f64;
    let reference = Mat::from_fn(reference.len(), 1, |i, _| reference[i]);
    let mut toward = Mat::zeros(white.nrows(), 1);
    matmul(toward.as_mut(), Accum::Replace, white, &reference, 1.0 / n, Par::Seq);
    let mut at = Point::new(white, unit(toward.clone())?, &toward);
    // How much of both: where the reference is wholly in the data the tangent has no end.
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

/// A unit vector, and what the objective needs to know of it.
struct Point {
    w: Mat<f64>,
    source: Vec<f64>,
    /// E[log cosh s] less that of a normal variable.
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

    /// The gradient of the objective, less what points along w.
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

/// The vector in length 1; none if it has no length.
fn unit(w: Mat<f64>) -> Option<Mat<f64>> {
    let length = squares(&w).sqrt();
    (length.is_finite() && length > 1e-12).then(|| w * faer::Scale(1.0 / length))
}

fn squares(w: &Mat<f64>) -> f64 {
    w.col_as_slice(0).iter().map(|x| x * x).sum()
}
