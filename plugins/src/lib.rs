//! The datasets, corpora, tokenizers, backbones and tasks that ship with boldface.
//!
//! Plugins register themselves and are looked up by name, never called directly; the binary links this
//! crate.

pub mod backbones;
pub mod corpora;
pub mod datasets;
mod nets;
#[cfg(test)]
mod stopping;
pub mod tasks;
pub mod tokenizers;
