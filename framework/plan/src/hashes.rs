//! Hashes of files, remembered in `runs/cache/hashes.json`, so that planning does not read unchanged
//! files again.
//!
//! A file counts as unchanged if path, size, inode, modification time and change time are the same. No
//! program can set the change time. A file that changed in the last two seconds is not remembered,
//! because it may change again within one tick of the clock. The file of hashes is written to a
//! temporary file and renamed. If two programs write at once, one may lose its hashes, which only costs
//! time.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use tracing::debug;

/// Name of the file in the cache folder.
const FILE: &str = "hashes.json";

/// Version of the file format. Files of other versions are ignored.
const VERSION: u32 = 1;

/// Nanoseconds in which a change may go unnoticed: file systems have ticks of up to 2 s.
const RACY: i64 = 2_000_000_000;

/// If there are fewer files and fewer bytes than this, they are hashed again instead of remembered.
const FEW: usize = 512;
const SMALL: u64 = 64 << 20;

/// Largest number of files to keep. Above it, all older entries are dropped.
const MOST: usize = 2_000_000;

/// Remembered hashes of files.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    file: OnceLock<PathBuf>,
    known: Mutex<Option<BTreeMap<String, Known>>>,
}

/// Properties that show whether a file is still the one that was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    size: u64,
    inode: u64,
    /// Nanoseconds since 1970.
    modified: i64,
    /// Nanoseconds since 1970.
    changed: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    blake3: String,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    files: BTreeMap<String, Known>,
}

impl Hashes {
    /// Sets the folder of runs in which hashes are stored. Only the first call has an effect.
    pub fn lie_in(&self, runs: &Path) {
        self.file.get_or_init(|| runs.join("cache").join(FILE));
    }

    /// Returns the remembered hash of a file with this stamp.
    pub fn get(&self, path: &Path, stamp: Stamp) -> Option<blake3::Hash> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_with(|| self.read());
        let known = known.get(path.to_str()?).filter(|known| known.stamp == stamp)?;
        blake3::Hash::from_hex(&known.blake3).ok()
    }

    /// Remembers hashes of files. It skips files that changed just now, and writes nothing for few small
    /// files.
    pub fn keep(&self, hashed: &[(PathBuf, Stamp, blake3::Hash)]) {
        let now = now();
        let sound = hashed.iter().filter(|(_, stamp, _)| stamp.is_settled(now));
        let sound: Vec<_> = sound.collect();
        if sound.len() < FEW && sound.iter().map(|(_, stamp, _)| stamp.size).sum::<u64>() < SMALL {
            return;
        }
        let Some(file) = self.file.get() else { return };
        // Keep what another program has written meanwhile.
        let mut files = self.read();
        if files.len() > MOST {
            files.clear();
        }
        for (path, stamp, hash) in sound {
            // Non-Unicode paths are hashed each time.
            let Some(path) = path.to_str() else { continue };
            let known = Known { stamp: *stamp, blake3: hash.to_hex().to_string() };
            files.insert(path.to_owned(), known);
        }
        let written = Written { version: VERSION, files };
        if let Err(error) = write(file, &written) {
            debug!(file = %file.display(), %error, "Hashes of files could not be remembered.");
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(written.files);
    }

    /// Reads the stored hashes. Returns nothing if the file is missing or unreadable.
    fn read(&self) -> BTreeMap<String, Known> {
        let read = self.file.get().and_then(|file| fs::read(file).ok());
        let written = read.and_then(|text| serde_json::from_slice::<Written>(&text).ok());
        written.filter(|written| written.version == VERSION).map(|written| written.files).unwrap_or_default()
    }
}

impl Stamp {
    /// Returns the stamp of a file, or `None` if the system does not record changes.
    #[cfg(unix)]
    pub fn from_metadata(metadata: &Metadata) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Some(Stamp {
            size: metadata.len(),
            inode: metadata.ino(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Returns the stamp of a file, or `None` if the system does not record changes.
    #[cfg(not(unix))]
    pub fn from_metadata(_metadata: &Metadata) -> Option<Stamp> {
        None
    }

    /// Whether a change at the time `now` or later would give another stamp.
    pub fn is_settled(&self, now: i64) -> bool {
        self.modified.max(self.changed).saturating_add(RACY) < now
    }
}

fn write(file: &Path, written: &Written) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)?;
    let aside = file.with_extension(format!("json-{}", std::process::id()));
    let placed = fs::write(&aside, serde_json::to_vec(written)?).and_then(|()| fs::rename(&aside, file));
    if placed.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&aside);
    }
    placed
}

#[expect(
    clippy::disallowed_methods,
    reason = "how fresh a file is decides what is remembered, and no result"
)]
/// Nanoseconds since 1970.
pub(super) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(size: u64, changed: i64) -> Stamp {
        Stamp { size, inode: 7, modified: 0, changed }
    }

    fn hashes(runs: &Path) -> Hashes {
        let hashes = Hashes::default();
        hashes.lie_in(runs);
        hashes
    }

    #[test]
    fn an_unchanged_file_is_remembered_by_the_next_program() {
        let runs = tempfile::tempdir().unwrap();
        let (hash, path) = (blake3::hash(b"a"), PathBuf::from("/data/a"));
        let one = hashes(runs.path());
        assert_eq!(one.get(&path, stamp(SMALL, 5)), None);
        one.keep(&[(path.clone(), stamp(SMALL, 5), hash), ("/data/b".into(), stamp(9, now()), hash)]);
        let other = hashes(runs.path());
        assert_eq!(other.get(&path, stamp(SMALL, 5)), Some(hash));
        // Another change time or size, and a file that changed just now.
        assert_eq!(other.get(&path, stamp(SMALL, 6)), None);
        assert_eq!(other.get(&path, stamp(SMALL + 1, 5)), None);
        assert_eq!(other.get(Path::new("/data/b"), stamp(9, 5)), None);

        // Both programs keep the other's hashes.
        one.keep(&[("/data/c".into(), stamp(SMALL, 5), hash)]);
        other.keep(&[("/data/d".into(), stamp(SMALL, 5), hash)]);
        let whole = hashes(runs.path());
        for name in ["/data/a", "/data/c", "/data/d"] {
            assert_eq!(whole.get(Path::new(name), stamp(SMALL, 5)), Some(hash), "{name}");
        }
    }

    #[test]
    fn what_is_damaged_or_of_another_version_is_no_error() {
        let runs = tempfile::tempdir().unwrap();
        let (hash, path) = (blake3::hash(b"a"), PathBuf::from("/data/a"));
        hashes(runs.path()).keep(&[(path.clone(), stamp(SMALL, 5), hash)]);
        let file = runs.path().join("cache").join(FILE);
        let text = fs::read_to_string(&file).unwrap();
        for other in [text.replace("\"version\":1", "\"version\":2"), text[..40].to_owned(), String::new()] {
            fs::write(&file, other).unwrap();
            assert_eq!(hashes(runs.path()).get(&path, stamp(SMALL, 5)), None);
        }
        fs::write(&file, text).unwrap();
        assert_eq!(hashes(runs.path()).get(&path, stamp(SMALL, 5)), Some(hash));
    }

    #[test]
    fn few_small_files_leave_no_trace() {
        let runs = tempfile::tempdir().unwrap();
        let hash = blake3::hash(b"a");
        hashes(runs.path()).keep(&[("/data/a".into(), stamp(SMALL - 1, 5), hash)]);
        assert!(!runs.path().join("cache").exists());
        let many: Vec<_> = (0..FEW).map(|i| (format!("/data/{i}").into(), stamp(1, 5), hash)).collect();
        hashes(runs.path()).keep(&many);
        assert!(runs.path().join("cache").join(FILE).exists());
    }
}
