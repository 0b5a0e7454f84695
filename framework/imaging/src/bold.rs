//! A recording: the volumes of one scan, read one after the other in constant memory.

use std::path::{Path, PathBuf};

use boldface::Result;

use crate::cifti::BrainModel;
use crate::nifti::{Grid, Header, Source, Voxels, at};

/// A recording opened at its next volume.
pub struct Bold {
    path: PathBuf,
    space: Space,
    trs: usize,
    tr: Option<f64>,
    read: usize,
    voxels: Voxels,
}

/// Where the values of a volume lie.
#[derive(Clone, Debug, PartialEq)]
pub enum Space {
    /// On a grid of voxels; x fastest.
    Volume(Grid),
    /// On the surface and in voxels below it (CIFTI dtseries), in the order of the models.
    Grayordinates(Vec<BrainModel>),
    /// In named parcels (CIFTI ptseries).
    Parcels(Vec<String>),
}

impl Space {
    /// Values of one volume.
    pub fn len(&self) -> usize {
        match self {
            Space::Volume(grid) => grid.voxels(),
            Space::Grayordinates(models) => models.iter().map(BrainModel::len).sum(),
            Space::Parcels(names) => names.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Bold {
    /// Opens a NIfTI file (`.nii`, `.nii.gz`, one of `.hdr` and `.img`). Reads the header alone.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is no image of space and time. The message names the file.
    pub fn open(path: &Path) -> Result<Bold> {
        let source = Source::open(path)?;
        let header = at(path, Header::new(&source.fields))?;
        let voxels = Voxels::new(source, header.grid.voxels() as u128 * header.volumes as u128)?;
        Ok(Bold {
            path: path.to_path_buf(),
            space: Space::Volume(header.grid),
            trs: header.volumes,
            tr: header.tr,
            read: 0,
            voxels,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the values lie.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Number of volumes.
    pub fn trs(&self) -> usize {
        self.trs
    }

    /// Repetition time in seconds, as the file says it; see [`plausible_tr`].
    pub fn tr(&self) -> Option<f64> {
        self.tr
    }

    /// Reads the next volume into `volume`; false after the last one.
    ///
    /// Slope and intercept are applied. NaN and infinite values are passed on as they lie in the file.
    ///
    /// # Errors
    /// If the file is damaged or ends before its last volume. The message names the file and the volume.
    pub fn read(&mut self, volume: &mut Vec<f32>) -> Result<bool> {
        volume.clear();
        if self.read == self.trs {
            return Ok(false);
        }
        let (at, trs) = (self.read + 1, self.trs);
        self.voxels.append_f32(self.space.len(), || format!("volume {at} of {trs}"), volume)?;
        self.read = at;
        if at == trs {
            self.voxels.finish()?;
        }
        Ok(true)
    }
}

/// Longest repetition time in seconds that is believed.
const LONGEST: f64 = 60.0;
/// Shortest repetition time in seconds that is believed.
const SHORTEST: f64 = 0.05;
/// Repetition times this close, in seconds, are the same: headers round to milliseconds.
const SAME: f64 = 0.0005;

/// The repetition time in seconds that header, sidecar (`RepetitionTime`) and user (`tr`) agree on.
///
/// # Errors
/// If none of them says it, two disagree, or one looks like another unit. The message names the file and says
/// what to write.
pub fn plausible_tr(
    header: Option<f64>,
    sidecar: Option<f64>,
    said: Option<f64>,
    path: &Path,
) -> Result<f64> {
    let sources = [(said, "`tr`"), (sidecar, "the sidecar's `RepetitionTime`"), (header, "the header")];
    let says: Vec<(f64, &str)> = sources.iter().filter_map(|&(tr, who)| Some((tr?, who))).collect();
    let advice = "correct the file, or write `tr` in seconds and `tr-header = \"ignore\"`";
    for &(tr, who) in &says {
        let looks = if tr > LONGEST {
            "looks like milliseconds"
        } else if tr >= SHORTEST {
            continue;
        } else if tr > 0.0 {
            "looks like seconds that were taken for milliseconds"
        } else {
            "is no repetition time"
        };
        return at(path, Err(format!("{who} says a TR of {tr} s, which {looks}; {advice}")));
    }
    let Some(&(tr, who)) = says.first() else {
        return at(path, Err("neither header nor sidecar says the repetition time; write `tr` in seconds"));
    };
    match says.iter().find(|(other, _)| (other - tr).abs() > SAME) {
        Some((other, whose)) => {
            at(path, Err(format!("{who} says a TR of {tr} s, but {whose} says {other} s; {advice}")))
        }
        None => Ok(tr),
    }
}
