//! Cross-entropy from logits, in f32.

use ::tch::{Reduction, Tensor};

use super::{Value, done, size};

impl Value {
    pub(crate) fn cross_entropy(&self, targets: &[u32]) -> Value {
        let logits = done(self.wide().f_reshape([-1, size(self.width())]));
        let targets = self.place.integers(targets);
        let loss = logits.f_cross_entropy_loss::<Tensor>(&targets, None, Reduction::Mean, -100, 0.0);
        self.number(done(loss))
    }
}
