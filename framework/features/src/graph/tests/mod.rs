//! Tests of the graph measures: golden numbers, numbers worked by hand, bad scans, and what holds of every graph.

mod bad;
mod golden;
mod hand;
mod properties;
