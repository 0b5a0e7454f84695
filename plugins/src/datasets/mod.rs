//! Cohorts of scans.

mod series;
mod synthetic;
