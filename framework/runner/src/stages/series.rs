//! Reads, checks and crops every scan; every bad scan is named at once.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Dataset, Observer, Regions, Result, ScanInfo, TimeSeries, Window};

use super::Work;
use crate::plan::{Entry, counted};
use crate::run::arrays::{self, Array};

/// Raised when the same config gives different results.
pub const VERSION: u32 = 1;

/// Saves the cropped, not yet standardised series of every scan, what is known of it, and the regions.
pub fn run(work: &mut Work<'_>) -> Result<()> {
    let (regions, scans) = cohorts(&work.plan.datasets)?;
    let signal = &work.plan.experiment.signal;
    let crop = Window { start: signal.start, trs: signal.trs };
    let mut bad = Vec::new();
    let mut kept = Vec::new();
    let total = scans.len() as u64;
    for (done, (entry, info)) in scans.into_iter().enumerate() {
        let loaded = boldface::guard(|| entry.config.load(&entry.root, &info));
        match loaded.map_err(|error| error.to_string()).and_then(|series| checked(&series, &info, crop)) {
            Ok(series) => kept.push((counted(info, &work.plan.experiment), series)),
            Err(reason) => bad.push(format!("`{}`: {reason}", info.id)),
        }
        work.recorder.progress(done as u64 + 1, total)?;
    }
    if !bad.is_empty() {
        return Err(format!(
            "{} of {total} scans cannot be used; mend or remove them:\n  {}",
            bad.len(),
            bad.join("\n  ")
        )
        .into());
    }
    kept.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    let arrays: BTreeMap<String, Array<'_>> = kept
        .iter()
        .map(|(info, series)| {
            (info.id.to_string(), Array::F32(vec![series.trs(), series.rois()], series.values()))
        })
        .collect();
    arrays::write(&work.dir.join("series.safetensors"), &arrays)?;
    work.write_json("scans.json", &kept.iter().map(|(info, _)| info).collect::<Vec<_>>())?;
    work.write_json("regions.json", &regions)
}

/// A scan and the dataset that can load it.
type Listed<'a> = (&'a Entry<dyn Dataset>, ScanInfo);

/// All scans of all datasets, and the regions that they must share.
fn cohorts(datasets: &[Entry<dyn Dataset>]) -> Result<(Regions, Vec<Listed<'_>>)> {
    let mut shared: Option<(&str, Regions)> = None;
    let mut scans = Vec::new();
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
    }
    let (_, regions) = shared.ok_or("the experiment has no dataset")?;
    Ok((regions, scans))
}

/// The crop of a scan, or what is wrong with the scan.
fn checked(series: &TimeSeries, info: &ScanInfo, crop: Window) -> Result<TimeSeries, String> {
    if series.rois() != info.rois {
        return Err(format!("{} regions instead of {}", series.rois(), info.rois));
    }
    if series.trs() < crop.start.saturating_add(crop.trs) {
        return Err(format!(
            "{} volumes, too few for `signal.trs` = {} from volume {}",
            series.trs(),
            crop.trs,
            crop.start
        ));
    }
    let series = series.window(crop).map_err(|error| error.to_string())?;
    let broken = series.values().iter().filter(|value| !value.is_finite()).count();
    if broken > 0 {
        let first = series.values().iter().position(|value| !value.is_finite()).unwrap_or(0);
        let (t, roi) = (first / series.rois() + crop.start, first % series.rois());
        return Err(format!("{broken} values are not finite, the first at volume {t}, region {roi}"));
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use boldface::ScanId;

    use super::*;

    #[test]
    fn a_scan_is_cropped_or_refused_with_a_reason() {
        let id = ScanId {
            dataset: "d".into(),
            subject: "1".into(),
            session: None,
            task: None,
            run: None,
            by_run: false,
        };
        let info = ScanInfo {
            id,
            tr: 2.0,
            trs: 4,
            rois: 2,
            phenotype: BTreeMap::new(),
            events: Vec::new(),
            cuts: Vec::new(),
        };
        let series = |values: Vec<f32>| TimeSeries::new(values.len() / 2, 2, 2.0, values).unwrap();
        let crop = Window { start: 1, trs: 2 };
        let whole: Vec<f32> = (0..8).map(|i| i as f32).collect();
        assert_eq!(checked(&series(whole.clone()), &info, crop).unwrap().values(), [2.0, 3.0, 4.0, 5.0]);

        let mut broken = whole.clone();
        (broken[5], broken[0]) = (f32::NAN, f32::NAN);
        let reason = checked(&series(broken), &info, crop).unwrap_err();
        assert_eq!(reason, "1 values are not finite, the first at volume 2, region 1");
        let reason = checked(&series(whole[..4].to_vec()), &info, crop).unwrap_err();
        assert_eq!(reason, "2 volumes, too few for `signal.trs` = 2 from volume 1");
        let one = TimeSeries::new(8, 1, 2.0, whole).unwrap();
        assert_eq!(checked(&one, &info, crop).unwrap_err(), "1 regions instead of 2");
    }
}
