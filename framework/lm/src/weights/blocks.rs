//! GGML's block formats: 32 or 256 numbers that share scales, decoded as in `gguf.quants` of Python's
//! `gguf`.

use half::f16;

/// A scale and 32 numbers of 4 bits, -8 to 7: the low halves of 16 bytes, then the high halves.
pub(super) fn q4_0(block: &[u8; 18], x: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    nibbles(&block[2..], x, |_, q| scale * (f32::from(q) - 8.0));
}

/// A scale, an offset and 32 numbers of 4 bits.
pub(super) fn q4_1(block: &[u8; 20], x: &mut [f32; 32]) {
    let (scale, offset) = (half_at(block, 0), half_at(block, 2));
    nibbles(&block[4..], x, |_, q| scale * f32::from(q) + offset);
}

/// Like Q4_0, with the fifth bits of all 32 numbers in 4 bytes of their own; -16 to 15.
pub(super) fn q5_0(block: &[u8; 22], x: &mut [f32; 32]) {
    let (scale, fifth) = (half_at(block, 0), word_at(block, 2));
    nibbles(&block[6..], x, |i, q| scale * (f32::from(q | bit(fifth, i) << 4) - 16.0));
}

/// Like Q4_1, with a fifth bit.
pub(super) fn q5_1(block: &[u8; 24], x: &mut [f32; 32]) {
    let (scale, offset, fifth) = (half_at(block, 0), half_at(block, 2), word_at(block, 4));
    nibbles(&block[8..], x, |i, q| scale * f32::from(q | bit(fifth, i) << 4) + offset);
}

/// A scale and 32 signed bytes.
pub(super) fn q8_0(block: &[u8; 34], x: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for (x, q) in x.iter_mut().zip(&block[2..]) {
        *x = scale * f32::from(q.cast_signed());
    }
}

/// 8 groups of 32 numbers of 4 bits, each with a scale and an offset of 6 bits.
pub(super) fn q4_k(block: &[u8; 144], x: &mut [f32; 256]) {
    let groups = groups(block);
    // Every 32 bytes hold two groups: one in the low halves, one in the high halves.
    for (pair, bytes) in block[16..].chunks(32).enumerate() {
        for (i, byte) in bytes.iter().enumerate() {
            for (high, q) in [byte & 15, byte >> 4].into_iter().enumerate() {
                let (scale, offset) = groups[2 * pair + high];
                x[64 * pair + 32 * high + i] = scale * f32::from(q) - offset;
            }
        }
    }
}

/// Like Q4_K, with a fifth bit: bit `g` of byte `i` belongs to number `i` of group `g`.
pub(super) fn q5_k(block: &[u8; 176], x: &mut [f32; 256]) {
    let groups = groups(block);
    let fifths = &block[16..48];
    for (pair, bytes) in block[48..].chunks(32).enumerate() {
        for (i, byte) in bytes.iter().enumerate() {
            for (high, q) in [byte & 15, byte >> 4].into_iter().enumerate() {
                let group = 2 * pair + high;
                let q = q | (fifths[i] >> group & 1) << 4;
                let (scale, offset) = groups[group];
                x[32 * group + i] = scale * f32::from(q) - offset;
            }
        }
    }
}

/// 16 groups of 16 numbers of 6 bits, -32 to 31, each with a signed scale of 8 bits.
pub(super) fn q6_k(block: &[u8; 210], x: &mut [f32; 256]) {
    let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
    let scale = half_at(block, 208);
    for (i, x) in x.iter_mut().enumerate() {
        // Each half of 128 numbers has 4 runs of 32: two per half of the low bytes, four share the high
        // bytes.
        let (half, run, at) = (i / 128, i % 128 / 32, i % 32);
        let low = low[64 * half + run % 2 * 32 + at] >> (run / 2 * 4) & 15;
        let high = high[32 * half + at] >> (2 * run) & 3;
        let q = (low | high << 4).cast_signed() - 32;
        *x = scale * f32::from(scales[i / 16].cast_signed()) * f32::from(q);
    }
}

/// Returns scale and offset of the 8 groups of a K block.
///
/// The block stores two floats, then 8 scales and 8 offsets of 6 bits in 12 bytes.
fn groups(block: &[u8]) -> [(f32, f32); 8] {
    let (scale, offset, packed) = (half_at(block, 0), half_at(block, 2), &block[4..16]);
    std::array::from_fn(|g| {
        let (s, m) = if g < 4 {
            (packed[g] & 63, packed[g + 4] & 63)
        } else {
            // The upper 2 bits of the last four are above the 6 bits of the first four.
            let low = packed[g + 4];
            (low & 15 | packed[g - 4] >> 6 << 4, low >> 4 | packed[g] >> 6 << 4)
        };
        (scale * f32::from(s), offset * f32::from(m))
    })
}

/// Decodes 32 numbers of 4 bits: the low halves of 16 bytes, then the high halves.
fn nibbles(bytes: &[u8], x: &mut [f32; 32], number: impl Fn(usize, u8) -> f32) {
    for (i, byte) in bytes.iter().enumerate() {
        x[i] = number(i, byte & 15);
        x[i + 16] = number(i + 16, byte >> 4);
    }
}

fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn word_at(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

fn bit(word: u32, at: usize) -> u8 {
    u8::from(word >> at & 1 == 1)
}
