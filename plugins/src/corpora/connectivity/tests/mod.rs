//! Test scans for this generator.

mod fitted;
mod harmonized;
mod pain;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Connectivity;
use crate::corpora::described::Described;
use boldface::serde_json::{self, Value};
use boldface::{Part, Regions, Scan, ScanId, ScanInfo, Split, TimeSeries};

/// A scan of `subject` whose regions have these signals, one per row.
pub(super) fn scan(subject: &str, networks: &[&str], signals: &[&[f32]]) -> Scan {
    let (rois, trs) = (signals.len(), signals[0].len());
    let values = (0..trs).flat_map(|t| signals.iter().map(move |signal| signal[t])).collect();
    let id = ScanId::new("made", subject);
    Scan {
        info: Arc::new(ScanInfo {
            id,
            tr: 2.0,
            trs,
            rois,
            phenotype: BTreeMap::new(),
            events: Vec::new(),
            cuts: Vec::new(),
        }),
        series: TimeSeries::new(trs, rois, 2.0, values).unwrap(),
        regions: Arc::new(Regions {
            names: (0..rois).map(|roi| format!("region {roi}")).collect(),
            networks: networks.iter().map(|&network| network.to_owned()).collect(),
        }),
        descriptors: Vec::new(),
    }
}

/// A split with the first `train` scans for training and the others for testing.
pub(super) fn split(scans: &[Scan], train: usize) -> Split {
    let part = |index| if index < train { Part::Train } else { Part::Test };
    let parts = scans.iter().enumerate().map(|(index, scan)| (scan.info.id.person(), part(index)));
    Split { parts: parts.collect() }
}

/// Creates the generator with these keys and plain wordings.
pub(super) fn generator(table: Value) -> Described<Connectivity> {
    let mut config: Described<Connectivity> = serde_json::from_value(table).unwrap();
    config.0.paraphrase = false;
    config
}
