//! Attention: masks, shared heads, both forms.

use boldface_engine::Tensor;

use crate::check::{assert_close, gradients, numbers, on_every_engine};

/// Softmax attention by its definition, in double precision, one head at a time.
fn reference(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    shape: [usize; 5],
    kv_heads: usize,
    visible: &[u32],
) -> Vec<f32> {
    let [batch, queries, keys, heads, width] = shape;
    let mut out = vec![0.0; batch * queries * heads * width];
    for (b, i, h) in
        (0..batch).flat_map(|b| (0..queries).flat_map(move |i| (0..heads).map(move |h| (b, i, h))))
    {
        let g = h / (heads / kv_heads);
        let seen = visible[b * queries + i] as usize;
        let q = &q[((b * queries + i) * heads + h) * width..][..width];
        let at = |x: &[f32], j: usize, e: usize| f64::from(x[((b * keys + j) * kv_heads + g) * width + e]);
        let score =
            |j: usize| (0..width).map(|e| f64::from(q[e]) * at(k, j, e)).sum::<f64>() / (width as f64).sqrt();
        let weights: Vec<f64> = (0..seen).map(|j| score(j).exp()).collect();
        let total: f64 = weights.iter().sum();
        for e in 0..width {
            let sum: f64 = (0..seen).map(|j| weights[j] * at(v, j, e)).sum();
            out[((b * queries + i) * heads + h) * width + e] =
                if seen == 0 { 0.0 } else { (sum / total) as f32 };
        }
    }
    out
}

#[test]
fn by_hand() {
    on_every_engine(|engine| {
        // One head of width 1. Query 2 to keys 0 and ln 3 / 2: weights 1/4 and 3/4 of values 4 and 8.
        let q = engine.tensor(vec![2.0, 2.0], &[1, 2, 1]);
        let k = engine.tensor(vec![0.0, 3.0_f32.ln() / 2.0], &[1, 2, 1]);
        let v = engine.tensor(vec![4.0, 8.0], &[1, 2, 1]);
        assert_close(&Tensor::attention(&q, &k, &v, 1, 1, &[1, 2]).to_vec(), &[4.0, 7.0], 1e-6);
        assert_close(&Tensor::attention(&q, &k, &v, 1, 1, &[2, 0]).to_vec(), &[7.0, 0.0], 1e-6);
    });
}

#[test]
fn agrees_with_its_definition() {
    on_every_engine(|engine| {
        // More queries than one block, other lengths for keys, shared heads, one query alone.
        for ([batch, queries, keys, heads, width], kv_heads) in
            [([2, 5, 7, 4, 3], 2), ([1, 150, 150, 2, 8], 2), ([3, 1, 40, 2, 4], 1), ([2, 70, 9, 3, 16], 3)]
        {
            let (q, k, v) = (
                numbers(batch * queries * heads * width, 1),
                numbers(batch * keys * kv_heads * width, 2),
                numbers(batch * keys * kv_heads * width, 3),
            );
            let visible: Vec<u32> = (0..batch * queries).map(|i| ((i * 5 + 3) % (keys + 1)) as u32).collect();
            let expected = reference(&q, &k, &v, [batch, queries, keys, heads, width], kv_heads, &visible);
            let q = engine.tensor(q, &[batch, queries, heads * width]);
            let [k, v] = [k, v].map(|x| engine.tensor(x, &[batch, keys, kv_heads * width]));
            let found = Tensor::attention(&q, &k, &v, heads, kv_heads, &visible);
            assert_eq!(found.dims(), q.dims());
            assert_close(&found.to_vec(), &expected, 1e-5);
        }
    });
}

#[test]
fn gradients_of_all_masks() {
    on_every_engine(|engine| {
        let masks: [[u32; 6]; 4] = [[3; 6], [1, 2, 3, 1, 2, 3], [2, 2, 3, 1, 1, 3], [0, 1, 2, 0, 0, 3]];
        for visible in masks {
            gradients(engine, &[&[2, 3, 4], &[2, 3, 4], &[2, 3, 4]], |x| {
                Tensor::attention(&x[0], &x[1], &x[2], 2, 2, &visible)
            });
            gradients(engine, &[&[2, 3, 4], &[2, 3, 2], &[2, 3, 2]], |x| {
                Tensor::attention(&x[0], &x[1], &x[2], 2, 1, &visible)
            });
            gradients(engine, &[&[2, 3, 8]], |x| x[0].self_attention(2, 1, &visible));
        }
        // One tensor as queries, keys and values.
        gradients(engine, &[&[1, 3, 4]], |x| Tensor::attention(&x[0], &x[0], &x[0], 2, 2, &[1, 2, 3]));
        // Longer than one block of queries.
        let visible: Vec<u32> = (1..=70).collect();
        gradients(engine, &[&[1, 70, 3]], |x| x[0].self_attention(1, 1, &visible));
    });
}

#[test]
fn the_joint_form_is_the_separate_one() {
    on_every_engine(|engine| {
        let (heads, kv_heads, width) = (4, 2, 3);
        let qkv = engine.tensor(numbers(2 * 5 * 8 * width, 1), &[2, 5, 8 * width]);
        let visible = [1, 2, 3, 4, 5, 5, 5, 5, 5, 5];
        let part = |from: usize, heads: usize| qkv.narrow(2, from * width, heads * width);
        let (q, k, v) = (part(0, heads), part(heads, kv_heads), part(heads + kv_heads, kv_heads));
        let separate = Tensor::attention(&q, &k, &v, heads, kv_heads, &visible);
        assert_eq!(qkv.self_attention(heads, kv_heads, &visible).to_vec(), separate.to_vec());
    });
}

/// Compares attention after prefixes (some without sequences) with a copy of its prefix before each.
#[test]
fn what_follows_a_prefix_attends_as_behind_a_copy_of_it() {
    on_every_engine(|engine| {
        // Shared heads, one token each, more than one block of queries behind one prefix.
        for ([prefixes, prefix, tokens, heads, width], kv_heads, of) in [
            ([4, 5, 3, 4, 3], 2, &[0, 0, 2][..]),
            ([2, 7, 1, 2, 4], 2, &[1, 1, 1][..]),
            ([2, 3, 9, 2, 4], 1, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..]),
            ([1, 4, 80, 1, 2], 1, &[0, 0][..]),
        ] {
            let (batch, keys) = (of.len(), prefix + tokens);
            let q =
                engine.tensor(numbers(batch * tokens * heads * width, 1), &[batch, tokens, heads * width]);
            let own = [2, 3].map(|seed| {
                let values = numbers(batch * tokens * kv_heads * width, seed);
                engine.tensor(values, &[batch, tokens, kv_heads * width])
            });
            let shared = [4, 5].map(|seed| {
                let values = numbers(prefixes * prefix * kv_heads * width, seed);
                engine.tensor(values, &[prefixes, prefix, kv_heads * width])
            });
            // Causal behind the prefix; the last query of the first sequence is padding.
            let mut visible: Vec<u32> =
                (0..batch * tokens).map(|i| (prefix + i % tokens + 1) as u32).collect();
            visible[tokens - 1] = if tokens > 1 { 0 } else { keys as u32 };
            let copies = |which: usize| {
                let flat = shared[which].reshape(&[prefixes, prefix * kv_heads * width]).rows(of);
                Tensor::concat(&[&flat.reshape(&[batch, prefix, kv_heads * width]), &own[which]], 1)
            };
            let expected = Tensor::attention(&q, &copies(0), &copies(1), heads, kv_heads, &visible);
            let [own, shared] = [&own, &shared].map(|pair| [&pair[0], &pair[1]]);
            let found = Tensor::attention_after(&q, own, shared, of, [heads, kv_heads], &visible);
            assert_close(&found.to_vec(), &expected.to_vec(), 1e-5);
        }
        for (kv_heads, of) in [(2, [0, 0, 2]), (1, [1, 2, 2])] {
            let (kv, visible) = (kv_heads * 2, [4, 5, 4, 5, 4, 0]);
            gradients(engine, &[&[3, 2, 4], &[3, 2, kv], &[3, 2, kv], &[3, 3, kv], &[3, 3, kv]], |x| {
                Tensor::attention_after(&x[0], [&x[1], &x[2]], [&x[3], &x[4]], &of, [2, kv_heads], &visible)
            });
        }
        // More than one block of queries.
        let visible: Vec<u32> = (0..80).map(|i| 2 + i % 40 + 1).collect();
        gradients(engine, &[&[2, 40, 2], &[2, 40, 2], &[2, 40, 2], &[1, 2, 2], &[1, 2, 2]], |x| {
            Tensor::attention_after(&x[0], [&x[1], &x[2]], [&x[3], &x[4]], &[0, 0], [1, 1], &visible)
        });
    });
}
