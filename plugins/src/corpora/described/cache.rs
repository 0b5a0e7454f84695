//! Cached measurements of the training scans, so that describing them does not measure twice.

use std::collections::BTreeMap;

use boldface::{Scan, ScanId, serde_json};
use boldface_features::Measurement;

/// Rows by scan, each with a hash of all inputs of the measurement.
#[derive(Debug, Default)]
pub(super) struct Cache(BTreeMap<ScanId, (u64, Vec<Measurement>)>);

impl Cache {
    /// Caches the measurements of `scans`, one row per scan.
    pub(super) fn new(scans: &[&Scan], rows: Vec<Vec<Measurement>>) -> Cache {
        let hashed = scans.iter().zip(rows).map(|(scan, row)| (scan.info.id.clone(), (hash(scan), row)));
        Cache(hashed.collect())
    }

    /// Returns the row of a scan if its content is unchanged: another window or phenotype makes another
    /// scan.
    pub(super) fn find(&self, scan: &Scan) -> Option<&[Measurement]> {
        let (of, row) = self.0.get(&scan.info.id)?;
        (*of == hash(scan)).then_some(row)
    }
}

/// FNV-1a over the bits of the series, the regions and the scan's metadata.
fn hash(scan: &Scan) -> u64 {
    let known = serde_json::to_vec(&(scan.info.as_ref(), scan.regions.as_ref()));
    let known = known.expect("names and finite numbers");
    let step = |hash: u64, part: u64| (hash ^ part).wrapping_mul(0x0100_0000_01b3);
    let hash = known.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| step(hash, u64::from(byte)));
    let hash = step(step(hash, scan.series.trs() as u64), scan.series.tr().to_bits());
    scan.series.values().iter().fold(hash, |hash, value| step(hash, u64::from(value.to_bits())))
}
