//! Counts pairs of tokens: needs no engine.
