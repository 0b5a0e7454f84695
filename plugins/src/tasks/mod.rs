//! What is asked of a scan.

mod captioning;
mod classification;
mod forecasting;

#[cfg(test)]
mod tests;
