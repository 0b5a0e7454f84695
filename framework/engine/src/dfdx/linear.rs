//! Matrix products with their gradients, and the nearest code.

use std::sync::Arc;

use super::buffer::Buffer;
use super::elementwise::column_sums;
use super::matmul::{Mat, MatMut, OutputMode, matmul};
use super::tape::TapeKey;
use super::{DfdxTensor, record, simd};

impl DfdxTensor {
    /// (.., K) x (N, K)' + (N) -> (.., N).
    pub(crate) fn linear(&self, weight: &DfdxTensor, bias: Option<&DfdxTensor>) -> DfdxTensor {
        DfdxTensor::linear_sum(&[(self, weight)], bias)
    }

    /// The sum of all (.., K) x (N, K)' and the bias (N); K may differ between terms.
    pub(crate) fn linear_sum(terms: &[(&DfdxTensor, &DfdxTensor)], bias: Option<&DfdxTensor>) -> DfdxTensor {
        let (m, n) = (terms[0].0.rows(), terms[0].1.dims[0]);
        let mut out = Buffer::stale(m * n);
        let mut output = OutputMode::Set;
        if let Some(bias) = bias {
            simd!(rows, &mut out, n, |_, out| {
                out.chunks_mut(n).for_each(|row| row.copy_from_slice(bias.data()))
            });
            output = OutputMode::Add;
        }
        for (x, w) in terms {
            times_rows(&mut out, output, &x.data, &w.data, [m, x.width(), n]);
            output = OutputMode::Add;
        }

        let mut inputs = vec![bias.and_then(DfdxTensor::key)];
        inputs.extend(terms.iter().flat_map(|(x, w)| [x.key(), w.key()]));
        let to_bias = inputs[0].cloned();
        let backward: Vec<_> = terms.iter().map(|(x, w)| Term::new(x, w)).collect();
        let key = record(&inputs, move |flow, dy| {
            let dy_mn = Mat::new(&dy, m, n);
            for term in backward {
                let k = term.inputs;
                if let Some((to, w)) = term.x {
                    flow.write(Some(&to), m * k, |dx, output| {
                        matmul(MatMut::new(dx, m, k), output, 1.0, dy_mn, Mat::new(&w, n, k), true);
                    });
                }
                if let Some((to, x)) = term.w {
                    flow.write(Some(&to), n * k, |dw, output| {
                        matmul(MatMut::new(dw, n, k), output, 1.0, dy_mn.t(), Mat::new(&x, m, k), true);
                    });
                }
            }
            if to_bias.is_some() {
                flow.add(to_bias.as_ref(), column_sums(&dy, n));
            }
        });
        let mut dims = terms[0].0.dims.to_vec();
        dims.pop();
        dims.push(n);
        DfdxTensor::recorded(out, &dims, key)
    }

    /// (M, K) x (K, N) -> (M, N).
    pub(crate) fn matmul(&self, other: &DfdxTensor) -> DfdxTensor {
        let (m, k, n) = (self.dims[0], self.dims[1], other.dims[1]);
        let mut out = Buffer::stale(m * n);
        let (a_mk, b_kn) = (Mat::new(&self.data, m, k), Mat::new(&other.data, k, n));
        matmul(MatMut::new(&mut out, m, n), OutputMode::Set, 1.0, a_mk, b_kn, true);
        let (a, b) = (self.clone(), other.clone());
        let key = record(&[self.key(), other.key()], move |flow, dy| {
            let dy_mn = Mat::new(&dy, m, n);
            flow.write(a.key(), m * k, |da, output| {
                matmul(MatMut::new(da, m, k), output, 1.0, dy_mn, Mat::new(&b.data, k, n).t(), true);
            });
            flow.write(b.key(), k * n, |db, output| {
                matmul(MatMut::new(db, k, n), output, 1.0, Mat::new(&a.data, m, k).t(), dy_mn, true);
            });
        });
        DfdxTensor::recorded(out, &[m, n], key)
    }
}

/// Up to this many rows of input are multiplied with the weights in place, which reads each weight once,
/// at the speed of memory. A matrix product would first pack the weights, which pays only for more rows.
const FEW: usize = 8;

/// Multiplies x (M, K) by w (N, K)' into (M, N).
fn times_rows(out: &mut [f32], output: OutputMode, x: &[f32], w: &[f32], [m, k, n]: [usize; 3]) {
    if m > FEW || n == 0 || k == 0 {
        let (x_mk, w_nk) = (Mat::new(x, m, k), Mat::new(w, n, k));
        return matmul(MatMut::new(out, m, n), output, 1.0, x_mk, w_nk.t(), true);
    }
    let mut products = Buffer::stale(n * m);
    simd!(weighted_rows, &mut products, m, k, |first, products| {
        for (products, w) in products.chunks_mut(4 * m).zip(w[first * k..].chunks(4 * k)) {
            for (column, x) in x.chunks(k).enumerate() {
                let products = products[column..].iter_mut().step_by(m);
                // With one row of input, memory is the only limit, and it is fastest as a single stream.
                if m > 1 && w.len() == 4 * k {
                    products.zip(simd::dots(x, w)).for_each(|(to, product)| *to = product);
                } else {
                    products.zip(w.chunks(k)).for_each(|(to, w)| *to = simd::dot(x, w));
                }
            }
        }
    });
    for (row, out) in out.chunks_mut(n).enumerate() {
        let products = products[row..].iter().step_by(m);
        match output {
            OutputMode::Set => out.iter_mut().zip(products).for_each(|(out, product)| *out = *product),
            OutputMode::Add => out.iter_mut().zip(products).for_each(|(out, product)| *out += product),
        }
    }
}

/// Inputs that the backward pass of a product needs: the other factor of each one that gets a gradient.
struct Term {
    inputs: usize,
    x: Option<(TapeKey, Arc<Buffer>)>,
    w: Option<(TapeKey, Arc<Buffer>)>,
}

impl Term {
    fn new(x: &DfdxTensor, w: &DfdxTensor) -> Term {
        let with = |to: &DfdxTensor, other: &DfdxTensor| Some((to.key.clone()?, Arc::clone(&other.data)));
        Term { inputs: x.width(), x: with(x, w), w: with(w, x) }
    }
}

/// Finds, for each row of (N, D), the row of (K, D) with the largest dot product; the first of equals.
pub(crate) fn nearest_rows(x_nd: &DfdxTensor, codebook_kd: &DfdxTensor) -> Vec<u32> {
    let (n, d, k) = (x_nd.rows(), x_nd.width(), codebook_kd.dims[0]);
    let mut best = Vec::with_capacity(n);
    // Blocks limit memory: all (N, K) products may be far larger than either input.
    const BLOCK: usize = 1024;
    for x in x_nd.data.chunks(BLOCK * d) {
        let rows = x.len() / d;
        let mut products = Buffer::stale(rows * k);
        let (x_md, codes_kd) = (Mat::new(x, rows, d), Mat::new(&codebook_kd.data, k, d));
        matmul(MatMut::new(&mut products, rows, k), OutputMode::Set, 1.0, x_md, codes_kd.t(), true);
        best.extend(products.chunks(k).map(|row| {
            let largest = simd!(vectorized, || simd::max(row));
            let index = row.iter().position(|product| *product == largest).unwrap_or(0);
            u32::try_from(index).expect("a codebook has fewer than 2^32 codes")
        }));
    }
    best
}
