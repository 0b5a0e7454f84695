//! Rotary positions in the half-split form: number `i` of a head turns with number `i + E/2`.

use std::cell::RefCell;
use std::sync::Arc;

use super::buffer::Buffer;
use super::{DfdxTensor, record};
use crate::rope::Rope;

impl DfdxTensor {
    /// Turns each head of each row by its position; `positions` has one entry per row.
    pub(crate) fn rope(&self, positions: &[u32], heads: usize, rope: &Rope) -> DfdxTensor {
        let width = self.width();
        let half = width / heads / 2;
        let turns = Turns::compute(positions, rope);
        let mut out = Buffer::copy_of(&self.data);
        rotate(&mut out, &turns, width, half, 1.0);
        let to = self.key.clone();
        let key = record(&[self.key()], move |flow, mut dy| {
            rotate(&mut dy, &turns, width, half, -1.0);
            flow.add(to.as_ref(), dy);
        });
        DfdxTensor::recorded(out, &self.dims, key)
    }
}

/// Cosines, then sines, of each row.
struct Turns {
    positions: Vec<u32>,
    rope: Rope,
    table: Arc<Buffer>,
}

thread_local! {
    /// The last angles: queries and keys of all layers of a pass turn by the same ones.
    static LAST: RefCell<Option<Turns>> = const { RefCell::new(None) };
}

impl Turns {
    fn compute(positions: &[u32], rope: &Rope) -> Arc<Buffer> {
        LAST.with_borrow_mut(|last| {
            let known = last.take().filter(|last| last.positions == positions && last.rope == *rope);
            let turns = known.unwrap_or_else(|| Turns {
                positions: positions.to_vec(),
                rope: rope.clone(),
                table: Arc::new(table(positions, rope)),
            });
            Arc::clone(&last.insert(turns).table)
        })
    }
}

fn table(positions: &[u32], rope: &Rope) -> Buffer {
    let half = rope.frequencies.len();
    let mut turns = Buffer::stale(positions.len() * 2 * half);
    let scale = f64::from(rope.scale);
    simd!(rows, &mut turns, 2 * half, |first, turns| {
        for (turns, position) in turns.chunks_mut(2 * half).zip(&positions[first..]) {
            let (cos, sin) = turns.split_at_mut(half);
            for ((cos, sin), frequency) in cos.iter_mut().zip(sin).zip(rope.frequencies.iter()) {
                // Double precision, because an angle can be thousands.
                let angle = f64::from(*position) * frequency;
                (*cos, *sin) = ((scale * angle.cos()) as f32, (scale * angle.sin()) as f32);
            }
        }
    });
    turns
}

fn rotate(x: &mut [f32], turns: &[f32], width: usize, half: usize, direction: f32) {
    simd!(rows, x, width, |first, x| {
        for (x, turns) in x.chunks_mut(width).zip(turns[first * 2 * half..].chunks(2 * half)) {
            let (cos, sin) = turns.split_at(half);
            for head in x.chunks_mut(2 * half) {
                let (left, right) = head.split_at_mut(half);
                turn(left, right, cos, sin, direction);
            }
        }
    });
}

#[inline(always)]
fn turn(left: &mut [f32], right: &mut [f32], cos: &[f32], sin: &[f32], direction: f32) {
    for ((left, right), (cos, sin)) in left.iter_mut().zip(right).zip(cos.iter().zip(sin)) {
        let sin = direction * sin;
        (*left, *right) = (*left * cos - *right * sin, *right * cos + *left * sin);
    }
}
