//! Keys and values kept for later tokens.

use std::sync::Arc;

use crate::tensor::Tensor;

/// Keys and values of the tokens so far, (B, T, G*E) per layer.
#[derive(Clone, Debug)]
pub struct KvCache {
    layers: Vec<Option<Layer>>,
    /// For each new sequence, the cached sequence that it follows, in ascending order. None if each new
    /// sequence continues the cached one with the same index.
    followed: Option<Arc<[u32]>>,
}

/// Keys and values of `len` tokens. The tensors may be longer; the rest is room for more tokens.
#[derive(Clone, Debug)]
struct Layer {
    keys: Tensor,
    values: Tensor,
    len: usize,
}

impl KvCache {
    /// Makes an empty cache for this many layers.
    pub fn new(layers: usize) -> KvCache {
        KvCache { layers: vec![None; layers], followed: None }
    }

    /// Returns the number of tokens so far.
    pub fn len(&self) -> usize {
        self.layers.first().and_then(Option::as_ref).map_or(0, |layer| layer.len)
    }

    /// Returns whether there are no tokens yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many numbers are kept per token, over all layers; 0 while there are no tokens.
    pub fn width(&self) -> usize {
        self.layers.iter().flatten().map(|layer| layer.keys.dims()[2] + layer.values.dims()[2]).sum()
    }

    /// Copies the one cached sequence `times` times, so that questions share a prefix computed once.
    ///
    /// # Panics
    ///
    /// If the cache holds more than one sequence.
    pub fn repeat(&self, times: usize) -> KvCache {
        self.map(|x| {
            assert_eq!(x.dims()[0], 1, "`repeat` of a cache of {} sequences", x.dims()[0]);
            Tensor::concat(&vec![x; times], 0)
        })
    }

    /// Returns a cache of the sequences `rows`, in this order. A row may be named twice.
    pub fn select(&self, rows: &[usize]) -> KvCache {
        let rows: Vec<u32> =
            rows.iter().map(|row| u32::try_from(*row).expect("fewer than 2^32 sequences")).collect();
        // Spare room is copied too, so that the next tokens need no second copy.
        let picked = |x: &Tensor| {
            let [batch, tokens, width] = [0, 1, 2].map(|dim| x.dims()[dim]);
            x.reshape(&[batch, tokens * width]).rows(&rows).reshape(&[rows.len(), tokens, width])
        };
        let all = |layer: &Layer| Layer {
            keys: picked(&layer.keys),
            values: picked(&layer.values),
            len: layer.len,
        };
        KvCache { layers: self.layers.iter().map(|layer| layer.as_ref().map(all)).collect(), followed: None }
    }

    /// Returns a cache for new sequences that follow the cached `rows` (ascending), without copies of
    /// them.
    ///
    /// Tokens read with it are not kept, so each new sequence must be read in one pass. In training,
    /// questions about a scan share the scan's keys and values this way, and gradients flow back through
    /// them: 450 fMRI tokens are read once for eight questions. The loss equals that of separate
    /// sequences, up to rounding.
    pub fn followed_by(&self, rows: &[usize]) -> KvCache {
        let rows = rows.iter().map(|row| u32::try_from(*row).expect("fewer than 2^32 sequences"));
        KvCache { followed: Some(rows.collect()), ..self.map(Tensor::clone) }
    }

    /// Returns the attention of new tokens to all tokens so far and to themselves:
    /// [`Tensor::attention`].
    ///
    /// q is (B, T, H*E), k and v are (B, T, G*E), and `heads` are H and G.
    pub fn attend(
        &mut self,
        layer: usize,
        q: &Tensor,
        [keys, values]: [Tensor; 2],
        heads: [usize; 2],
        visible: &[u32],
    ) -> Tensor {
        match (&self.followed, &self.layers[layer]) {
            (Some(followed), Some(prefix)) => {
                let prefix = [&prefix.keys, &prefix.values];
                Tensor::attention_after(q, [&keys, &values], prefix, followed, heads, visible)
            }
            _ => {
                let (keys, values) = self.extend(layer, keys, values);
                Tensor::attention(q, &keys, &values, heads[0], heads[1], visible)
            }
        }
    }

    /// Forgets all but the first `len` tokens.
    ///
    /// # Panics
    ///
    /// If there are fewer tokens.
    pub fn truncate(&mut self, len: usize) {
        assert!(len <= self.len(), "`truncate` of {} tokens to {len}", self.len());
        for layer in self.layers.iter_mut() {
            *layer = layer.take().filter(|_| len > 0).map(|layer| Layer { len, ..layer });
        }
    }

    /// Appends the keys and values of new tokens, (B, T, G*E) each, and returns those of all tokens.
    ///
    /// The result may be longer than the number of tokens. No query may see the rest.
    pub fn extend(&mut self, layer: usize, keys: Tensor, values: Tensor) -> (Tensor, Tensor) {
        let layer = &mut self.layers[layer];
        let len = keys.dims()[1];
        let all = match layer.take() {
            None => Layer { keys, values, len },
            Some(Layer { keys: old_keys, values: old_values, len: old }) => Layer {
                keys: old_keys.append(old, &keys),
                values: old_values.append(old, &values),
                len: old + len,
            },
        };
        let Layer { keys, values, .. } = layer.insert(all);
        (keys.clone(), values.clone())
    }

    /// Applies `f` to the keys and values of each layer, cut to their tokens.
    fn map(&self, f: impl Fn(&Tensor) -> Tensor) -> KvCache {
        let all = |layer: &Layer| {
            let [keys, values] = [&layer.keys, &layer.values].map(|x| match x.dims()[1] == layer.len {
                true => f(x),
                false => f(&x.narrow(1, 0, layer.len)),
            });
            Layer { keys, values, len: layer.len }
        };
        KvCache { layers: self.layers.iter().map(|layer| layer.as_ref().map(all)).collect(), followed: None }
    }
}
