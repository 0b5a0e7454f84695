//! `boldface schema`: the JSON schema of specs.

use boldface_runner::schema;

use crate::failure::Failure;

/// Prints the schema.
pub fn execute() -> Result<(), Failure> {
    print!("{}", schema::text(&schema::experiment()));
    Ok(())
}
