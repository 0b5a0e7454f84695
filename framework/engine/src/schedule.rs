//! The learning rate over a run.

/// Linear warm-up, then half a cosine down to the end of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Optimiser steps of the whole run.
    pub steps: u64,
    /// Steps over which the rate rises linearly to `peak_lr`.
    pub warmup: u64,
    /// The rate after the warm-up.
    pub peak_lr: f64,
    /// The rate at the end.
    pub final_lr: f64,
}

impl Schedule {
    /// Returns the learning rate of optimiser step `step`, counted from 0.
    pub fn lr(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak_lr * (step + 1) as f64 / self.warmup as f64;
        }
        let (done, all) = (step - self.warmup, self.steps.saturating_sub(self.warmup + 1).max(1));
        let cosine = (std::f64::consts::PI * done.min(all) as f64 / all as f64).cos();
        self.final_lr + 0.5 * (self.peak_lr - self.final_lr) * (1.0 + cosine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_to_the_peak_then_only_falls_to_the_end() {
        let schedule = Schedule { steps: 100, warmup: 10, peak_lr: 1e-3, final_lr: 1e-5 };
        let rates: Vec<f64> = (0..100).map(|step| schedule.lr(step)).collect();
        assert_eq!(rates[0], 1e-4);
        assert_eq!(rates[9], 1e-3);
        assert_eq!(rates[10], 1e-3);
        assert!(rates[..10].is_sorted(), "{rates:?}");
        assert!(rates[10..].windows(2).all(|pair| pair[1] < pair[0]), "{rates:?}");
        assert!((rates[99] - 1e-5).abs() < 1e-12, "{}", rates[99]);
        // A third of the way down the cosine: 1 + cos(60 degrees) = 1.5.
        let third = Schedule { steps: 31, warmup: 0, peak_lr: 1.0, final_lr: 0.0 }.lr(10);
        assert!((third - 0.75).abs() < 1e-12, "{third}");
    }

    #[test]
    fn survives_runs_shorter_than_the_warm_up() {
        let schedule = Schedule { steps: 2, warmup: 5, peak_lr: 1.0, final_lr: 0.0 };
        assert_eq!(schedule.lr(1), 0.4);
        assert_eq!(schedule.lr(5), 1.0);
        assert_eq!(Schedule { steps: 1, warmup: 0, ..schedule }.lr(0), 1.0);
    }
}
