//! Language models over text and fMRI tokens.

mod bigram;
mod gpt;
