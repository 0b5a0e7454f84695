//! Files of weights as memory: read when used, shared by all who read them, and never copied as a whole.
#![expect(
    unsafe_code,
    reason = "a mapped file is memory that another process could change; see `Mapped::open`"
)]

use std::fs::File;
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
    /// Maps a file. Weights are published once and then only read; one that is cut short by somebody else
    /// while it is in use ends the process.
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
        let file = File::open(path).map_err(fail)?;
        // SAFETY: the map is read only. The file is not changed by us, and a change by others is
        // outside what a process can guard against: any program that maps its weights relies on it.
        let map = unsafe { Mmap::map(&file) }.map_err(fail)?;
        Ok(Mapped { map: Arc::new(map), path: path.to_owned() })
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Which file it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file as numbers; none if they do not begin at a multiple of 4 or are not whole numbers, or
    /// this machine orders bytes otherwise.
    pub(crate) fn numbers(&self, bytes: &Range<usize>) -> Option<&[f32]> {
        if cfg!(target_endian = "big") {
            return None;
        }
        bytemuck::try_cast_slice(self.map.get(bytes.clone())?).ok()
    }
}
