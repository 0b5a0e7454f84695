//! Pretrained language models: their files, their text, one forward pass for every family, adapters, generation.
//!
//! Written once over the op-level [`Tensor`](boldface_engine::Tensor), so a model runs on the embedded engine as on
//! libtorch. Parameters keep the names they have in the published files.

pub mod adapter;
mod config;
mod network;

pub use config::{Config, Family};
pub use network::Network;
