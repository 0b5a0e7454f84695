//! The edge between the framework and a plugin in a shared library: both sides of it, and what crosses.
//!
//! A library exports one symbol, [`SYMBOL`], put there by [`crate::export_plugins!`]. It is a table of a
//! few C functions behind a header; the host reads the header, and only if the version fits anything else.
//! Rust has no stable ABI, so nothing made by the compiler crosses: requests and replies are JSON, series
//! are views of `f32`, memory is freed by whoever allocated it, and an object stays on the plugin's side
//! under a number. A plugin built by another compiler, or against another patch version, still works.
//!
//! | file | what | side |
//! |---|---|---|
//! | `edge` | the C types; the only `unsafe` code of this crate | both |
//! | `request` | what can be asked and answered | both |
//! | `series` | scans and outcomes without their numbers, which travel as views | both |
//! | `serve` | answers requests from this image's own registry | plugin |
//! | `forward` | logs and panics go to the host | plugin |

mod edge;
mod forward;
mod request;
mod series;
mod serve;
#[cfg(test)]
mod tests;

pub use edge::{Header, Library, Message, Mismatch, Status};
pub use request::{Listed, Made, Request, SentCohort, SentMetric};
pub use series::{SentOutcome, SentPrediction, SentRecorded, SentScan, SentSeries, Series};

/// The symbol that a library of plugins exports.
pub const SYMBOL: &str = "BOLDFACE_PLUGINS";

/// Version of the edge. A library of any other version is refused and must be built again: raise it whenever a
/// [`Request`], an answer or a C type changes.
pub const VERSION: u32 = 3;

/// The compiler that built this crate, such as `rustc 1.95.0 (...)`.
pub const COMPILER: &str = env!("BOLDFACE_COMPILER");

/// Exports every plugin of a crate of type `cdylib`, so that `boldface` can load them at run time:
/// `plugins = ["target/release/libmine.so"]`.
///
/// The crate's author writes this line once, at the root, and no `unsafe`.
#[macro_export]
macro_rules! export_plugins {
    () => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub static BOLDFACE_PLUGINS: $crate::abi::Library = $crate::abi::Library::THIS;
    };
}
