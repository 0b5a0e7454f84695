//! Tables that cannot work, and what is said of them.
