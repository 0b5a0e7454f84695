//! Spec to plan to run to report: four types, each made from the one before.
//!
//! ```text
//! experiments/*.toml -> Spec -> Plan -> Run -> report.md, report.html
//! ```
//!
//! Nothing here knows a tensor: what is trained is behind the traits of the crate `boldface`.

pub mod describe;
pub mod export;
pub mod plan;
pub mod power;
pub mod report;
pub mod run;
pub mod schema;
pub mod spec;
mod stages;
