//! What can be said of a scan.

mod connectivity;
mod words;
