//! Series into tokens.

mod quantile;
mod vq;
