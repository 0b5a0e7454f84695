//! Corpora: sentences about scans.

mod components;
mod connectivity;
mod described;
mod family;
mod gradient;
mod graph;
#[cfg(test)]
mod pain;
mod phenotype;
mod temporal;
mod words;
