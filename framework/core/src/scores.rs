//! Scores: plain functions from answers to numbers.
