//! Runs the real binary in a temporary project.

pub mod schema;
