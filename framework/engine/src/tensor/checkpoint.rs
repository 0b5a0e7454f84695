//! Activation checkpointing: less memory, more time, the same bits.

use super::Tensor;
use crate::dfdx;
#[cfg(feature = "tch")]
use crate::tch;

impl Tensor {
    /// Applies `f` to the inputs without keeping intermediate results: the backward pass runs `f` again.
    ///
    /// The inputs and the parameters that `f` holds get their gradients as usual. `f` must compute the
    /// same both times: its noise must come from a stream that it starts afresh, as in
    /// [`crate::Pass::layer`].
    ///
    /// # Panics
    ///
    /// If `inputs` is empty.
    pub fn checkpoint(inputs: &[&Tensor], f: impl Fn(&[Tensor]) -> Tensor + 'static) -> Tensor {
        match inputs.first().expect("a checkpoint has inputs") {
            Tensor::Dfdx(_) => {
                let inputs: Vec<_> = inputs.iter().map(|input| input.dfdx()).collect();
                Tensor::Dfdx(dfdx::DfdxTensor::checkpoint(&inputs, move |inputs| {
                    f(&inputs.iter().cloned().map(Tensor::Dfdx).collect::<Vec<_>>()).dfdx().clone()
                }))
            }
            #[cfg(feature = "tch")]
            Tensor::Tch(_) => {
                let inputs: Vec<_> = inputs.iter().map(|input| input.tch()).collect();
                Tensor::Tch(tch::TchTensor::checkpoint(&inputs, move |inputs| {
                    f(&inputs.iter().cloned().map(Tensor::Tch).collect::<Vec<_>>()).tch().clone()
                }))
            }
        }
    }
}
