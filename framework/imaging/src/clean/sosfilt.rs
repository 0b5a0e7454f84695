//! Runs second-order sections over all regions at once, forward and backward.

use super::butterworth::Section;
use crate::matrix::Matrix;

/// Number of columns filtered together, so that their states stay in registers and in the L1 cache.
const LANES: usize = 16;

type Lanes = [f64; LANES];

/// Number of volumes added at each end before filtering, `scipy.signal.sosfiltfilt`'s default. A
/// recording must be longer than this. A section with a pole and a zero at 0 counts as order 1.
pub(super) fn padding(sections: &[Section]) -> usize {
    let zeros_at_0 = sections.iter().filter(|section| section.b[2] == 0.0).count();
    let poles_at_0 = sections.iter().filter(|section| section.a[1] == 0.0).count();
    3 * (2 * sections.len() + 1 - zeros_at_0.min(poles_at_0))
}

/// Filters each column forward and backward, which cancels the delay.
///
/// The ends are extended by point reflection (odd padding), and each pass starts in the steady state of
/// its first value, as in `scipy.signal.sosfiltfilt`. The signal must be longer than [`padding`].
pub(super) fn forward_backward(signal: &mut Matrix, sections: &[Section]) {
    let (rows, edge, start) = (signal.rows, padding(sections), steady_state(sections));
    let mut padded: Vec<Lanes> = vec![[0.0; LANES]; rows + 2 * edge];
    let mut states = vec![[[0.0; LANES]; 2]; sections.len()];
    for from in (0..signal.columns).step_by(LANES) {
        let width = LANES.min(signal.columns - from);
        for t in 0..rows {
            padded[edge + t][..width].copy_from_slice(&signal.row(t)[from..from + width]);
        }
        let (first, last) = (padded[edge], padded[edge + rows - 1]);
        for t in 1..=edge {
            let (before, after) = (padded[edge + t], padded[edge + rows - 1 - t]);
            for lane in 0..LANES {
                padded[edge - t][lane] = 2.0 * first[lane] - before[lane];
                padded[edge + rows - 1 + t][lane] = 2.0 * last[lane] - after[lane];
            }
        }
        pass(padded.iter_mut(), sections, &start, &mut states);
        pass(padded.iter_mut().rev(), sections, &start, &mut states);
        for t in 0..rows {
            signal.row_mut(t)[from..from + width].copy_from_slice(&padded[edge + t][..width]);
        }
    }
}

/// Runs all sections once (transposed direct form II), starting in the steady state of the first row.
fn pass<'a>(
    rows: impl Iterator<Item = &'a mut Lanes>,
    sections: &[Section],
    start: &[[f64; 2]],
    states: &mut [[Lanes; 2]],
) {
    for (t, row) in rows.enumerate() {
        if t == 0 {
            for (state, start) in states.iter_mut().zip(start) {
                *state = [row.map(|x| start[0] * x), row.map(|x| start[1] * x)];
            }
        }
        for (section, [z0, z1]) in sections.iter().zip(states.iter_mut()) {
            let (b, a) = (section.b, section.a);
            for lane in 0..LANES {
                let x = row[lane];
                let y = b[0] * x + z0[lane];
                z0[lane] = b[1] * x - a[0] * y + z1[lane];
                z1[lane] = b[2] * x - a[1] * y;
                row[lane] = y;
            }
        }
    }
}

/// Returns the steady state of each section for a constant input of 1.
fn steady_state(sections: &[Section]) -> Vec<[f64; 2]> {
    let mut input = 1.0;
    let state = |section: &Section| {
        let (b, a) = (section.b, section.a);
        let gain = b.iter().sum::<f64>() / (1.0 + a[0] + a[1]);
        // z1 = b2 - a2 y and z0 = b1 - a1 y + z1, with y the gain.
        let z1 = b[2] - a[1] * gain;
        let state = [input * (b[1] - a[0] * gain + z1), input * z1];
        input *= gain;
        state
    };
    sections.iter().map(state).collect()
}
