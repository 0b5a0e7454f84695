//! Coordinates within the span of the training points, for points with more features than there are
//! points.
//!
//! The weights of a linear model with an L2 penalty lie in the span of its training points. There, n
//! points need at most n coordinates, and inner products are unchanged, so the minimum is the same.

use boldface_features::{axes, inner_products};
use rayon::prelude::*;

use super::lbfgs::dot;

/// Directions with less than this share of the largest variance are rounding noise.
const ROUNDING: f64 = 1e-10;

/// Standardises features by training statistics and computes coordinates in the training span.
pub struct TrainingSpan {
    /// Mean and reciprocal SD of each feature. The reciprocal is 0 for a constant feature.
    scaling: Vec<(f64, f64)>,
    axes: Axes,
    /// Coordinates of the training points, in order.
    train: Vec<Vec<f64>>,
}

/// The matrix that a point is multiplied by.
enum Axes {
    /// The standardised training points, and for each axis the weights of the inner products with them.
    OfPoints(Vec<Vec<f32>>, Vec<Vec<f64>>),
    /// For each axis, the weights of the features. Used if there are fewer features than points.
    OfFeatures(Vec<Vec<f64>>),
}

impl TrainingSpan {
    /// Computes the span of `train`. A NaN counts as the feature's mean.
    pub fn compute(train: &[Vec<f32>]) -> TrainingSpan {
        let features = train.first().map_or(0, Vec::len);
        let scaling =
            (0..features).into_par_iter().map(|feature| scaling(train.iter().map(|row| row[feature])));
        let scaling: Vec<(f64, f64)> = scaling.collect();
        let points: Vec<Vec<f32>> = train.par_iter().map(|point| standardized(point, &scaling)).collect();
        let axes = if features < points.len() {
            Axes::of_features(&points)
        } else {
            Axes::of_points(points.clone())
        };
        let train = axes.coordinates(&points);
        TrainingSpan { scaling, axes, train }
    }

    /// Returns the coordinates of the training points, in order. The axes are orthogonal over them.
    pub fn train(&self) -> &[Vec<f64>] {
        &self.train
    }

    /// Projects points onto the span. Inner products of the results are those of the standardised
    /// features, divided by the number of features.
    pub fn coordinates(&self, points: &[Vec<f32>]) -> Vec<Vec<f64>> {
        let points: Vec<Vec<f32>> =
            points.par_iter().map(|point| standardized(point, &self.scaling)).collect();
        self.axes.coordinates(&points)
    }
}

impl Axes {
    /// Computes axes from the matrix `P` of the points' inner products. Let `u` be an eigenvector of
    /// `P` and `l` its eigenvalue. A point whose products with the training points are `k` has the
    /// coordinate `k u / sqrt(features l)`.
    fn of_points(points: Vec<Vec<f32>>) -> Axes {
        let features = points.first().map_or(1, Vec::len).max(1) as f64;
        let (values, mut vectors) = axes(&inner_products(&points, &points), ROUNDING).unwrap_or_default();
        for (vector, value) in vectors.iter_mut().zip(values) {
            let scale = 1.0 / (features * value).sqrt();
            vector.iter_mut().for_each(|weight| *weight *= scale);
        }
        Axes::OfPoints(points, vectors)
    }

    /// Computes axes for points with fewer features: eigenvectors of the features' inner products.
    fn of_features(points: &[Vec<f32>]) -> Axes {
        let features = points.first().map_or(0, Vec::len);
        let columns: Vec<Vec<f32>> =
            (0..features).map(|feature| points.iter().map(|point| point[feature]).collect()).collect();
        let (_, mut vectors) = axes(&inner_products(&columns, &columns), ROUNDING).unwrap_or_default();
        let scale = 1.0 / (features.max(1) as f64).sqrt();
        vectors.iter_mut().flatten().for_each(|weight| *weight *= scale);
        Axes::OfFeatures(vectors)
    }

    /// Returns the coordinates of standardised points.
    fn coordinates(&self, points: &[Vec<f32>]) -> Vec<Vec<f64>> {
        let (seen, vectors) = match self {
            Axes::OfPoints(train, vectors) => (inner_products(points, train), vectors),
            Axes::OfFeatures(vectors) => {
                let wide = |point: &Vec<f32>| point.iter().copied().map(f64::from).collect();
                (points.iter().map(wide).collect(), vectors)
            }
        };
        seen.par_iter().map(|seen| vectors.iter().map(|vector| dot(seen, vector)).collect()).collect()
    }
}

/// Standardises a point by training statistics. Values that are not finite count as the mean.
fn standardized(point: &[f32], scaling: &[(f64, f64)]) -> Vec<f32> {
    let scaled = point.iter().zip(scaling).map(|(&x, (mean, scale))| (f64::from(x) - mean) * scale);
    scaled.map(|x| if x.is_finite() { x as f32 } else { 0.0 }).collect()
}

/// Returns the mean and the reciprocal population SD of the finite values. The reciprocal is 0 if they
/// do not vary.
fn scaling(values: impl Iterator<Item = f32> + Clone) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite()).map(f64::from);
    let n = finite.clone().count().max(1) as f64;
    let mean = finite.clone().sum::<f64>() / n;
    let sd = (finite.map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    (mean, if sd > 1e-12 { 1.0 / sd } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use boldface::seed;
    use rand::RngExt;

    use super::*;

    #[test]
    fn inner_products_survive() {
        // Points with 40 features, one constant, one NaN in one point: fewer points than features, then
        // more.
        for (n, axes) in [(6, 5), (60, 39)] {
            let mut rng = seed::stream(0, "test");
            let mut points: Vec<Vec<f32>> =
                (0..n + 2).map(|_| (0..40).map(|_| rng.random::<f32>() - 0.5).collect()).collect();
            points.iter_mut().for_each(|point| point[3] = 0.7);
            points[2][5] = f32::NAN;
            let new = points.split_off(n);
            let span = TrainingSpan::compute(&points);
            // Centred points lose one dimension.
            assert_eq!(span.train()[0].len(), axes);
            let real = |a: &[f32], b: &[f32]| {
                let (a, b) = (standardized(a, &span.scaling), standardized(b, &span.scaling));
                a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() / 40.0
            };
            for (i, a) in points.iter().enumerate() {
                for (point, b) in
                    span.train().iter().zip(&points).chain(span.coordinates(&new).iter().zip(&new))
                {
                    assert!((dot(&span.train()[i], point) - real(a, b)).abs() < 1e-6, "{i}");
                }
            }
            for (i, j) in [(0, 1), (2, 4)] {
                let along = |axis: usize| span.train().iter().map(|point| point[axis]).collect::<Vec<_>>();
                assert!(dot(&along(i), &along(j)).abs() < 1e-9, "axes {i} and {j}");
            }
        }
    }

    #[test]
    fn points_without_spread_have_no_coordinates() {
        assert_eq!(
            TrainingSpan::compute(&[vec![1.0, 2.0], vec![1.0, 2.0]]).train(),
            [Vec::<f64>::new(), Vec::new()]
        );
        assert_eq!(TrainingSpan::compute(&[]).coordinates(&[]), Vec::<Vec<f64>>::new());
    }
}
