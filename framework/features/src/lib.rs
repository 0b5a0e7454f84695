//! Regional time series in, numbers out: what corpora tell of a scan and baselines predict from.
//!
//! Every family measures the same way: [`Measured`] values under a [`Feature`], each a number or the reason why there
//! is none ([`Missing`]). Nothing here knows of words, cohorts' splits or tables.

pub mod components;
pub mod connectivity;
#[cfg(test)]
mod golden;
mod measured;
mod networks;
pub mod signal;
pub mod spectrum;

pub use connectivity::{Fc, fc, fisher_z};
pub use measured::{Feature, Measured, Missing};
pub use networks::{Networks, PairOfNetworks};
