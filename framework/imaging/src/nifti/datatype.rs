//! Datatypes of stored voxels and their conversion, the innermost loop of reading.

use std::fmt;

/// NIfTI datatypes of real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Datatype {
    U8,
    I8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

/// Byte order of stored numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// Scaling of stored numbers: `slope * stored + intercept`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntensityScaling {
    /// The factor.
    pub slope: f64,
    /// The offset.
    pub intercept: f64,
}

impl IntensityScaling {
    /// Makes the scaling from a header's slope and intercept. A slope that is 0 or not finite means no
    /// scaling.
    ///
    /// # Errors
    /// If the slope is usable but the intercept is not finite.
    pub fn new(slope: f64, intercept: f64) -> Result<IntensityScaling, String> {
        if slope == 0.0 || !slope.is_finite() {
            return Ok(IntensityScaling { slope: 1.0, intercept: 0.0 });
        }
        if !intercept.is_finite() {
            return Err(format!(
                "its slope is {slope}, but its intercept is {intercept}; the header is damaged"
            ));
        }
        Ok(IntensityScaling { slope, intercept })
    }

    fn is_none(self) -> bool {
        self.slope == 1.0 && self.intercept == 0.0
    }
}

/// Expands to one loop over the stored numbers per datatype, so that each is compiled separately.
macro_rules! each {
    ($datatype:expr, $order:expr, $bytes:expr, |$stored:ident| $value:expr, $out:expr) => {
        each!(@types $datatype, $order, $bytes, |$stored| $value, $out,
              U8 u8, I8 i8, I16 i16, U16 u16, I32 i32, U32 u32, I64 i64, U64 u64, F32 f32, F64 f64)
    };
    (@types $datatype:expr, $order:expr, $bytes:expr, |$stored:ident| $value:expr, $out:expr,
     $($name:ident $number:ident),*) => {
        match ($datatype, $order) {
            $((Datatype::$name, ByteOrder::Little) => $out.extend($bytes.as_chunks().0.iter().map(|&bytes| {
                let $stored = $number::from_le_bytes(bytes);
                $value
            })),
            (Datatype::$name, ByteOrder::Big) => $out.extend($bytes.as_chunks().0.iter().map(|&bytes| {
                let $stored = $number::from_be_bytes(bytes);
                $value
            })),)*
        }
    };
}

impl Datatype {
    /// Converts the code in a header.
    ///
    /// # Errors
    /// If the code is unknown or unsupported: complex numbers, colours, bits, 128-bit floats.
    pub fn from_code(code: i16) -> Result<Datatype, String> {
        let refused = match code {
            2 => return Ok(Datatype::U8),
            4 => return Ok(Datatype::I16),
            8 => return Ok(Datatype::I32),
            16 => return Ok(Datatype::F32),
            64 => return Ok(Datatype::F64),
            256 => return Ok(Datatype::I8),
            512 => return Ok(Datatype::U16),
            768 => return Ok(Datatype::U32),
            1024 => return Ok(Datatype::I64),
            1280 => return Ok(Datatype::U64),
            1 => "single bits",
            32 | 1792 | 2048 => "complex numbers; save the magnitude or the real part as float32",
            128 | 2304 => "colours (RGB); a signal or a label is one number per voxel",
            1536 => "128-bit floats; save it as float32 or float64",
            _ => return Err(format!("unknown datatype {code}; the header is damaged")),
        };
        Err(format!("its voxels are {refused} (datatype {code})"))
    }

    /// Bytes per number.
    pub fn size(self) -> usize {
        match self {
            Datatype::U8 | Datatype::I8 => 1,
            Datatype::I16 | Datatype::U16 => 2,
            Datatype::I32 | Datatype::U32 | Datatype::F32 => 4,
            Datatype::I64 | Datatype::U64 | Datatype::F64 => 8,
        }
    }

    /// Appends the numbers in `bytes`, scaled in 64 bits and rounded to 32. `bytes` must hold whole
    /// numbers only.
    pub(crate) fn append_f32(
        self,
        bytes: &[u8],
        order: ByteOrder,
        scaling: IntensityScaling,
        out: &mut Vec<f32>,
    ) {
        if scaling.is_none() {
            each!(self, order, bytes, |stored| stored as f32, out);
            return;
        }
        let IntensityScaling { slope, intercept } = scaling;
        each!(self, order, bytes, |stored| (stored as f64 * slope + intercept) as f32, out);
    }

    /// As [`Datatype::append_f32`], without rounding to 32 bits.
    pub(crate) fn append_f64(
        self,
        bytes: &[u8],
        order: ByteOrder,
        scaling: IntensityScaling,
        out: &mut Vec<f64>,
    ) {
        let IntensityScaling { slope, intercept } = scaling;
        each!(self, order, bytes, |stored| stored as f64 * slope + intercept, out);
    }
}

impl fmt::Display for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Datatype::U8 => "uint8",
            Datatype::I8 => "int8",
            Datatype::I16 => "int16",
            Datatype::U16 => "uint16",
            Datatype::I32 => "int32",
            Datatype::U32 => "uint32",
            Datatype::I64 => "int64",
            Datatype::U64 => "uint64",
            Datatype::F32 => "float32",
            Datatype::F64 => "float64",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(datatype: Datatype, order: ByteOrder, scaling: (f64, f64), bytes: &[u8]) -> Vec<f32> {
        let mut out = Vec::new();
        datatype.append_f32(bytes, order, IntensityScaling::new(scaling.0, scaling.1).unwrap(), &mut out);
        out
    }

    #[test]
    fn stored_numbers_by_hand() {
        let little = |datatype, bytes: &[u8]| read(datatype, ByteOrder::Little, (1.0, 0.0), bytes);
        let big = |datatype, bytes: &[u8]| read(datatype, ByteOrder::Big, (1.0, 0.0), bytes);
        assert_eq!(little(Datatype::U8, &[0, 255]), [0.0, 255.0]);
        assert_eq!(little(Datatype::I8, &[1, 255]), [1.0, -1.0]);
        assert_eq!(little(Datatype::I16, &[0x01, 0x02, 0xff, 0xff]), [513.0, -1.0]);
        assert_eq!(big(Datatype::I16, &[0x01, 0x02, 0xff, 0xff]), [258.0, -1.0]);
        assert_eq!(big(Datatype::U16, &[0xff, 0xff]), [65_535.0]);
        assert_eq!(little(Datatype::U32, &[0, 0, 0, 0x80]), [2_147_483_648.0]);
        assert_eq!(little(Datatype::I32, &[0, 0, 0, 0x80]), [-2_147_483_648.0]);
        assert_eq!(big(Datatype::I64, &(-7i64).to_be_bytes()), [-7.0]);
        assert_eq!(little(Datatype::U64, &u64::MAX.to_le_bytes()), [1.844_674_4e19]);
        assert_eq!(big(Datatype::F32, &1.5f32.to_be_bytes()), [1.5]);
        assert_eq!(little(Datatype::F64, &1.5f64.to_le_bytes()), [1.5]);
    }

    #[test]
    fn slope_and_intercept_are_applied_unless_there_is_no_slope() {
        let bytes = [10, 0, 20, 0];
        let scaled = |slope, intercept| read(Datatype::I16, ByteOrder::Little, (slope, intercept), &bytes);
        assert_eq!(scaled(0.5, 3.0), [8.0, 13.0]);
        for none in [0.0, f64::NAN, f64::INFINITY] {
            assert_eq!(scaled(none, 3.0), [10.0, 20.0], "{none}");
        }
        assert!(IntensityScaling::new(2.0, f64::NAN).unwrap_err().contains("intercept is NaN"));
    }

    #[test]
    fn what_is_no_real_number_is_refused() {
        assert!(Datatype::from_code(32).unwrap_err().contains("complex"));
        assert!(Datatype::from_code(128).unwrap_err().contains("RGB"));
        assert!(Datatype::from_code(-3).unwrap_err().contains("unknown datatype -3"));
    }
}
