//! The content of data files, hashed: a key changes when a byte does, not when a folder moves.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

/// Files and what is in them.
#[derive(Clone, Debug)]
pub(super) struct Content {
    /// Hash over the names, relative to a root, and the bytes of all files.
    pub hash: String,
    /// Hash of the bytes of each file.
    pub files: Vec<(PathBuf, blake3::Hash)>,
}

impl Content {
    /// Reads `files`.
    ///
    /// # Errors
    /// Names the first file that cannot be read.
    pub fn read(root: &Path, files: &[PathBuf]) -> Result<Content, String> {
        let one = |file: &PathBuf| {
            let bytes =
                std::fs::read(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
            Ok(blake3::hash(&bytes))
        };
        let hashes: Vec<Result<blake3::Hash, String>> = files.par_iter().map(one).collect();
        let mut whole = blake3::Hasher::new();
        let mut each = Vec::new();
        for (file, hash) in files.iter().zip(hashes) {
            let (name, hash) = (file.strip_prefix(root).unwrap_or(file), hash?);
            // Both have a fixed end, so no two lists of files can run into one another.
            let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
            whole.update(parts.join("/").as_bytes()).update(&[0]).update(hash.as_bytes());
            each.push((file.clone(), hash));
        }
        let hash = whole.finalize().to_hex().as_str().chars().take(32).collect();
        Ok(Content { hash, files: each })
    }
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
            Content::read(dir.path(), &[file]).unwrap().hash
        };
        assert_eq!(write("a.npy", "1"), write("a.npy", "1"));
        assert_ne!(write("a.npy", "1"), write("b.npy", "1"));
        assert_ne!(write("a.npy", "1"), write("a.npy", "2"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Content::read(Path::new("nowhere"), &[PathBuf::from("nowhere/a.npy")]).unwrap_err();
        assert!(error.starts_with("cannot read `nowhere/a.npy`: "), "{error}");
    }
}
