//! Datasets: cohorts of scans.

mod bids;
mod series;
mod synthetic;
