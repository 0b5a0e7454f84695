//! Embeddings: from affinities to coordinates.

use boldface::{Deserialize, JsonSchema, Serialize};
use faer::linalg::matmul::matmul;
use faer::{Accum, Col, ColRef, Mat, Par, Scale};

use super::affinity::Affinity;
use super::eigen::Symmetric;
use crate::Missing;

/// Embedding of affinities into coordinates, with BrainSpace 0.3.0's defaults.
///
/// A gradient's share is its squared eigenvalue (for PCA, its squared singular value) over the sum of
/// all but the trivial one of 1. For PCA this is the share of variance, for the diffusion map the share
/// of the mean squared diffusion distance at time 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub enum Embedding {
    /// Diffusion map with alpha 0.5 over all times: eigenvectors of the random walk, each times
    /// `l / (1 - l)`, which is also its eigenvalue. Eigenvectors are exact here, as the walk has a symmetric
    /// form. BrainSpace solves the asymmetric matrix with a solver for symmetric ones, and is off by a
    /// percent or more.
    #[default]
    DiffusionMap,
    /// Laplacian eigenmaps: eigenvectors of the random walk without self-loops. Eigenvalues are those of
    /// the normalised Laplacian, smallest first.
    Laplacian,
    /// Principal components of the affinities' columns. Eigenvalues are variances (ddof 1).
    Pca,
}

/// Regions x components, with the eigenvalue of each component as BrainSpace returns it, and its share.
pub(super) struct Embedded {
    pub(super) maps: Mat<f64>,
    pub(super) lambdas: Vec<f64>,
    pub(super) shares: Vec<f64>,
}

/// An eigenvalue of the random walk this close to 1 means that only rounding noise connects two pieces.
const PIECES: f64 = 1e-10;

/// A smaller sum of squared eigenvalues (the trivial one is 1) is rounding noise: an angle is exact to
/// 1e-8.
const NOTHING: f64 = 1e-14;

/// Magnitudes that differ by less than this share are equal.
const TIE: f64 = 1e-9;

impl Embedding {
    /// # Errors
    /// As [`super::Steps::gradients`].
    pub(super) fn embed(self, affinity: Affinity, components: usize) -> Result<Embedded, Missing> {
        let mut embedded = match self {
            Embedding::DiffusionMap => diffusion_map(affinity, components),
            Embedding::Laplacian => laplacian(affinity, components),
            Embedding::Pca => pca(affinity, components),
        }?;
        for g in 0..components {
            let map = embedded.maps.col_as_slice_mut(g);
            let largest = map.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
            let first = map.iter().find(|value| value.abs() >= largest * (1.0 - TIE));
            if first.is_some_and(|&value| value < 0.0) {
                map.iter_mut().for_each(|value| *value = -*value);
            }
        }
        Ok(embedded)
    }
}

fn diffusion_map(mut affinity: Affinity, components: usize) -> Result<Embedded, Missing> {
    // W = d^-1/2 A d^-1/2 removes the density of regions from the affinity (alpha = 0.5).
    connected(&affinity)?;
    let density: Vec<f64> = sums(&affinity).iter().map(|sum| sum.powf(-0.5)).collect();
    scale(&mut affinity, &density);
    let walk = Walk::embed(affinity, components)?;
    let lambdas: Vec<f64> = walk.values.iter().map(|value| value / (1.0 - value)).collect();
    // Divided by the trivial eigenvector, so that the trivial map is 1 everywhere.
    let map = |i: usize, g: usize| walk.vectors[(i, g)] / walk.trivial[i] * lambdas[g];
    let maps = Mat::from_fn(walk.trivial.len(), components, map);
    Ok(Embedded { maps, shares: walk.shares, lambdas })
}

fn laplacian(mut affinity: Affinity, components: usize) -> Result<Embedded, Missing> {
    (0..affinity.nrows()).for_each(|i| affinity[(i, i)] = 0.0);
    connected(&affinity)?;
    let degrees = sums(&affinity);
    let walk = Walk::embed(affinity, components)?;
    let map = |i: usize, g: usize| walk.vectors[(i, g)] / degrees[i].sqrt();
    let maps = Mat::from_fn(degrees.len(), components, map);
    let lambdas = walk.values.iter().map(|value| 1.0 - value).collect();
    Ok(Embedded { maps, shares: walk.shares, lambdas })
}

fn pca(mut affinity: Affinity, components: usize) -> Result<Embedded, Missing> {
    let rois = affinity.nrows();
    let means = sums(&affinity).into_iter().map(|sum| sum / rois as f64);
    for (j, mean) in means.enumerate() {
        affinity.col_as_slice_mut(j).iter_mut().for_each(|value| *value -= mean);
    }
    let total = affinity.squared_norm_l2();
    if total < NOTHING * (rois * rois) as f64 {
        return Err(Missing::Undefined);
    }
    let length = total.sqrt();
    affinity *= Scale(length.recip());
    let (vectors, shares) = Symmetric::Squared(affinity).largest(components)?;
    let maps = Mat::from_fn(rois, components, |i, g| vectors[(i, g)] * shares[g].max(0.0).sqrt() * length);
    let lambdas = shares.iter().map(|share| share * total / (rois - 1) as f64).collect();
    Ok(Embedded { maps, lambdas, shares })
}

/// The random walk `D^-1 W` in its symmetric form `D^-1/2 W D^-1/2`, which has the same eigenvalues.
struct Walk {
    /// Eigenvectors of the symmetric form, without the trivial one.
    vectors: Mat<f64>,
    /// Their eigenvalues.
    values: Vec<f64>,
    /// Squared eigenvalues over the sum of all but the trivial one's.
    shares: Vec<f64>,
    /// Trivial eigenvector, of length 1 and eigenvalue 1: the square roots of the degrees, normalised.
    trivial: Vec<f64>,
}

impl Walk {
    fn embed(mut weights: Mat<f64>, components: usize) -> Result<Walk, Missing> {
        let degrees = sums(&weights);
        let all = degrees.iter().sum::<f64>().sqrt();
        let trivial: Vec<f64> = degrees.iter().map(|degree| degree.sqrt() / all).collect();
        let roots: Vec<f64> = degrees.iter().map(|degree| degree.sqrt().recip()).collect();
        scale(&mut weights, &roots);
        // Eigenvalues are between -1 and 1. This moves the trivial one from 1 to -1. Adding 1 to all of
        // them later makes the largest also the largest in magnitude.
        let column = ColRef::from_slice(&trivial).as_mat();
        matmul(&mut weights, Accum::Add, column, column.transpose(), -2.0, Par::Seq);
        let squares = weights.squared_norm_l2() - 1.0;
        if squares < NOTHING {
            return Err(Missing::Undefined);
        }
        (0..degrees.len()).for_each(|i| weights[(i, i)] += 1.0);
        let (vectors, mut values) = Symmetric::Matrix(weights).largest(components)?;
        values.iter_mut().for_each(|value| *value -= 1.0);
        if values.iter().any(|value| *value > 1.0 - PIECES) {
            return Err(Missing::Pieces);
        }
        let shares = values.iter().map(|value| value * value / squares).collect();
        Ok(Walk { vectors, values, shares, trivial })
    }
}

/// Checks that a chain of affinities leads from the first region to every other.
fn connected(affinity: &Affinity) -> Result<(), Missing> {
    let mut unseen: Vec<usize> = (1..affinity.nrows()).collect();
    let mut next = vec![0];
    while let Some(i) = next.pop() {
        if unseen.is_empty() {
            return Ok(());
        }
        let column = affinity.col_as_slice(i);
        next.extend(unseen.iter().filter(|&&j| column[j] > 0.0));
        unseen.retain(|&j| column[j] <= 0.0);
    }
    if unseen.is_empty() { Ok(()) } else { Err(Missing::Pieces) }
}

/// Returns the sum of each row.
fn sums(matrix: &Mat<f64>) -> Vec<f64> {
    (matrix * Col::<f64>::ones(matrix.ncols())).iter().copied().collect()
}

/// Multiplies entry `i, j` by `factors[i] * factors[j]`.
fn scale(matrix: &mut Mat<f64>, factors: &[f64]) {
    for j in 0..factors.len() {
        let column = matrix.col_as_slice_mut(j);
        column.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor * factors[j]);
    }
}
