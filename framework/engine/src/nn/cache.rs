//! Keys and values that are kept for the tokens that follow.

use std::sync::Arc;

use crate::tensor::Tensor;

/// Keys and values of the tokens so far, (B, T, G*E) a layer.
#[derive(Clone, Debug)]
pub struct KvCache {
    layers: Vec<Option<Layer>>,
    /// Which of the sequences each new one follows, in ascending order; none if each goes on by itself.
    followed: Option<Arc<[u32]>>,
}

/// Tensors that may be longer than the `len` tokens they hold: what lies behind waits for more.
#[derive(Clone, Debug)]
struct Layer {
    keys: Tensor,
    values: Tensor,
    len: usize,
}

impl KvCache {
    /// An empty cache for so many layers.
    pub fn new(layers: usize) -> KvCache {
        KvCache { layers: vec![None; layers], followed: None }
    }

    /// Tokens so far.
    pub fn len(&self) -> usize {
        self.layers.first().and_then(Option::as_ref).map_or(0, |layer| layer.len)
    }

    /// Whether there are no tokens yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers that are kept of each token, over all layers; 0 while there are no tokens.
    pub fn width(&self) -> usize {
        self.layers.iter().flatten().map(|layer| layer.keys.dims()[2] + layer.values.dims()[2]).sum()
    }

    /// From one sequence to `times` equal ones: a prefix computed once, shared by many questions.
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

    /// The named sequences, in this order; one may be named twice.
    pub fn select(&self, rows: &[usize]) -> KvCache {
        let rows: Vec<u32> =
            rows.iter().map(|row| u32::try_from(*row).expect("fewer than 2^32 sequences")).collect();
        // Room for more tokens is taken along: then the next tokens need no second copy.
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

    /// For sequences that follow the named ones, without a copy for each: `rows` in ascending order. What they read is not
    /// kept: they are read once, to their ends.
    pub fn followed_by(&self, rows: &[usize]) -> KvCache {
        let rows = rows.iter().map(|row| u32::try_from(*row).expect("fewer than 2^32 sequences"));
        KvCache { followed: Some(rows.collect()), ..self.map(Tensor::clone) }
    }

    /// Attention of new tokens, q (B, T, H*E), k and v (B, T, G*E), to all tokens so far and to themselves; see
    /// [`Tensor::attention`]. `heads` are H and G.
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

    /// Forgets all tokens from the `len`-th.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn truncate(&mut self, len: usize) {
        assert!(len <= self.len(), "`truncate` of {} tokens to {len}", self.len());
        for layer in self.layers.iter_mut() {
            *layer = layer.take().filter(|_| len > 0).map(|layer| Layer { len, ..layer });
        }
    }

    /// Adds the keys and values of new tokens, (B, T, G*E) each; gives those of all tokens. What is given may be
    /// longer than there are tokens: no query may see what lies behind.
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

    /// `f` of the keys and of the values of each layer, without what lies behind.
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
