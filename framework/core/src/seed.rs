//! Independent random streams from one seed.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Creates the random stream for one purpose. The same seed and purpose give the same numbers on every
/// machine.
///
/// ```
/// use rand::Rng;
/// let mut a = boldface::seed::stream(0, "tokenizer.init");
/// let mut b = boldface::seed::stream(0, "tokenizer.dropout");
/// assert_ne!(a.next_u64(), b.next_u64());
/// ```
pub fn stream(seed: u64, purpose: &str) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(fnv1a(purpose));
    rng
}

/// FNV-1a hash, 64 bits. Unlike the standard library's hasher, it never changes.
fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
