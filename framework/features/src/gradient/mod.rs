//! Connectivity gradients: which regions have alike profiles of functional connectivity, along a few axes.
//!
//! As BrainSpace 0.3.0 computes them: the strongest entries of each row of FC, how alike two rows are
//! ([`affinity`]), and an embedding of that ([`Embedding`]). Gradients of one scan have no sign of their own, may come
//! in another order than another scan's, and mix where eigenvalues are close; so they are turned onto those of a
//! template ([`Gradients::turned_onto`]) before anything is measured.

mod affinity;
mod eigen;
mod embedding;
mod measures;
mod procrustes;
mod template;
#[cfg(test)]
mod tests;

use boldface::TimeSeries;
use faer::Mat;
use procrustes::procrustes;

use crate::{Fc, Missing};

pub use affinity::{Affinity, Kernel, affinity, kept};
pub use embedding::Embedding;
pub use measures::{features, measure};
pub use template::Template;

/// From functional connectivity to gradients.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    /// How alike two rows are.
    pub kernel: Kernel,
    /// Share of each row that is set to 0, from 0 to below 1.
    pub sparsity: f64,
    /// How the affinities become coordinates.
    pub embedding: Embedding,
    /// How many gradients.
    pub components: usize,
}

/// The gradients of one FC matrix.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// How many regions the parcellation has.
    pub rois: usize,
    /// The regions with a signal, ascending; the others have no place on a gradient.
    pub living: Vec<usize>,
    /// Living regions x gradients.
    maps: Mat<f64>,
    /// The eigenvalue of each gradient as BrainSpace gives it ([`Embedding`]). Turning does not touch it.
    pub lambdas: Vec<f64>,
    /// The share of each gradient: from 0 to 1, together at most 1 ([`Embedding`]).
    pub shares: Vec<f64>,
}

impl Steps {
    /// The gradients of one FC matrix, each with the sign that makes its entry of largest magnitude positive (of
    /// equal ones the first region's).
    ///
    /// # Errors
    /// [`Missing::Dead`] if more than half of the regions have no signal, or so few are left that a row keeps nothing
    /// but itself; [`Missing::Pieces`] if no chain of affinities leads from some regions to others (not with
    /// [`Embedding::Pca`]); [`Missing::Undefined`] if all rows are alike; [`Missing::Unsettled`] if an eigenvalue is
    /// not found.
    pub fn gradients(&self, fc: &Fc) -> Result<Gradients, Missing> {
        let living = (0..fc.rois()).filter(|&roi| !fc.at(roi, roi).is_nan()).collect();
        self.of_living(fc.values(), fc.rois(), living)
    }

    /// The same of the regions `living` of a matrix.
    fn of_living(&self, fc: &[f64], rois: usize, living: Vec<usize>) -> Result<Gradients, Missing> {
        let enough = living.len() >= self.least_rois() && kept(living.len(), self.sparsity) > 1;
        if 2 * living.len() < rois || !enough {
            return Err(Missing::Dead);
        }
        let affinity = affinity(fc, rois, &living, self.kernel, self.sparsity);
        let embedded = self.embedding.embed(affinity, self.components)?;
        let embedding::Embedded { maps, lambdas, shares } = embedded;
        Ok(Gradients { rois, living, maps, lambdas, shares })
    }

    /// How many regions there must be: the trivial eigenvector, the gradients and one more.
    pub fn least_rois(&self) -> usize {
        self.components + 2
    }
}

/// Whether a scan has too few volumes for a correlation to mean anything: the variance of its Fisher z is
/// 1 / (volumes - 3).
fn too_short(series: &TimeSeries) -> bool {
    series.trs() <= 3
}

impl Gradients {
    /// The value of each region on gradient `g`; NaN where there is no signal.
    pub fn map(&self, g: usize) -> Vec<f64> {
        let mut map = vec![f64::NAN; self.rois];
        for (place, &roi) in self.living.iter().enumerate() {
            map[roi] = self.maps[(place, g)];
        }
        map
    }

    /// The same gradients turned (and mirrored) onto `template` by orthogonal Procrustes over the regions that both
    /// have; neither is centred nor scaled.
    ///
    /// `lambdas` stay as they were: an eigenvalue belongs to the gradient before turning, and BrainSpace leaves it so,
    /// too. The shares go along: where the new gradient `j` takes `R_ij` of the old `i`, its share is the sum of `R_ij^2
    /// share_i`. They still add up to what they did, and two gradients that changed places bring their shares with
    /// them. For PCA this is exactly the turned gradient's share of variance.
    ///
    /// # Errors
    /// [`Missing::Dead`] if fewer regions than gradients have a signal in both, or no more than half of all;
    /// [`Missing::Unsettled`] if the singular values are not found.
    pub fn turned_onto(&self, template: &Template) -> Result<Gradients, Missing> {
        let known: Vec<usize> =
            (0..self.living.len()).filter(|&place| template.has(self.living[place])).collect();
        let components = self.maps.ncols();
        if known.len() < components || 2 * known.len() < self.rois {
            return Err(Missing::Dead);
        }
        let source = Mat::from_fn(known.len(), components, |i, g| self.maps[(known[i], g)]);
        let target = Mat::from_fn(known.len(), components, |i, g| template.at(self.living[known[i]], g));
        let turn = procrustes(&source, &target)?;
        let share = |j: usize| (0..components).map(|i| turn[(i, j)].powi(2) * self.shares[i]).sum();
        Ok(Gradients {
            maps: &self.maps * &turn,
            shares: (0..components).map(share).collect(),
            ..self.clone()
        })
    }
}
