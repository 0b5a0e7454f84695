//! Components of real scans, and what is refused.

mod pain;
mod refused;
mod template;

use boldface::serde_json::{self, Value};

use super::Components;
use crate::corpora::described::Described;

/// The generator with these keys.
fn generator(table: Value) -> Described<Components> {
    serde_json::from_value(table).unwrap()
}
