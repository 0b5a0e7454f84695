//! Reads files that may be links to content that was not fetched.
//!
//! In a DataLad dataset every large file is a link, and its content may be elsewhere. Such a file is
//! never treated as absent: a table that is only not fetched would otherwise be left out in silence.

use std::io;
use std::path::{Path, PathBuf};

use boldface::{Result, files};

/// What such a link is, and what to do.
const NOT_FETCHED: &str = "a link to a file that is not here; in a DataLad dataset, `datalad get` fetches it";

/// As the system says it.
const NO_TEXT: &str = "stream did not contain valid UTF-8";

/// Largest file in bytes that is read as a whole. Tables and sidecars are far smaller.
const MOST: u64 = 4 << 30;

/// Whether `path` is a link without the file it names.
pub fn is_dangling(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

/// Whether there is anything but a folder. Reading a file that was not fetched, or a pipe, is an error.
pub fn is_listed(path: &Path) -> bool {
    is_dangling(path) || path.exists() && !path.is_dir()
}

/// Reads a whole file.
///
/// # Errors
/// If it cannot be read. The message says so if it was not fetched, and does not name the file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    files::read_regular(path, MOST).map_err(|error| explained(path, error))
}

/// Reads a whole file of text, as [`read`].
///
/// # Errors
/// As [`read`], and if it is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, NO_TEXT))
}

/// Explains the error of opening `path` if the file was not fetched.
pub fn explained(path: &Path, error: io::Error) -> io::Error {
    let is_unfetched = error.kind() == io::ErrorKind::NotFound && path.is_symlink();
    if is_unfetched { io::Error::other(NOT_FETCHED) } else { error }
}

/// Fails if any of `files` was not fetched. The message names the first and counts the others.
///
/// # Errors
/// As said.
pub fn check_fetched(files: &[PathBuf]) -> Result<()> {
    let missing: Vec<&PathBuf> = files.iter().filter(|file| is_dangling(file)).collect();
    let Some((first, rest)) = missing.split_first() else { return Ok(()) };
    let more = match rest.len() {
        0 => String::new(),
        n => format!(" (and {n} more of {} files)", files.len()),
    };
    Err(format!("`{}`: {NOT_FETCHED}{more}", first.display()).into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_link_without_its_file_is_listed_and_says_how_to_get_it() {
        let dir = tempfile::tempdir().unwrap();
        let [there, gone, absent] = ["there", "gone", "absent"].map(|name| dir.path().join(name));
        fs::write(&there, "x").unwrap();
        std::os::unix::fs::symlink(".git/annex/objects/a", &gone).unwrap();
        assert!(is_listed(&there) && is_listed(&gone) && !is_listed(&absent));
        assert_eq!(read(&there).unwrap(), b"x");
        assert_eq!(read(&gone).unwrap_err().to_string(), NOT_FETCHED);
        assert_eq!(read(&absent).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(check_fetched(std::slice::from_ref(&there)).is_ok());
        let error = check_fetched(&[there, gone.clone(), gone.clone()]).unwrap_err().to_string();
        assert_eq!(error, format!("`{}`: {NOT_FETCHED} (and 1 more of 3 files)", gone.display()));
    }
}
