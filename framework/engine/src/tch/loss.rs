//! Cross-entropy from logits and from hidden states, in f32.

use ::tch::{Kind, Reduction, Tensor};

use super::tape::is_recording;
use super::{TchTensor, done, size};

/// Logits held at the same time (64 MiB): enough rows for products at full speed.
const LOGITS: usize = 1 << 24;

impl TchTensor {
    pub(crate) fn cross_entropy(&self, targets: &[u32]) -> TchTensor {
        let logits = done(self.wide().f_reshape([-1, size(self.width())]));
        let targets = self.place.integers(targets);
        let loss = logits.f_cross_entropy_loss::<Tensor>(&targets, None, Reduction::Mean, -100, 0.0);
        self.number(done(loss))
    }

    /// The mean cross-entropy of the logits `self x head'`: (.., D) and (V, D), one target per row ->
    /// `[1]`.
    ///
    /// Logits exist for one chunk of rows at a time. When recording, both gradients are computed
    /// together with the loss of each chunk, so no logit is computed twice.
    pub(crate) fn head_cross_entropy(&self, head: &TchTensor, targets: &[u32]) -> TchTensor {
        let inputs = [self, head];
        let is_recorded = is_recording(&inputs);
        let (loss, gradients) = super::paused(|| {
            let wanted = inputs.map(|input| is_recorded && input.wants_gradient());
            Chunks { x: self, head, wanted }.run(targets)
        });
        let loss = self.number(loss);
        if !is_recorded {
            return loss;
        }
        loss.with_gradients(inputs.map(TchTensor::clone).to_vec(), move |dy, _| {
            let scaled = |gradient: TchTensor| {
                // In place: no other tensor shares this memory, and copying a head's gradient would take
                // time.
                let mut numbers = gradient.tensor.get().shallow_clone();
                let _ = super::paused(|| done(numbers.f_mul_(dy.tensor.get())));
                gradient
            };
            gradients.into_iter().map(|gradient| gradient.map(scaled)).collect()
        })
    }
}

struct Chunks<'a> {
    x: &'a TchTensor,
    head: &'a TchTensor,
    /// Whether the hidden states and the head want gradients.
    wanted: [bool; 2],
}

impl Chunks<'_> {
    /// Returns the mean loss, and the wanted gradients.
    fn run(&self, targets: &[u32]) -> (Tensor, [Option<TchTensor>; 2]) {
        let (rows, width, words) = (self.x.rows(), size(self.x.width()), self.head.dims[0]);
        let x_nd = done(self.x.narrowed().f_reshape([-1, width]));
        let head_vd = self.head.narrowed();
        let head_dv = done(head_vd.f_tr());
        let targets_n1 = done(self.x.place.integers(targets).f_unsqueeze(-1));
        let device = self.x.place.device;
        let mut dw =
            self.wanted[1].then(|| done(Tensor::f_zeros([size(words), width], (Kind::Float, device))));
        let (mut losses, mut dx) = (Vec::new(), Vec::new());
        let per_chunk = (LOGITS / words).clamp(1, rows);
        for start in (0..rows).step_by(per_chunk) {
            let len = per_chunk.min(rows - start);
            let part = |x: &Tensor| done(x.f_narrow(0, size(start), size(len)));
            let (x, targets) = (part(&x_nd), part(&targets_n1));
            let logits = done(x.f_matmul(&head_dv));
            let mut scores = done(logits.f_log_softmax(-1, Kind::Float));
            drop(logits);
            losses.push(done(scores.f_gather(1, &targets, false)));
            if self.wanted == [false; 2] {
                continue;
            }
            // Turns log-probabilities into the gradient of the logits, in place.
            let _ = done(scores.f_exp_());
            let ones = done(Tensor::f_full([size(len), 1], -1.0, (Kind::Float, device)));
            let _ = done(scores.f_scatter_add_(1, &targets, &ones));
            let _ = done(scores.f_mul_scalar_(1.0 / rows as f64));
            let slopes = done(scores.f_to_kind(x.kind()));
            if self.wanted[0] {
                dx.push(done(slopes.f_matmul(&head_vd)));
            }
            if let Some(dw) = &mut dw {
                let slopes_vn = done(slopes.f_tr());
                let _ = match x.kind() {
                    Kind::Float => done(dw.f_addmm_(&slopes_vn, &x)),
                    _ => done(dw.f_add_(&done(slopes_vn.f_matmul(&x)))),
                };
            }
        }
        let loss = done(done(done(Tensor::f_cat(&losses, 0)).f_mean(Kind::Float)).f_neg());
        let dx = self.wanted[0].then(|| {
            let dx = done(done(Tensor::f_cat(&dx, 0)).f_reshape(super::sizes(&self.x.dims)));
            self.x.alike(done(dx.f_to_kind(self.x.tensor.get().kind())))
        });
        (loss, [dx, dw.map(|dw| self.head.alike(dw))])
    }
}
