//! Reads a folder of regional time series named as BIDS derivatives.
