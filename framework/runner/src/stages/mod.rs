//! What each stage does: inputs and config in, an artefact and metric rows out.
