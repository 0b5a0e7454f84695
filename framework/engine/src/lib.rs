//! Tensors, the engines that compute them, and training: layers, gradients, AdamW, learning rates.
//!
//! Models, losses and quantisers are written once, against [`Tensor`]; the spec names the engine that
//! computes. Shapes are checked at run time, before the engine is called. A wrong shape is a bug in a
//! model and panics with both shapes.
//!
//! ```
//! use boldface_engine::{Params, open};
//!
//! let engine = open("dfdx", "cpu")?;
//! let mut params = Params::new(&engine);
//! params.insert("weight", vec![2.0, -1.0], &[1, 2]);
//! let x = engine.tensor(vec![3.0, 4.0], &[1, 2]);
//! let loss = x.linear(params.get("weight"), None).square().sum(); // (3 * 2 - 4)^2 = 4
//! let gradients = loss.backward(); // 2 * 2 * x
//! assert_eq!(gradients.values(&params, "weight"), Some(vec![12.0, 16.0]));
//! # Ok::<(), boldface_engine::EngineError>(())
//! ```
//!
//! Shape suffixes used throughout: `B` batch, `T` tokens, `D` width, `H` heads, `R` LoRA rank.

mod dfdx;
mod engine;
mod gradients;
mod mapped;
pub mod nn;
mod optim;
mod params;
mod recording;
mod rope;
mod schedule;
#[cfg(feature = "tch")]
mod tch;
mod tensor;

pub use engine::{ENGINES, Engine, EngineError, devices, open, why_no_cuda};
pub use gradients::{Gradients, clip};
pub use mapped::Mapped;
pub use nn::{Noise, Pass};
pub use optim::AdamW;
pub use params::Params;
pub use rope::Rope;
pub use schedule::Schedule;
pub use tensor::{Tensor, clear_tape, no_grad};

/// Tensor of the embedded engine `dfdx`, with the operations of [`Tensor`].
pub use dfdx::DfdxTensor;
/// Tensor of libtorch, with the operations of [`Tensor`].
#[cfg(feature = "tch")]
pub use tch::TchTensor;
