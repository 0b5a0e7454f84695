//! Language models over text and fMRI tokens.

mod bigram;
mod causal;
mod gpt;
mod pretrained;
