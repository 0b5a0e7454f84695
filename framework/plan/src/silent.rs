//! Scans without volumes, for asking a task about its examples before a run.

use std::sync::Arc;

use boldface::{Regions, Result, Scan, ScanInfo, TimeSeries};

/// Returns a scan of `trs` volumes with zero signal and no descriptions. Only its information is real. It
/// is as short as the volumes on disk if a crop asks for more than there are.
///
/// # Errors
/// Fails if `info` does not describe a valid scan.
pub(crate) fn silent(info: &ScanInfo, regions: &Arc<Regions>, trs: usize) -> Result<Scan> {
    let (rois, trs) = (regions.names.len(), trs.min(info.trs));
    let series = TimeSeries::new(trs, rois, info.tr, vec![0.0; trs * rois])?;
    Ok(Scan { info: Arc::new(info.clone()), series, regions: Arc::clone(regions), descriptors: Vec::new() })
}
