//! Cohorts of scans.

mod bids;
mod series;
mod synthetic;
