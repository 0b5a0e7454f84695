//! Points with many more features than there are points, in coordinates of their own span.
//!
//! A linear model with an L2 penalty never leaves the span of its training points. There, n points
//! need at most n coordinates, and inner products stay what they were: nothing is lost.

use rayon::prelude::*;

use super::lbfgs::dot;

/// Standardises features by training statistics and gives points coordinates in the training span.
pub struct Span {
    /// Mean and reciprocal SD of each feature; a reciprocal of 0 for a constant one.
    scaling: Vec<(f64, f64)>,
    /// Training points that span the rest, standardised, and their coordinates so far.
    pivots: Vec<(Vec<f32>, Vec<f64>)>,
    /// Coordinates of the training points, in order.
    train: Vec<Vec<f64>>,
}

impl Span {
    /// The span of `train`; a feature that is NaN counts as the mean.
    pub fn of(train: &[Vec<f32>]) -> Span {
        let features = train.first().map_or(0, Vec::len);
        let scaling =
            (0..features).into_par_iter().map(|feature| scaling(train.iter().map(|row| row[feature])));
        let mut span = Span { scaling: scaling.collect(), pivots: Vec::new(), train: Vec::new() };
        span.pivot(train);
        span
    }

    /// Coordinates of the training points, in order.
    pub fn train(&self) -> &[Vec<f64>] {
        &self.train
    }

    /// Coordinates of points, trained on or not, as far as they lie in the span. Their inner products
    /// are those of the standardised features, divided by the number of features.
    pub fn coordinates(&self, points: &[Vec<f32>]) -> Vec<Vec<f64>> {
        points.par_iter().map(|point| self.project(&self.standardized(point))).collect()
    }

    /// Pivoted Cholesky decomposition of the training points' inner products.
    fn pivot(&mut self, train: &[Vec<f32>]) {
        let points: Vec<Vec<f32>> = train.par_iter().map(|point| self.standardized(point)).collect();
        let mut coordinates: Vec<Vec<f64>> = vec![Vec::new(); points.len()];
        let mut left: Vec<f64> = points.iter().map(|point| self.inner(point, point)).collect();
        let enough = 1e-10 * left.iter().copied().fold(0.0, f64::max);
        for _ in 0..points.len() {
            let farthest = (0..left.len()).rev().max_by(|&a, &b| left[a].total_cmp(&left[b]));
            let Some(pivot) = farthest.filter(|&pivot| left[pivot] > enough) else { break };
            let length = left[pivot].sqrt();
            let of_pivot = coordinates[pivot].clone();
            let along: Vec<f64> = points
                .par_iter()
                .zip(&coordinates)
                .map(|(point, known)| (self.inner(point, &points[pivot]) - dot(known, &of_pivot)) / length)
                .collect();
            for (point, along) in along.into_iter().enumerate() {
                coordinates[point].push(along);
                left[point] -= along * along;
            }
            self.pivots.push((points[pivot].clone(), coordinates[pivot].clone()));
            // Rounding must not choose it again.
            left[pivot] = 0.0;
        }
        self.train = coordinates;
    }

    fn project(&self, point: &[f32]) -> Vec<f64> {
        let mut coordinates = Vec::with_capacity(self.pivots.len());
        for (pivot, of_pivot) in &self.pivots {
            let (known, length) = (&of_pivot[..coordinates.len()], of_pivot[coordinates.len()]);
            coordinates.push((self.inner(point, pivot) - dot(&coordinates, known)) / length);
        }
        coordinates
    }

    fn standardized(&self, point: &[f32]) -> Vec<f32> {
        let scaled = point.iter().zip(&self.scaling).map(|(&x, (mean, scale))| (f64::from(x) - mean) * scale);
        scaled.map(|x| if x.is_finite() { x as f32 } else { 0.0 }).collect()
    }

    fn inner(&self, a: &[f32], b: &[f32]) -> f64 {
        let (a_chunks, a_rest) = a.as_chunks::<8>();
        let (b_chunks, b_rest) = b.as_chunks::<8>();
        // Eight running sums: a fixed order that the compiler can vectorise.
        let mut sums = [0.0; 8];
        for (a, b) in a_chunks.iter().zip(b_chunks) {
            for lane in 0..8 {
                sums[lane] += f64::from(a[lane]) * f64::from(b[lane]);
            }
        }
        let rest: f64 = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        (sums.iter().sum::<f64>() + rest) / self.scaling.len().max(1) as f64
    }
}

/// Mean and reciprocal population SD of the finite values; `(mean, 0)` if they do not vary.
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
        // Six points of 40 features, one of them constant, one NaN in one point.
        let mut rng = seed::stream(0, "test");
        let mut points: Vec<Vec<f32>> =
            (0..6).map(|_| (0..40).map(|_| rng.random::<f32>() - 0.5).collect()).collect();
        points.iter_mut().for_each(|point| point[3] = 0.7);
        points[2][5] = f32::NAN;
        let span = Span::of(&points);
        // Centred points lie in five dimensions.
        assert_eq!(span.pivots.len(), 5);
        let coordinates = span.train();
        for i in 0..6 {
            for j in 0..6 {
                let real = span.inner(&span.standardized(&points[i]), &span.standardized(&points[j]));
                assert!((dot(&coordinates[i], &coordinates[j]) - real).abs() < 1e-6, "{i} {j}");
            }
        }
    }

    #[test]
    fn points_without_spread_have_no_coordinates() {
        assert_eq!(Span::of(&[vec![1.0, 2.0], vec![1.0, 2.0]]).train(), [Vec::<f64>::new(), Vec::new()]);
        assert_eq!(Span::of(&[]).coordinates(&[]), Vec::<Vec<f64>>::new());
    }
}
