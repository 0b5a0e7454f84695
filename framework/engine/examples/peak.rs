//! Measures how many f32 operations one thread of this processor does per second, and prints GFLOP/s.
//!
//! It chains fused multiply-adds in registers: nothing is loaded or stored, so no program is faster. The
//! benchmarks state what share of it they reach.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Arch, Simd, WithSimd};

/// Independent sums: more than a latency of 4 cycles times 2 units, and few enough for 16 registers.
const SUMS: usize = 12;
/// Multiply-adds of each sum in one measurement, some 10 ms of work.
const ROUNDS: usize = 2_000_000;
/// The fastest of so many measurements is taken.
const MEASUREMENTS: usize = 20;

struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = f64;

    /// Returns the number of operations.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (a, b) = (simd.splat_f32s(black_box(0.5)), simd.splat_f32s(black_box(1.0)));
        let mut sums = [simd.splat_f32s(0.0); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, a, b);
            }
        }
        black_box(sums.map(|sum| simd.reduce_sum_f32s(sum)));
        let lanes = size_of::<S::f32s>() / size_of::<f32>();
        (2 * lanes * SUMS * ROUNDS) as f64
    }
}

fn main() {
    let arch = Arch::new();
    let measure = |_| {
        let start = Instant::now();
        let operations = arch.dispatch(MultiplyAdds);
        operations / start.elapsed().as_secs_f64() / 1e9
    };
    println!("{:.1}", (0..MEASUREMENTS).map(measure).fold(0.0, f64::max));
}
