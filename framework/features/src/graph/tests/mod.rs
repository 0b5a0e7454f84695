//! Tests of the graph measures: golden numbers, numbers worked by hand, bad scans, and general
//! properties.

mod bad;
mod golden;
mod hand;
mod properties;
