//! Tests of components of real scans, and of refused settings.

mod pain;
mod refused;
mod template;

use boldface::serde_json::{self, Value};

use super::Components;
use crate::corpora::described::Described;

/// Creates the generator with these keys.
fn generator(table: Value) -> Described<Components> {
    serde_json::from_value(table).unwrap()
}
