//! Recomputation of intermediate results in the backward pass.

use super::DfdxTensor;
use super::tape::{TapeKey, aside, record};

impl DfdxTensor {
    /// Applies `f` to the inputs; its intermediate results are recomputed in the backward pass.
    pub(crate) fn checkpoint(
        inputs: &[&DfdxTensor],
        f: impl Fn(&[DfdxTensor]) -> DfdxTensor + 'static,
    ) -> DfdxTensor {
        let inputs: Vec<DfdxTensor> = inputs.iter().map(|input| (*input).clone()).collect();
        // Inside, an input that needs a gradient is a leaf, where the inner tape ends.
        let leaves = |inputs: &[DfdxTensor]| -> Vec<DfdxTensor> {
            let leaf = |x: &DfdxTensor| if x.key.is_some() { x.as_leaf() } else { x.clone() };
            inputs.iter().map(leaf).collect()
        };
        let inside = leaves(&inputs);
        // This recording serves only to find the parameters that need a gradient, and is dropped below.
        let (out, recording) = aside(|| f(&inside));
        let Some(end) = out.key() else { return out };
        let is_input = |key: &&TapeKey| inside.iter().any(|x| x.leaf_id() == Some(key.id()));
        let parameters: Vec<TapeKey> = recording.leaves(end).filter(|key| !is_input(key)).cloned().collect();
        drop(recording);

        let keys: Vec<_> = inputs.iter().map(DfdxTensor::key).chain(parameters.iter().map(Some)).collect();
        let (data, dims) = (out.data.clone(), out.dims.clone());
        let inputs_again = inputs.clone();
        let key = record(&keys, move |flow, dy| {
            let inside = leaves(&inputs_again);
            let (out, recording) = aside(|| f(&inside));
            let end = out.key().expect("the same computation wants the same gradients");
            for (key, gradient) in recording.backward(end, dy) {
                let input = inside.iter().position(|x| x.leaf_id() == Some(key.id()));
                let to = input.map_or(Some(&key), |input| inputs_again[input].key());
                flow.add(to, gradient);
            }
        });
        DfdxTensor { data, dims, key }
    }
}
