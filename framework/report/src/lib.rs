//! Renders what is stored: reports and leaderboards, exports, and scans described in words and numbers. It uses no
//! stage, plan or run, and computes nothing again.
//!
//! A module uses only modules above it in this list. `tests/tests/layers.rs` checks it.

use boldface_spec as spec;
use boldface_store::{score, store, study};

pub mod report;

pub mod export;

pub mod describe;
