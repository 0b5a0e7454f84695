//! Compares the files that a plan hashed with what they are when a stage ends, so that no artefact is kept under
//! the key of other data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use boldface::Result;
use boldface::files::open_regular;
use rayon::prelude::*;

use super::hashes::{Stamp, now};

/// Files by path, with their hashes.
#[derive(Debug, Default)]
pub struct HashedFiles(Mutex<BTreeMap<PathBuf, HashedFile>>);

#[derive(Clone, Copy, Debug)]
struct HashedFile {
    /// The stamp before and after it was hashed. Missing if the system records no changes.
    stamp: Option<Stamp>,
    /// Whether every later change shows in the stamp.
    is_settled: bool,
    hash: blake3::Hash,
}

impl HashedFiles {
    /// Records the hash of a file.
    pub(crate) fn insert(&self, file: &Path, stamp: Option<Stamp>, hash: blake3::Hash) {
        let is_settled = stamp.is_some_and(|stamp| stamp.is_settled(now()));
        self.lock().insert(file.to_owned(), HashedFile { stamp, is_settled, hash });
    }

    /// Checks that no file has changed since it was hashed. A file with the same stamp is not read again,
    /// unless it was so new that a change would not show.
    ///
    /// # Errors
    /// Names the first file that changed.
    pub fn check_unchanged(&self) -> Result<()> {
        let files: Vec<(PathBuf, HashedFile)> =
            self.lock().iter().map(|(path, file)| (path.clone(), *file)).collect();
        let checked: Vec<Result<Option<PathBuf>>> =
            files.par_iter().map(|(path, file)| file.check(path)).collect();
        for path in checked {
            if let Some(path) = path? {
                let mut files = self.lock();
                files.entry(path).and_modify(|file| file.is_settled = true);
            }
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, HashedFile>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HashedFile {
    /// Returns the path if the file was read again and every later change will show in its stamp.
    fn check(&self, path: &Path) -> Result<Option<PathBuf>> {
        let changed = |how: &str| {
            format!(
                "`{}` {how} while the run read it, so what this stage computed is of no known data and was not kept; let \
                 copies and edits finish, and start the same command again",
                path.display()
            )
        };
        let metadata = std::fs::metadata(path).map_err(|error| changed(&format!("went away ({error})")))?;
        let (found, before) = (Stamp::from_metadata(&metadata), now());
        if found != self.stamp && self.stamp.is_some() {
            return Err(changed("changed").into());
        }
        if self.is_settled {
            return Ok(None);
        }
        let mut hasher = blake3::Hasher::new();
        let read = open_regular(path).and_then(|mut file| std::io::copy(&mut file, &mut hasher));
        read.map_err(|error| changed(&format!("became unreadable ({error})")))?;
        if hasher.finalize() != self.hash {
            return Err(changed("changed").into());
        }
        Ok(found.is_some_and(|stamp| stamp.is_settled(before)).then(|| path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_after_it_was_hashed_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.npy");
        std::fs::write(&file, "one").unwrap();
        let files = HashedFiles::default();
        let stamp = Stamp::from_metadata(&std::fs::metadata(&file).unwrap());
        files.insert(&file, stamp, blake3::hash(b"one"));
        files.check_unchanged().unwrap();
        // Even if nothing but the bytes differs, as on a file system without stamps.
        let unstamped = HashedFiles::default();
        unstamped.insert(&file, None, blake3::hash(b"one"));
        std::fs::write(&file, "two").unwrap();
        for files in [files, unstamped] {
            let error = files.check_unchanged().unwrap_err().to_string();
            assert!(error.contains("a.npy` changed while the run read it"), "{error}");
        }
        let gone = HashedFiles::default();
        gone.insert(&dir.path().join("b"), None, blake3::hash(b""));
        assert!(gone.check_unchanged().unwrap_err().to_string().contains("went away"));
    }
}
