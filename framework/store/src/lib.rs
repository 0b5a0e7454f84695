//! What an artefact is: its key, its manifest and its lock; the experiment with its plugins, which keys hash; and
//! the scores that stages write and reports read. How any of it is computed is the matter of crates above.
//!
//! A module uses only modules above it in this list. `tests/tests/layers.rs` checks it.

use boldface_spec as spec;

pub mod label;
pub mod score;
pub mod store;

pub mod study;
