//! Datasets: cohorts of scans.

mod bids;
mod exclude;
mod series;
mod synthetic;
