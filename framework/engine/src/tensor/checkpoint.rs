//! Activation checkpointing: memory for time.

use super::Tensor;
use crate::dfdx;
#[cfg(feature = "tch")]
use crate::tch;

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
                let inputs: Vec<_> = inputs.iter().map(|input| input.dfdx()).collect();
                Tensor::Dfdx(dfdx::Value::checkpoint(&inputs, move |inputs| {
                    f(&inputs.iter().cloned().map(Tensor::Dfdx).collect::<Vec<_>>()).dfdx().clone()
                }))
            }
            #[cfg(feature = "tch")]
            Tensor::Tch(_) => {
                let inputs: Vec<_> = inputs.iter().map(|input| input.tch()).collect();
                Tensor::Tch(tch::Value::checkpoint(&inputs, move |inputs| {
                    f(&inputs.iter().cloned().map(Tensor::Tch).collect::<Vec<_>>()).tch().clone()
                }))
            }
        }
    }
}
