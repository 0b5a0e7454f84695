//! Pretrained language models: their files, their text, one forward pass for every family, adapters, generation.
//!
//! Written once over the op-level [`Tensor`](boldface_engine::Tensor), so a model runs on the embedded engine as on
//! libtorch. Parameters keep the names they have in the published files.

mod chat;
mod config;
mod files;
mod gguf;
mod network;
mod vocabulary;
mod weights;

pub use chat::Message;
pub use config::{Config, Family};
pub use files::{Files, open};
pub use network::Network;
pub use vocabulary::Vocabulary;
