//! JSON schemas and the plugin reference, generated from the registry.
