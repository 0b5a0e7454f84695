//! Parts that several learned plugins share.
