//! Ranges of z that together cover the whole line.

use std::collections::BTreeSet;

use boldface::Result;

use super::NOT_AVAILABLE;
use super::table::BandRange;

/// The side of zero that a band is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Below,
    Above,
}

/// Returns the band of `z`. An end belongs to the band on the side of 0: exactly 2 is not yet beyond 2.
pub(super) fn containing(bands: &[BandRange], z: f64) -> Option<&BandRange> {
    let above = |from: f64| z > from || (z == from && from < 0.0);
    let below = |to: f64| z < to || (z == to && to >= 0.0);
    bands.iter().find(|band| band.from.is_none_or(above) && band.to.is_none_or(below))
}

impl BandRange {
    /// Returns its side of 0; `None` if it contains numbers of both signs.
    pub(super) fn side(&self) -> Option<Side> {
        if self.from.is_some_and(|from| from >= 0.0) {
            Some(Side::Above)
        } else {
            self.to.filter(|&to| to <= 0.0).map(|_| Side::Below)
        }
    }

    /// Returns a z inside it, for testing its words.
    pub(super) fn inside(&self) -> f64 {
        match (self.from, self.to) {
            (Some(from), Some(to)) => (from + to) / 2.0,
            (Some(from), None) => from + 1.0,
            (None, Some(to)) => to - 1.0,
            (None, None) => 0.0,
        }
    }
}

/// Checks that bands run from the lowest to the highest z without gaps, each with a name of its own.
///
/// # Errors
/// If they do not; the message names the band and its ends.
pub(super) fn check(bands: &[BandRange]) -> Result<()> {
    let (Some(first), Some(last)) = (bands.first(), bands.last()) else {
        return Err("`bands` is empty".into());
    };
    let mut names = BTreeSet::new();
    if bands.iter().any(|band| band.name == NOT_AVAILABLE) {
        return Err(format!(
            "`bands`: the name `{NOT_AVAILABLE}` is reserved for facts without a z; rename the band"
        )
        .into());
    }
    if let Some(band) = bands.iter().find(|band| !names.insert(&band.name)) {
        return Err(format!("`bands`: two are called `{}`; give one another name", band.name).into());
    }
    if let Some(from) = first.from {
        let name = &first.name;
        return Err(format!("`bands`: nothing is below {from}; remove `from` of `{name}`, the first").into());
    }
    if let Some(to) = last.to {
        let name = &last.name;
        return Err(format!("`bands`: nothing is above {to}; remove `to` of `{name}`, the last").into());
    }
    for pair in bands.windows(2) {
        let (below, above) = (&pair[0], &pair[1]);
        let told = |end: Option<f64>| end.map_or("none".to_owned(), |end| end.to_string());
        let ends = format!(
            "`{}` (to: {}) and `{}` (from: {})",
            below.name,
            told(below.to),
            above.name,
            told(above.from)
        );
        let wrong = match (below.to, above.from) {
            (Some(to), Some(from)) if to < from => "leave a gap",
            (Some(to), Some(from)) if to == from => continue,
            _ => "overlap",
        };
        return Err(format!("`bands`: {ends} {wrong}; let one begin where the other ends").into());
    }
    let is_sorted = bands.iter().all(|band| match (band.from, band.to) {
        // Sentences give two decimals, and a narrower band might contain none of them.
        (Some(from), Some(to)) => to - from >= 0.01,
        (from, to) => from.or(to).is_none_or(f64::is_finite),
    });
    if !is_sorted {
        return Err("`bands`: they must go from low to high, each 0.01 wide or more".into());
    }
    Ok(())
}
