//! Fused softmax attention; the mask is one number of visible keys per query.

use std::cell::RefCell;

use ::tch::{Kind, Tensor};

use super::{Placement, TchTensor, done, size};
use crate::dfdx::Attention;

/// Keys that the queries of one call see.
#[derive(Clone, Copy, PartialEq)]
enum Sight {
    /// All keys.
    All,
    /// Query `i` of a sequence sees keys `0..=i`.
    Causal,
    /// Anything else, through a mask of numbers.
    Mask,
}

/// The mask of a pass, which all layers of a model share.
struct Mask {
    visible: Vec<u32>,
    shape: [usize; 3],
    place: Placement,
    kind: Kind,
    /// 0 for a visible key and minus infinity for a hidden one, (B, 1, Tq, Tk).
    scores: Tensor,
}

thread_local! {
    static LAST: RefCell<Option<Mask>> = const { RefCell::new(None) };
}

impl TchTensor {
    /// Attention of queries (B, Tq, H*E) to keys and values (B, Tk, G*E) -> (B, Tq, H*E).
    pub(crate) fn attention(&self, k: &TchTensor, v: &TchTensor, shape: &Attention) -> TchTensor {
        let call = Call { shape, place: self.place };
        let q_heads = call.split(&self.narrowed(), shape.queries, shape.heads);
        let [k_heads, v_heads] = [k, v].map(|x| call.split(&x.narrowed(), shape.keys, shape.kv_heads));
        self.alike(call.attend(&q_heads, k_heads, v_heads))
    }

    /// Attention from queries, keys and values side by side: (B, T, (H + 2 G) * E) -> (B, T, H*E).
    pub(crate) fn self_attention(&self, shape: &Attention) -> TchTensor {
        let call = Call { shape, place: self.place };
        let heads = [shape.heads, shape.kv_heads, shape.kv_heads];
        let widths = heads.map(|heads| size(heads * shape.width));
        let parts = done(self.narrowed().f_split_with_sizes(widths.as_slice(), 2));
        let mut parts = parts.iter().zip(heads).map(|(part, heads)| call.split(part, shape.queries, heads));
        let mut part = || parts.next().expect("it was split into three");
        let (q, k, v) = (part(), part(), part());
        let dims = [shape.batch, shape.queries, shape.heads * shape.width];
        self.result(call.attend(&q, k, v), &dims)
    }
}

/// The shape of one call, and the place where it is computed.
struct Call<'a> {
    shape: &'a Attention,
    place: Placement,
}

impl Call<'_> {
    /// Views (B, T, H*E) as (B, H, T, E).
    fn split(&self, x: &Tensor, tokens: usize, heads: usize) -> Tensor {
        let shape = [size(self.shape.batch), size(tokens), size(heads), size(self.shape.width)];
        done(done(x.f_reshape(shape)).f_transpose(1, 2))
    }

    fn attend(&self, q: &Tensor, mut k: Tensor, mut v: Tensor) -> Tensor {
        let mut is_grouped = self.shape.heads != self.shape.kv_heads;
        let sight = self.sight();
        if is_grouped && !(sight == Sight::Causal && self.place.device.is_cuda()) {
            // Only one of libtorch's fused kernels shares keys between heads, and it takes no mask.
            let times = size(self.shape.heads / self.shape.kv_heads);
            [k, v] = [k, v].map(|x| done(x.f_repeat_interleave_self_int(times, 1, None)));
            is_grouped = false;
        }
        let attend = |mask: Option<&Tensor>| {
            let causal = sight == Sight::Causal;
            done(Tensor::f_scaled_dot_product_attention(q, &k, &v, mask, 0.0, causal, None, is_grouped))
        };
        let out = match sight {
            Sight::Mask => self.with_mask(q.kind(), |mask| attend(Some(mask))),
            _ => attend(None),
        };
        let shape =
            [size(self.shape.batch), size(self.shape.queries), size(self.shape.heads * self.shape.width)];
        let out = done(done(out.f_transpose(1, 2)).f_reshape(shape));
        if !self.shape.visible.contains(&0) {
            return out;
        }
        // Such a query was shown one key, as no kernel divides by zero; its output is set to zero.
        let blind: Vec<bool> = self.shape.visible.iter().map(|seen| *seen == 0).collect();
        let blind = done(done(Tensor::f_from_slice(&blind)).f_to_device(self.place.device));
        done(out.f_masked_fill(&done(blind.f_reshape([shape[0], shape[1], 1])), 0.0))
    }

    fn sight(&self) -> Sight {
        if self.shape.visible.iter().all(|seen| *seen as usize == self.shape.keys) {
            return Sight::All;
        }
        let is_causal = |(i, seen): (usize, &u32)| {
            *seen as usize == i % self.shape.queries + 1 && self.shape.queries == self.shape.keys
        };
        if self.shape.visible.iter().enumerate().all(is_causal) { Sight::Causal } else { Sight::Mask }
    }

    fn with_mask<T>(&self, kind: Kind, f: impl FnOnce(&Tensor) -> T) -> T {
        let shape = [self.shape.batch, self.shape.queries, self.shape.keys];
        LAST.with_borrow_mut(|last| {
            let fits = |mask: &Mask| {
                (mask.shape, mask.place, mask.kind) == (shape, self.place, kind)
                    && *mask.visible == *self.shape.visible
            };
            if !last.as_ref().is_some_and(fits) {
                let scores = super::paused(|| self.scores(kind));
                *last = Some(Mask {
                    visible: self.shape.visible.to_vec(),
                    shape,
                    place: self.place,
                    kind,
                    scores,
                });
            }
            f(&last.as_ref().expect("it was just set").scores)
        })
    }

    fn scores(&self, kind: Kind) -> Tensor {
        let seen: Vec<u32> = self.shape.visible.iter().map(|seen| (*seen).max(1)).collect();
        let first = &seen[..self.shape.queries];
        let is_shared = seen.chunks(self.shape.queries).all(|sequence| sequence == first);
        let (batch, seen) = if is_shared { (1, first) } else { (self.shape.batch, &*seen) };
        let seen = done(self.place.integers(seen).f_reshape([size(batch), 1, size(self.shape.queries), 1]));
        let keys = done(Tensor::f_arange(size(self.shape.keys), (Kind::Int64, self.place.device)));
        let hidden = done(keys.f_ge_tensor(&seen));
        let zeros = Tensor::f_zeros(
            [size(batch), 1, size(self.shape.queries), size(self.shape.keys)],
            (kind, self.place.device),
        );
        done(done(zeros).f_masked_fill(&hidden, f64::NEG_INFINITY))
    }
}
