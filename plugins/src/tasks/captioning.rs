//! Describes a scan in words.
