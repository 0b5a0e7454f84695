//! Runs parts of an experiment again to see whether recorded results hold.

mod verify;

pub(crate) use verify::Temporary;
pub use verify::{Unverified, VerificationRequest, Verified, verify};
