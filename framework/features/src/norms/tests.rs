//! Norms worked out by hand, and by numpy where columns are adjusted for.
