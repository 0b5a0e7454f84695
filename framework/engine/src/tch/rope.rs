//! Rotary positions in the half-split form: number `i` of a head turns with number `i + E/2`.

use std::cell::RefCell;

use ::tch::Tensor;

use super::{Placement, TchTensor, done, size, sizes};
use crate::rope::Rope;

/// Cosines and sines of a pass, (rows, 1, E) each, which all layers of a model share.
struct Turns {
    positions: Vec<u32>,
    rope: Rope,
    place: Placement,
    cos: Tensor,
    sin: Tensor,
}

thread_local! {
    static LAST: RefCell<Option<Turns>> = const { RefCell::new(None) };
}

impl TchTensor {
    /// Turns each head of each row by its position; `positions` has one entry per row.
    pub(crate) fn rope(&self, positions: &[u32], heads: usize, rope: &Rope) -> TchTensor {
        let half = size(rope.frequencies.len());
        let x = done(self.wide().f_reshape([size(positions.len()), size(heads), 2 * half]));
        let turned = LAST.with_borrow_mut(|last| {
            let fits = |turns: &Turns| {
                turns.place == self.place && turns.positions == positions && turns.rope == *rope
            };
            if !last.as_ref().is_some_and(fits) {
                *last = Some(Turns::new(positions, rope, self.place));
            }
            let turns = last.as_ref().expect("it was just set");
            let (left, right) = (done(x.f_narrow(2, 0, half)), done(x.f_narrow(2, half, half)));
            let across = done(Tensor::f_cat(&[&done(right.f_neg()), &left], 2));
            done(done(x.f_mul(&turns.cos)).f_addcmul(&across, &turns.sin))
        });
        self.alike(done(done(turned.f_reshape(sizes(&self.dims))).f_to_kind(self.tensor.get().kind())))
    }
}

impl Turns {
    /// Computes the tables in double precision, because an angle can be thousands.
    fn new(positions: &[u32], rope: &Rope, place: Placement) -> Turns {
        let scale = f64::from(rope.scale);
        let table = |f: fn(f64) -> f64| -> Tensor {
            let row = |position: &u32| {
                let of = |frequency: &f64| (scale * f(f64::from(*position) * frequency)) as f32;
                let half: Vec<f32> = rope.frequencies.iter().map(of).collect();
                [half.clone(), half].concat()
            };
            let numbers: Vec<f32> = positions.iter().flat_map(row).collect();
            place.numbers(&numbers, &[size(positions.len()), 1, 2 * size(rope.frequencies.len())])
        };
        super::paused(|| Turns {
            positions: positions.to_vec(),
            rope: rope.clone(),
            place,
            cos: table(f64::cos),
            sin: table(f64::sin),
        })
    }
}
