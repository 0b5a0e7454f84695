//! Makes scans with planted effects of known size, for tests.
