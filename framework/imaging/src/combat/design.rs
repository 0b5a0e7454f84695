//! Fits one feature on batches and covariates by least squares.

use boldface::Result;

/// Batches and coded covariates of the scans.
pub(super) struct BatchDesign<'a> {
    /// Batch of each scan.
    batch: &'a [usize],
    /// Number of scans in each batch.
    scans: &'a [usize],
    /// Coded covariates of each scan.
    coded: &'a [Vec<f64>],
}

/// Estimates of one feature that the posteriors need.
pub(super) struct Moments {
    /// Mean over the batches, weighted by their scans, at the mean of the covariates.
    pub(super) mean: f64,
    /// Slope of each coded covariate.
    pub(super) slopes: Vec<f64>,
    /// Root of the mean squared residual; NaN if the feature cannot be fitted.
    pub(super) spread: f64,
    /// Moments of the standardised feature in each batch.
    pub(super) batches: Vec<BatchMoments>,
}

/// Moments of a standardised feature in one batch.
#[derive(Clone, Copy)]
pub(super) struct BatchMoments {
    /// Number of values that are not missing.
    pub(super) n: f64,
    pub(super) mean: f64,
    /// Sum of squared differences from the mean.
    pub(super) squares: f64,
}

/// Smallest share of a covariate's squares that must be left after the columns before it are removed.
/// Below it, the covariate is redundant.
const LEAST_OWN: f64 = 1e-10;

/// Spread below this share of the largest value is rounding.
const LEAST_SPREAD: f64 = 1e-12;

impl<'a> BatchDesign<'a> {
    /// Checks that the batches and covariates can be estimated separately.
    ///
    /// # Errors
    /// If a covariate is redundant given the batches and the covariates before it, or there are no more
    /// scans than columns.
    pub(super) fn new(
        batch: &'a [usize],
        scans: &'a [usize],
        coded: &'a [Vec<f64>],
        names: &[&str],
        batch_name: &str,
    ) -> Result<BatchDesign<'a>> {
        let columns = scans.len() + names.len();
        if batch.len() <= columns {
            return Err(format!(
                "{} training scans are too few for {} batches and {} covariates; ComBat needs more scans than these",
                batch.len(),
                scans.len(),
                names.len()
            )
            .into());
        }
        let design = BatchDesign { batch, scans, coded };
        let all: Vec<usize> = (0..batch.len()).collect();
        match design.decompose(&all) {
            Ok(_) => Ok(design),
            Err(covariate) => {
                let name = names[covariate];
                Err(format!(
                    "the training scans cannot tell `{name}` from `{batch_name}` and the columns before it: \
                     removing the one would remove the other; take `{name}` out of `preserve`, or train on \
                     scans where it varies within the batches"
                )
                .into())
            }
        }
    }

    /// Fits one feature, NaN where a scan has no value. Returns `None` if all values are equal.
    pub(super) fn moments(&self, values: &[f64]) -> Option<Moments> {
        let present: Vec<usize> = (0..values.len()).filter(|&scan| values[scan].is_finite()).collect();
        let first = present.first().map(|&scan| values[scan]);
        if present.len() > 1 && present.iter().all(|&scan| Some(values[scan]) == first) {
            return None;
        }
        Some(self.fit(values, &present).unwrap_or(Moments {
            mean: f64::NAN,
            slopes: Vec::new(),
            spread: f64::NAN,
            batches: Vec::new(),
        }))
    }

    fn fit(&self, values: &[f64], present: &[usize]) -> Option<Moments> {
        let n = present.len() as f64;
        let centred = Centred::compute(self, present);
        if centred.counts.iter().any(|&count| count < 2.0) {
            return None;
        }
        let lower = self.decompose(present).ok()?;
        let means = centred.batch_means(self, present, |scan| values[scan]);
        let width = self.coded[0].len();
        let mut slopes = vec![0.0; width];
        for &scan in present {
            let (batch, y) = (self.batch[scan], values[scan] - means[self.batch[scan]]);
            for (place, slope) in slopes.iter_mut().enumerate() {
                *slope += (self.coded[scan][place] - centred.covariates[batch][place]) * y;
            }
        }
        solve(&lower, &mut slopes);
        // The batch's mean at the mean of the covariates, which are coded to average zero.
        let own = |batch: usize| means[batch] - dot(&slopes, &centred.covariates[batch]);
        let all: f64 = self.scans.iter().sum::<usize>() as f64;
        let mean: f64 = (0..self.scans.len()).map(|batch| self.scans[batch] as f64 / all * own(batch)).sum();
        let residual = |scan: usize| values[scan] - own(self.batch[scan]) - dot(&slopes, &self.coded[scan]);
        let spread = (present.iter().map(|&scan| residual(scan).powi(2)).sum::<f64>() / n).sqrt();
        let size = present.iter().map(|&scan| values[scan].abs()).fold(0.0, f64::max);
        if spread <= LEAST_SPREAD * size {
            return None;
        }
        let z = |scan: usize| (values[scan] - mean - dot(&slopes, &self.coded[scan])) / spread;
        let z_means = centred.batch_means(self, present, z);
        let mut batches: Vec<BatchMoments> = (0..self.scans.len())
            .map(|at| BatchMoments { n: centred.counts[at], mean: z_means[at], squares: 0.0 })
            .collect();
        for &scan in present {
            let batch = &mut batches[self.batch[scan]];
            batch.squares += (z(scan) - batch.mean).powi(2);
        }
        Some(Moments { mean, slopes, spread, batches })
    }

    /// Cholesky decomposition of the covariates' products within the batches. Fails with the index of
    /// the first redundant covariate.
    fn decompose(&self, present: &[usize]) -> Result<Vec<Vec<f64>>, usize> {
        let centred = Centred::compute(self, present);
        let width = self.coded[0].len();
        let mut lower = vec![vec![0.0; width]; width];
        let mut own = vec![0.0; width];
        for &scan in present {
            let means = &centred.covariates[self.batch[scan]];
            let within = |place: usize| self.coded[scan][place] - means[place];
            for row in 0..width {
                own[row] += self.coded[scan][row].powi(2);
                let cells = lower[row][..=row].iter_mut().enumerate();
                cells.for_each(|(column, cell)| *cell += within(row) * within(column));
            }
        }
        for row in 0..width {
            let (above, rest) = lower.split_at_mut(row);
            let cells = &mut rest[0];
            for column in 0..row {
                cells[column] =
                    (cells[column] - dot(&cells[..column], &above[column][..column])) / above[column][column];
            }
            let left = cells[row] - dot(&cells[..row], &cells[..row]);
            if left.is_nan() || left <= LEAST_OWN * own[row] {
                return Err(row);
            }
            cells[row] = left.sqrt();
        }
        Ok(lower)
    }
}

/// Counts and covariate means of each batch over the scans that have a value.
struct Centred {
    counts: Vec<f64>,
    covariates: Vec<Vec<f64>>,
}

impl Centred {
    fn compute(design: &BatchDesign<'_>, present: &[usize]) -> Centred {
        let batches = design.scans.len();
        let mut counts = vec![0.0; batches];
        present.iter().for_each(|&scan| counts[design.batch[scan]] += 1.0);
        let mut centred = Centred { counts, covariates: vec![Vec::new(); batches] };
        for place in 0..design.coded[0].len() {
            let means = centred.batch_means(design, present, |scan| design.coded[scan][place]);
            centred.covariates.iter_mut().zip(means).for_each(|(own, mean)| own.push(mean));
        }
        centred
    }

    /// Returns the mean of each batch, NaN for a batch without values.
    fn batch_means(
        &self,
        design: &BatchDesign<'_>,
        present: &[usize],
        of: impl Fn(usize) -> f64,
    ) -> Vec<f64> {
        let mut sums = vec![0.0; self.counts.len()];
        present.iter().for_each(|&scan| sums[design.batch[scan]] += of(scan));
        sums.iter().zip(&self.counts).map(|(sum, count)| sum / count).collect()
    }
}

/// Solves `lower lower' x = right` in place.
fn solve(lower: &[Vec<f64>], right: &mut [f64]) {
    for row in 0..right.len() {
        right[row] = (right[row] - dot(&lower[row][..row], &right[..row])) / lower[row][row];
    }
    for row in (0..right.len()).rev() {
        let below: f64 = (row + 1..right.len()).map(|other| lower[other][row] * right[other]).sum();
        right[row] = (right[row] - below) / lower[row][row];
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
