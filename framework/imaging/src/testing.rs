//! Builds images in code, for tests of their readers.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::nifti::{Affine, ByteOrder, Datatype};

/// Builder of a NIfTI file. Every relevant field can be set, also to wrong values.
///
/// ```
/// use boldface_imaging::{bold::Bold, testing::Image};
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("bold.nii.gz");
/// let image = Image { tr: 2.0, ..Image::new(&[2, 2, 1, 3], (0..12).map(f64::from).collect()) };
/// std::fs::write(&path, boldface_imaging::testing::gzip(&image.bytes()))?;
/// let mut bold = Bold::open(&path)?;
/// let mut volume = Vec::new();
/// assert!(bold.read(&mut volume)? && volume == [0.0, 1.0, 2.0, 3.0]);
/// # Ok::<(), boldface::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Image {
    /// NIfTI version, 1 or 2.
    pub version: u8,
    /// Byte order of all numbers.
    pub order: ByteOrder,
    /// Datatype of the stored voxels.
    pub datatype: Datatype,
    /// Datatype code in the header, if it differs from the datatype's.
    pub code: Option<i16>,
    /// Length along each dimension.
    pub dims: Vec<i64>,
    /// Stored values, before slope and intercept.
    pub values: Vec<f64>,
    /// `scl_slope`.
    pub slope: f64,
    /// `scl_inter`.
    pub intercept: f64,
    /// Voxel size, `pixdim[1]` to `pixdim[3]`.
    pub zooms: [f64; 3],
    /// `pixdim[4]`.
    pub tr: f64,
    /// `xyzt_units`: the sum of 2 for mm and 8 for s, 16 for ms or 24 for us.
    pub units: u8,
    /// Code and rows of the sform.
    pub sform: (i16, Affine),
    /// Code of the qform, `pixdim[0]`, the last three components of its quaternion, and its offset.
    pub qform: (i16, f64, [f64; 6]),
    /// `intent_code`.
    pub intent: i16,
    /// Codes and contents of header extensions.
    pub extensions: Vec<(i32, Vec<u8>)>,
    /// Bytes between the extensions and the first voxel.
    pub padding: usize,
    /// Byte offset of the voxels in the header, if it should be wrong.
    pub offset: Option<f64>,
}

impl Image {
    /// Makes a little-endian NIfTI-1 image of float32 with 1 mm voxels, a TR of 2 s and the first voxel
    /// at 0.
    pub fn new(shape: &[usize], values: Vec<f64>) -> Image {
        Image {
            version: 1,
            order: ByteOrder::Little,
            datatype: Datatype::F32,
            code: None,
            dims: shape.iter().map(|&length| length as i64).collect(),
            values,
            slope: 1.0,
            intercept: 0.0,
            zooms: [1.0; 3],
            tr: 2.0,
            units: 2 + 8,
            sform: (1, Affine::IDENTITY),
            qform: (0, 1.0, [0.0; 6]),
            intent: 0,
            extensions: Vec::new(),
            padding: 0,
            offset: None,
        }
    }

    /// Makes a CIFTI-2 matrix of `down` rows of `along` numbers each, described by `xml`.
    pub fn cifti(intent: i16, xml: &str, [along, down]: [usize; 2], values: Vec<f64>) -> Image {
        let image = Image::new(&[1, 1, 1, 1, along, down], values);
        let extensions = vec![(32, xml.as_bytes().to_vec())];
        Image { version: 2, intent, extensions, tr: 1.0, units: 0, sform: (0, Affine::IDENTITY), ..image }
    }

    /// Returns the bytes of the whole file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header(true);
        bytes.extend(self.voxels());
        bytes
    }

    /// Returns the bytes of a pair, `.hdr` and `.img`.
    pub fn pair(&self) -> (Vec<u8>, Vec<u8>) {
        let mut image = vec![0; self.padding];
        image.extend(self.voxels());
        (self.header(false), image)
    }

    fn header(&self, is_single: bool) -> Vec<u8> {
        let mut extensions = vec![u8::from(!self.extensions.is_empty()), 0, 0, 0];
        for (code, content) in &self.extensions {
            // A multiple of 16 bytes, including its own eight.
            let size = (content.len() + 8).next_multiple_of(16);
            extensions.extend(self.ordered((size as i32).to_le_bytes()));
            extensions.extend(self.ordered(code.to_le_bytes()));
            extensions.extend(content);
            extensions.resize(extensions.len() + size - 8 - content.len(), 0);
        }
        let length = if self.version == 2 { 540 } else { 348 };
        let offset = if is_single { length + extensions.len() + self.padding } else { self.padding };
        let offset = self.offset.unwrap_or(offset as f64);
        let mut header = Written { image: self, bytes: vec![0; length] };
        match self.version {
            2 => header.version_2(offset, if is_single { b"n+2\0\r\n\x1a\n" } else { b"ni2\0\r\n\x1a\n" }),
            _ => header.version_1(offset, if is_single { b"n+1\0" } else { b"ni1\0" }),
        }
        let mut bytes = header.bytes;
        bytes.extend(extensions);
        bytes.resize(bytes.len() + if is_single { self.padding } else { 0 }, 0);
        bytes
    }

    fn voxels(&self) -> Vec<u8> {
        let stored = |&value: &f64| match self.datatype {
            Datatype::U8 => self.ordered((value as u8).to_le_bytes()),
            Datatype::I8 => self.ordered((value as i8).to_le_bytes()),
            Datatype::I16 => self.ordered((value as i16).to_le_bytes()),
            Datatype::U16 => self.ordered((value as u16).to_le_bytes()),
            Datatype::I32 => self.ordered((value as i32).to_le_bytes()),
            Datatype::U32 => self.ordered((value as u32).to_le_bytes()),
            Datatype::I64 => self.ordered((value as i64).to_le_bytes()),
            Datatype::U64 => self.ordered((value as u64).to_le_bytes()),
            Datatype::F32 => self.ordered((value as f32).to_le_bytes()),
            Datatype::F64 => self.ordered(value.to_le_bytes()),
        };
        self.values.iter().flat_map(stored).collect()
    }

    fn ordered<const N: usize>(&self, mut little: [u8; N]) -> Vec<u8> {
        if self.order == ByteOrder::Big {
            little.reverse();
        }
        little.to_vec()
    }

    fn code(&self) -> i16 {
        self.code.unwrap_or(match self.datatype {
            Datatype::U8 => 2,
            Datatype::I16 => 4,
            Datatype::I32 => 8,
            Datatype::F32 => 16,
            Datatype::F64 => 64,
            Datatype::I8 => 256,
            Datatype::U16 => 512,
            Datatype::U32 => 768,
            Datatype::I64 => 1024,
            Datatype::U64 => 1280,
        })
    }

    fn pixdim(&self) -> [f64; 8] {
        let [x, y, z] = self.zooms;
        [self.qform.1, x, y, z, self.tr, 1.0, 1.0, 1.0]
    }

    fn dim(&self) -> [i64; 8] {
        let mut dim = [1; 8];
        dim[0] = self.dims.len() as i64;
        dim.iter_mut().skip(1).zip(&self.dims).for_each(|(to, &length)| *to = length);
        dim
    }
}

/// A header under construction.
struct Written<'a> {
    image: &'a Image,
    bytes: Vec<u8>,
}

impl Written<'_> {
    fn put<const N: usize>(&mut self, at: usize, little: [u8; N]) {
        self.bytes[at..at + N].copy_from_slice(&self.image.ordered(little));
    }

    fn version_1(&mut self, offset: f64, magic: &[u8; 4]) {
        let image = self.image;
        self.put(0, 348i32.to_le_bytes());
        (0..8).for_each(|at| self.put(40 + 2 * at, (image.dim()[at] as i16).to_le_bytes()));
        self.put(68, image.intent.to_le_bytes());
        self.put(70, image.code().to_le_bytes());
        self.put(72, (8 * image.datatype.size() as i16).to_le_bytes());
        (0..8).for_each(|at| self.put(76 + 4 * at, (image.pixdim()[at] as f32).to_le_bytes()));
        self.put(108, (offset as f32).to_le_bytes());
        self.put(112, (image.slope as f32).to_le_bytes());
        self.put(116, (image.intercept as f32).to_le_bytes());
        self.bytes[123] = image.units;
        self.put(252, image.qform.0.to_le_bytes());
        self.put(254, image.sform.0.to_le_bytes());
        (0..6).for_each(|at| self.put(256 + 4 * at, (image.qform.2[at] as f32).to_le_bytes()));
        for (at, &number) in image.sform.1.0.as_flattened().iter().enumerate() {
            self.put(280 + 4 * at, (number as f32).to_le_bytes());
        }
        self.bytes[344..348].copy_from_slice(magic);
    }

    fn version_2(&mut self, offset: f64, magic: &[u8; 8]) {
        let image = self.image;
        self.put(0, 540i32.to_le_bytes());
        self.bytes[4..12].copy_from_slice(magic);
        self.put(12, image.code().to_le_bytes());
        self.put(14, (8 * image.datatype.size() as i16).to_le_bytes());
        (0..8).for_each(|at| self.put(16 + 8 * at, image.dim()[at].to_le_bytes()));
        (0..8).for_each(|at| self.put(104 + 8 * at, image.pixdim()[at].to_le_bytes()));
        self.put(168, (offset as i64).to_le_bytes());
        self.put(176, image.slope.to_le_bytes());
        self.put(184, image.intercept.to_le_bytes());
        self.put(344, i32::from(image.qform.0).to_le_bytes());
        self.put(348, i32::from(image.sform.0).to_le_bytes());
        (0..6).for_each(|at| self.put(352 + 8 * at, image.qform.2[at].to_le_bytes()));
        for (at, &number) in image.sform.1.0.as_flattened().iter().enumerate() {
            self.put(400 + 8 * at, number.to_le_bytes());
        }
        self.put(500, i32::from(image.units).to_le_bytes());
        self.put(504, i32::from(image.intent).to_le_bytes());
    }
}

/// Compresses bytes to a gzip file of one member.
///
/// # Panics
/// Never, because writing to memory cannot fail.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory can be written to");
    encoder.finish().expect("memory can be written to")
}
