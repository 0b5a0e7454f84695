//! Series into tokens.

#[cfg(test)]
mod fixture;
mod patches;
mod quantile;
mod usage;
mod vq;
