//! The published files that a model builds on, and their fingerprint.

use std::path::Path;

use boldface::Result;
use boldface_engine::Mapped;
use boldface_lm::ModelFiles;
use serde::{Deserialize, Serialize};

/// Opened published files.
pub(super) struct BaseFiles {
    pub files: ModelFiles,
    pub fingerprint: Fingerprint,
}

/// Identifies a base by the content of its files, wherever they are stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fingerprint {
    /// Display name.
    name: String,
    files: Vec<Print>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Print {
    name: String,
    bytes: u64,
    checksum: String,
}

impl BaseFiles {
    /// Opens the files and reads them once for their checksums.
    ///
    /// # Errors
    /// If a file cannot be read; the message names it.
    pub fn open(path: &Path) -> Result<BaseFiles> {
        let files = boldface_lm::open(path)?;
        let prints = files.paths().iter().map(|path| Print::read(path)).collect::<Result<_>>()?;
        let fingerprint = Fingerprint { name: files.name(), files: prints };
        Ok(BaseFiles { files, fingerprint })
    }
}

impl Print {
    fn read(path: &Path) -> Result<Print> {
        let file = Mapped::open(path)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let bytes = file.bytes();
        Ok(Print { name, bytes: bytes.len() as u64, checksum: format!("{:016x}", checksum(bytes)) })
    }
}

impl Fingerprint {
    /// The name of the base.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Describes the first difference to `other`; `None` if they are the same. Renaming the folder
    /// makes no difference.
    pub fn difference(&self, other: &Fingerprint) -> Option<String> {
        for was in &self.files {
            match other.files.iter().find(|is| is.name == was.name) {
                None => return Some(format!("`{}` is missing now", was.name)),
                Some(is) if is.bytes != was.bytes => {
                    return Some(format!("`{}` had {} bytes and has {} now", was.name, was.bytes, is.bytes));
                }
                Some(is) if is != was => return Some(format!("the content of `{}` has changed", was.name)),
                Some(_) => {}
            }
        }
        let known = |is: &&Print| self.files.iter().any(|was| was.name == is.name);
        let new = other.files.iter().find(|is| !known(is))?;
        Some(format!("`{}` is new", new.name))
    }
}

/// FNV-1a over words of 8 bytes, the length included. It does not protect against malice (the content
/// keys do that), but is fast enough to run over gigabytes on every load.
fn checksum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let words = words.iter().chain([&last]).map(|word| u64::from_le_bytes(*word));
    let mixed = |hash: u64, word: u64| {
        let hash = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        // Moves high bits down, because multiplication never does.
        hash ^ (hash >> 29)
    };
    words.chain([bytes.len() as u64]).fold(0xcbf2_9ce4_8422_2325, mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_the_length_count() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1003).collect();
        let whole = checksum(&bytes);
        for place in [0, 7, 8, 999, 1002] {
            for bit in [1, 128] {
                let mut other = bytes.clone();
                other[place] ^= bit;
                assert_ne!(checksum(&other), whole, "byte {place}");
            }
        }
        assert_ne!(checksum(&[bytes.clone(), vec![0]].concat()), whole);
        assert_ne!(checksum(&[]), checksum(&[0]));
    }
}
