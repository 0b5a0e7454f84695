//! Accepted and refused files of published models: `tests/golden/files/tiny` and files made from it.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod damage;
mod folder;
mod gguf;
mod text;

mod tiny;
