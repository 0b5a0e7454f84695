//! Arithmetic, elementwise functions, sums and products.

use boldface_engine::{Params, Tensor};

use crate::check::{assert_close, gradients, gradients_at, numbers, on_every_engine};

#[test]
fn add_sub_mul() {
    on_every_engine(|engine| {
        let (x, y) = (engine.tensor(vec![1.0, 2.0, 3.0, 4.0], &[2, 2]), engine.tensor(vec![5.0, 7.0], &[2]));
        assert_eq!(x.add(&x).to_vec(), [2.0, 4.0, 6.0, 8.0]);
        assert_eq!(x.add(&y).to_vec(), [6.0, 9.0, 8.0, 11.0]);
        assert_eq!(x.sub(&y).to_vec(), [-4.0, -5.0, -2.0, -3.0]);
        assert_eq!(x.mul(&y).to_vec(), [5.0, 14.0, 15.0, 28.0]);
        let operations: [fn(&Tensor, &Tensor) -> Tensor; 3] = [Tensor::add, Tensor::sub, Tensor::mul];
        for operation in operations {
            for suffix in [&[2, 3, 2][..], &[3, 2], &[2]] {
                gradients(engine, &[&[2, 3, 2], suffix], |x| operation(&x[0], &x[1]));
            }
        }
    });
}

/// dfdx panics when both operands are the same tensor.
#[test]
fn a_tensor_with_itself() {
    on_every_engine(|engine| {
        gradients(engine, &[&[2, 3]], |x| x[0].mul(&x[0]));
        gradients(engine, &[&[2, 3]], |x| x[0].add(&x[0]));
        gradients(engine, &[&[2, 3]], |x| x[0].sub(&x[0]));
        gradients(engine, &[&[3, 3]], |x| x[0].matmul(&x[0]));
        gradients(engine, &[&[3, 3]], |x| x[0].matmul_t(&x[0]));
        gradients(engine, &[&[3]], |x| Tensor::swiglu(&x[0], &x[0]));
    });
}

#[test]
fn one_side_alone_gets_a_gradient() {
    on_every_engine(|engine| {
        let constant = engine.tensor(numbers(6, 7), &[2, 3]);
        let operations: [fn(&Tensor, &Tensor) -> Tensor; 4] =
            [Tensor::add, Tensor::sub, Tensor::mul, Tensor::matmul_t];
        for operation in operations {
            gradients(engine, &[&[2, 3]], |x| operation(&x[0], &constant));
            gradients(engine, &[&[2, 3]], |x| operation(&constant, &x[0]));
        }
        gradients(engine, &[&[3]], |x| constant.mul(&x[0]));
    });
}

#[test]
fn scalars() {
    on_every_engine(|engine| {
        let (x, by) = (engine.tensor(vec![1.0, 2.0, 3.0], &[3]), engine.tensor(vec![4.0], &[1]));
        assert_eq!(x.scale(-2.0).to_vec(), [-2.0, -4.0, -6.0]);
        assert_eq!(x.add_scalar(0.5).to_vec(), [1.5, 2.5, 3.5]);
        assert_eq!(x.mul_scalar_tensor(&by).to_vec(), [4.0, 8.0, 12.0]);
        assert_eq!(x.add_scalar_tensor(&by).to_vec(), [5.0, 6.0, 7.0]);
        gradients(engine, &[&[4]], |x| x[0].scale(-2.0).add_scalar(3.0));
        gradients(engine, &[&[2, 3], &[1]], |x| x[0].mul_scalar_tensor(&x[1]));
        gradients(engine, &[&[2, 3], &[1]], |x| x[0].add_scalar_tensor(&x[1]));
    });
}

#[test]
fn functions_of_one_number() {
    // Double precision; GELU at 1 is Phi(1) = .841344746, at -2 it is -2 (1 - .977249868).
    type Case = (fn(&Tensor) -> Tensor, [f32; 4]);
    let cases: [Case; 8] = [
        (Tensor::square, [0.0, 1.0, 4.0, 9.0]),
        (Tensor::exp, [1.0, std::f32::consts::E, 0.135_335_28, 20.085_537]),
        (Tensor::tanh, [0.0, 0.761_594_2, -0.964_027_6, 0.995_054_8]),
        (Tensor::sigmoid, [0.5, 0.731_058_6, 0.119_202_92, 0.952_574_1]),
        (Tensor::log_sigmoid, [-std::f32::consts::LN_2, -0.313_261_7, -2.126_928, -0.048_587_35]),
        (Tensor::gelu, [0.0, 0.841_344_7, -0.045_500_26, 2.995_950_3]),
        (Tensor::gelu_tanh, [0.0, 0.841_192, -0.045402306, 2.9963626]),
        (Tensor::silu, [0.0, 0.731_058_6, -0.238_405_84, 2.857_722_4]),
    ];
    on_every_engine(|engine| {
        for (function, expected) in cases {
            assert_close(
                &function(&engine.tensor(vec![0.0, 1.0, -2.0, 3.0], &[4])).to_vec(),
                &expected,
                1e-6,
            );
            gradients(engine, &[&[2, 9]], |x| function(&x[0]));
            gradients_at(engine, &[&[4]], vec![vec![-3.0, -0.5, 1.5, 2.5]], |x| function(&x[0].scale(0.7)));
        }
    });
}

#[test]
fn functions_survive_large_numbers_and_keep_nan() {
    on_every_engine(|engine| {
        let x = engine.tensor(vec![-1e4, 1e4, f32::NAN], &[3]);
        let check = |y: Tensor, low: f32, high: f32| {
            let y = y.to_vec();
            assert_close(&y[..2], &[low, high], 1e-6);
            assert!(y[2].is_nan(), "NaN became {}", y[2]);
        };
        check(x.sigmoid(), 0.0, 1.0);
        check(x.log_sigmoid(), -1e4, 0.0);
        check(x.tanh(), -1.0, 1.0);
        check(x.gelu(), 0.0, 1e4);
        check(x.gelu_tanh(), 0.0, 1e4);
        check(x.silu(), 0.0, 1e4);
        let y = x.exp().to_vec();
        assert!(y[0] > 0.0 && y[0] < 2e-38 && y[1] > 2e38 && y[1].is_finite() && y[2].is_nan(), "{y:?}");
    });
}

#[test]
fn swiglu() {
    on_every_engine(|engine| {
        let (gate, up) = (engine.tensor(vec![0.0, 1.0], &[2]), engine.tensor(vec![5.0, 2.0], &[2]));
        // silu(1) * 2 = 2 * .7310586
        assert_close(&Tensor::swiglu(&gate, &up).to_vec(), &[0.0, 1.462_117_2], 1e-6);
        gradients(engine, &[&[2, 3], &[2, 3]], |x| Tensor::swiglu(&x[0], &x[1]));
    });
}

#[test]
fn sums_and_means() {
    on_every_engine(|engine| {
        let x = engine.tensor(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], &[4, 2]);
        assert_eq!((x.sum().dims(), x.sum().item()), (&[1][..], 36.0));
        assert_eq!((x.mean().dims(), x.mean().item()), (&[1][..], 4.5));
        // Rows 0, 1 and rows 2, 3: (1 + 3) / 2, (2 + 4) / 2; (5 + 7) / 2, (6 + 8) / 2.
        assert_eq!(x.mean_rows(2).to_vec(), [2.0, 3.0, 6.0, 7.0]);
        gradients(engine, &[&[2, 3]], |x| x[0].sum());
        gradients(engine, &[&[2, 3]], |x| x[0].mean());
        gradients(engine, &[&[6, 2]], |x| x[0].mean_rows(2));
        gradients(engine, &[&[2, 3, 2]], |x| x[0].mean_rows(2));
    });
}

#[test]
fn products() {
    on_every_engine(|engine| {
        let a = engine.tensor(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]);
        let b = engine.tensor(vec![1.0, 0.0, 2.0, -1.0, 1.0, 0.0], &[2, 3]);
        // Row 0: 1 + 0 + 6 = 7, -1 + 2 + 0 = 1; row 1: 4 + 0 + 12 = 16, -4 + 5 = 1.
        assert_eq!(a.matmul_t(&b).to_vec(), [7.0, 1.0, 16.0, 1.0]);
        assert_eq!(a.matmul(&b.transpose()).to_vec(), [7.0, 1.0, 16.0, 1.0]);
        let bias = engine.tensor(vec![10.0, 20.0], &[2]);
        assert_eq!(a.linear(&b, Some(&bias)).to_vec(), [17.0, 21.0, 26.0, 21.0]);
        assert_eq!(a.reshape(&[2, 1, 3]).linear(&b, None).dims(), [2, 1, 2]);
        gradients(engine, &[&[3, 4], &[4, 5]], |x| x[0].matmul(&x[1]));
        gradients(engine, &[&[3, 4], &[5, 4]], |x| x[0].matmul_t(&x[1]));
        gradients(engine, &[&[2, 3, 4], &[5, 4], &[5]], |x| x[0].linear(&x[1], Some(&x[2])));
        gradients(engine, &[&[2, 4], &[3, 4]], |x| x[0].linear(&x[1], None).linear(&x[1].transpose(), None));
    });
}

/// Larger than one task and than one block of the matrix product, with odd remainders.
#[test]
fn large_tensors_agree_with_double_precision() {
    on_every_engine(|engine| {
        let (m, k, n) = (301, 77, 259);
        let (a, b) = (numbers(m * k, 1), numbers(n * k, 2));
        let mut params = Params::new(engine);
        params.insert("a", a.clone(), &[m, k]);
        params.insert("b", b.clone(), &[n, k]);
        let product = params.get("a").linear(params.get("b"), None);
        let row = |x: &[f32], i: usize| x[i * k..(i + 1) * k].to_vec();
        let dot =
            |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
        let found = product.to_vec();
        for (i, j) in [(0, 0), (300, 258), (17, 101), (150, 256)] {
            assert_close(&[found[i * n + j]], &[dot(&row(&a, i), &row(&b, j)) as f32], 1e-5);
        }
        // d sum(a b') / d a[i, :] = the sum of the rows of b.
        let gradients = product.sum().backward();
        let sums: Vec<f32> =
            (0..k).map(|c| (0..n).map(|j| f64::from(b[j * k + c])).sum::<f64>() as f32).collect();
        let found = gradients.values(&params, "a").expect("a has a gradient");
        assert_close(&found[..k], &sums, 1e-4);
        assert_close(&found[(m - 1) * k..], &sums, 1e-4);
    });
}
