//! Pretrained language models: their files, their text, one forward pass for every family, adapters, generation.
//!
//! Written once over the op-level [`Tensor`](boldface_engine::Tensor), so a model runs on the embedded engine as on
//! libtorch. Parameters keep the names they have in the published files.

pub mod adapter;
mod chat;
mod config;
mod files;
mod generate;
mod gguf;
mod network;
mod sample;
mod score;
mod spoken;
mod vocabulary;
mod weights;

pub use chat::Message;
pub use config::{Config, Family};
pub use files::{Files, open};
pub use generate::{Continuation, generate};
pub use network::Network;
pub use sample::{Sampler, Sampling};
pub use score::score;
pub use spoken::Spoken;
pub use vocabulary::Vocabulary;
