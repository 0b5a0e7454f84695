//! Connectivity gradients: axes along which regions with similar profiles of functional connectivity are
//! close.
//!
//! As in BrainSpace 0.3.0, they come from the strongest entries of each row of FC, the similarity of
//! rows ([`affinity`]), and an embedding of it ([`Embedding`]). The gradients of one scan have no sign
//! of their own, may come in another order than another scan's, and mix if eigenvalues are close. Before
//! they are measured, they are therefore rotated onto those of a template ([`ConnectivityGradients::turned_onto`]).

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
pub use template::GradientTemplate;

/// Settings of the steps from functional connectivity to gradients.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    /// Similarity of two rows.
    pub kernel: Kernel,
    /// Share of each row that is set to 0, from 0 to below 1.
    pub sparsity: f64,
    /// Embedding of the affinities.
    pub embedding: Embedding,
    /// Number of gradients.
    pub components: usize,
}

/// The gradients of one FC matrix.
#[derive(Clone, Debug)]
pub struct ConnectivityGradients {
    /// Number of regions of the parcellation.
    pub rois: usize,
    /// Regions with a signal, ascending. The others have no value on a gradient.
    pub living: Vec<usize>,
    /// Living regions x gradients.
    maps: Mat<f64>,
    /// Eigenvalue of each gradient as BrainSpace returns it ([`Embedding`]). Turning does not change it.
    pub lambdas: Vec<f64>,
    /// Share of each gradient: from 0 to 1, in sum at most 1 ([`Embedding`]).
    pub shares: Vec<f64>,
}

impl Steps {
    /// Computes the gradients of one FC matrix. The entry of largest magnitude of each is positive (of
    /// equal ones the first region's); this direction has no anatomical meaning.
    ///
    /// # Errors
    /// [`Missing::Dead`] if more than half of the regions have no signal, or so few are left that a row
    /// keeps only itself; [`Missing::Pieces`] if affinities leave the regions in separate pieces (not
    /// with [`Embedding::Pca`]); [`Missing::Undefined`] if all rows are alike; [`Missing::Unsettled`] if
    /// an eigenvalue is not found.
    pub fn gradients(&self, fc: &Fc) -> Result<ConnectivityGradients, Missing> {
        let living = (0..fc.rois()).filter(|&roi| !fc.at(roi, roi).is_nan()).collect();
        self.of_living(fc.values(), fc.rois(), living)
    }

    /// Computes the gradients of the regions `living` of a matrix.
    fn of_living(
        &self,
        fc: &[f64],
        rois: usize,
        living: Vec<usize>,
    ) -> Result<ConnectivityGradients, Missing> {
        let enough = living.len() >= self.least_rois() && kept(living.len(), self.sparsity) > 1;
        if 2 * living.len() < rois || !enough {
            return Err(Missing::Dead);
        }
        let affinity = affinity(fc, rois, &living, self.kernel, self.sparsity);
        let embedded = self.embedding.embed(affinity, self.components)?;
        let embedding::Embedded { maps, lambdas, shares } = embedded;
        Ok(ConnectivityGradients { rois, living, maps, lambdas, shares })
    }

    /// Returns the smallest number of regions: the trivial eigenvector, the gradients and one more.
    pub fn least_rois(&self) -> usize {
        self.components + 2
    }
}

/// Returns whether a scan has too few volumes for a meaningful correlation: the variance of Fisher's z
/// is 1 / (volumes - 3).
fn too_short(series: &TimeSeries) -> bool {
    series.trs() <= 3
}

impl ConnectivityGradients {
    /// Returns the value of each region on gradient `g`; NaN without a signal.
    pub fn map(&self, g: usize) -> Vec<f64> {
        let mut map = vec![f64::NAN; self.rois];
        for (place, &roi) in self.living.iter().enumerate() {
            map[roi] = self.maps[(place, g)];
        }
        map
    }

    /// Rotates (and reflects) the gradients onto `template` by orthogonal Procrustes over the regions
    /// that both have, without centring or scaling.
    ///
    /// `lambdas` do not change: an eigenvalue belongs to the gradient before turning, and BrainSpace
    /// also keeps it. Shares follow the rotation: if the new gradient `j` takes `R_ij` of the old `i`,
    /// its share is the sum of `R_ij^2 share_i`. Their sum stays the same, and gradients that swap
    /// places swap their shares. For PCA this is exactly the rotated gradient's share of variance.
    ///
    /// # Errors
    /// [`Missing::Dead`] if fewer regions than gradients, or fewer than half of all regions, have a
    /// signal in both; [`Missing::Unsettled`] if the singular values are not found.
    pub fn turned_onto(&self, template: &GradientTemplate) -> Result<ConnectivityGradients, Missing> {
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
        Ok(ConnectivityGradients {
            maps: &self.maps * &turn,
            shares: (0..components).map(share).collect(),
            ..self.clone()
        })
    }
}
