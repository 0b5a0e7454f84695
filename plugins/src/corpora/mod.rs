//! Corpora: sentences about scans.
//!
//! Corpora see scans that are cropped but not standardised, so amplitudes mean something. By default no
//! measure depends on a region's mean. Each sentence states one fact, so it can be traced and read
//! back. Cost: long descriptions.

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
