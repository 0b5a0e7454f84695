//! Operations for which engines have a fused kernel, and noise.

use rand::Rng;

use super::{Tensor, size};
use crate::dfdx::{self, Attention, AttentionAfter};
use crate::rope::Rope;

/// Operations over the last dimension.
impl Tensor {
    /// `(x - mean) / sqrt(variance + eps) * gain + bias` over the last dimension (D); gain and bias (D).
    pub fn layer_norm(&self, gain: &Tensor, bias: &Tensor, eps: f32) -> Tensor {
        let (_, width) = self.as_rows("layer_norm");
        assert_eq!(gain.dims(), [width], "`layer_norm` of {:?} with a gain of other width", self.dims());
        assert_eq!(bias.dims(), [width], "`layer_norm` of {:?} with a bias of other width", self.dims());
        on_engine!(x = self, gain = gain, bias = bias => x.layer_norm(gain, bias, eps))
    }

    /// `x / sqrt(mean(x^2) + eps) * gain` over the last dimension (D); gain (D).
    pub fn rms_norm(&self, gain: &Tensor, eps: f32) -> Tensor {
        let (_, width) = self.as_rows("rms_norm");
        assert_eq!(gain.dims(), [width], "`rms_norm` of {:?} with a gain of other width", self.dims());
        on_engine!(x = self, gain = gain => x.rms_norm(gain, eps))
    }

    /// Divides each row of the last dimension by its L2 norm (at least 1e-12).
    pub fn normalize_rows(&self) -> Tensor {
        self.as_rows("normalize_rows");
        on_engine!(x = self => x.normalize_rows())
    }

    /// Softmax over the last dimension.
    pub fn softmax(&self) -> Tensor {
        self.as_rows("softmax");
        on_engine!(x = self => x.softmax())
    }

    /// Logarithm of the softmax over the last dimension.
    pub fn log_softmax(&self) -> Tensor {
        self.as_rows("log_softmax");
        on_engine!(x = self => x.log_softmax())
    }

    /// Applies rotary positions in the half-split form to (.., H*E), with one position per row.
    ///
    /// In each head, number `i` of the first half turns with number `i` of the second half; see
    /// [`Rope`].
    pub fn rope(&self, positions: &[u32], heads: usize, rope: &Rope) -> Tensor {
        let (rows, width) = self.as_rows("rope");
        assert_eq!(rows, positions.len(), "`rope` of {:?} with another number of positions", self.dims());
        assert!(
            heads > 0 && width == 2 * heads * rope.frequencies.len(),
            "`rope` of width {width} in {heads} heads by {} frequencies",
            rope.frequencies.len()
        );
        on_engine!(x = self => x.rope(positions, heads, rope))
    }

    /// The mean over rows of `-log_softmax(logits)[target]`: logits (.., V), a target per row -> `[1]`.
    pub fn cross_entropy(&self, targets: &[u32]) -> Tensor {
        let (rows, width) = self.as_rows("cross_entropy");
        assert!(
            rows == targets.len() && rows > 0,
            "`cross_entropy` of {rows} rows, {} targets",
            targets.len()
        );
        if let Some(target) = targets.iter().find(|target| **target as usize >= width) {
            panic!("`cross_entropy` has target {target} for logits of dims {:?}", self.dims());
        }
        on_engine!(x = self => x.cross_entropy(targets))
    }

    /// The mean cross-entropy of the logits `self x head'`: (.., D) and (V, D), one target per row ->
    /// `[1]`.
    ///
    /// Rows pass through the head in chunks that yield loss and gradient at once, and callers pass only
    /// rows that have a target. The logits of all tokens over a vocabulary of 151,936 words would take
    /// gigabytes.
    pub fn head_cross_entropy(&self, head: &Tensor, targets: &[u32]) -> Tensor {
        let (rows, width) = self.as_rows("head_cross_entropy");
        let dims = head.dims();
        let fit = dims.len() == 2 && dims[1] == width && rows == targets.len() && rows > 0;
        assert!(fit, "`head_cross_entropy` of {:?}, head {dims:?}, {} targets", self.dims(), targets.len());
        if let Some(target) = targets.iter().find(|target| **target as usize >= dims[0]) {
            panic!("`head_cross_entropy` has target {target} for a head of dims {dims:?}");
        }
        on_engine!(x = self, head = head => x.head_cross_entropy(head, targets))
    }

    /// Finds, for each row of (.., D), the row of codebook (K, D) with the largest dot product.
    ///
    /// Of equals it takes the first. If both tensors are normalised, this is the nearest code. There is
    /// no gradient.
    pub fn nearest_rows(&self, codebook: &Tensor) -> Vec<u32> {
        let (_, width) = self.as_rows("nearest_rows");
        let dims = codebook.dims();
        let fit = dims.len() == 2 && dims[0] > 0 && dims[1] == width;
        assert!(fit, "`nearest_rows` of {:?} in a codebook of {dims:?}", self.dims());
        match self {
            Tensor::Dfdx(x) => dfdx::nearest_rows(x, codebook.dfdx()),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.nearest_rows(codebook.tch()),
        }
    }
}

/// Attention.
impl Tensor {
    /// Softmax attention: q (B, Tq, H*E), k and v (B, Tk, G*E) -> (B, Tq, H*E).
    ///
    /// Query row `i` of sequence `b` sees keys `0..visible[b * Tq + i]`; the output of a row that sees 0
    /// keys is zero. This one number per row expresses every mask we need: causal, block-causal, prefix,
    /// padding, cache. Scores are scaled by `E^-1/2`. With fewer key-value heads G than heads H, each
    /// serves H / G consecutive query heads.
    pub fn attention(
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        heads: usize,
        kv_heads: usize,
        visible: &[u32],
    ) -> Tensor {
        let (dims, kv_dims) = (q.dims(), k.dims());
        assert!(
            dims.len() == 3 && kv_dims.len() == 3 && dims[0] == kv_dims[0],
            "`attention` of {dims:?} to {kv_dims:?}"
        );
        assert_eq!(kv_dims, v.dims(), "`attention` with keys and values of different dims");
        let shape =
            attention([dims[0], dims[1], kv_dims[1]], [dims[2], kv_dims[2]], heads, kv_heads, visible);
        match q {
            Tensor::Dfdx(q) => Tensor::Dfdx(shape.separate(q, k.dfdx(), v.dfdx())),
            #[cfg(feature = "tch")]
            Tensor::Tch(q) => Tensor::Tch(q.attention(k.tch(), v.tch(), &shape)),
        }
    }

    /// [`Tensor::attention`] of tokens to each other, with queries, keys and values side by side: (B, T,
    /// (H + 2 G) * E) -> (B, T, H*E). Avoids splitting the three apart.
    pub fn self_attention(&self, heads: usize, kv_heads: usize, visible: &[u32]) -> Tensor {
        let dims = self.dims();
        let all = heads + 2 * kv_heads;
        assert!(
            dims.len() == 3 && dims[2].is_multiple_of(all),
            "`self_attention` of {dims:?} with {all} heads in all"
        );
        let width = dims[2] / all;
        let shape = attention(
            [dims[0], dims[1], dims[1]],
            [heads * width, kv_heads * width],
            heads,
            kv_heads,
            visible,
        );
        match self {
            Tensor::Dfdx(qkv) => Tensor::Dfdx(shape.joint(qkv)),
            #[cfg(feature = "tch")]
            Tensor::Tch(qkv) => Tensor::Tch(qkv.self_attention(&shape)),
        }
    }
}

/// Attention of several sequences after the same tokens.
impl Tensor {
    /// Attention of sequences to the prefix that each follows, and to themselves.
    ///
    /// q is (B, T, H*E); the keys and values in `own` are (B, T, G*E), those in `prefix` (S, Tp, G*E).
    /// Sequence `b` follows prefix `of[b]`, and `visible` counts the prefix first. The result equals
    /// [`Tensor::attention`] with a copy of its prefix before each sequence. libtorch makes these
    /// copies; the embedded engine does not.
    ///
    /// # Panics
    ///
    /// If shapes do not fit, or `of` is not in ascending order.
    pub fn attention_after(
        q: &Tensor,
        own: [&Tensor; 2],
        prefix: [&Tensor; 2],
        of: &[u32],
        [heads, kv_heads]: [usize; 2],
        visible: &[u32],
    ) -> Tensor {
        let (dims, kv_dims, prefix_dims) = (q.dims(), own[0].dims(), prefix[0].dims());
        assert!(
            dims.len() == 3 && kv_dims.len() == 3 && dims[..2] == kv_dims[..2] && prefix_dims.len() == 3,
            "`attention_after` of {dims:?} to {kv_dims:?}, behind {prefix_dims:?}"
        );
        assert!(
            kv_dims == own[1].dims() && prefix_dims == prefix[1].dims() && kv_dims[2] == prefix_dims[2],
            "`attention_after` with keys and values of different dims"
        );
        assert!(
            of.len() == dims[0]
                && of.is_sorted()
                && of.last().is_none_or(|last| (*last as usize) < prefix_dims[0]),
            "`attention_after` of {} sequences that follow {of:?} of {} prefixes",
            dims[0],
            prefix_dims[0]
        );
        let keys = prefix_dims[1] + kv_dims[1];
        let shape = attention([dims[0], dims[1], keys], [dims[2], kv_dims[2]], heads, kv_heads, visible);
        match q {
            Tensor::Dfdx(q) => {
                let after = AttentionAfter {
                    prefixes: prefix_dims[0],
                    prefix: prefix_dims[1],
                    tokens: dims[1],
                    heads,
                    kv_heads,
                    width: shape.width,
                    of: of.into(),
                    visible: shape.visible,
                };
                Tensor::Dfdx(after.run(q, own.map(Tensor::dfdx), prefix.map(Tensor::dfdx)))
            }
            #[cfg(feature = "tch")]
            Tensor::Tch(_) => {
                let [batch, tokens, width] = [prefix_dims[0], prefix_dims[1], prefix_dims[2]];
                let copied = |x: &Tensor, own: &Tensor| {
                    let flat = x.reshape(&[batch, tokens * width]).rows(of);
                    Tensor::concat(&[&flat.reshape(&[of.len(), tokens, width]), own], 1)
                };
                let [k, v] = [0, 1].map(|which| copied(prefix[which], own[which]));
                Tensor::attention(q, &k, &v, heads, kv_heads, visible)
            }
        }
    }
}

fn attention(
    [batch, queries, keys]: [usize; 3],
    [q_width, kv_width]: [usize; 2],
    heads: usize,
    kv_heads: usize,
    visible: &[u32],
) -> Attention {
    assert!(
        heads > 0 && kv_heads > 0 && heads.is_multiple_of(kv_heads),
        "{heads} heads share {kv_heads} key-value heads"
    );
    let width = q_width / heads;
    let fit = width > 0 && width * heads == q_width && width * kv_heads == kv_width;
    assert!(fit, "attention of width {q_width} to {kv_width} in {heads} and {kv_heads} heads");
    assert_eq!(
        visible.len(),
        batch * queries,
        "`visible` has one number for each of {batch} x {queries} queries"
    );
    if let Some(seen) = visible.iter().find(|seen| **seen as usize > keys) {
        panic!("`visible` has {seen}, but there are {keys} keys");
    }
    Attention { batch, queries, keys, heads, kv_heads, width, visible: visible.into() }
}

/// Noise, from the caller's random stream.
impl Tensor {
    /// Zeros each number with probability `p` and scales the rest by `1 / (1 - p)`.
    pub fn dropout(&self, p: f32, rng: &mut impl Rng) -> Tensor {
        check_probability("dropout", p);
        on_engine!(x = self => x.dropout(p, rng))
    }

    /// Stochastic depth: zeros each of `groups` equal runs of rows (one per sample) with probability `p`
    /// and scales the rest by `1 / (1 - p)`.
    pub fn drop_rows(&self, groups: usize, p: f32, rng: &mut impl Rng) -> Tensor {
        check_probability("drop_rows", p);
        let count = size(self.dims());
        assert!(
            groups > 0 && count > 0 && count.is_multiple_of(groups),
            "`drop_rows` of {:?} in {groups} groups",
            self.dims()
        );
        on_engine!(x = self => x.drop_rows(groups, p, rng))
    }
}

fn check_probability(operation: &str, p: f32) {
    assert!((0.0..1.0).contains(&p), "`{operation}` with probability {p}, not in 0..1");
}
