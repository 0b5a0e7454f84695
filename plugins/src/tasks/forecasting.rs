//! Continues a scan.
