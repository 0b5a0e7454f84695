//! Network parts that several learned plugins share.

pub(crate) mod autoencoder;
pub(crate) mod contrastive;
pub(crate) mod domain;
pub(crate) mod encoder;
pub(crate) mod quantizer;
