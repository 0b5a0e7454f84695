//! An image as PNG in a data URL: sixteen levels, uncompressed, because a page has few of them.

/// Red, green and blue of each level. Level 0 is transparent, whatever its colour.
pub type Palette = [[u8; 3]; 16];

/// Encodes rows of levels from 1 (black) to 15 (white). 0 is transparent. All rows have the same
/// length.
///
/// Returns `data:image/png;base64,...`, following PNG (third edition) and RFC 1950, 1951 and 4648.
pub fn address(rows: &[Vec<u8>]) -> String {
    encode(rows, None)
}

/// Works like [`address`], in the colours of a palette.
pub fn coloured(rows: &[Vec<u8>], palette: &Palette) -> String {
    encode(rows, Some(palette))
}

fn encode(rows: &[Vec<u8>], palette: Option<&Palette>) -> String {
    let width = rows.first().map_or(0, Vec::len);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend((width as u32).to_be_bytes());
    header.extend((rows.len() as u32).to_be_bytes());
    // Four bits of grey (0) or of a palette (3); default compression and filter; not interlaced.
    header.extend([4, if palette.is_some() { 3 } else { 0 }, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &header);
    match palette {
        Some(palette) => {
            chunk(&mut file, *b"PLTE", palette.as_flattened());
            // The opacity of the first entry; the others are opaque.
            chunk(&mut file, *b"tRNS", &[0]);
        }
        None => chunk(&mut file, *b"tRNS", &[0, 0]),
    }
    let mut lines = Vec::new();
    for row in rows {
        lines.push(0);
        lines.extend(
            row.chunks(2).map(|pair| (pair[0] & 15) << 4 | pair.get(1).map_or(0, |level| level & 15)),
        );
    }
    chunk(&mut file, *b"IDAT", &stored(&lines));
    chunk(&mut file, *b"IEND", &[]);
    format!("data:image/png;base64,{}", base64(&file))
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let begin = file.len();
    file.extend(kind);
    file.extend(data);
    let sum = crc32(&file[begin..]);
    file.extend(sum.to_be_bytes());
}

/// Wraps bytes in a zlib stream of uncompressed blocks.
fn stored(bytes: &[u8]) -> Vec<u8> {
    const LARGEST: usize = 65_535;
    let mut stream = vec![0x78, 0x01];
    let count = bytes.len().div_ceil(LARGEST);
    for (place, block) in bytes.chunks(LARGEST).enumerate() {
        let length = block.len() as u16;
        stream.push(u8::from(place + 1 == count));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(bytes).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1u32, 0u32), |(low, high), &byte| {
        let low = (low + u32::from(byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word =
            three.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_letters_are_those_of_the_standards() {
        // Check values: CRC-32 and Adler-32 from the standards, RFC 4648 section 10.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn a_picture_is_whole_lines_of_four_bits() {
        // Two rows of three levels: a filter byte and two bytes each.
        let file = stored(&[0, 0x12, 0x30, 0, 0x45, 0x60]);
        assert_eq!(file[..7], [0x78, 0x01, 1, 6, 0, 0xf9, 0xff]);
        let address = address(&[vec![1, 2, 3], vec![4, 5, 6]]);
        // 8 + (12 + 13) + (12 + 2) + (12 + 17) + 12 bytes; base64 takes four letters for every three.
        assert_eq!(address.len(), "data:image/png;base64,".len() + 88usize.div_ceil(3) * 4);
        assert!(address.starts_with("data:image/png;base64,iVBORw0KGgo"));
        // A palette adds 12 + 48 bytes and takes one off the transparency.
        let coloured = coloured(&[vec![1, 2, 3], vec![4, 5, 6]], &[[7; 3]; 16]);
        assert_eq!(coloured.len(), "data:image/png;base64,".len() + 147usize.div_ceil(3) * 4);
    }
}
