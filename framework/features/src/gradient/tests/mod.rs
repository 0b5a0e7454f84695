//! Gradients beside BrainSpace's, by hand, and of bad scans.

mod golden;

use super::*;

/// Pearson correlations in 64 bits, row after row.
fn correlations(mut signals: Vec<Vec<f64>>) -> Vec<f64> {
    for signal in &mut signals {
        let mean = signal.iter().sum::<f64>() / signal.len() as f64;
        signal.iter_mut().for_each(|x| *x -= mean);
        let length = signal.iter().map(|x| x * x).sum::<f64>().sqrt();
        signal.iter_mut().for_each(|x| *x /= length);
    }
    let r = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let rows = signals.iter().enumerate();
    rows.flat_map(|(i, a)| {
        signals.iter().enumerate().map(move |(j, b)| if i == j { 1.0 } else { r(a, b) }).collect::<Vec<_>>()
    })
    .collect()
}

fn steps(kernel: Kernel, embedding: Embedding) -> Steps {
    Steps { kernel, sparsity: 0.9, embedding, components: 3 }
}
