//! The content of data files, hashed: a key changes when a byte does, not when a folder moves.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

/// Hash over the names, relative to `root`, and the bytes of `files`.
///
/// # Errors
/// Names the first file that cannot be read.
pub(super) fn hash(root: &Path, files: &[PathBuf]) -> Result<String, String> {
    let one = |file: &PathBuf| {
        let bytes =
            std::fs::read(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
        Ok(blake3::hash(&bytes))
    };
    let hashes: Vec<Result<blake3::Hash, String>> = files.par_iter().map(one).collect();
    let mut whole = blake3::Hasher::new();
    for (file, hash) in files.iter().zip(hashes) {
        let name = file.strip_prefix(root).unwrap_or(file);
        // Both have a fixed end, so no two lists of files can run into one another.
        let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        whole.update(parts.join("/").as_bytes()).update(&[0]).update(hash?.as_bytes());
    }
    Ok(whole.finalize().to_hex().as_str().chars().take(32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_count_and_the_folder_does_not() {
        let write = |name: &str, text: &str| {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join(name);
            std::fs::write(&file, text).unwrap();
            hash(dir.path(), &[file]).unwrap()
        };
        assert_eq!(write("a.npy", "1"), write("a.npy", "1"));
        assert_ne!(write("a.npy", "1"), write("b.npy", "1"));
        assert_ne!(write("a.npy", "1"), write("a.npy", "2"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = hash(Path::new("nowhere"), &[PathBuf::from("nowhere/a.npy")]).unwrap_err();
        assert!(error.starts_with("cannot read `nowhere/a.npy`: "), "{error}");
    }
}
