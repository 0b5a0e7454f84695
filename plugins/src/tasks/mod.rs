//! What is asked of a scan.

mod captioning;
mod classification;
mod column;
mod forecasting;
mod regression;

#[cfg(test)]
mod tests;
