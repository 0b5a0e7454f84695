//! Measures how far the head moved between consecutive volumes.

use super::names::MOTION;
use super::table::ConfoundTable;

/// Radius in mm of the sphere that converts rotations to distances (Power et al. 2012).
const RADIUS: f64 = 50.0;

/// Returns framewise displacement in mm, one value per volume; the first is 0.
///
/// Takes the column `framewise_displacement` if there is one. A missing first value becomes 0, any other
/// NaN. Otherwise sums the absolute differences of the three translations in mm and of the three
/// rotations in radians times 50 mm (Power et al. 2012), as fMRIPrep does. Returns `None` without the
/// six parameters.
pub fn framewise_displacement(table: &ConfoundTable) -> Option<Vec<f64>> {
    if let Some(written) = table.written("framewise_displacement") {
        let first = written.iter().take(1).map(|&fd| if fd.is_nan() { 0.0 } else { fd });
        return Some(first.chain(written.iter().copied().skip(1)).collect());
    }
    let mut displacement = vec![0.0; table.trs()];
    for (place, name) in MOTION.iter().enumerate() {
        let scale = if place < 3 { 1.0 } else { RADIUS };
        let steps = table.written(name)?.windows(2).map(|pair| (pair[1] - pair[0]).abs() * scale);
        displacement.iter_mut().skip(1).zip(steps).for_each(|(sum, step)| *sum += step);
    }
    Some(displacement)
}
