//! Activation checkpointing: memory for time.

use super::Tensor;
use crate::dfdx::Value;

impl Tensor {
    /// `f` of the inputs, keeping nothing of what it computes inside: the backward pass runs `f` a second time.
    ///
    /// The inputs and the parameters that `f` holds get their gradients as ever. `f` must compute the same both
    /// times: noise inside has to come from a stream that it starts afresh (as [`crate::Pass::layer`] does).
    ///
    /// # Panics
    ///
    /// Without inputs.
    pub fn checkpoint(inputs: &[&Tensor], f: impl Fn(&[Tensor]) -> Tensor + 'static) -> Tensor {
        match inputs.first().expect("a checkpoint has inputs") {
            Tensor::Dfdx(_) => {
                let inputs: Vec<&Value> = inputs.iter().map(|Tensor::Dfdx(input)| input).collect();
                Tensor::Dfdx(Value::checkpoint(&inputs, move |inputs| {
                    let inputs: Vec<Tensor> = inputs.iter().cloned().map(Tensor::Dfdx).collect();
                    let Tensor::Dfdx(out) = f(&inputs);
                    out
                }))
            }
        }
    }
}
