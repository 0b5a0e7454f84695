//! The edge between the framework and plugins in shared libraries: both sides and the messages between
//! them.
//!
//! A library exports one symbol, [`SYMBOL`], which [`crate::export_plugins!`] defines. It is a table of
//! a few C functions behind a header. The host reads the header first, and the rest only if the version
//! matches.
//!
//! Rust has no stable ABI, so no Rust type crosses the edge. Requests and replies are JSON, series are
//! views of `f32`, and each side frees the memory it allocated. Objects stay in the library, and the
//! host refers to them by number. A vtable per plugin would be easier to get wrong, whereas a wrong
//! number is an error and no wild pointer. The cost is JSON in every call. Plugins built by another
//! compiler or for another patch release still work.
//!
//! Both sides are in this crate, so that plugin authors have a single dependency. For `abi/edge.rs`
//! alone, the crate sets the `unsafe_code` lint to `deny` instead of `forbid`.
//!
//! | file | content | side |
//! |---|---|---|
//! | `edge` | the C types; the only `unsafe` code of this crate | both |
//! | `request` | requests and their answers | both |
//! | `series` | scans and outcomes without their values, which travel as views | both |
//! | `serve` | answers requests from this image's own registry | plugin |
//! | `forward` | sends logs and panics to the host | plugin |

mod edge;
mod forward;
mod request;
mod series;
mod serve;
#[cfg(test)]
mod tests;

pub use edge::{CallStatus, EdgeMessage, Library, LibraryHeader, Mismatch};
pub use request::{CreatedPlugin, ListedPlugin, Request, SentCohort, SentMetric};
pub use series::{SentOutcome, SentPrediction, SentRecorded, SentScan, SentSeries, Series};

/// The symbol that a plugin library exports.
pub const SYMBOL: &str = "BOLDFACE_PLUGINS";

/// Version of the edge. Libraries of any other version are refused and must be rebuilt. Raise it
/// whenever a [`Request`], an answer or a C type changes.
pub const VERSION: u32 = 4;

/// The compiler that built this crate, such as `rustc 1.95.0 (...)`.
pub const COMPILER: &str = env!("BOLDFACE_COMPILER");

/// Exports every plugin of a crate of type `cdylib`, so that `boldface` can load them at run time:
/// `plugins = ["target/release/libmine.so"]`.
///
/// Write this line once, at the crate root. Plugin crates need no `unsafe` of their own.
#[macro_export]
macro_rules! export_plugins {
    () => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub static BOLDFACE_PLUGINS: $crate::abi::Library = $crate::abi::Library::THIS;
    };
}
