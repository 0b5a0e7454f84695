//! CRC-32C, and the checksum of a whole table. Parquet itself does not detect a changed number.

use polars::prelude::{DataFrame, DataType};

/// Computes the reflected CRC-32C (Castagnoli) of `data`, as used by iSCSI and TFRecord files.
pub fn crc32c(data: &[u8]) -> u32 {
    let mut sum = Crc::default();
    sum.add(data);
    sum.finish()
}

/// Computes the checksum of every column name and value as hexadecimal digits. `None` if a column has a
/// type that none of our tables uses.
pub(crate) fn of_table(frame: &DataFrame) -> Option<String> {
    let mut sum = Crc::default();
    for column in frame.columns() {
        sum.add(column.name().as_bytes());
        sum.add(&[0xff]);
        let mut value = |bytes: Option<&[u8]>| match bytes {
            // The length distinguishes `ab`, `c` from `a`, `bc`.
            Some(bytes) => {
                sum.add(&(bytes.len() as u64).to_le_bytes());
                sum.add(bytes);
            }
            None => sum.add(&[0xfe]),
        };
        match column.dtype() {
            DataType::String => column.str().ok()?.iter().for_each(|text| value(text.map(str::as_bytes))),
            DataType::Float64 => {
                let bits = column.f64().ok()?.iter().map(|number| number.map(f64::to_le_bytes));
                bits.for_each(|bits| value(bits.as_ref().map(<[u8; 8]>::as_slice)));
            }
            DataType::Float32 => {
                let bits = column.f32().ok()?.iter().map(|number| number.map(f32::to_le_bytes));
                bits.for_each(|bits| value(bits.as_ref().map(<[u8; 4]>::as_slice)));
            }
            DataType::UInt64 => {
                let bits = column.u64().ok()?.iter().map(|count| count.map(u64::to_le_bytes));
                bits.for_each(|bits| value(bits.as_ref().map(<[u8; 8]>::as_slice)));
            }
            DataType::Boolean => {
                let flags = column.bool().ok()?.iter().map(|flag| flag.map(|flag| [u8::from(flag)]));
                flags.for_each(|flag| value(flag.as_ref().map(<[u8; 1]>::as_slice)));
            }
            _ => return None,
        }
    }
    Some(format!("{:08x}", sum.finish()))
}

#[derive(Default)]
struct Crc(u32);

impl Crc {
    fn add(&mut self, data: &[u8]) {
        const TABLE: [u32; 256] = table();
        let step = |crc: u32, byte: &u8| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)];
        self.0 = !data.iter().fold(!self.0, step);
    }

    fn finish(self) -> u32 {
        self.0
    }
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&rising), 0x46dd_794e);
        let mut parts = Crc::default();
        rising.chunks(5).for_each(|chunk| parts.add(chunk));
        assert_eq!(parts.finish(), 0x46dd_794e);
    }
}
