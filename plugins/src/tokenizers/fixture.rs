//! Simulated training scans for the tests of the tokenizers.

use std::f32::consts::TAU;

use boldface::{Metric, Observer, Part, Regions, Result, Scan, ScanId, ScanInfo, Split, TimeSeries};
use rand::RngExt;

/// Makes one scan per series, of subjects `0`, `1` and so on.
pub(super) fn scans(series: impl IntoIterator<Item = TimeSeries>) -> Vec<Scan> {
    let scan = |(subject, series): (usize, TimeSeries)| {
        let id = ScanId::new("made", subject.to_string());
        let (tr, trs, rois) = (series.tr(), series.trs(), series.rois());
        let info = ScanInfo {
            id,
            tr,
            trs,
            rois,
            phenotype: Default::default(),
            events: Vec::new(),
            cuts: Vec::new(),
        };
        let regions = Regions { names: vec![], networks: vec![] };
        Scan { info: info.into(), series, regions: regions.into(), descriptors: vec![] }
    };
    series.into_iter().enumerate().map(scan).collect()
}

/// A split in which all of `scans` are for training.
pub(super) fn all_train(scans: &[Scan]) -> Split {
    Split { parts: scans.iter().map(|scan| (scan.info.id.person(), Part::Train)).collect() }
}

/// Makes `count` series of 24 volumes and 4 regions: a slow wave in even scans and a fast one in odd
/// scans, delayed by half a radian per region, with a random phase and little noise.
pub(super) fn waves(count: usize, seed: u64) -> Vec<TimeSeries> {
    let mut rng = boldface::seed::stream(seed, "waves");
    let mut wave = |scan: usize| {
        let (step, phase) = (if scan.is_multiple_of(2) { 0.4 } else { 0.9 }, rng.random_range(0.0..TAU));
        let values = (0..24 * 4).map(|i| {
            let (volume, roi) = (i / 4, i % 4);
            let noise = rng.random_range(-0.1..0.1);
            1.4 * f32::sin(step * volume as f32 + 0.5 * roi as f32 + phase) + noise
        });
        TimeSeries::new(24, 4, 2.0, values.collect()).unwrap()
    };
    (0..count).map(&mut wave).collect()
}

/// Records all metrics.
#[derive(Default)]
pub(super) struct RecordedMetrics(pub(super) Vec<(u64, Metric)>);

impl RecordedMetrics {
    /// Returns the recorded values of one metric, in order.
    pub(super) fn values(&self, name: &str) -> Vec<f64> {
        self.0.iter().filter(|(_, metric)| metric.name == name).map(|(_, metric)| metric.value).collect()
    }
}

impl Observer for RecordedMetrics {
    fn record(&mut self, step: u64, metric: Metric) {
        self.0.push((step, metric));
    }

    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}
