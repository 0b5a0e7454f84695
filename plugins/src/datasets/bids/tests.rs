//! Derivatives folders as users have them, sound and broken.
