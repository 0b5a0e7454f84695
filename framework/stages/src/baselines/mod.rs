//! Models behind the baselines: plain functions from training data to answers.

pub mod another_person;
pub mod autoregressive;
pub mod columns;
pub mod connectivity;
pub mod facts;
pub mod fc_logistic;
mod lbfgs;
mod logistic;
pub mod majority;
pub mod ridge;
mod span;

pub use logistic::softmax;
