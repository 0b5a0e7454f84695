//! Checks a scan's size, repetition time, regions and values.

use boldface::{Quality, Recorded, Regions, ScanInfo, TimeSeries};

use crate::spec::{Crop, MissingRegions};
use crate::store::ScanQuality;

/// A scan as it is stored in the artefact.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredScan {
    /// Its crop, not standardised. A region without a signal is 0 throughout.
    pub series: TimeSeries,
    /// Number of volumes before the crop.
    pub trs: usize,
    /// Quality measurements of the whole recording.
    pub measured: ScanQuality,
}

/// A scan that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// The reason.
    pub reason: String,
    /// Whether the reason is a region without a signal, which a spec can allow.
    pub is_missing: bool,
}

/// Most regions without a signal that a message names.
const NAMED: usize = 5;

impl From<String> for Bad {
    fn from(reason: String) -> Bad {
        Bad { reason, is_missing: false }
    }
}

/// Crops a scan after checking it.
///
/// A missing region is an error or becomes zeros, as `missing-regions` says. Dropping it from all scans
/// would let one bad scan change everyone's input.
pub fn checked(
    recorded: Recorded,
    info: &ScanInfo,
    regions: &Regions,
    (crop, missing_regions): (Crop, MissingRegions),
) -> Result<StoredScan, Bad> {
    let Recorded { series, quality } = recorded;
    if series.rois() != info.rois {
        return Err(format!("{} regions instead of {}", series.rois(), info.rois).into());
    }
    let Some(window) = crop.window(series.trs()) else {
        let (has, least, start) = (series.trs(), crop.least, crop.start);
        return Err(format!("{has} volumes, too few: `[signal]` needs {least} from volume {start}").into());
    };
    // The plan and its lint have counted on the length in the header.
    if window.trs != crop.kept(info.trs) {
        return Err(format!("{} volumes instead of the {} in its header", series.trs(), info.trs).into());
    }
    if (series.tr() - info.tr).abs() > 1e-6 * info.tr.abs() {
        let (read, said) = (series.tr(), info.tr);
        return Err(format!("a repetition time of {read} s instead of the {said} s in its header").into());
    }
    fits(&quality, series.rois())?;
    let missing = missing(&series);
    if !missing.is_empty() && missing_regions == MissingRegions::Refuse {
        return Err(Bad { reason: unseen(&missing, regions, &quality), is_missing: true });
    }
    let trs = series.trs();
    let mut series = series.window(window).map_err(|error| error.to_string())?;
    if !missing.is_empty() {
        series = zeroed(&series, &missing)?;
    }
    let broken = series.values().iter().filter(|value| !value.is_finite()).count();
    if broken > 0 {
        let first = series.values().iter().position(|value| !value.is_finite()).unwrap_or(0);
        let (t, roi) = (first / series.rois() + crop.start, first % series.rois());
        return Err(format!("{broken} values are not finite, the first at volume {t}, region {roi}").into());
    }
    if series.trs() > 1 && (0..series.rois()).all(|roi| is_constant(series.roi(roi))) {
        return Err("every region has one value in all volumes kept, so there is no signal"
            .to_owned()
            .into());
    }
    let missing = missing.iter().filter_map(|&roi| regions.names.get(roi).cloned()).collect();
    Ok(StoredScan { series, trs, measured: ScanQuality { scan: info.id.clone(), missing, quality } })
}

/// Finds the regions that are NaN in every volume of the recording.
fn missing(series: &TimeSeries) -> Vec<usize> {
    // The first volume is enough to rule out missing regions in most scans.
    if series.trs() == 0 || series.volume(0).iter().all(|value| !value.is_nan()) {
        return Vec::new();
    }
    (0..series.rois()).filter(|&roi| series.roi(roi).all(f32::is_nan)).collect()
}

fn is_constant(mut values: impl Iterator<Item = f32>) -> bool {
    let first = values.next();
    values.all(|value| Some(value) == first)
}

/// Formats `2 of 450 regions have no signal: `A` (coverage 31%), `B``.
fn unseen(missing: &[usize], regions: &Regions, quality: &Quality) -> String {
    let one = |&roi: &usize| {
        let name = regions.names.get(roi).map_or_else(|| (roi + 1).to_string(), Clone::clone);
        let coverage = quality.coverage.get(roi).filter(|share| share.is_finite());
        let coverage = coverage.map(|share| format!(" (coverage {:.0}%)", 100.0 * share)).unwrap_or_default();
        format!("`{name}`{coverage}")
    };
    let named: Vec<String> = missing.iter().take(NAMED).map(one).collect();
    let more = match missing.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let (have, count) = (if missing.len() == 1 { "has" } else { "have" }, missing.len());
    format!("{count} of {} regions {have} no signal: {}{more}", regions.names.len(), named.join(", "))
}

fn zeroed(series: &TimeSeries, missing: &[usize]) -> Result<TimeSeries, String> {
    let mut values = series.values().to_vec();
    for volume in values.chunks_mut(series.rois()) {
        missing.iter().for_each(|&roi| volume[roi] = 0.0);
    }
    series.with_values(values).map_err(|error| error.to_string())
}

/// Whether the measurements have the sizes of this scan.
fn fits(quality: &Quality, rois: usize) -> Result<(), String> {
    let coverage = quality.coverage.len();
    if coverage != 0 && coverage != rois {
        return Err(format!("the coverage of {coverage} regions instead of {rois}"));
    }
    let lengths = [quality.fd.len(), quality.dvars.len(), quality.kept.len()];
    let mut lengths = lengths.into_iter().filter(|&length| length > 0);
    let Some(first) = lengths.next() else { return Ok(()) };
    lengths.find(|&length| length != first).map_or(Ok(()), |other| {
        Err(format!("motion, DVARS and scrubbing disagree: {first} and {other} volumes"))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use boldface::{ScanId, Window};

    use super::*;

    fn info() -> ScanInfo {
        let id = ScanId::new("d", "1");
        ScanInfo {
            id,
            tr: 2.0,
            trs: 4,
            rois: 2,
            phenotype: BTreeMap::new(),
            events: Vec::new(),
            cuts: Vec::new(),
        }
    }

    fn series(values: &[f32]) -> TimeSeries {
        TimeSeries::new(values.len() / 2, 2, 2.0, values.to_vec()).unwrap()
    }

    fn look(
        series: TimeSeries,
        quality: Quality,
        missing_regions: MissingRegions,
    ) -> Result<StoredScan, Bad> {
        let regions = Regions { names: vec!["V1".into(), "M1".into()], networks: vec!["n".into(); 2] };
        let crop = Crop::fixed(Window { start: 1, trs: 2 });
        checked(Recorded { series, quality }, &info(), &regions, (crop, missing_regions))
    }

    fn refused(series: TimeSeries) -> String {
        look(series, Quality::default(), MissingRegions::Refuse).unwrap_err().reason
    }

    const WHOLE: [f32; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    const NAN: f32 = f32::NAN;

    #[test]
    fn a_scan_is_cropped_or_refused_with_a_reason() {
        let kept = look(series(&WHOLE), Quality::default(), MissingRegions::Refuse).unwrap();
        assert_eq!(kept.series.values(), [2.0, 3.0, 4.0, 5.0]);

        let mut broken = WHOLE;
        (broken[5], broken[0]) = (NAN, NAN);
        assert_eq!(refused(series(&broken)), "1 values are not finite, the first at volume 2, region 1");
        assert_eq!(refused(series(&WHOLE[..4])), "2 volumes, too few: `[signal]` needs 2 from volume 1");
        let one = TimeSeries::new(8, 1, 2.0, WHOLE.to_vec()).unwrap();
        assert_eq!(refused(one), "1 regions instead of 2");
        // The crop is constant, whatever the volume before it.
        let flat = "every region has one value in all volumes kept, so there is no signal";
        assert_eq!(refused(series(&[9.0, 1.0, 2.0, 3.0, 2.0, 3.0, 2.0, 3.0])), flat);
        let fast = TimeSeries::new(4, 2, 0.8, WHOLE.to_vec()).unwrap();
        assert_eq!(refused(fast), "a repetition time of 0.8 s instead of the 2 s in its header");
    }

    #[test]
    fn a_shorter_scan_keeps_whole_patches_if_its_header_has_its_length() {
        let limit = Crop { start: 1, most: 4, least: 2, step: 2 };
        let regions = Regions { names: vec!["V1".into(), "M1".into()], networks: vec!["n".into(); 2] };
        let look = |volumes: usize, said: usize| {
            let series = series(&WHOLE).followed_by(&series(&WHOLE)).unwrap();
            let series = series.window(Window::first(volumes)).unwrap();
            let recorded = Recorded { series, quality: Quality::default() };
            let info = ScanInfo { trs: said, ..info() };
            checked(recorded, &info, &regions, (limit, MissingRegions::Refuse))
        };
        let kept = [3, 4, 5, 8].map(|volumes| look(volumes, volumes).unwrap().series.trs());
        assert_eq!(kept, [2, 2, 4, 4]);
        assert_eq!(look(2, 2).unwrap_err().reason, "2 volumes, too few: `[signal]` needs 2 from volume 1");
        assert_eq!(look(3, 8).unwrap_err().reason, "3 volumes instead of the 8 in its header");
    }

    #[test]
    fn a_region_without_a_signal_is_refused_by_name_or_is_zero() {
        let blind = || series(&[NAN, 1.0, NAN, 3.0, NAN, 5.0, NAN, 7.0]);
        let quality = Quality { coverage: vec![0.31, 1.0], ..Quality::default() };
        let bad = look(blind(), quality.clone(), MissingRegions::Refuse).unwrap_err();
        let reason = "1 of 2 regions has no signal: `V1` (coverage 31%)".to_owned();
        assert_eq!(bad, Bad { reason, is_missing: true });
        let kept = look(blind(), quality, MissingRegions::Zero).unwrap();
        assert_eq!(kept.series.values(), [0.0, 3.0, 0.0, 5.0]);
        assert_eq!(kept.measured.missing, ["V1"]);

        // The region has a signal in one volume: damage, whatever the spec allows.
        let mut seen = [NAN, 1.0, NAN, 3.0, NAN, 5.0, NAN, 7.0];
        seen[6] = 0.5;
        let bad = look(series(&seen), Quality::default(), MissingRegions::Zero).unwrap_err();
        assert_eq!(bad.reason, "2 values are not finite, the first at volume 1, region 0");
        // An infinite region does not count as missing.
        let infinite = series(&[f32::INFINITY, 1.0, NAN, 3.0, NAN, 5.0, NAN, 7.0]);
        assert!(!look(infinite, Quality::default(), MissingRegions::Zero).unwrap_err().is_missing);
    }

    #[test]
    fn what_was_measured_must_be_of_the_scan() {
        let said = |quality| look(series(&WHOLE), quality, MissingRegions::Zero).unwrap_err().reason;
        let coverage = Quality { coverage: vec![1.0; 3], ..Quality::default() };
        assert_eq!(said(coverage), "the coverage of 3 regions instead of 2");
        let lengths = Quality { fd: vec![0.0; 4], kept: vec![true; 5], ..Quality::default() };
        assert_eq!(said(lengths), "motion, DVARS and scrubbing disagree: 4 and 5 volumes");
    }
}
