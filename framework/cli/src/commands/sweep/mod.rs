//! Sweeps on the command line: showing their plan and running them.

mod plan;
mod run;

pub use plan::{json, show};
pub use run::{Options, report, run};
