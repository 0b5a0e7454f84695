//! Regional time series in, numbers out: what corpora tell of a scan and baselines predict from.
//!
//! Every family measures the same way: [`Measured`] values under a [`Feature`], each a number or the reason why there
//! is none ([`Missing`]). Nothing here knows of words, cohorts' splits or tables.

pub mod components;
pub mod connectivity;
#[cfg(test)]
mod golden;
pub mod gradient;
pub mod graph;
mod measured;
mod networks;
mod norms;
pub mod signal;
pub mod spectrum;
pub mod temporal;

pub use connectivity::{ConnectivityKind, Fc, Shrunk, fc, fisher_z, network_pairs, partial, shrunk};
pub use measured::{Feature, Measured, Missing};
pub use networks::{Networks, PairOfNetworks};
pub use norms::{Compared, Norms};
