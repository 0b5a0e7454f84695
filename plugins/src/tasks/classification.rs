//! Names a categorical phenotype of the scanned subject.
