//! `boldface schema`: the JSON schema of specs.

use boldface_runner::schema;

use crate::failure::Failure;
use crate::say;

/// Prints the schema.
pub fn execute() -> Result<(), Failure> {
    say::out(schema::text(&schema::experiment()));
    Ok(())
}
