//! Reshaping, slicing, joining, gathering, stopping and reversing gradients.

use boldface_engine::{Params, Tensor};

use crate::check::{gradients, on_every_engine};

fn counting(engine: &boldface_engine::Engine, dims: &[usize]) -> Tensor {
    let count: usize = dims.iter().product();
    engine.tensor((0..count).map(|i| i as f32).collect(), dims)
}

#[test]
fn reshape() {
    on_every_engine(|engine| {
        let x = counting(engine, &[2, 3]).reshape(&[3, 2]);
        assert_eq!((x.dims(), x.to_vec()), (&[3, 2][..], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
        gradients(engine, &[&[2, 3]], |x| x[0].reshape(&[6]));
    });
}

#[test]
fn narrow() {
    on_every_engine(|engine| {
        let x = counting(engine, &[2, 3, 2]);
        assert_eq!(x.narrow(1, 1, 2).to_vec(), [2.0, 3.0, 4.0, 5.0, 8.0, 9.0, 10.0, 11.0]);
        assert_eq!(x.narrow(2, 1, 1).to_vec(), [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
        assert_eq!(x.narrow(0, 1, 1).dims(), [1, 3, 2]);
        for (dim, start, len) in [(0, 1, 1), (1, 0, 2), (2, 1, 1), (1, 0, 3)] {
            gradients(engine, &[&[2, 3, 2]], |x| x[0].narrow(dim, start, len));
        }
    });
}

/// dfdx's own slice overwrites the gradient where it must add.
#[test]
fn overlapping_narrows_add_their_gradients() {
    on_every_engine(|engine| {
        let mut params = Params::new(engine);
        params.insert("x", vec![1.0, 2.0, 3.0], &[3]);
        let x = params.get("x");
        let loss = x.narrow(0, 0, 2).sum().add(&x.narrow(0, 1, 2).scale(10.0).sum());
        assert_eq!(loss.backward().values(&params, "x"), Some(vec![1.0, 11.0, 10.0]));
        gradients(engine, &[&[2, 4]], |x| x[0].narrow(1, 0, 3).mul(&x[0].narrow(1, 1, 3)));
    });
}

#[test]
fn concat() {
    on_every_engine(|engine| {
        let (a, b) = (counting(engine, &[2, 1]), counting(engine, &[2, 2]).add_scalar(10.0));
        assert_eq!(Tensor::concat(&[&a, &b], 1).to_vec(), [0.0, 10.0, 11.0, 1.0, 12.0, 13.0]);
        assert_eq!(Tensor::concat(&[&b, &b], 0).dims(), [4, 2]);
        gradients(engine, &[&[2, 1, 2], &[2, 3, 2]], |x| Tensor::concat(&[&x[0], &x[1]], 1));
        gradients(engine, &[&[2, 2]], |x| Tensor::concat(&[&x[0], &x[0].square()], 0));
    });
}

#[test]
fn transpose() {
    on_every_engine(|engine| {
        let x = counting(engine, &[2, 3]).transpose();
        assert_eq!((x.dims(), x.to_vec()), (&[3, 2][..], vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
        gradients(engine, &[&[3, 2]], |x| x[0].transpose());
    });
}

#[test]
fn rows() {
    on_every_engine(|engine| {
        let x = counting(engine, &[3, 2]).rows(&[2, 0, 2]);
        assert_eq!((x.dims(), x.to_vec()), (&[3, 2][..], vec![4.0, 5.0, 0.0, 1.0, 4.0, 5.0]));
        assert_eq!(counting(engine, &[3, 2]).rows(&[]).dims(), [0, 2]);
        gradients(engine, &[&[3, 2]], |x| x[0].rows(&[2, 0, 2]));
    });
}

#[test]
fn detach_stops_the_gradient() {
    on_every_engine(|engine| {
        let mut params = Params::new(engine);
        params.insert("x", vec![3.0], &[1]);
        let x = params.get("x");
        assert_eq!(x.detach().to_vec(), [3.0]);
        // x * stop(x): the derivative is stop(x) = 3, not 2 x.
        assert_eq!(x.mul(&x.detach()).sum().backward().values(&params, "x"), Some(vec![3.0]));
        assert_eq!(x.detach().square().sum().backward().values(&params, "x"), None);
        // The straight-through estimator: y = x + stop(round(x) - x).
        let quantised = x.add(&engine.tensor(vec![5.0], &[1]).sub(x).detach());
        assert_eq!(quantised.item(), 5.0);
        assert_eq!(quantised.square().sum().backward().values(&params, "x"), Some(vec![10.0]));
    });
}

#[test]
fn reverse_gradient() {
    on_every_engine(|engine| {
        let mut params = Params::new(engine);
        params.insert("x", vec![3.0], &[1]);
        let x = params.get("x").reverse_gradient(0.5);
        assert_eq!(x.item(), 3.0);
        // The derivative of x^2 is 6; reversed at half strength -3.
        assert_eq!(x.square().sum().backward().values(&params, "x"), Some(vec![-3.0]));
    });
}
