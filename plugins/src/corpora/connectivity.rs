//! Says how strongly networks are coupled.
