//! Scores with intervals, statistical power, and the names that score tables use. Stages and reports share
//! it, and it knows neither.

pub mod intervals;
mod names;
mod open;
pub mod power;

pub use names::{
    CONTROLS, CORRECTION_WEIGHT, SHUFFLED, SMALLEST_GROUP, SURROGATE, SWAP, TEXT_ONLY, VALUES, control_rank,
};
