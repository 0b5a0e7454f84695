//! Asks a finished model about new scans: its tasks, captions, free questions and pooled states.
//!
//! The model is an export, or a run that is exported first. Questions are asked by the code of the stage
//! `evaluation`, so a test scan of the run gets the numbers of its `predictions.parquet`.

mod model;
mod scans;

pub use model::{Model, ModelRequest, PredictedAnswers};
pub use scans::{Embeddings, NewScans};
