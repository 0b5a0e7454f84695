//! Which angles rotary positions turn by.

use std::sync::Arc;

/// Frequencies of rotary positions: number `i` of the first half of a head turns with number `i` of the second by
/// `position * frequencies[i]` (Su et al. 2021, in the half-split form).
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// Radians a position, one for each number of half a head.
    pub frequencies: Arc<[f64]>,
    /// What the turned numbers are multiplied by: 1, but for YaRN.
    pub scale: f32,
}

impl Rope {
    /// `base^(-2i/E)` for heads of width `E`.
    pub fn plain(width: usize, base: f64) -> Rope {
        let half = width / 2;
        let frequency = |i: usize| base.powf(-(i as f64) / half as f64);
        Rope { frequencies: (0..half).map(frequency).collect(), scale: 1.0 }
    }
}
