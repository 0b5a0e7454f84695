//! Loops over slices, with threads and the widest vectors that the processor has.
//!
//! Work is cut into chunks whose size depends only on the data, and partial sums are added in chunk
//! order, so results do not depend on the number of threads.

use rayon::prelude::*;

/// Calls a function of this module with a kernel closure, compiled for each instruction set:
/// `simd!(rows, &mut out, width, |first, out| ..)`.
///
/// The macro marks the closure `#[inline(always)]`, or it might stay out of line, compiled for the oldest
/// processor. Pass a number that a kernel captures to [`each`] or [`map_to`] in a `move` closure, which
/// copies it: read through the capture, it might alias the output and prevent vectorisation. Functions
/// here use `mul_add`: one instruction on every processor since 2013, correct but slow on older ones.
macro_rules! simd {
    ($function:ident, $kernel:expr $(,)?) => {
        $crate::dfdx::simd::$function(
            #[inline(always)]
            $kernel,
        )
    };
    ($function:ident, $a:expr, $kernel:expr $(,)?) => {
        $crate::dfdx::simd::$function(
            $a,
            #[inline(always)]
            $kernel,
        )
    };
    ($function:ident, $a:expr, $b:expr, $kernel:expr $(,)?) => {
        $crate::dfdx::simd::$function(
            $a,
            $b,
            #[inline(always)]
            $kernel,
        )
    };
    ($function:ident, $a:expr, $b:expr, $c:expr, $kernel:expr $(,)?) => {
        $crate::dfdx::simd::$function(
            $a,
            $b,
            $c,
            #[inline(always)]
            $kernel,
        )
    };
}
/// Numbers per task: enough to outweigh waking a thread, few enough for a core's cache.
const TASK: usize = 16 * 1024;

/// Number of partial sums kept side by side, so that the compiler may use vectors of any width.
const LANES: usize = 16;

/// Runs `f` compiled for the best instruction set found at run time.
#[inline(always)]
pub(crate) fn vectorized<T>(f: impl FnOnce() -> T) -> T {
    pulp::Arch::new().dispatch(f)
}

/// Calls `f(first, chunk)` for chunks of `out`; `first` is the index of the chunk's first number.
pub(crate) fn chunks(out: &mut [f32], f: impl Fn(usize, &mut [f32]) + Sync) {
    rows(out, 1, f);
}

/// Like [`chunks`], but a chunk holds whole rows of `width` and `first` counts rows.
pub(crate) fn rows(out: &mut [f32], width: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
    weighted_rows(out, width, width, f);
}

/// Like [`rows`], for output rows that each cost as much as `weight` numbers.
pub(crate) fn weighted_rows(
    out: &mut [f32],
    width: usize,
    weight: usize,
    f: impl Fn(usize, &mut [f32]) + Sync,
) {
    let per_task = rows_per_task(weight);
    let run = |(task, chunk): (usize, &mut [f32])| {
        vectorized(
            #[inline(always)]
            || f(task * per_task, chunk),
        )
    };
    if out.len() <= per_task * width || rayon::current_num_threads() == 1 {
        out.chunks_mut((per_task * width).max(1)).enumerate().for_each(run);
    } else {
        out.par_chunks_mut(per_task * width).enumerate().for_each(run);
    }
}

/// Like [`rows`], for two outputs with as many rows, `widths` numbers wide.
pub(crate) fn rows2(
    a: &mut [f32],
    b: &mut [f32],
    widths: [usize; 2],
    f: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
) {
    let per_task = rows_per_task(widths[0].max(widths[1]));
    let run = |(task, (a, b)): (usize, (&mut [f32], &mut [f32]))| {
        vectorized(
            #[inline(always)]
            || f(task * per_task, a, b),
        );
    };
    let [size_a, size_b] = widths.map(|width| (per_task * width).max(1));
    if a.len() <= size_a || rayon::current_num_threads() == 1 {
        a.chunks_mut(size_a).zip(b.chunks_mut(size_b)).enumerate().for_each(run);
    } else {
        a.par_chunks_mut(size_a).zip(b.par_chunks_mut(size_b)).enumerate().for_each(run);
    }
}

/// Maps chunks of rows `0..count` to partial sums of `len` numbers and adds them in order into `out`.
pub(crate) fn sum_rows(
    out: &mut [f32],
    count: usize,
    width: usize,
    f: impl Fn(std::ops::Range<usize>, &mut [f32]) + Sync,
) {
    let per_task = rows_per_task(width);
    let tasks = count.div_ceil(per_task).max(1);
    let len = out.len();
    let mut partial = super::buffer::Buffer::zeros(tasks * len);
    let run = |(task, sums): (usize, &mut [f32])| {
        let range = task * per_task..((task + 1) * per_task).min(count);
        vectorized(
            #[inline(always)]
            || f(range, sums),
        );
    };
    if tasks == 1 || rayon::current_num_threads() == 1 {
        partial.chunks_mut(len.max(1)).enumerate().for_each(run);
    } else {
        partial.par_chunks_mut(len.max(1)).enumerate().for_each(run);
    }
    for sums in partial.chunks(len.max(1)) {
        vectorized(
            #[inline(always)]
            || add_to(out, sums),
        );
    }
}

/// Cuts `out` into pieces that are each within one period, and calls `f(start, start % period, piece)`.
pub(crate) fn periods(out: &mut [f32], period: usize, f: impl Fn(usize, usize, &mut [f32]) + Sync) {
    if out.len() <= period {
        return simd!(chunks, out, |start, out| f(start, start, out));
    }
    simd!(rows, out, period, |first, out| {
        for (row, out) in out.chunks_mut(period).enumerate() {
            f((first + row) * period, 0, out);
        }
    });
}

/// Sums `f` over chunks of `0..len`, in double precision and in chunk order.
pub(crate) fn total(len: usize, f: impl Fn(std::ops::Range<usize>) -> f32) -> f32 {
    const CHUNK: usize = 4096;
    let chunks = (0..len).step_by(CHUNK).map(|start| start..(start + CHUNK).min(len));
    chunks.map(|range| f64::from(simd!(vectorized, || f(range)))).sum::<f64>() as f32
}

fn rows_per_task(width: usize) -> usize {
    (TASK / width.max(1)).max(1)
}

/// Replaces each number `x` by `f(x)`.
#[inline(always)]
pub(crate) fn each(x: &mut [f32], f: impl Fn(f32) -> f32) {
    x.iter_mut().for_each(|x| *x = f(*x));
}

/// Writes `f` of each number of `x` to `out`.
#[inline(always)]
pub(crate) fn map_to(out: &mut [f32], x: &[f32], f: impl Fn(f32) -> f32) {
    out.iter_mut().zip(x).for_each(|(out, x)| *out = f(*x));
}

/// Writes `f` of each pair of numbers to `out`.
#[inline(always)]
pub(crate) fn zip_to(out: &mut [f32], x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f32) {
    out.iter_mut().zip(x).zip(y).for_each(|((out, x), y)| *out = f(*x, *y));
}

/// `out += x`.
#[inline(always)]
pub(crate) fn add_to(out: &mut [f32], x: &[f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += x;
    }
}

/// Sums `f` over the numbers of `x`.
#[inline(always)]
pub(crate) fn sum_of(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let mut chunks = x.chunks_exact(LANES);
    for chunk in &mut chunks {
        for lane in 0..LANES {
            lanes[lane] += f(chunk[lane]);
        }
    }
    across(lanes, |a, b| a + b) + chunks.remainder().iter().map(|x| f(*x)).sum::<f32>()
}

/// Returns the dot product.
#[inline(always)]
pub(crate) fn dot(x: &[f32], y: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (mut xs, mut ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    for (x, y) in (&mut xs).zip(&mut ys) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    across(lanes, |a, b| a + b) + xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum::<f32>()
}

/// Returns the dot products of `x` with four consecutive rows; the four sums do not wait for each other.
#[inline(always)]
pub(crate) fn dots(x: &[f32], rows: &[f32]) -> [f32; 4] {
    let len = x.len();
    let rows = [&rows[..len], &rows[len..2 * len], &rows[2 * len..3 * len], &rows[3 * len..4 * len]];
    let [mut s0, mut s1, mut s2, mut s3] = [[0.0_f32; LANES]; 4];
    let [r0, r1, r2, r3] = rows.map(|row| row.chunks_exact(LANES));
    for ((((x, r0), r1), r2), r3) in x.chunks_exact(LANES).zip(r0).zip(r1).zip(r2).zip(r3) {
        for lane in 0..LANES {
            s0[lane] = x[lane].mul_add(r0[lane], s0[lane]);
            s1[lane] = x[lane].mul_add(r1[lane], s1[lane]);
            s2[lane] = x[lane].mul_add(r2[lane], s2[lane]);
            s3[lane] = x[lane].mul_add(r3[lane], s3[lane]);
        }
    }
    let whole = len - len % LANES;
    let rest = rows.map(|row| x[whole..].iter().zip(&row[whole..]).map(|(x, y)| x * y).sum::<f32>());
    let add = |a: f32, b: f32| a + b;
    [
        across(s0, add) + rest[0],
        across(s1, add) + rest[1],
        across(s2, add) + rest[2],
        across(s3, add) + rest[3],
    ]
}

/// Replaces each number by `exp(number - top)` and returns their sum.
#[inline(always)]
pub(crate) fn exp_in_place(x: &mut [f32], top: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let mut chunks = x.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for lane in 0..LANES {
            chunk[lane] = exp(chunk[lane] - top);
            lanes[lane] += chunk[lane];
        }
    }
    let mut rest = 0.0;
    for x in chunks.into_remainder() {
        *x = exp(*x - top);
        rest += *x;
    }
    across(lanes, |a, b| a + b) + rest
}

/// Returns the largest number; NaN if `x` is empty or its first number is NaN.
#[inline(always)]
pub(crate) fn max(x: &[f32]) -> f32 {
    let Some(&first) = x.first() else { return f32::NAN };
    let mut lanes = [first; LANES];
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut chunks = x.chunks_exact(LANES);
    for chunk in &mut chunks {
        for lane in 0..LANES {
            lanes[lane] = larger(lanes[lane], chunk[lane]);
        }
    }
    let rest = chunks.remainder().iter().fold(first, |a, b| larger(a, *b));
    larger(across(lanes, larger), rest)
}

/// Reduces lanes pairwise, which takes fewer dependent steps than lane by lane.
#[inline(always)]
fn across(mut lanes: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = f(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// `e^x` to 2 units in the last place, vectorised. Saturates at about 1e-38 and 3e38; NaN stays NaN.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Comparisons keep NaN; `min` and `max` would not.
    let x = if x > 88.3 { 88.3 } else { x };
    let x = if x < -87.3 { -87.3 } else { x };
    // Adding 1.5 * 2^23 rounds to an integer, stored in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(2.121_944_4e-4, n.mul_add(-0.693_359_4, x));
    let p = 1.987_569_1e-4_f32;
    let p = p.mul_add(r, 1.398_199_9e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_6e-1);
    let p = p.mul_add(r, 0.5);
    let p = p.mul_add(r * r, r + 1.0);
    p * f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

/// The normal distribution function and density at `x`, both to 2e-7.
///
/// Uses Abramowitz and Stegun 7.1.26 for erfc, whose exponential is the density's too.
#[inline(always)]
pub(crate) fn normal(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let e = exp(-z * z);
    let t = 1.0 / z.mul_add(0.327_591_1, 1.0);
    let p = t.mul_add(1.061_405_4, -1.453_152);
    let p = p.mul_add(t, 1.421_413_7);
    let p = p.mul_add(t, -0.284_496_74);
    let p = p.mul_add(t, 0.254_829_6);
    let tail = 0.5 * p * t * e;
    let below = if x > 0.0 { 1.0 - tail } else { tail };
    (below, e * 0.398_942_3)
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_double_precision() {
        for i in -870..=880 {
            let x = i as f32 * 0.1;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 3e-7, "{x}: {} {exact}", exp(x));
        }
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(-1e30) < 2e-38 && exp(-1e30) > 0.0);
        assert!(exp(1e30) > 2e38 && exp(1e30).is_finite());
    }

    #[test]
    fn normal_agrees_with_tables() {
        // Phi from Abramowitz and Stegun, table 26.1.
        let table =
            [(0.0, 0.5), (0.5, 0.691_462_5), (1.0, 0.841_344_7), (2.0, 0.977_249_9), (3.0, 0.998_650_1)];
        for (x, phi) in table {
            assert!((normal(x).0 - phi).abs() < 3e-7, "{x}: {}", normal(x).0);
            assert!((normal(-x).0 - (1.0 - phi)).abs() < 3e-7, "-{x}: {}", normal(-x).0);
        }
        assert!((normal(1.0).1 - 0.241_970_72).abs() < 1e-7);
        assert!(normal(f32::NAN).0.is_nan());
    }

    #[test]
    fn reductions_cover_every_remainder() {
        for len in 1..70 {
            let x: Vec<f32> = (0..len).map(|i| (i * 7 % 11) as f32).collect();
            assert_eq!(sum_of(&x, |x| x), x.iter().sum::<f32>());
            assert_eq!(dot(&x, &x), x.iter().map(|x| x * x).sum::<f32>());
            assert_eq!(max(&x), x.iter().copied().fold(f32::MIN, f32::max));
            let rows: Vec<f32> = (0..4 * len).map(|i| (i * 5 % 13) as f32).collect();
            let by_rows = rows.chunks(len).map(|row| dot(&x, row)).collect::<Vec<_>>();
            assert_eq!(dots(&x, &rows)[..], by_rows);
        }
    }
}
