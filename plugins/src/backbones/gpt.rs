//! A small causal transformer with its own byte-pair tokenizer.
