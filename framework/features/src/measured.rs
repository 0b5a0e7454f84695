//! What was measured, and the number or the reason why there is none.

use std::fmt;

use boldface::{Deserialize, Serialize};
use thiserror::Error;

/// One thing that can be measured of a scan: which measure, and what of.
///
/// Shown as `measure`, `measure.a` or `measure.a-b`, which is its name in facts and tables.
///
/// ```
/// use boldface_features::Feature;
/// assert_eq!(Feature::new("modularity", &[]).to_string(), "modularity");
/// assert_eq!(Feature::new("coupling", &["Default", "Vis"]).to_string(), "coupling.Default-Vis");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub struct Feature {
    /// Such as `coupling`; kebab-case.
    pub measure: String,
    /// Networks, components or gradients, such as `Default` and `Vis`; empty for a measure of the whole scan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
}

impl Feature {
    /// `measure` of `of`.
    pub fn new(measure: &str, of: &[&str]) -> Feature {
        Feature { measure: measure.to_owned(), of: of.iter().map(|&of| of.to_owned()).collect() }
    }

    /// Its value, or why there is none. A number that is not finite is none: [`Missing::Undefined`].
    pub fn is(self, value: Result<f64, Missing>) -> Measured {
        let value =
            value.and_then(|value| if value.is_finite() { Ok(value) } else { Err(Missing::Undefined) });
        Measured { feature: self, value }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.measure)?;
        if self.of.is_empty() { Ok(()) } else { write!(f, ".{}", self.of.join("-")) }
    }
}

/// One number of a scan, or why there is none. The number is finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What was measured.
    pub feature: Feature,
    /// Its value in the unit of the measure.
    pub value: Result<f64, Missing>,
}

/// Why something is not available. Few and fixed, so that a report can count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Error)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case")]
pub enum Missing {
    /// Regions are constant over time, or NaN.
    #[error("too many regions have no signal")]
    Dead,
    /// There are not enough volumes to compute it.
    #[error("the scan has too few volumes")]
    Short,
    /// A network needs two regions for it.
    #[error("the network has one region")]
    Alone,
    /// There is no way from some regions to others, and the measure is not defined without one.
    #[error("the graph is in pieces")]
    Pieces,
    /// The graph has no edge, or none where it would need one.
    #[error("the graph has no edges")]
    NoEdges,
    /// The TR is too long to see the frequencies that it is about.
    #[error("the TR is too long for its frequencies")]
    SlowTr,
    /// The series was filtered: at some of its frequencies there is nothing but rounding.
    #[error("a filter has taken out some of its frequencies")]
    Filtered,
    /// An iteration came to no end.
    #[error("the computation did not converge")]
    Unsettled,
    /// The scan has no value in a column of the tables.
    #[error("the tables have no value")]
    NoValue,
    /// Division of nothing by nothing, and the like.
    #[error("it is not defined for this scan")]
    Undefined,
    /// Norms: it is the same in all training scans, or fewer than two of them have it.
    #[error("it does not vary in training")]
    NoSpread,
}

impl Missing {
    /// Every reason.
    pub fn all() -> impl Iterator<Item = Missing> {
        std::iter::successors(Some(Missing::Dead), |missing| missing.next())
    }

    /// A chain through all of them: a new one must find its place here to compile.
    fn next(self) -> Option<Missing> {
        match self {
            Missing::Dead => Some(Missing::Short),
            Missing::Short => Some(Missing::Alone),
            Missing::Alone => Some(Missing::Pieces),
            Missing::Pieces => Some(Missing::NoEdges),
            Missing::NoEdges => Some(Missing::SlowTr),
            Missing::SlowTr => Some(Missing::Filtered),
            Missing::Filtered => Some(Missing::Unsettled),
            Missing::Unsettled => Some(Missing::NoValue),
            Missing::NoValue => Some(Missing::Undefined),
            Missing::Undefined => Some(Missing::NoSpread),
            Missing::NoSpread => None,
        }
    }
}
