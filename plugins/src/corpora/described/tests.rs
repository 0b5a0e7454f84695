//! What a family is given and what comes of it.
