//! Turns a plugin's panic into an error, so that one faulty plugin cannot end a run.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Result;

/// Runs `call` and turns a panic inside it into an error with the panic's message.
///
/// Drop any state that `call` was changing, as it may be left half-changed.
///
/// ```
/// let result: boldface::Result<()> = boldface::guard(|| panic!("index 7 of 3"));
/// assert_eq!(result.unwrap_err().to_string(), "panicked: index 7 of 3");
/// ```
pub fn guard<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|panic| Err(format!("panicked: {}", words(&*panic)).into()))
}

/// Returns the message of a panic.
pub(crate) fn words(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
