//! Tokenizers: from series to tokens.

#[cfg(test)]
mod fixture;
mod patches;
mod quantile;
mod usage;
mod vq;
