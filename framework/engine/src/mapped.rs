//! Weight files mapped into memory: read on use, shared by all readers, never copied as a whole.
#![expect(
    unsafe_code,
    reason = "a mapped file is memory that another process could change; see `Mapped::open`"
)]

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;

use crate::engine::EngineError;

/// A file mapped into memory; cheap to clone.
#[derive(Clone, Debug)]
pub struct Mapped {
    map: Arc<Mmap>,
    path: PathBuf,
}

impl Mapped {
    /// Maps a file for reading.
    ///
    /// Published weights do not change. If another process truncates the file during use, this process
    /// dies.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn open(path: &Path) -> Result<Mapped, EngineError> {
        let fail = |error: std::io::Error| EngineError::Checkpoint {
            path: path.to_owned(),
            action: "read",
            source: error.into(),
        };
        let file = boldface::files::open_regular(path).map_err(fail)?;
        // SAFETY: the map is read-only and we never change the file. No process can guard against
        // changes by others; every program that maps its weights relies on there being none.
        let map = unsafe { Mmap::map(&file) }.map_err(fail)?;
        Ok(Mapped { map: Arc::new(map), path: path.to_owned() })
    }

    /// Returns the bytes of the whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a range of the file's bytes as numbers. None if the range is outside the file, does not
    /// begin at a multiple of 4 or end with a whole number, or if this machine is big-endian.
    pub(crate) fn numbers(&self, bytes: &Range<usize>) -> Option<&[f32]> {
        if cfg!(target_endian = "big") {
            return None;
        }
        bytemuck::try_cast_slice(self.map.get(bytes.clone())?).ok()
    }
}
