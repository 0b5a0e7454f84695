//! Angles of rotary positions.

use std::sync::Arc;

/// Frequencies of rotary positions (Su et al. 2021) in the half-split form.
///
/// At position `p`, number `i` of a head's first half turns with number `i` of the second half by
/// `p * frequencies[i]` radians.
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// Radians per position, one entry for each number of half a head.
    pub frequencies: Arc<[f64]>,
    /// Factor on the turned numbers: 1, except with YaRN.
    pub scale: f32,
}

impl Rope {
    /// Returns the frequencies `base^(-2i/E)` for heads of width `E`.
    pub fn plain(width: usize, base: f64) -> Rope {
        let half = width / 2;
        let frequency = |i: usize| base.powf(-(i as f64) / half as f64);
        Rope { frequencies: (0..half).map(frequency).collect(), scale: 1.0 }
    }
}
