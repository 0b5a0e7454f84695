//! Language models over text and fMRI tokens.

mod bigram;
mod causal;
#[cfg(test)]
mod fixture;
mod gpt;
mod pretrained;
