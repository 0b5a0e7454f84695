//! Hashes of data files. A key changes when a byte changes, not when a folder moves.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use boldface::files::open_regular;
use rayon::prelude::*;

use super::hashes::{Hashes, Stamp};
use super::unchanged::HashedFiles;

/// Hashes of some files.
#[derive(Clone, Debug)]
pub(super) struct FileHashes {
    /// Hash over the bytes of all files and their names relative to a root.
    pub hash: String,
    /// Hash of the bytes of each file.
    pub files: Vec<(PathBuf, blake3::Hash)>,
}

/// Reads and hashes files.
#[derive(Clone, Copy)]
pub(super) struct Hasher<'a> {
    /// Hashes of files that have not changed since they were read.
    pub known: &'a Hashes,
    /// Receives every file that was hashed, to see later whether it is still the same.
    pub hashed: &'a HashedFiles,
    /// Receives progress messages if hashing takes long.
    pub tell: fn(&str),
}

/// Number of bytes to read at a time.
const BUFFER: usize = 1 << 20;

/// Time before the first progress message and between two messages.
const SILENCE: Duration = Duration::from_secs(3);

impl FileHashes {
    /// Hashes `files`. Unchanged files are not read again.
    ///
    /// # Errors
    /// Returns a message with the first file that cannot be read.
    pub fn read(root: &Path, files: &[PathBuf], hasher: Hasher<'_>) -> Result<FileHashes, String> {
        let stamped: Vec<Result<Stamped, String>> =
            files.par_iter().map(|file| hasher.stamped(file)).collect();
        let stamped = stamped.into_iter().collect::<Result<Vec<Stamped>, String>>()?;
        let left = || stamped.iter().filter(|stamped| stamped.hash.is_none());
        let clock = Clock::new(left().count(), left().map(|stamped| stamped.bytes).sum(), hasher.tell);
        let one = |(file, stamped): (&PathBuf, Stamped)| match stamped.hash {
            Some(hash) => {
                hasher.hashed.insert(file, stamped.stamp.as_ref().map(|(_, stamp)| *stamp), hash);
                Ok((hash, None))
            }
            None => {
                let read = hash(file, &stamped, &clock)?;
                // Without a stamp the file changed while it was read, or its system records no changes.
                hasher.hashed.insert(file, read.1.as_ref().map(|(_, stamp)| *stamp), read.0);
                Ok(read)
            }
        };
        let hashes: Vec<Result<_, String>> = files.par_iter().zip(stamped).map(one).collect();
        let mut whole = blake3::Hasher::new();
        let (mut each, mut fresh) = (Vec::new(), Vec::new());
        for (file, hash) in files.iter().zip(hashes) {
            let (name, (hash, stamp)) = (file.strip_prefix(root).unwrap_or(file), hash?);
            // Name and hash both have a definite end, so different lists of files cannot give the same
            // input.
            let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
            whole.update(parts.join("/").as_bytes()).update(&[0]).update(hash.as_bytes());
            each.push((file.clone(), hash));
            fresh.extend(stamp.map(|(path, stamp)| (path, stamp, hash)));
        }
        hasher.known.keep(&fresh);
        let hash = whole.finalize().to_hex().as_str().chars().take(32).collect();
        Ok(FileHashes { hash, files: each })
    }
}

/// A file before it is read.
struct Stamped {
    bytes: u64,
    /// Its absolute path and stamp, if the system records changes of files.
    stamp: Option<(PathBuf, Stamp)>,
    /// Its hash, if it is known.
    hash: Option<blake3::Hash>,
}

impl Hasher<'_> {
    fn stamped(self, file: &Path) -> Result<Stamped, String> {
        let metadata = std::fs::metadata(file).map_err(cannot_read(file))?;
        let path = std::path::absolute(file).ok();
        let stamp = path.zip(Stamp::from_metadata(&metadata));
        let hash = stamp.as_ref().and_then(|(path, stamp)| self.known.get(path, *stamp));
        Ok(Stamped { bytes: metadata.len(), stamp, hash })
    }
}

/// Hashes a file. Also returns its stamp, if the file did not change meanwhile.
fn hash(
    file: &Path,
    before: &Stamped,
    clock: &Clock,
) -> Result<(blake3::Hash, Option<(PathBuf, Stamp)>), String> {
    let mut open = open_regular(file).map_err(cannot_read(file))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER.min(usize::try_from(before.bytes).unwrap_or(BUFFER).max(1 << 12))];
    loop {
        match open.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
                clock.add(count as u64);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(cannot_read(file)(error)),
        }
    }
    let after = open.metadata().ok().as_ref().and_then(Stamp::from_metadata);
    let stamp = before.stamp.clone().filter(|(_, before)| Some(*before) == after);
    Ok((hasher.finalize(), stamp))
}

fn cannot_read(file: &Path) -> impl FnOnce(std::io::Error) -> String {
    move |error| format!("cannot read `{}`: {error}", file.display())
}

/// Reports progress if reading takes long.
struct Clock {
    files: usize,
    bytes: u64,
    done: AtomicU64,
    told: Mutex<(Instant, bool)>,
    tell: fn(&str),
}

impl Clock {
    fn new(files: usize, bytes: u64, tell: fn(&str)) -> Clock {
        Clock { files, bytes, done: AtomicU64::new(0), told: Mutex::new((Instant::now(), false)), tell }
    }

    fn add(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, has_begun) = *told;
        if since.elapsed() < SILENCE {
            return;
        }
        *told = (Instant::now(), true);
        let gigabytes = |bytes: u64| bytes as f64 / 1e9;
        let (done, all) = (gigabytes(done), gigabytes(self.bytes));
        (self.tell)(&match has_begun {
            false => format!(
                "  reading {} data files for their hashes, {done:.1} of {all:.1} GB; unchanged ones are not read \
                 again next time",
                self.files
            ),
            true => format!("  {done:.1} of {all:.1} GB"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(root: &Path, files: &[PathBuf], known: &Hashes) -> Result<FileHashes, String> {
        FileHashes::read(root, files, Hasher { known, hashed: &HashedFiles::default(), tell: |_| {} })
    }

    #[test]
    fn names_and_bytes_count_and_the_folder_does_not() {
        let write = |name: &str, text: &str| {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join(name);
            std::fs::write(&file, text).unwrap();
            read(dir.path(), &[file], &Hashes::default()).unwrap().hash
        };
        assert_eq!(write("a.npy", "1"), write("a.npy", "1"));
        assert_ne!(write("a.npy", "1"), write("b.npy", "1"));
        assert_ne!(write("a.npy", "1"), write("a.npy", "2"));
        // Keys of earlier versions stay valid: hash of the name, a zero and the hash of all bytes.
        let mut by_hand = blake3::Hasher::new();
        by_hand.update(b"a.npy\0").update(blake3::hash(b"1").as_bytes());
        assert_eq!(write("a.npy", "1"), by_hand.finalize().to_hex()[..32]);
    }

    #[test]
    fn a_long_file_has_the_hash_of_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        let bytes: Vec<u8> = (0..2 * BUFFER + 17).map(|i| (i % 251) as u8).collect();
        std::fs::write(&file, &bytes).unwrap();
        let content = read(dir.path(), &[file], &Hashes::default()).unwrap();
        assert_eq!(content.files[0].1, blake3::hash(&bytes));
    }

    #[cfg(unix)]
    #[test]
    fn an_unchanged_file_is_not_read_again_and_a_changed_one_is() {
        let runs = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = (0..600).map(|i| dir.path().join(format!("{i}.bin"))).collect();
        files.iter().for_each(|file| std::fs::write(file, file.display().to_string()).unwrap());
        let plan = || {
            let known = Hashes::default();
            known.lie_in(runs.path());
            read(dir.path(), &files, &known).unwrap()
        };
        let first = plan();
        let remembered = runs.path().join("cache/hashes.json");
        assert!(!remembered.exists(), "files that were just written may change again unseen");
        std::thread::sleep(Duration::from_millis(2_100));
        assert_eq!(plan().hash, first.hash);
        // This hash can only come from the stored file, not from the data.
        let text = std::fs::read_to_string(&remembered).unwrap();
        let hash = |i: usize| first.files[i].1.to_hex().to_string();
        std::fs::write(&remembered, text.replace(&hash(3), &hash(4))).unwrap();
        assert_eq!(plan().files[3].1, first.files[4].1);
        std::fs::write(&remembered, text).unwrap();
        // Other bytes of equal length with the old modification time: only the time of change differs.
        let time = std::fs::metadata(&files[3]).unwrap().modified().unwrap();
        let other = std::fs::read_to_string(&files[3]).unwrap().replace(".bin", ".nib");
        std::fs::write(&files[3], &other).unwrap();
        std::fs::File::options().write(true).open(&files[3]).unwrap().set_modified(time).unwrap();
        assert_eq!(plan().files[3].1, blake3::hash(other.as_bytes()));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error =
            read(Path::new("nowhere"), &[PathBuf::from("nowhere/a.npy")], &Hashes::default()).unwrap_err();
        assert!(error.starts_with("cannot read `nowhere/a.npy`: "), "{error}");
    }
}
