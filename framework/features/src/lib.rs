//! Measures of regional time series, which corpora describe and baselines predict from.
//!
//! All families return [`Measurement`] values: a [`Feature`] with its number, or with the reason why it has
//! none ([`Missing`]). Nothing in this crate knows words, splits of cohorts or tables.

pub mod components;
pub mod connectivity;
#[cfg(test)]
mod golden;
pub mod gradient;
mod gram;
pub mod graph;
mod measured;
mod networks;
mod norms;
pub mod signal;
pub mod spectrum;
pub mod temporal;

pub use connectivity::{
    ConnectivityKind, Fc, Shrunk, Tangent, fc, fisher_z, flattened, network_pairs, partial, shrunk,
};
pub use gram::{axes, inner_products};
pub use measured::{Feature, Measurement, Missing};
pub use networks::{Networks, PairOfNetworks};
pub use norms::{Compared, Norms};
