//! Finds recordings under two names: scans that are copies of each other, up to scale.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{ScanId, TimeSeries};
use rayon::prelude::*;
use serde_json::json;

use super::{Check, CheckStatus, named};

/// Number of regions to compare.
const REGIONS: usize = 8;

/// Number of volumes per region to compare.
const VOLUMES: usize = 64;

/// Correlation from which two scans are the same recording. Copies rounded to three digits are above it.
/// Two runs of one person with the same stimuli are far below.
const SAME: f64 = 0.999;

/// Suffixes of files that several people may share.
const SHARED: [&str; 4] = ["_mask", "_events", "_dseg", "_sessions"];

/// Compares the bytes of everyone's files. Each entry is dataset, path and hash.
pub fn files(files: &[(String, String, [u8; 32])]) -> Check {
    let mut by_bytes: BTreeMap<&[u8; 32], BTreeMap<String, String>> = BTreeMap::new();
    let mut count = 0;
    for (dataset, path, hash) in files {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name);
        let Some(subject) = stem.strip_prefix("sub-").and_then(|rest| rest.split('_').next()) else {
            continue;
        };
        if !name.ends_with(".json") && !SHARED.iter().any(|ending| stem.ends_with(ending)) {
            by_bytes
                .entry(hash)
                .or_default()
                .insert(format!("{dataset}/sub-{subject}"), format!("{dataset}/{path}"));
            count += 1;
        }
    }
    let copies = by_bytes.values().filter(|people| people.len() > 1);
    let mut copies: Vec<String> =
        copies.map(|people| people.values().cloned().collect::<Vec<_>>().join("` and `")).collect();
    copies.sort();
    let id = "series.copies";
    if copies.is_empty() {
        return Check::passed(id, "datasets", format!("no two people share one of {count} files"));
    }
    let found = format!("{} are the same file under the names of several people", named(&copies));
    let help = "find out whose recording it is, and remove the others";
    Check::passed(id, "datasets", found).but(CheckStatus::Failed, help).with(json!({ "files": copies }))
}

/// Compares every scan with every other, regardless of each region's scale and sign, and returns the
/// pairs that are copies.
pub fn pairs(scans: &[(&ScanId, &TimeSeries)]) -> BTreeSet<(usize, usize)> {
    let sketches: Vec<Sketch> = scans.par_iter().map(|(_, series)| sketch(series)).collect();
    let copies_of = |one: usize| -> Vec<(usize, usize)> {
        let is_copy = |other: &usize| sketches[one].likeness(&sketches[*other]) >= SAME;
        (one + 1..scans.len()).filter(is_copy).map(|other| (one, other)).collect()
    };
    (0..scans.len()).into_par_iter().flat_map_iter(copies_of).collect()
}

/// Reports pairs of copies.
pub fn check(scans: &[(&ScanId, &TimeSeries)], copies: &BTreeSet<(usize, usize)>) -> Check {
    let is_across = |(one, other): &&(usize, usize)| scans[*one].0.person() != scans[*other].0.person();
    let said = |(one, other): &(usize, usize)| format!("{}` and `{}", scans[*one].0, scans[*other].0);
    let across: Vec<String> = copies.iter().filter(is_across).map(said).collect();
    let within: Vec<String> = copies.iter().filter(|pair| !is_across(pair)).map(said).collect();
    let evidence = json!({ "scans": scans.len(), "across-people": across, "within-a-person": within });
    let id = "series.copies";
    let help = "find out whose recording it is, and remove the other";
    if !across.is_empty() {
        let found = format!("{} are the same recording of two people", named(&across));
        return Check::passed(id, "datasets", found).but(CheckStatus::Failed, help).in_run().with(evidence);
    }
    if !within.is_empty() {
        let found = format!("{} are the same recording, counted twice", named(&within));
        return Check::passed(id, "datasets", found).but(CheckStatus::Warned, help).in_run().with(evidence);
    }
    let found = format!("none of {} scans is another's copy, up to scale", scans.len());
    Check::passed(id, "datasets", found).in_run().with(evidence)
}

/// Some volumes of some regions. Each region has mean 0 and standard deviation 1 over the whole scan.
/// All values together have norm 1, or 0 for a constant scan.
struct Sketch {
    /// Number of volumes per region.
    volumes: usize,
    /// Values, region by region.
    values: Vec<f32>,
}

fn sketch(series: &TimeSeries) -> Sketch {
    let (regions, volumes) = (series.rois().min(REGIONS), series.trs().min(VOLUMES));
    let mut values = Vec::new();
    for region in 0..regions {
        let signal: Vec<f64> = series.roi(region * series.rois() / regions).map(f64::from).collect();
        let mean = signal.iter().sum::<f64>() / signal.len() as f64;
        let spread = (signal.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / signal.len() as f64).sqrt();
        // Rounding gives a constant region a small spread.
        let scale = if spread > 1e-9 * mean.abs() { 1.0 / spread } else { 0.0 };
        values.extend((0..volumes).map(|volume| (signal[volume * signal.len() / volumes] - mean) * scale));
    }
    let length = values.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    Sketch { volumes, values: values.iter().map(|x| (x / length) as f32).collect() }
}

impl Sketch {
    /// Returns the correlation of two scans, regardless of each region's sign. Returns 0 for other
    /// shapes.
    fn likeness(&self, other: &Sketch) -> f64 {
        if (self.volumes, self.values.len()) != (other.volumes, other.values.len()) {
            return 0.0;
        }
        let pairs = self.values.chunks(self.volumes.max(1)).zip(other.values.chunks(other.volumes.max(1)));
        let region = |(a, b): (&[f32], &[f32])| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>().abs();
        f64::from(pairs.map(region).sum::<f32>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(subject: usize, run: usize) -> ScanId {
        let (subject, run) = (subject.to_string(), Some(run.to_string()));
        ScanId { run, ..ScanId::new("d", subject) }
    }

    /// Returns 30 volumes of 4 regions that differ for each seed.
    fn series(seed: u64, change: impl Fn(usize, f64) -> f64) -> TimeSeries {
        let mut state = seed * 7919 + 17;
        let values = (0..120).map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            change(i % 4, (state >> 40) as f64 / f64::from(1 << 24)) as f32
        });
        TimeSeries::new(30, 4, 2.0, values.collect()).unwrap()
    }

    #[test]
    fn copies_are_found_whatever_their_scale_and_others_are_not() {
        let plain = |_: usize, x: f64| x;
        let scaled = |roi: usize, x: f64| if roi == 1 { 3.0 - 20.0 * x } else { 500.0 + 3.0 * x };
        let all: Vec<(ScanId, TimeSeries)> = vec![
            (id(1, 1), series(1, plain)),
            (id(2, 1), series(2, plain)),
            (id(3, 1), series(1, scaled)),
            (id(2, 2), series(2, plain)),
        ];
        let of = |places: &[usize]| {
            let scans: Vec<_> = places.iter().map(|&place| (&all[place].0, &all[place].1)).collect();
            check(&scans, &pairs(&scans))
        };
        assert_eq!(of(&[0, 1]).status, CheckStatus::Passed);
        assert_eq!(of(&[1, 3]).status, CheckStatus::Warned);
        let found = of(&[0, 1, 2]);
        assert_eq!(found.status, CheckStatus::Failed);
        assert_eq!(found.found, "`d/sub-1_run-1` and `d/sub-3_run-1` are the same recording of two people");
    }
}
