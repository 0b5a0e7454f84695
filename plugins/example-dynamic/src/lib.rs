//! An example of a library of plugins that `boldface` loads at run time; `boldface new` writes files like these.

mod corpus;
mod dataset;
mod task;

boldface::export_plugins!();
