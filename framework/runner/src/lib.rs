//! Turns a spec into a plan, the plan into a run and the run into a report. Each is a type of its own.
//!
//! ```text
//! experiments/*.toml -> Spec -> Plan -> Run -> report.md, report.html
//! ```
//!
//! This crate has no tensor type. Models are trained behind the traits of the crate `boldface`.

pub mod describe;
pub mod export;
mod label;
pub mod plan;
pub mod power;
pub mod report;
pub mod run;
pub mod schema;
pub mod spec;
mod stages;
