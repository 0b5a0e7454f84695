//! Sweeps on the command line: what a plan of one shows, and how one is run.

mod plan;
mod run;

pub use plan::{json, show};
pub use run::{Options, report, run};
