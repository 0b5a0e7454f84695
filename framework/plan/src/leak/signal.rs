//! SignalProperties of the signal that are no activity of the brain: its amplitude, regions that are dead, and
//! the precision it was stored with.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Describer, Result, Scan, ScanId, TimeSeries};

use super::Check;
use super::asked::TaskExamples;
use super::cuts::categories;
use super::nuisance::{LIKELY, Nuisance, Sight, check};
use crate::spec::Standardize;

/// Last parts of the names of these checks.
pub const NAMES: [&str; 4] = ["amplitude", "level", "dead-regions", "precision"];

/// Share of volumes that repeat the volume before, from which a region counts as dead.
const STILL: f64 = 0.5;

/// Share of different values in a region from which its precision is fine.
const FINE: f64 = 0.9;

/// Factor by which a signal is amplified to see what changes. A power of two changes no digit.
const GAIN: f32 = 4.0;

/// What is measured in one scan's signal.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalProperties {
    /// Median standard deviation of the regions that live.
    amplitude: Option<f64>,
    /// Median of their absolute means.
    level: Option<f64>,
    /// Regions without a signal, or without one for half of the scan.
    dead: BTreeSet<usize>,
    /// Median share of different values in a region.
    distinct: Option<f64>,
}

impl SignalProperties {
    /// Measures a scan that is not standardised.
    pub fn measure(series: &TimeSeries) -> SignalProperties {
        let (mut spreads, mut levels, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        let mut dead = BTreeSet::new();
        for roi in 0..series.rois() {
            let values: Vec<f32> = series.roi(roi).collect();
            let n = values.len().max(1) as f64;
            let repeats = values.windows(2).filter(|pair| pair[0] == pair[1]).count();
            let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
            let spread = (values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n).sqrt();
            // A region with a mean of 1000 has rounding noise of 1e-4.
            if repeats as f64 >= STILL * (n - 1.0) || spread <= 1e-6 * mean.abs() {
                dead.insert(roi);
                continue;
            }
            let distinct: BTreeSet<u32> = values.iter().map(|x| x.to_bits()).collect();
            spreads.push(spread);
            levels.push(mean.abs());
            shares.push(distinct.len() as f64 / n);
        }
        SignalProperties { amplitude: median(spreads), level: median(levels), dead, distinct: median(shares) }
    }
}

/// Checks whether a property of the signal alone predicts the answers. `told_by` names features of
/// corpora that change with the amplitude.
pub fn checks(
    asked: &TaskExamples,
    of_scans: &BTreeMap<ScanId, SignalProperties>,
    how: Standardize,
    told_by: &[String],
) -> Vec<Check> {
    let Some(labels) = asked.labels() else { return Vec::new() };
    let found: Vec<Option<&SignalProperties>> =
        asked.examples.iter().map(|(info, _)| of_scans.get(&info.id)).collect();
    let values = |read: fn(&SignalProperties) -> Option<String>| -> Vec<Option<String>> {
        found.iter().map(|properties| properties.and_then(read)).collect()
    };
    let seen = match how {
        Standardize::None => Sight::Visible,
        _ => Sight::Hidden("every window is standardised".to_owned()),
    };
    let (mut sight, mut what) = (seen.clone(), "the amplitude of the signal".to_owned());
    if matches!(seen, Sight::Hidden(_)) && !told_by.is_empty() {
        what = format!("the amplitude of the signal, which {} tells,", super::named(told_by));
        sight = Sight::Visible;
    }
    let scale = "scale every scan alike: `[signal] standardize = \"zscore\"`, and describe nothing that changes with it";
    let dead = "leave the regions or the scans out, or balance them over the answers";
    let mut nuisances = [
        Nuisance::new(NAMES[0], &what, sight, scale, values(|scan| scan.amplitude.map(|x| x.to_string()))),
        Nuisance::new(
            NAMES[1],
            "the mean of the signal",
            seen,
            scale,
            values(|scan| scan.level.map(|x| x.to_string())),
        ),
        Nuisance::new(
            NAMES[2],
            "which regions have no signal",
            Sight::Visible,
            dead,
            values(|scan| Some(list(&scan.dead))),
        ),
        Nuisance::new(
            NAMES[3],
            "the precision of the signal",
            Sight::Visible,
            "store every scan with the same precision",
            values(|scan| {
                scan.distinct.map(|share| if share >= FINE { "fine".into() } else { format!("{share:.1}") })
            }),
        ),
    ];
    let count = |properties: &Option<&SignalProperties>| properties.map_or(0, |one| one.dead.len());
    nuisances[2].more = each_region(&found);
    nuisances[2].more.push(categories(&found.iter().map(count).collect::<Vec<_>>()));
    let people = asked.people();
    nuisances.iter().map(|nuisance| check(asked, nuisance, &labels, &people, LIKELY)).collect()
}

/// Lists regions by their numbers.
fn list(rois: &BTreeSet<usize>) -> String {
    let numbers: Vec<String> = rois.iter().map(usize::to_string).collect();
    if numbers.is_empty() { "none".to_owned() } else { numbers.join(" ") }
}

/// Returns for each region in which examples it is dead, if this differs between some of them.
fn each_region(found: &[Option<&SignalProperties>]) -> Vec<Vec<usize>> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for &roi in found.iter().flatten().flat_map(|properties| &properties.dead) {
        *counts.entry(roi).or_default() += 1;
    }
    let (n, few) = (found.len(), found.len() / 20);
    let differs = |count: usize| count > few && count < n - few;
    let rois = counts.into_iter().filter(|&(_, count)| differs(count)).map(|(roi, _)| roi);
    let of_region = |roi| {
        let is_dead =
            |properties: &Option<&SignalProperties>| properties.is_some_and(|one| one.dead.contains(&roi));
        categories(&found.iter().map(is_dead).collect::<Vec<_>>())
    };
    rois.map(of_region).collect()
}

/// Returns the features that are described otherwise if the signal is amplified. `scan` is not
/// standardised and has no descriptions.
///
/// # Errors
/// If a scan cannot be described.
pub fn features_of_gain(describer: &dyn Describer, scan: &Scan) -> Result<Vec<String>> {
    let loud = scan.series.values().iter().map(|x| GAIN * x).collect();
    let loud = Scan { series: scan.series.with_values(loud)?, ..scan.clone() };
    let (before, after) = (describer.describe(scan)?, describer.describe(&loud)?);
    let after: BTreeMap<&str, _> = after.iter().map(|one| (one.fact.feature.as_str(), &one.fact)).collect();
    let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-3 * (a.abs() + b.abs()).max(1e-6),
        (a, b) => a.is_some() == b.is_some(),
    };
    let changes = |feature: &str, value: Option<f64>, z: Option<f64>| {
        after.get(feature).is_some_and(|fact| !near(fact.value, value) || !near(fact.z, z))
    };
    let changed = before.iter().filter(|one| changes(&one.fact.feature, one.fact.value, one.fact.z));
    Ok(changed.map(|one| one.fact.feature.clone()).collect())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_measured_without_its_dead_regions() {
        // Region 0 is 1, 5, 1, 5 with mean 3 and SD 2; region 1 is constant; region 2 stands still after a
        // step.
        let values = [1.0, 7.0, 0.0, 5.0, 7.0, 4.0, 1.0, 7.0, 4.0, 5.0, 7.0, 4.0];
        let found = SignalProperties::measure(&TimeSeries::new(4, 3, 2.0, values.to_vec()).unwrap());
        assert_eq!((found.amplitude, found.level, found.distinct), (Some(2.0), Some(3.0), Some(0.5)));
        assert_eq!(found.dead, BTreeSet::from([1, 2]));
        let none = SignalProperties::measure(&TimeSeries::new(4, 1, 2.0, vec![0.0; 4]).unwrap());
        assert_eq!((none.amplitude, none.dead.len()), (None, 1));
    }
}
