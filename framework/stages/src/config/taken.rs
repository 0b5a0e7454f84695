//! Parts of an export in a stage's config.

use serde::{Serialize, Serializer};

use crate::study::Start;

/// A part taken from the export that an experiment starts from. Serialises to the content of its files, which
/// are verified when they are copied. The path of the export stands in no key.
#[derive(Clone, Debug)]
pub struct ExportedPart<'a> {
    /// The export.
    pub start: &'a Start,
    content: String,
}

impl<'a> ExportedPart<'a> {
    /// Takes a part whose files have `content`.
    pub fn new(start: &'a Start, content: String) -> ExportedPart<'a> {
        ExportedPart { start, content }
    }
}

impl Serialize for ExportedPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.content)
    }
}
