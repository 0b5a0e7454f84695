//! Reads, checks and crops every scan, and reports all bad scans at once.

mod carpet;
mod checked;
mod motion;
mod preview;
mod reading;

use std::collections::BTreeSet;

use boldface::{Dataset, Exclusion, Regions, Result, ScanInfo};
use serde::Serialize;

use super::StageContext;
use super::config::{ByName, HashedPlugin};
use crate::spec::{Crop, Signal, Unit};
use crate::store::arrays::{self, Array};
use crate::store::{CARPETS, MOTION, QUALITY, QUALITY_TABLE, REGIONS, SCANS, SERIES, ScanQuality};
use crate::study::{Study, counted};

use checked::{Bad, StoredScan};
pub use preview::{DatasetPreview, SeriesPreview};

/// Increase when the same config gives different results.
pub const VERSION: u32 = 1;

/// What the stage reads.
#[derive(Debug, Serialize)]
pub struct SeriesConfig<'a> {
    /// The cohorts.
    pub datasets: ByName<HashedPlugin<'a, dyn Dataset>>,
    /// Crop and standardisation.
    pub signal: &'a Signal,
    /// The unit of the split, which stored scans carry.
    pub unit: Unit,
    /// Volumes per patch, if scans keep whole patches.
    patch: Option<usize>,
    /// Names of the only scans to read, for a dry try. Part of the key, so that such a try is never taken
    /// for the whole run.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a BTreeSet<String>>,
}

impl<'a> SeriesConfig<'a> {
    /// Takes what the stage reads from a study.
    pub fn new(study: &'a Study) -> SeriesConfig<'a> {
        let experiment = &study.experiment;
        let content = |name: &str| study.content.datasets.get(name);
        let datasets = study
            .datasets
            .iter()
            .map(|entry| HashedPlugin::new(entry, |dataset| dataset.version(), content(&entry.name)));
        let patch = experiment.signal.min_trs.map(|_| study.tokenizer.config.patch());
        let (signal, unit) = (&experiment.signal, experiment.split.unit);
        SeriesConfig {
            datasets: datasets.collect(),
            signal,
            unit,
            patch,
            limit: study.content.limit.as_ref(),
        }
    }

    /// Returns the rule that gives the volumes kept of a scan.
    pub fn crop(&self) -> Crop {
        // Without `min-trs`, the rule does not depend on the patch.
        Crop::new(self.signal, self.patch.unwrap_or(1))
    }
}

/// Saves the cropped series of every scan, not standardised, with its metadata and the regions. Quality
/// measurements and exclusions are saved if there are any.
pub fn run(work: &mut StageContext<'_, SeriesConfig<'_>>) -> Result<()> {
    let Found { regions, scans, excluded } = cohorts(work.config)?;
    let read = reading::read(work, &scans, &regions)?;
    let bad: Vec<(&ScanInfo, &Bad)> =
        scans.iter().zip(&read).filter_map(|((_, info), read)| Some((info, read.as_ref().err()?))).collect();
    if !bad.is_empty() {
        return Err(said(&bad, scans.len()).into());
    }
    let mut kept: Vec<(&ScanInfo, &StoredScan)> =
        scans.iter().zip(&read).filter_map(|((_, info), read)| Some((info, read.as_ref().ok()?))).collect();
    kept.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    let arrays = kept.iter().map(|(info, kept)| (info.id.to_string(), Array::from_series(&kept.series)));
    arrays::write(&work.dir.join(SERIES), &arrays.collect())?;
    let known = kept.iter().map(|(info, _)| counted((*info).clone(), work.config.unit, work.config.signal));
    work.write_json(SCANS, &known.collect::<Vec<_>>())?;
    work.write_json(REGIONS, &regions)?;
    quality(work, &kept, &regions)?;
    if !excluded.is_empty() {
        work.write_json("exclusions.json", &excluded)?;
    }
    Ok(())
}

/// Saves the quality measurements, if there are any: in full, as a table, as carpet plots, and as
/// correlations of connectivity with motion.
fn quality(
    work: &StageContext<'_, SeriesConfig<'_>>,
    kept: &[(&ScanInfo, &StoredScan)],
    regions: &Regions,
) -> Result<()> {
    let scans: Vec<&StoredScan> = kept.iter().map(|(_, kept)| *kept).collect();
    if scans.iter().all(|kept| kept.measured.quality.is_empty()) {
        return Ok(());
    }
    work.write_json(QUALITY, &scans.iter().map(|kept| &kept.measured).collect::<Vec<_>>())?;
    work.write_json(CARPETS, &carpet::plot(&scans, regions, work.config.signal.start))?;
    work.write_json(MOTION, &motion::correlate(&scans))?;
    let row = |(info, kept): &(&ScanInfo, &StoredScan)| {
        let ScanQuality { scan, missing, quality } = &kept.measured;
        let on_disk = quality.fd.len().max(quality.dvars.len()).max(quality.kept.len());
        let known = quality.coverage.iter().copied().filter(|share| share.is_finite());
        boldface_tables::quality::QualityRow {
            scan: scan.clone(),
            tr: info.tr,
            volumes: kept.trs as u64,
            volumes_on_disk: Some(on_disk as u64).filter(|&count| count > 0),
            mean_fd: quality.mean_fd(),
            max_fd: quality.max_fd(),
            mean_dvars: quality.mean_dvars(),
            censored: quality.censored(),
            tsnr: quality.tsnr.map(f64::from),
            mean_coverage: quality.mean_coverage(),
            least_coverage: known.reduce(f32::min).map(f64::from),
            missing_regions: missing.len() as u64,
            warnings: quality.warnings.join(" "),
        }
    };
    let rows: Vec<_> = kept.iter().map(row).collect();
    Ok(boldface_tables::quality::write(&work.dir.join(QUALITY_TABLE), &rows)?)
}

/// A scan and the dataset that loads it.
type Listed<'a> = (&'a HashedPlugin<'a, dyn Dataset>, ScanInfo);

/// The scans, regions and exclusions of all datasets.
struct Found<'a> {
    regions: Regions,
    scans: Vec<Listed<'a>>,
    excluded: Vec<Exclusion>,
}

/// Collects the scans of all datasets, and the regions that they must share.
fn cohorts<'a>(config: &'a SeriesConfig<'a>) -> Result<Found<'a>> {
    let (datasets, limit) = (&config.datasets, config.limit);
    let mut shared: Option<(&str, Regions)> = None;
    let (mut scans, mut excluded) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for entry in datasets.iter() {
        let cohort = entry.config.cohort(entry.root, entry.name)?;
        match &shared {
            Some((first, regions)) if *regions != cohort.regions => {
                let message =
                    "datasets `{}` and `{}` have different regions; give both the same parcellation";
                return Err(message.replacen("{}", first, 1).replacen("{}", entry.name, 1).into());
            }
            Some(_) => {}
            None => shared = Some((entry.name, cohort.regions)),
        }
        for info in cohort.scans {
            if limit.is_some_and(|kept| !kept.contains(&info.id.to_string())) {
                continue;
            }
            if !seen.insert(info.id.clone()) {
                return Err(format!("scan `{}` is listed twice", info.id).into());
            }
            scans.push((entry, info));
        }
        excluded.extend(cohort.excluded);
    }
    let (_, regions) = shared.ok_or("the experiment has no dataset")?;
    Ok(Found { regions, scans, excluded })
}

/// What to do about a region without a signal.
const MISSING_HELP: &str = "set `missing-regions = \"zero\"` under `[signal]` to go on with zeros there, which have no \
                            connectivity; or leave those scans out (a dataset of type `bids` takes a list of them as \
                            `exclude`)";

/// Lists every bad scan with its reason, and what to do about it.
fn said(bad: &[(&ScanInfo, &Bad)], total: usize) -> String {
    let lines: Vec<String> = bad.iter().map(|(info, bad)| format!("`{}`: {}", info.id, bad.reason)).collect();
    let mut text = format!(
        "{} of {total} scans cannot be used; fix or remove them:\n  {}",
        bad.len(),
        lines.join("\n  ")
    );
    if bad.iter().any(|(_, bad)| bad.is_missing) {
        text += &format!("\n  a region without a signal: {MISSING_HELP}");
    }
    text
}
