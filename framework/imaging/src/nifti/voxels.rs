//! Reads and converts the voxels of a file, volume by volume, in constant memory.

use std::io::{self, Read};

use boldface::Result;

use super::datatype::{ByteOrder, Datatype, IntensityScaling};
use super::source::{ImageSource, at, damage};

/// Bytes converted at once; a multiple of the size of every datatype.
const CHUNK: usize = 64 * 1024;

/// A file, positioned at its next voxel.
pub(crate) struct Voxels {
    source: ImageSource,
    datatype: Datatype,
    order: ByteOrder,
    scaling: IntensityScaling,
    /// Size of one volume in bytes.
    volume: u128,
    chunk: Vec<u8>,
}

impl Voxels {
    /// Advances to the first voxel of a file with `count` volumes of `volume` voxels.
    pub fn new(mut source: ImageSource, count: usize, volume: usize) -> Result<Voxels> {
        let datatype = at(&source.path, Datatype::from_code(source.fields.datatype))?;
        let scaling = at(&source.path, IntensityScaling::new(source.fields.slope, source.fields.intercept))?;
        let volume = volume as u128 * datatype.size() as u128;
        source.check_length((count as u128).saturating_mul(volume), volume)?;
        source.skip_to_voxels()?;
        Ok(Voxels { datatype, order: source.fields.order, scaling, volume, source, chunk: vec![0; CHUNK] })
    }

    /// Returns to the first voxel.
    pub fn rewind(&mut self) -> Result<()> {
        self.source.rewind()?;
        self.source.skip_to_voxels()
    }

    /// Appends the next `count` values. `what` describes them in the error if the file ends early.
    pub fn append_f32(&mut self, count: usize, what: impl Fn() -> String, out: &mut Vec<f32>) -> Result<()> {
        let (datatype, order, scaling) = (self.datatype, self.order, self.scaling);
        self.chunks(count, what, |bytes| datatype.append_f32(bytes, order, scaling, out))
    }

    /// As [`Voxels::append_f32`], in 64 bits.
    pub fn append_f64(&mut self, count: usize, what: impl Fn() -> String, out: &mut Vec<f64>) -> Result<()> {
        let (datatype, order, scaling) = (self.datatype, self.order, self.scaling);
        self.chunks(count, what, |bytes| datatype.append_f64(bytes, order, scaling, out))
    }

    /// Half the difference of two neighbouring numbers that the file can hold, if they are whole numbers
    /// that the header scales by less than a half; 0 otherwise.
    pub fn half_step(&self) -> f64 {
        let slope = self.scaling.slope.abs();
        let is_float = matches!(self.datatype, Datatype::F32 | Datatype::F64);
        if is_float || slope >= 0.5 { 0.0 } else { slope / 2.0 }
    }

    /// Skips the next `count` values.
    pub fn skip(&mut self, count: usize, what: impl Fn() -> String) -> Result<()> {
        self.chunks(count, what, |_| {})
    }

    fn chunks(&mut self, count: usize, what: impl Fn() -> String, mut each: impl FnMut(&[u8])) -> Result<()> {
        let size = self.datatype.size();
        let mut left = count;
        while left > 0 {
            let values = left.min(CHUNK / size);
            let bytes = &mut self.chunk[..values * size];
            let read = self.source.read_exact(bytes);
            at(&self.source.path, read.map_err(|error| damage(&what(), &error)))?;
            each(bytes);
            left -= values;
        }
        Ok(())
    }

    /// Reads to the end of the file after the last voxel, so that the checksum of a compressed file is
    /// verified.
    ///
    /// # Errors
    /// If the checksum is wrong, or more volumes follow.
    pub fn finish(&mut self) -> Result<()> {
        let rest = io::copy(&mut self.source, &mut io::sink());
        let rest = at(&self.source.path, rest.map_err(|error| damage("the end of the file", &error)))?;
        self.source.check_surplus(u128::from(rest), self.volume)
    }
}
