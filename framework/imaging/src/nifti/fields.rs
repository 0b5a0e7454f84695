//! Parses the fields of a NIfTI-1 or NIfTI-2 header.

use nifti::{Endianness, NiftiHeader};

use super::datatype::ByteOrder;

/// Length of a NIfTI-1 header in bytes.
pub(crate) const BYTES_1: usize = 348;
/// Length of a NIfTI-2 header in bytes.
pub(crate) const BYTES_2: usize = 540;

/// Header fields of both versions, in the wider types of NIfTI-2.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fields {
    pub version: u8,
    pub order: ByteOrder,
    /// Whether the voxels are in the same file rather than in an `.img`.
    pub is_single: bool,
    /// Length along each of 1 to 7 dimensions, fastest first; each is at least 1.
    pub dims: Vec<u64>,
    pub datatype: i16,
    /// Byte at which the voxels start.
    pub offset: u64,
    pub slope: f64,
    pub intercept: f64,
    pub pixdim: [f64; 8],
    pub units: u8,
    pub qform_code: i32,
    pub sform_code: i32,
    /// The last three components of a unit quaternion, then the position of the first voxel.
    pub quaternion: [f64; 6],
    pub srow: [[f64; 4]; 3],
    pub intent: i32,
}

impl Fields {
    /// Whether the file is CIFTI-2, judged by its intent code.
    pub fn is_cifti(&self) -> bool {
        self.version == 2 && (3000..3100).contains(&self.intent)
    }

    /// Returns the length of the header, judged by its first bytes.
    pub fn bytes(start: &[u8]) -> usize {
        let is_second = start.get(4..8).is_some_and(|magic| magic == b"n+2\0" || magic == b"ni2\0");
        if is_second { BYTES_2 } else { BYTES_1 }
    }

    /// Parses the bytes of a header.
    pub fn parse(start: &[u8]) -> Result<Fields, String> {
        if [&b"/annex/objects/"[..], b"version https://git-lfs"]
            .iter()
            .any(|pointer| start.starts_with(pointer))
        {
            return Err(
                "not the image but a pointer to it; `datalad get` or `git lfs pull` fetches it".to_owned()
            );
        }
        if start.len() < BYTES_1 {
            return Err(format!(
                "{} bytes are too few for a NIfTI header, which has at least {BYTES_1}",
                start.len()
            ));
        }
        let first = [start[0], start[1], start[2], start[3]];
        match &start[4..8] {
            b"n+2\0" => return version_2(start, true),
            b"ni2\0" => return version_2(start, false),
            _ => {}
        }
        let is_348 = [348, 0x5c01_0000].contains(&u32::from_le_bytes(first));
        match &start[344..348] {
            b"n+1\0" => version_1(start, true),
            b"ni1\0" => version_1(start, false),
            _ if is_348 => {
                Err("an ANALYZE 7.5 header, which gives no voxel positions; convert it to NIfTI".to_owned())
            }
            _ => {
                Err("not a NIfTI file: its header has none of the marks `n+1`, `ni1`, `n+2` and `ni2`"
                    .to_owned())
            }
        }
    }
}

fn version_1(start: &[u8], is_single: bool) -> Result<Fields, String> {
    let header = NiftiHeader::from_reader(start).map_err(|error| error.to_string())?;
    let order = if header.endianness == Endianness::Little { ByteOrder::Little } else { ByteOrder::Big };
    let offset = f64::from(header.vox_offset);
    // Beyond 2^53, a float does not identify a byte.
    if !(0.0..9.0e15).contains(&offset) {
        return Err(format!("the voxels start at byte {offset}; the header is damaged"));
    }
    Ok(Fields {
        version: 1,
        order,
        is_single,
        // The crate reads signed lengths as unsigned.
        dims: dims(&header.dim.map(|length| i64::from(length as i16)))?,
        datatype: header.datatype,
        offset: check_offset(offset as i64, is_single, BYTES_1)?,
        slope: f64::from(header.scl_slope),
        intercept: f64::from(header.scl_inter),
        pixdim: header.pixdim.map(widened),
        units: header.xyzt_units,
        qform_code: i32::from(header.qform_code),
        sform_code: i32::from(header.sform_code),
        quaternion: [
            header.quatern_b,
            header.quatern_c,
            header.quatern_d,
            header.quatern_x,
            header.quatern_y,
            header.quatern_z,
        ]
        .map(f64::from),
        srow: [header.srow_x, header.srow_y, header.srow_z].map(|row| row.map(f64::from)),
        intent: i32::from(header.intent_code),
    })
}

/// Widens through decimal notation, so that a 32-bit `0.72` is 0.72 and not 0.7200000286.
fn widened(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

fn version_2(start: &[u8], is_single: bool) -> Result<Fields, String> {
    if start.len() < BYTES_2 {
        return Err(format!("{} bytes are too few for a NIfTI-2 header, which has {BYTES_2}", start.len()));
    }
    let order = match i32::from_le_bytes([start[0], start[1], start[2], start[3]]) {
        540 => ByteOrder::Little,
        size if size.swap_bytes() == 540 => ByteOrder::Big,
        size => return Err(format!("a NIfTI-2 header of {size} bytes, which has {BYTES_2}; it is damaged")),
    };
    let at = Numbers { bytes: start, order };
    Ok(Fields {
        version: 2,
        order,
        is_single,
        dims: dims(&[0, 1, 2, 3, 4, 5, 6, 7].map(|dim| at.i64(16 + 8 * dim)))?,
        datatype: at.i16(12),
        offset: check_offset(at.i64(168), is_single, BYTES_2)?,
        slope: at.f64(176),
        intercept: at.f64(184),
        pixdim: [0, 1, 2, 3, 4, 5, 6, 7].map(|dim| at.f64(104 + 8 * dim)),
        units: u8::try_from(at.i32(500)).unwrap_or(0),
        qform_code: at.i32(344),
        sform_code: at.i32(348),
        quaternion: [0, 1, 2, 3, 4, 5].map(|place| at.f64(352 + 8 * place)),
        srow: [0, 1, 2].map(|row| [0, 1, 2, 3].map(|column| at.f64(400 + 32 * row + 8 * column))),
        intent: at.i32(504),
    })
}

/// Reads numbers of a NIfTI-2 header by their byte offset, which must be inside the header.
struct Numbers<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

impl Numbers<'_> {
    fn take<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.bytes[at..at + N]);
        if self.order == ByteOrder::Big {
            bytes.reverse();
        }
        bytes
    }

    fn i16(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.take(at))
    }

    fn i32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.take(at))
    }

    fn i64(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.take(at))
    }

    fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.take(at))
    }
}

/// Returns the used lengths. `stored` is the number of dimensions followed by seven lengths.
fn dims(stored: &[i64; 8]) -> Result<Vec<u64>, String> {
    let used = match usize::try_from(stored[0]) {
        Ok(used @ 1..=7) => used,
        _ => return Err(format!("an image of {} dimensions; the header is damaged", stored[0])),
    };
    let lengths = &stored[1..=used];
    let lengths: Option<Vec<u64>> =
        lengths.iter().map(|&length| u64::try_from(length).ok().filter(|&length| length > 0)).collect();
    lengths.ok_or_else(|| {
        format!("an image of {} voxels; every dimension has at least 1", product(&stored[1..=used]))
    })
}

/// Joins lengths, such as `64 x 64 x 36`.
pub(crate) fn product<T: ToString>(lengths: &[T]) -> String {
    let lengths: Vec<String> = lengths.iter().map(T::to_string).collect();
    lengths.join(" x ")
}

fn check_offset(offset: i64, is_single: bool, header: usize) -> Result<u64, String> {
    // Four bytes after the header announce extensions.
    let least = if is_single { header as u64 + 4 } else { 0 };
    u64::try_from(offset).ok().filter(|&offset| offset >= least).ok_or_else(|| {
        format!(
            "the voxels start at byte {offset}, within the header of {least} bytes; the header is damaged"
        )
    })
}
