//! Layer norm, RMS norm, L2 normalisation and softmax, each over the last dimension and in f32.

use ::tch::{Kind, Tensor};

use super::{TchTensor, done, size};

impl TchTensor {
    pub(crate) fn layer_norm(&self, gain: &TchTensor, bias: &TchTensor, eps: f32) -> TchTensor {
        let shape = [size(self.width())];
        let (x, gain, bias) = (self.wide(), gain.wide(), bias.wide());
        self.as_before(done(x.f_layer_norm(shape, Some(gain), Some(bias), f64::from(eps), true)))
    }

    pub(crate) fn rms_norm(&self, gain: &TchTensor, eps: f32) -> TchTensor {
        let shape = [size(self.width())];
        self.as_before(done(self.wide().f_rms_norm(shape, Some(gain.wide()), f64::from(eps))))
    }

    pub(crate) fn normalize_rows(&self) -> TchTensor {
        let x = self.wide();
        let norms = done(x.f_norm_scalaropt_dim(2.0, [-1_i64], true));
        self.alike(done(x.f_div(&done(norms.f_clamp_min(1e-12)))))
    }

    pub(crate) fn softmax(&self) -> TchTensor {
        self.alike(done(self.input().f_softmax(-1, Kind::Float)))
    }

    pub(crate) fn log_softmax(&self) -> TchTensor {
        self.alike(done(self.input().f_log_softmax(-1, Kind::Float)))
    }

    /// Returns a result in this tensor's kind: bf16 stays bf16.
    fn as_before(&self, tensor: Tensor) -> TchTensor {
        let kind = self.tensor.get().kind();
        self.alike(if kind == Kind::Float { tensor } else { done(tensor.f_to_kind(kind)) })
    }
}
