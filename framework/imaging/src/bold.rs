//! Reads the volumes of one scan in order, in constant memory.

use std::fmt;
use std::path::{Path, PathBuf};

use boldface::Result;

use crate::cifti::{self, BrainModel, Cifti, Dimension};
use crate::nifti::{Grid, ImageHeader, ImageSource, Voxels, at};

pub use crate::tr::plausible_tr;

/// A recording, opened at its next volume.
pub struct Bold {
    path: PathBuf,
    space: Space,
    trs: usize,
    tr: Option<f64>,
    next: usize,
    voxels: Voxels,
    /// Volumes read ahead, for files in which time varies fastest.
    block: Option<Block>,
}

/// A block of volumes, read ahead from a file that stores each place's values together, as CIFTI
/// dtseries do.
struct Block {
    /// Largest number of values it may hold.
    room: usize,
    /// The first volume it holds.
    first: usize,
    /// Number of volumes it holds.
    count: usize,
    /// `count` values of the first place, then of the second, and so on.
    values: Vec<f32>,
}

/// Capacity of a block in values: 64 MiB, so that memory stays constant. A longer file is read in
/// several passes (seven for an HCP run).
const ROOM: usize = 16 << 20;

/// Locations of the values of a volume.
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
    /// Number of values in one volume.
    pub fn len(&self) -> usize {
        match self {
            Space::Volume(grid) => grid.voxels(),
            Space::Grayordinates(models) => models.iter().map(BrainModel::len).sum(),
            Space::Parcels(names) => names.len(),
        }
    }

    /// Whether a volume has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Bold {
    /// Opens a NIfTI file (`.nii`, `.nii.gz`, either file of a pair) or a CIFTI-2 dtseries or ptseries.
    ///
    /// The content decides the format. Reads the header and the CIFTI XML, but no volume.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is not a recording. The message names the file.
    pub fn open(path: &Path) -> Result<Bold> {
        let source = ImageSource::open(path)?;
        let bold = |space, trs, tr, voxels, block| Bold {
            path: path.to_path_buf(),
            space,
            trs,
            tr,
            next: 0,
            voxels,
            block,
        };
        if !source.fields.is_cifti() {
            let header = at(path, ImageHeader::new(&source.fields))?;
            let voxels = Voxels::new(source, header.volumes, header.grid.voxels())?;
            return Ok(bold(Space::Volume(header.grid), header.volumes, header.tr, voxels, None));
        }
        let file = Cifti::new(source)?;
        let (series, places, block) = match (&file.along, &file.down) {
            (Dimension::Series { points, tr }, places) => ((*points, *tr), places, Some(Block::new(ROOM))),
            (places, Dimension::Series { points, tr }) => ((*points, *tr), places, None),
            _ => ((0, None), &file.along, None),
        };
        let space = cifti::space(places).filter(|space| series.0 > 0 && !space.is_empty());
        let space = space.ok_or_else(|| {
            let kinds = cifti::kinds(&file);
            format!("a CIFTI file of {kinds}; a recording is a series of grayordinates or parcels")
        });
        let space = at(path, space)?;
        Ok(bold(space, series.0, series.1, file.voxels, block))
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Locations of a volume's values.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Number of volumes.
    pub fn trs(&self) -> usize {
        self.trs
    }

    /// Repetition time in seconds, as given by the file; see [`plausible_tr`].
    pub fn tr(&self) -> Option<f64> {
        self.tr
    }

    /// Reads the next volume into `volume`; returns false after the last one.
    ///
    /// Slope and intercept are applied. NaN and infinite values are passed on unchanged.
    ///
    /// # Errors
    /// If the file is damaged or ends before its last volume. The message names the file and the volume.
    pub fn read(&mut self, volume: &mut Vec<f32>) -> Result<bool> {
        volume.clear();
        if self.next == self.trs {
            return Ok(false);
        }
        let (values, next, trs) = (self.space.len(), self.next, self.trs);
        if let Some(block) = &mut self.block {
            if next == block.first + block.count {
                block.read(&mut self.voxels, next, values, trs)?;
            }
            volume.extend(block.values.iter().skip(next - block.first).step_by(block.count));
        } else {
            self.voxels.append_f32(values, || format!("volume {} of {trs}", next + 1), volume)?;
        }
        self.next += 1;
        if self.next == trs {
            self.voxels.finish()?;
        }
        Ok(true)
    }
}

impl fmt::Debug for Bold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, trs, next) = (&self.path, self.trs, self.next);
        f.debug_struct("Bold").field("path", path).field("trs", &trs).field("next", &next).finish()
    }
}

impl Block {
    fn new(room: usize) -> Block {
        Block { room, first: 0, count: 0, values: Vec::new() }
    }

    /// Reads through the whole file and keeps as many volumes from `first` on as fit.
    fn read(&mut self, voxels: &mut Voxels, first: usize, places: usize, trs: usize) -> Result<()> {
        if first > 0 {
            voxels.finish()?;
            voxels.rewind()?;
        }
        self.first = first;
        self.count = (self.room / places).clamp(1, trs - first);
        self.values.clear();
        for place in 0..places {
            let what = || format!("the series of place {} of {places}", place + 1);
            voxels.skip(first, what)?;
            voxels.append_f32(self.count, what, &mut self.values)?;
            voxels.skip(trs - first - self.count, what)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Image, gzip};

    #[test]
    fn a_series_longer_than_the_block_is_read_in_passes() {
        let xml = r#"<CIFTI Version="2"><Matrix><MatrixIndicesMap AppliesToMatrixDimension="0"
            IndicesMapToDataType="CIFTI_INDEX_TYPE_SERIES" NumberOfSeriesPoints="7" SeriesExponent="0"
            SeriesStart="0" SeriesStep="1.5" SeriesUnit="SECOND"/><MatrixIndicesMap
            AppliesToMatrixDimension="1" IndicesMapToDataType="CIFTI_INDEX_TYPE_PARCELS"><Parcel Name="a"/>
            <Parcel Name="b"/><Parcel Name="c"/></MatrixIndicesMap></Matrix></CIFTI>"#;
        // Parcel p at volume t is 10 p + t.
        let values = (0..3).flat_map(|p| (0..7).map(move |t| f64::from(10 * p + t))).collect();
        let bytes = Image::cifti(3004, xml, [7, 3], values).bytes();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("long.ptseries.nii");
        // A block with room for one value still holds one volume; 7 values hold two volumes, 100 hold
        // all.
        for (bytes, room) in [(&bytes, 1), (&bytes, 7), (&gzip(&bytes), 7), (&bytes, 100)] {
            std::fs::write(&path, bytes).unwrap();
            let mut bold = Bold::open(&path).unwrap();
            bold.block = Some(Block::new(room));
            assert_eq!((bold.trs(), bold.tr()), (7, Some(1.5)));
            assert_eq!(bold.space(), &Space::Parcels(["a", "b", "c"].map(str::to_owned).to_vec()));
            let mut volume = Vec::new();
            for t in 0..7 {
                assert!(bold.read(&mut volume).unwrap());
                assert_eq!(volume, [0, 10, 20].map(|p| (p + t) as f32), "volume {t}, room {room}");
            }
            assert!(!bold.read(&mut volume).unwrap());
        }
    }
}
