//! Models against Python's transformers, on every engine of this build.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod generation;
mod models;
mod parity;
mod scores;
