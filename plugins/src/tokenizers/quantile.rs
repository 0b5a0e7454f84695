//! Codes each patch by the quantile of its mean: needs no engine.
