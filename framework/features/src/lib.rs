//! Regional time series in, numbers out: what corpora tell of a scan and baselines predict from.
//!
//! Every family measures the same way: [`Measured`] values under a [`Feature`], each a number or the reason why there
//! is none ([`Missing`]). Nothing here knows of words, cohorts' splits or tables.

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
pub use measured::{Feature, Measured, Missing};
pub use networks::{Networks, PairOfNetworks};
pub use norms::{Compared, Norms};
