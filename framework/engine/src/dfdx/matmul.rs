//! Matrix products on slices by the `gemm` crate: the embedded engine's only file with `unsafe`.
#![expect(unsafe_code, reason = "gemm takes pointers and strides; bounds are checked when a view is made")]

use std::marker::PhantomData;

use gemm_common::Parallelism;

/// A strided, read-only view of a matrix.
#[derive(Clone, Copy)]
pub(crate) struct Mat<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Mat<'a> {
    /// Views all of `data` as (rows, cols).
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize) -> Mat<'a> {
        Mat::strided(data, rows, cols, cols)
    }

    /// Views rows of `cols` numbers that start every `stride` numbers.
    pub(crate) fn strided(data: &'a [f32], rows: usize, cols: usize, stride: usize) -> Mat<'a> {
        assert!(rows == 0 || (rows - 1) * stride + cols <= data.len(), "a view reaches beyond its tensor");
        Mat { data, rows, cols, row_stride: stride, col_stride: 1 }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns `len` rows from `start`.
    pub(crate) fn narrow(self, start: usize, len: usize) -> Mat<'a> {
        assert!(start + len <= self.rows, "a view is narrowed within its rows");
        // Without rows, the start may be beyond the end.
        let data = self.data.get(start * self.row_stride..).unwrap_or(&[]);
        Mat { data, rows: len, ..self }
    }

    /// Returns the transposed view.
    pub(crate) fn t(self) -> Mat<'a> {
        Mat {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// A mutable view of a matrix: rows of consecutive numbers, `stride` apart.
pub(crate) struct MatMut<'a> {
    start: *mut f32,
    rows: usize,
    cols: usize,
    stride: usize,
    data: PhantomData<&'a mut [f32]>,
}

// SAFETY: the view is a mutable borrow of numbers that no other view covers, and f32 is Send.
unsafe impl Send for MatMut<'_> {}

impl<'a> MatMut<'a> {
    /// Views all of `data` as (rows, cols).
    pub(crate) fn new(data: &'a mut [f32], rows: usize, cols: usize) -> MatMut<'a> {
        assert_eq!(data.len(), rows * cols, "a view covers its tensor");
        MatMut { start: data.as_mut_ptr(), rows, cols, stride: cols, data: PhantomData }
    }

    /// Cuts off the first `rows` rows.
    pub(crate) fn split_rows(self, rows: usize) -> (MatMut<'a>, MatMut<'a>) {
        assert!(rows <= self.rows, "a view is split within its rows");
        let rest = self.start.wrapping_add(rows * self.stride);
        (MatMut { rows, ..self }, MatMut { start: rest, rows: self.rows - rows, ..self })
    }

    /// Cuts off the first `cols` columns.
    pub(crate) fn split_cols(self, cols: usize) -> (MatMut<'a>, MatMut<'a>) {
        assert!(cols <= self.cols, "a view is split within its columns");
        let rest = self.start.wrapping_add(cols);
        (MatMut { cols, ..self }, MatMut { start: rest, cols: self.cols - cols, ..self })
    }

    /// Splits all columns into views of `width` columns each.
    pub(crate) fn columns(self, width: usize) -> Vec<MatMut<'a>> {
        let (mut parts, mut rest) = (Vec::new(), self);
        while rest.cols > 0 {
            let (part, others) = rest.split_cols(width);
            rest = others;
            parts.push(part);
        }
        parts
    }

    /// Reborrows `len` rows from `start`.
    pub(crate) fn rows(&mut self, start: usize, len: usize) -> MatMut<'_> {
        assert!(start + len <= self.rows, "a view is narrowed within its rows");
        let first = self.start.wrapping_add(start * self.stride);
        MatMut { start: first, rows: len, cols: self.cols, stride: self.stride, data: PhantomData }
    }
}

/// Treatment of the numbers already in the output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OutputMode {
    /// Overwrites them without reading them.
    Set,
    /// Adds the product to them.
    Add,
}

/// `out = scale * a b` or `out += scale * a b`; sums run over k in one order with any number of threads.
pub(crate) fn matmul(
    out: MatMut<'_>,
    output: OutputMode,
    scale: f32,
    a: Mat<'_>,
    b: Mat<'_>,
    parallel: bool,
) {
    assert_eq!((out.rows, out.cols, a.cols), (a.rows, b.cols, b.rows), "the shapes of a product agree");
    if out.rows == 0 || out.cols == 0 {
        return;
    }
    let threads =
        if parallel && rayon::current_num_threads() > 1 { Parallelism::Rayon(0) } else { Parallelism::None };
    let signed = |stride: usize| isize::try_from(stride).expect("a slice is shorter than isize::MAX");
    // The kernel prefers column-major output, so it gets the transposed problem: out' = b' a'.
    //
    // SAFETY: `a` and `b` were checked to be inside their slices when made; `out` is an exclusive view
    // of numbers inside its slice; the shapes agree. `Set` does not read `out`.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            out.cols,
            out.rows,
            a.cols,
            out.start,
            signed(out.stride),
            1,
            output == OutputMode::Add,
            b.data.as_ptr(),
            signed(b.row_stride),
            signed(b.col_stride),
            a.data.as_ptr(),
            signed(a.row_stride),
            signed(a.col_stride),
            1.0,
            scale,
            false,
            false,
            false,
            threads,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(a: &[f32], b: &[f32], m: usize, k: usize, n: usize) -> Vec<f32> {
        let cell = |i: usize, j: usize| (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum();
        (0..m * n).map(|at| cell(at / n, at % n)).collect()
    }

    #[test]
    fn products_of_all_layouts_agree_with_the_definition() {
        for (m, k, n) in [(1, 1, 1), (1, 5, 3), (4, 1, 2), (7, 9, 5), (33, 40, 70), (64, 128, 1)] {
            let a: Vec<f32> = (0..m * k).map(|i| (i % 7) as f32 - 3.0).collect();
            let b: Vec<f32> = (0..k * n).map(|i| (i % 5) as f32 - 2.0).collect();
            let mut out = vec![f32::NAN; m * n];
            let (mat_a, mat_b) = (Mat::new(&a, m, k), Mat::new(&b, k, n));
            matmul(MatMut::new(&mut out, m, n), OutputMode::Set, 1.0, mat_a, mat_b, true);
            assert_eq!(out, naive(&a, &b, m, k, n), "{m} {k} {n}");
            matmul(MatMut::new(&mut out, m, n), OutputMode::Add, -1.0, mat_a, mat_b, false);
            assert!(out.iter().all(|x| *x == 0.0), "{m} {k} {n}");
            let mut transposed = vec![f32::NAN; m * n];
            matmul(MatMut::new(&mut transposed, n, m), OutputMode::Set, 1.0, mat_b.t(), mat_a.t(), false);
            assert_eq!(Mat::new(&transposed, n, m).t().rows, m);
            let expected = naive(&a, &b, m, k, n);
            assert!((0..m * n).all(|at| transposed[at % n * m + at / n] == expected[at]), "{m} {k} {n}");
        }
    }

    #[test]
    fn a_product_writes_only_its_columns() {
        let mut out = vec![9.0; 6];
        let (_, right) = MatMut::new(&mut out, 2, 3).split_cols(1);
        let (_, bottom) = right.split_rows(1);
        matmul(bottom, OutputMode::Set, 2.0, Mat::new(&[1.0], 1, 1), Mat::new(&[3.0, 4.0], 1, 2), false);
        assert_eq!(out, [9.0, 9.0, 9.0, 9.0, 6.0, 8.0]);
    }
}
