//! Series into tokens.

mod patches;
mod quantile;
mod usage;
mod vq;
