//! Opens files that somebody else may have placed: only regular ones, and none through a planted link.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::{Path, PathBuf};

/// Opens a file for reading. A link is followed, because data sets are made of them.
///
/// # Errors
/// If the file cannot be opened, or is a folder, a device or a pipe, which may never end. The message does
/// not name the file.
pub fn open_regular(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Opening a pipe would wait for its writer.
        options.custom_flags(libc::O_NONBLOCK);
    }
    check_regular(options.open(path)?)
}

/// Reads a whole file of at most `most` bytes.
///
/// # Errors
/// As [`open_regular`], and if the file is larger.
pub fn read_regular(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = open_regular(path)?;
    let size = file.metadata()?.len();
    let large = |size: u64| {
        Error::new(ErrorKind::FileTooLarge, format!("it has {size} bytes, and at most {most} are read"))
    };
    if size > most {
        return Err(large(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(large(bytes.len() as u64)) } else { Ok(bytes) }
}

/// Opens the file of a lock and makes it if necessary. It keeps what it contains.
///
/// # Errors
/// If the file cannot be opened, or is a link, a device or a pipe. The message does not name the file.
pub fn open_lock(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    let opened = options.open(path).map_err(|error| match path.is_symlink() {
        true => {
            Error::new(ErrorKind::InvalidInput, "it is a link, and no program of ours makes one; remove it")
        }
        false => error,
    });
    check_regular(opened?)
}

/// Writes a file beside `path` and renames it. A link at `path` is replaced, and its target stays as it is.
///
/// # Errors
/// If it cannot be written, or a folder, a device or a pipe is at `path`. The message does not name the file.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    check_replaceable(path)?;
    let aside = aside(path);
    // A leftover, or a planted link, is no reason to write elsewhere.
    let _ = fs::remove_file(&aside);
    let made = OpenOptions::new().write(true).create_new(true).open(&aside);
    let written = made
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        // Report the first error.
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Checks that a file may be put at `path`: nothing, a regular file or a link is there.
///
/// # Errors
/// If something else is there. The message does not name it.
pub fn check_replaceable(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() && !there.is_symlink() => Err(irregular(there.is_dir())),
        _ => Ok(()),
    }
}

fn check_regular(file: File) -> Result<File> {
    let kind = file.metadata()?;
    if kind.is_file() { Ok(file) } else { Err(irregular(kind.is_dir())) }
}

fn irregular(is_folder: bool) -> Error {
    let what = if is_folder { "it is a folder" } else { "it is a device or a pipe, no regular file" };
    Error::new(ErrorKind::InvalidInput, what)
}

/// Returns `.NAME.PROCESS.partial` in the same folder. The dot hides it from searches for scans.
fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_regular_files_are_read_and_never_more_than_the_cap() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        fs::write(&file, "abc").unwrap();
        let link = dir.path().join("b");
        symlink(&file, &link).unwrap();
        assert_eq!(read_regular(&link, 3).unwrap(), b"abc");
        let error = read_regular(&link, 2).unwrap_err();
        assert_eq!(error.to_string(), "it has 3 bytes, and at most 2 are read");
        let device = open_regular(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(device, "it is a device or a pipe, no regular file");
        assert_eq!(open_regular(dir.path()).unwrap_err().to_string(), "it is a folder");
        // A pipe that nobody writes to.
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(open_regular(&pipe).unwrap_err().to_string(), device);
    }

    #[test]
    fn the_target_of_a_planted_link_keeps_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let [target, link] = ["target", "link"].map(|name| dir.path().join(name));
        fs::write(&target, "precious").unwrap();
        symlink(&target, &link).unwrap();
        let error = open_lock(&link).unwrap_err().to_string();
        assert!(error.starts_with("it is a link"), "{error}");
        drop(open_lock(&target).unwrap());
        assert_eq!(fs::read(&target).unwrap(), b"precious");

        symlink(&target, aside(&link)).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(
            (fs::read(&target).unwrap(), fs::read(&link).unwrap()),
            (b"precious".into(), b"new".into())
        );
        assert!(!link.is_symlink());
        let error = replace(Path::new("/dev/null"), b"x").unwrap_err().to_string();
        assert_eq!(error, "it is a device or a pipe, no regular file");
    }
}
