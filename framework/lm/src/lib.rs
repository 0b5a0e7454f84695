//! Pretrained language models: files, text, one forward pass for all families, adapters, generation.
//!
//! Everything is written over the op-level [`Tensor`](boldface_engine::Tensor), so a model runs on the
//! embedded engine and on libtorch. Parameters keep their published names, so weights and adapters open
//! in Python without a table of names.
//!
//! ```
//! use boldface_engine::no_grad;
//! # fn main() -> boldface::Result<()> {
//! // A Hugging Face folder or a `.gguf` file; only headers are read.
//! let files = boldface_lm::open("../../tests/golden/files/tiny".as_ref())?;
//! assert_eq!(files.licence().as_deref(), Some("apache-2.0"));
//! let vocabulary = files.vocabulary()?;
//! let tokens = vocabulary.tokens("the resting brain")?;
//! assert_eq!(vocabulary.text(&tokens)?, "the resting brain");
//!
//! // The network reads its numbers from the mapped file; nothing is copied.
//! let network = files.network(&boldface_engine::open("dfdx", "cpu")?)?;
//! let pass = network.inference();
//! let hidden = no_grad(|| network.embed(&pass, &tokens));
//! assert_eq!(hidden.dims(), [tokens.len(), files.config().width]);
//! # Ok(())
//! # }
//! ```

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

pub use chat::ChatMessage;
pub use config::{ModelConfig, ModelFamily};
pub use files::{ModelFiles, open};
pub use generate::{Continuation, generate};
pub use network::PublishedNetwork;
pub use sample::{Sampler, Sampling};
pub use score::score;
pub use spoken::Spoken;
pub use vocabulary::{TextPart, Vocabulary};
