//! The leakage lint: its checks, its findings, and the findings that the author accepts.

mod after;
mod alike;
mod asked;
mod before;
mod columns;
mod copies;
mod cuts;
mod described;
mod fits;
mod future;
mod harmonized;
mod held_out;
mod missing;
mod nuisance;
mod parts;
mod predict;
mod recoded;
mod related;
mod signal;
mod started;
mod subjects;
mod text;
mod together;
mod waivers;
mod words;

pub use after::{check as after, join};
pub(super) use asked::{strings, wordings};
pub(crate) use before::LeakCheckCache;
pub(super) use before::check;
pub use waivers::settle;
pub(crate) use waivers::stale;

pub use crate::store::{Check, CheckStatus, CheckTime, Proof};

/// Lists the first three of `names` in backticks and the number of others.
pub(crate) fn named<T: std::fmt::Display>(names: &[T]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(3) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
