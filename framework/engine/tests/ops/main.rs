//! Conformance of every operation on every engine: values by hand, gradients by finite differences.

mod arithmetic;
mod attention;
mod check;
mod determinism;
mod engines;
mod fused;
mod language;
mod precision;
mod shapes;
mod structure;
mod training;
