//! Input of the components from one scan: every region at mean 0 and variance 1.

use boldface::TimeSeries;
use faer::Mat;

use crate::signal::alive;

/// The signals of a scan, each region standardised over time.
#[derive(Clone, Debug)]
pub(super) struct Standardised {
    /// Volumes x regions, with mean 0 and variance 1 (ddof 0); all 0 for a region without a signal.
    pub signals: Mat<f64>,
    /// Regions with a signal: not constant, all values finite.
    pub live: Vec<usize>,
}

impl Standardised {
    /// Standardises the regions of `series`.
    pub(super) fn compute(series: &TimeSeries) -> Standardised {
        let (trs, rois) = (series.trs(), series.rois());
        let mut signals = Mat::zeros(trs, rois);
        for t in 0..trs {
            for (roi, &value) in series.volume(t).iter().enumerate() {
                signals[(t, roi)] = f64::from(value);
            }
        }
        let live = (0..rois).filter(|&roi| standardise(signals.col_as_slice_mut(roi))).collect();
        Standardised { signals, live }
    }
}

/// Gives a signal mean 0 and variance 1 (ddof 0). Without spread, or with a NaN, fills it with 0 and
/// returns false.
fn standardise(signal: &mut [f64]) -> bool {
    let n = signal.len() as f64;
    let mean = signal.iter().sum::<f64>() / n;
    let centred: Vec<f64> = signal.iter().map(|x| x - mean).collect();
    let live = alive(&centred, signal).is_ok();
    let spread = (centred.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
    signal.iter_mut().zip(centred).for_each(|(x, centred)| *x = if live { centred / spread } else { 0.0 });
    live
}
