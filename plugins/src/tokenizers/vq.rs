//! Codes each patch by the nearest row of a learned, normalised codebook.
