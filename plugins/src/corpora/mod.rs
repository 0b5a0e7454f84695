//! What can be said of a scan.

mod connectivity;
mod described;
mod family;
mod gradient;
mod words;
