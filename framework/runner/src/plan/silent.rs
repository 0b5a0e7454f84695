//! Scans whose volumes are not read: what a task is asked about before anything runs.

use std::sync::Arc;

use boldface::{Regions, Result, Scan, ScanInfo, TimeSeries};

/// A scan of `trs` volumes without signal and without descriptions; only what is known of it can matter.
///
/// # Errors
/// If a scan cannot be as `info` says.
pub(crate) fn silent(info: &ScanInfo, regions: &Arc<Regions>, trs: usize) -> Result<Scan> {
    let rois = regions.names.len();
    let series = TimeSeries::new(trs, rois, info.tr, vec![0.0; trs * rois])?;
    Ok(Scan { info: Arc::new(info.clone()), series, regions: Arc::clone(regions), descriptors: Vec::new() })
}
