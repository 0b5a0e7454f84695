//! Reads, checks and crops every scan; every bad scan is named at once.

mod checked;
mod reading;

use std::collections::BTreeSet;

use boldface::{Dataset, Exclusion, Regions, Result, ScanInfo};

use super::Work;
use crate::plan::{Entry, counted};
use crate::run::arrays::{self, Array};
use crate::run::{Measured, QUALITY};

use checked::{Bad, Kept};

/// Raised when the same config gives different results.
pub const VERSION: u32 = 1;

/// Saves the cropped, not yet standardised series of every scan, what is known of it, and the regions;
/// where anything was measured of a scan or a scan was left out, that too.
pub fn run(work: &mut Work<'_>) -> Result<()> {
    let Found { regions, scans, excluded } = cohorts(&work.plan.datasets)?;
    let read = reading::read(work, &scans, &regions)?;
    let bad: Vec<(&ScanInfo, &Bad)> =
        scans.iter().zip(&read).filter_map(|((_, info), read)| Some((info, read.as_ref().err()?))).collect();
    if !bad.is_empty() {
        return Err(said(&bad, scans.len()).into());
    }
    // A dataset knows its scans as it named them; from here on they count as the split has it.
    let experiment = &work.plan.experiment;
    let of_split = |info: &ScanInfo| counted(info.clone(), experiment);
    let mut kept: Vec<(ScanInfo, &Kept)> = scans
        .iter()
        .zip(&read)
        .filter_map(|((_, info), read)| Some((of_split(info), read.as_ref().ok()?)))
        .collect();
    kept.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    let arrays = kept.iter().map(|(info, kept)| (info.id.to_string(), Array::of(&kept.series)));
    arrays::write(&work.dir.join("series.safetensors"), &arrays.collect())?;
    let known = kept.iter().map(|(info, _)| counted((*info).clone(), &work.plan.experiment));
    work.write_json("scans.json", &known.collect::<Vec<_>>())?;
    work.write_json("regions.json", &regions)?;
    let measured: Vec<Measured> =
        kept.iter().map(|(info, kept)| Measured { scan: info.id.clone(), ..kept.measured.clone() }).collect();
    if measured.iter().any(|measured| !measured.quality.is_empty()) {
        work.write_json(QUALITY, &measured)?;
    }
    if !excluded.is_empty() {
        work.write_json("exclusions.json", &excluded)?;
    }
    Ok(())
}

/// A scan and the dataset that can load it.
type Listed<'a> = (&'a Entry<dyn Dataset>, ScanInfo);

/// What the datasets hold.
struct Found<'a> {
    regions: Regions,
    scans: Vec<Listed<'a>>,
    excluded: Vec<Exclusion>,
}

/// All scans of all datasets, and the regions that they must share.
fn cohorts(datasets: &[Entry<dyn Dataset>]) -> Result<Found<'_>> {
    let mut shared: Option<(&str, Regions)> = None;
    let (mut scans, mut excluded) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for entry in datasets {
        let cohort = entry.config.cohort(&entry.root, &entry.name)?;
        match &shared {
            Some((first, regions)) if *regions != cohort.regions => {
                let message =
                    "datasets `{}` and `{}` have different regions; give both the same parcellation";
                return Err(message.replacen("{}", first, 1).replacen("{}", &entry.name, 1).into());
            }
            Some(_) => {}
            None => shared = Some((&entry.name, cohort.regions)),
        }
        for info in cohort.scans {
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

/// Every bad scan with what is wrong with it, and the ways out.
fn said(bad: &[(&ScanInfo, &Bad)], total: usize) -> String {
    let lines: Vec<String> = bad.iter().map(|(info, bad)| format!("`{}`: {}", info.id, bad.reason)).collect();
    let mut text = format!(
        "{} of {total} scans cannot be used; mend or remove them:\n  {}",
        bad.len(),
        lines.join("\n  ")
    );
    if bad.iter().any(|(_, bad)| bad.is_missing) {
        text += "\n  a region without a signal: set `missing-regions = \"zero\"` under `[signal]` to go on with \
                 zeros there, which have no connectivity; or leave those scans out (a dataset of type `bids` \
                 takes a list of them as `exclude`)";
    }
    text
}
