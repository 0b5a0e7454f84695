//! The datasets, corpora, tokenizers, backbones and tasks that ship with boldface.
//!
//! Nothing here is called by name: plugins register themselves, and the binary links this crate.

pub mod backbones;
pub mod corpora;
pub mod datasets;
mod nets;
#[cfg(test)]
mod stopping;
pub mod tasks;
pub mod tokenizers;
