//! Tasks: questions about scans.

mod captioning;
mod choice;
mod classification;
mod column;
mod events;
mod facts;
mod forecasting;
mod regression;

#[cfg(test)]
mod tests;
