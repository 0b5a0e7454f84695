//! Turns a plugin's panic into an error, so that one bad plugin does not lose a run.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Result;

/// Runs `call`; a panic inside becomes an error that carries its message.
///
/// What `call` was changing may be half-changed afterwards, so the caller drops it.
///
/// ```
/// let result: boldface::Result<()> = boldface::guard(|| panic!("index 7 of 3"));
/// assert_eq!(result.unwrap_err().to_string(), "panicked: index 7 of 3");
/// ```
pub fn guard<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|panic| Err(format!("panicked: {}", words(&*panic)).into()))
}

/// What a panic said.
pub(crate) fn words(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
