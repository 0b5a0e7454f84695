//! Turns a spec into a plan, the plan into a run and the run into a report. Each is a type of its own.
//!
//! ```text
//! experiments/*.toml -> Spec -> Plan -> Run -> report.md, report.html
//! ```
//!
//! This crate has no tensor type. Models are trained behind the traits of the crate `boldface`.
//!
//! A module uses only modules above it in this list. `tests/tests/layers.rs` checks it.

pub use boldface_plan as plan;
pub use boldface_report::{describe, export, report};
pub use boldface_spec as spec;

use boldface_stages as stages;
use boldface_store::{store, study};

pub mod run;

pub mod schema;

pub mod check;

pub mod predict;

pub mod init;
