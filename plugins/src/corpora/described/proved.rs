//! Words that were proved to be read back: a sweep's plans, the fit and what is loaded ask for the same proof.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use boldface::{Result, serde_json};
use boldface_features::Feature;

use super::super::words::Words;

/// Words and features that passed, as they are written.
static PROVED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Proves that what `words` say of `features` is read back; the same question is answered once a process.
///
/// # Errors
/// As [`Words::check`].
pub(super) fn prove(words: &Words, features: &[Feature]) -> Result<()> {
    let question = serde_json::to_string(&(words, features))?;
    let proved = || PROVED.lock().unwrap_or_else(PoisonError::into_inner);
    if proved().contains(&question) {
        return Ok(());
    }
    words.check(features)?;
    proved().insert(question);
    Ok(())
}
