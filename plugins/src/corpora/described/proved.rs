//! Words that have passed the read-back proof. Plans of a sweep, the fit and loading all require the
//! same proof.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use boldface::{Result, serde_json};
use boldface_features::Feature;

use super::super::words::FamilyWords;

/// Serialised words and features that have passed.
static PROVED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Proves that sentences in `words` about `features` read back as the same facts. Each pair is proved
/// once per process.
///
/// # Errors
/// Same as [`FamilyWords::check`].
pub(super) fn prove(words: &FamilyWords, features: &[Feature]) -> Result<()> {
    let question = serde_json::to_string(&(words, features))?;
    let proved = || PROVED.lock().unwrap_or_else(PoisonError::into_inner);
    if proved().contains(&question) {
        return Ok(());
    }
    words.check(features)?;
    proved().insert(question);
    Ok(())
}
