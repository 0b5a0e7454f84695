//! The command boldface.
fn main() {}
