//! An example of a plugin library that `boldface` loads at run time. `boldface new` creates files like
//! these.

mod corpus;
mod dataset;
mod task;

boldface::export_plugins!();
