//! The text side of stage 1: frozen, standardised vectors, one per training scan and one per token.

use boldface::{Result, TextSpace, TrainScans};

/// Standardised text vectors.
pub(super) struct TextVectors {
    /// Pooled vector of each training scan's description, in the order of the scans.
    pub(super) descriptions: Vec<Option<Vec<f32>>>,
    /// Rows of the input embedding.
    pub(super) tokens: Vec<Vec<f32>>,
}

impl TextVectors {
    /// Collects the vectors of the training scans from `text`.
    ///
    /// # Errors
    /// If vectors differ in width or contain numbers that are not finite.
    pub(super) fn collect(train: &TrainScans<'_>, text: &TextSpace) -> Result<TextVectors> {
        let described: Vec<_> =
            train.iter().map(|scan| text.descriptions.get(&scan.info.id).cloned()).collect();
        let mut vectors: Vec<Vec<f32>> = described.iter().flatten().cloned().collect();
        standardize(&mut vectors).map_err(|error| format!("the descriptions' text vectors {error}"))?;
        let mut vectors = vectors.into_iter();
        let descriptions =
            described.iter().map(|vector| vector.as_ref().and_then(|_| vectors.next())).collect();
        let mut tokens: Vec<Vec<f32>> =
            text.tokens.values.chunks(text.tokens.width.max(1)).map(Vec::from).collect();
        standardize(&mut tokens).map_err(|error| format!("the token embeddings {error}"))?;
        Ok(TextVectors { descriptions, tokens })
    }

    /// Returns the width of a description's vector; `None` with fewer than 2 descriptions, which leave
    /// no contrast.
    pub(super) fn description_width(&self) -> Option<usize> {
        let mut described = self.descriptions.iter().flatten();
        described.next().zip(described.next()).map(|(vector, _)| vector.len())
    }

    /// Returns the width of a token's embedding; `None` without tokens.
    pub(super) fn token_width(&self) -> Option<usize> {
        self.tokens.first().map(Vec::len)
    }
}

/// Scales every column to mean 0 and standard deviation 1; a constant column becomes 0.
fn standardize(vectors: &mut [Vec<f32>]) -> Result<(), &'static str> {
    let Some(width) = vectors.first().map(Vec::len) else { return Ok(()) };
    if width == 0 || vectors.iter().any(|vector| vector.len() != width) {
        return Err("are not all of one width");
    }
    if vectors.iter().flatten().any(|value| !value.is_finite()) {
        return Err("hold a number that is not finite");
    }
    let count = vectors.len() as f64;
    for column in 0..width {
        let values = || vectors.iter().map(|vector| f64::from(vector[column]));
        let mean = values().sum::<f64>() / count;
        let sd = (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        // A constant column differs from its mean only by rounding.
        let by = if sd > 1e-6 * mean.abs() && sd > 0.0 { 1.0 / sd } else { 0.0 };
        vectors
            .iter_mut()
            .for_each(|vector| vector[column] = ((f64::from(vector[column]) - mean) * by) as f32);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_gets_mean_0_and_sd_1() {
        // Column 0 is 1 3: mean 2, sd 1. Column 1 is constant.
        let mut vectors = vec![vec![1.0, 0.1], vec![3.0, 0.1]];
        standardize(&mut vectors).unwrap();
        assert_eq!(vectors, [[-1.0, 0.0], [1.0, 0.0]]);
    }

    #[test]
    fn unusable_vectors_are_refused() {
        assert_eq!(standardize(&mut [vec![1.0], vec![]]), Err("are not all of one width"));
        assert_eq!(standardize(&mut [vec![f32::NAN]]), Err("hold a number that is not finite"));
        assert_eq!(standardize(&mut []), Ok(()));
    }
}
