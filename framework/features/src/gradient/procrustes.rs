//! Orthogonal Procrustes: the rotation of one set of axes onto another.

use faer::Mat;

use crate::Missing;

/// Returns the orthogonal matrix (components x components; reflections allowed) that brings `source`
/// nearest to `target`, both points x components, as `source * turn`. Nothing is centred or scaled, as
/// in BrainSpace's `procrustes`.
///
/// # Errors
/// [`Missing::Unsettled`] if the singular values are not found.
pub(super) fn procrustes(source: &Mat<f64>, target: &Mat<f64>) -> Result<Mat<f64>, Missing> {
    let svd = (source.transpose() * target).svd().map_err(|_| Missing::Unsettled)?;
    Ok(svd.U() * svd.V().transpose())
}
