//! Finds one recording under two names after it was shifted, reversed, cut or cleaned otherwise, and two
//! parts of one recording.
//!
//! The time grows with the square of the number of scans. In larger cohorts only pairs whose couplings are
//! alike, one in fifteen, are compared at all lags.

use std::collections::BTreeSet;

use boldface::{ScanId, TimeSeries};
use boldface_features::recording::{
    Agreement, Lags, Likeness, Place, Recording, Trace, regions, seconds, volumes,
};
use rayon::prelude::*;
use serde_json::json;

use super::{Check, CheckStatus, named};

/// Name of the check for copies of a recording.
pub const NEAR: &str = "series.near-copies";

/// Name of the check for parts of a recording.
pub const PARTS: &str = "series.parts";

/// Correlation from which two scans are one recording. See [`boldface_features::recording`]: copies have
/// more, scans of different people reach .38 at the best lag.
const COPY: f64 = 0.5;

/// Correlation from which it is a leak. A shift, reversal, noise, other cleaning and a piece leave .8 and
/// more. What is between may also be strong common rhythms, so it is only told.
const LEAKS: f64 = 0.8;

/// Fewest regions by which recordings can be told apart. With fewer, rhythms that all people share, such as
/// those of a task, agree at some lag as well as copies do.
const REGIONS: usize = 10;

/// Surprise from which such a correlation is no chance, however few regions and volumes there are.
const SURE: f64 = 7.0;

/// Correlation of mixed signals from which all regions are compared.
const WORTH_A_LOOK: f64 = 0.35;

/// Number of pairs of scans up to which each is compared at all lags.
const FEW: usize = 20_000;

/// Likeness of couplings, in standard deviations above the usual one, from which a pair of a larger
/// cohort is compared at all lags. Copies of short scans have more than 3.
const NEAR_ENOUGH: f64 = 1.5;

/// Correlation of couplings from which the same holds, however alike all others of a group are.
const ALIKE: f64 = 0.5;

/// Number of other scans, or tenths of all, with which a recording may agree by [`COPY`]. More agree
/// because they saw the same stimuli, and are copies only from [`SURELY_COPY`].
const PARTNERS: usize = 4;

/// Correlation that the same stimuli do not explain.
const SURELY_COPY: f64 = 0.9;

/// Fewest scans among which couplings can stand out.
const ENOUGH: usize = 20;

/// Likeness of couplings in standard deviations above the usual one, and above the next best, from which
/// two scans are probably parts of one recording. About three in four halves of ABIDE's scans reach both.
/// Of all pairs of different people in ABIDE and ds000140, none does; one does if ABIDE is cut to 40
/// volumes.
const STANDS_OUT: (f64, f64) = (6.5, 2.5);

/// Likeness from which two scans are certainly parts of one recording.
const BEYOND_DOUBT: f64 = 12.0;

/// Number of pairs that stand out by which chance is excluded.
const SEVERAL: usize = 3;

type Pair = (usize, usize);

/// Compares every scan with every other. `exact` has the copies that are already known.
pub fn checks(scans: &[(&ScanId, &TimeSeries)], exact: &BTreeSet<Pair>) -> Vec<Check> {
    let rois = scans.iter().map(|(_, series)| series.rois()).min().unwrap_or(0);
    if rois < REGIONS {
        let found = format!("{rois} regions are too few to recognise an altered copy or part of a recording");
        let passed = |id: &str| Check::passed(id, "datasets", &*found).in_run();
        return vec![passed(NEAR), passed(PARTS)];
    }
    let step = seconds(scans.iter().map(|(_, series)| *series));
    let longest = scans.iter().map(|(_, series)| volumes(series, step)).max().unwrap_or(0);
    let lags = Lags::new(longest);
    let chosen = regions(scans.len(), rois);
    let prepare = |(_, series): &(&ScanId, &TimeSeries)| {
        let recording = Recording::new(series, step);
        (lags.trace(&recording), recording.couplings(&chosen))
    };
    let (traces, couplings): (Vec<Trace>, Vec<Vec<f32>>) = scans.par_iter().map(prepare).unzip();
    let likeness = (scans.len() >= ENOUGH).then(|| Likeness::new(couplings));
    let is_few = scans.len() * scans.len().saturating_sub(1) / 2 <= FEW;
    let is_candidate = |one: usize, other: usize| {
        let is_near = |likeness: &Likeness| {
            likeness.above_usual(one, other) >= NEAR_ENOUGH || likeness.correlation(one, other) >= ALIKE
        };
        !exact.contains(&(one, other)) && (is_few || likeness.as_ref().is_none_or(is_near))
    };
    let compare = |pair: Pair| {
        let (correlation, place) = lags.best(&traces[pair.0], &traces[pair.1]);
        if correlation.abs() < WORTH_A_LOOK {
            return None;
        }
        // A second time, for the memory would have to hold all of them.
        let recording = |scan: usize| Recording::new(scans[scan].1, step);
        let found = recording(pair.0).agreement(&recording(pair.1), place);
        let is_copy = found.correlation.abs() >= COPY && found.surprise.abs() >= SURE;
        is_copy.then_some(Copied { pair, place, found })
    };
    let copies_of = |one: usize| {
        let others = (one + 1..scans.len()).filter(move |other| is_candidate(one, *other));
        others.filter_map(move |other| compare((one, other)))
    };
    let mut copies: Vec<Copied> = (0..scans.len()).into_par_iter().flat_map_iter(copies_of).collect();
    let mut partners = vec![0_usize; scans.len()];
    for copy in &copies {
        partners[copy.pair.0] += 1;
        partners[copy.pair.1] += 1;
    }
    copies.retain(|copy| {
        let fewest = partners[copy.pair.0].min(partners[copy.pair.1]);
        fewest <= PARTNERS.max(scans.len() / 10) || copy.found.correlation.abs() >= SURELY_COPY
    });
    let known: BTreeSet<Pair> = exact.iter().copied().chain(copies.iter().map(|copy| copy.pair)).collect();
    let parts = likeness.map(|likeness| parts(scans, &likeness, &known)).unwrap_or_default();
    vec![near(scans, &copies), apart(scans, &parts)]
}

/// A recording under two names.
struct Copied {
    pair: Pair,
    place: Place,
    found: Agreement,
}

/// Returns the pairs of people whose couplings stand out, with their likeness.
fn parts(scans: &[(&ScanId, &TimeSeries)], likeness: &Likeness, known: &BTreeSet<Pair>) -> Vec<(Pair, f64)> {
    let subject = |scan: usize| (&scans[scan].0.dataset, &scans[scan].0.subject);
    let stands_out = |&(one, other): &Pair| {
        let above = likeness.above_usual(one, other);
        let is_other = move |scan: &usize| ![subject(one), subject(other)].contains(&subject(*scan));
        let stands_out = above >= STANDS_OUT.0
            && subject(one) != subject(other)
            && !known.contains(&(one, other))
            && likeness.above_next(one, other, (0..scans.len()).filter(is_other)) >= STANDS_OUT.1;
        stands_out.then_some(((one, other), above))
    };
    let of_one = |one: usize| {
        (one + 1..scans.len()).map(move |other| (one, other)).filter_map(|pair| stands_out(&pair))
    };
    (0..scans.len()).into_par_iter().flat_map_iter(of_one).collect()
}

fn near(scans: &[(&ScanId, &TimeSeries)], copies: &[Copied]) -> Check {
    let is_across = |pair: Pair| scans[pair.0].0.person() != scans[pair.1].0.person();
    let told_of = |Copied { pair, place, found }: &Copied| {
        let way = if place.reversed { ", reversed" } else { "" };
        format!("{}` and `{}` (r = {:.2}{way})", scans[pair.0].0, scans[pair.1].0, found.correlation)
    };
    let told = |across: bool| -> Vec<String> {
        copies.iter().filter(|copy| is_across(copy.pair) == across).map(told_of).collect()
    };
    let (across, within) = (told(true), told(false));
    let evidence = json!({ "scans": scans.len(), "across-people": across, "within-a-person": within });
    let (many, status, whose) = if across.is_empty() {
        (within, CheckStatus::Warned, "of one person, counted twice")
    } else {
        let is_leak = |copy: &Copied| is_across(copy.pair) && copy.found.correlation.abs() >= LEAKS;
        let status = if copies.iter().any(is_leak) { CheckStatus::Failed } else { CheckStatus::Warned };
        (across, status, "under the names of two people")
    };
    if many.is_empty() {
        let found = format!(
            "none of {} scans is another's copy, shifted, reversed or cleaned otherwise",
            scans.len()
        );
        return Check::passed(NEAR, "datasets", found).in_run().with(evidence);
    }
    let found = format!(
        "{} show the same activity: one recording {whose}, shifted, reversed or cleaned otherwise",
        bare(&many)
    );
    let help = "find out whose recording it is, and remove the other";
    Check::passed(NEAR, "datasets", found).but(status, help).in_run().with(evidence)
}

fn apart(scans: &[(&ScanId, &TimeSeries)], parts: &[(Pair, f64)]) -> Check {
    let told: Vec<String> = parts
        .iter()
        .map(|((one, other), above)| {
            format!("{}` and `{}` ({above:.1} standard deviations)", scans[*one].0, scans[*other].0)
        })
        .collect();
    let people: BTreeSet<_> = parts.iter().map(|(pair, _)| scans[pair.0].0.person()).collect();
    let evidence = json!({ "scans": scans.len(), "pairs": told });
    if parts.is_empty() {
        let found = if scans.len() < ENOUGH {
            format!("{} scans are too few to recognise two parts of one recording", scans.len())
        } else {
            format!("the couplings of no two people among {} scans stand out as alike", scans.len())
        };
        return Check::passed(PARTS, "datasets", found).in_run().with(evidence);
    }
    let is_sure = people.len() >= SEVERAL || parts.iter().any(|(_, above)| *above >= BEYOND_DOUBT);
    let found = format!(
        "{} are far more alike in their couplings than different people are: parts of one recording, or one \
         person under two names",
        bare(&told)
    );
    let help = "find out whether these are the same people; give a person one label, or keep them together \
                with `[split] group`";
    let status = if is_sure { CheckStatus::Failed } else { CheckStatus::Warned };
    Check::passed(PARTS, "datasets", found).but(status, help).in_run().with(evidence)
}

/// Lists pairs whose text already closes its backticks.
fn bare(pairs: &[String]) -> String {
    named(pairs).replace(")`", ")")
}

#[cfg(test)]
mod tests {
    use boldface::seed;
    use rand::RngExt;

    use super::*;

    /// Returns `volumes` volumes of a person with couplings of their own.
    fn recording(person: u64, volumes: usize) -> TimeSeries {
        let (mut own, mut rng) = (seed::stream(person, "weights"), seed::stream(person, "signal"));
        let weights: Vec<f32> = (0..90).map(|_| own.random::<f32>() - 0.5).collect();
        let mut last = [0.0; 33];
        let mut values = Vec::new();
        for _ in 0..volumes {
            last.iter_mut().for_each(|value| *value = 0.6 * *value + rng.random::<f32>() - 0.5);
            let shared =
                |region: usize| (0..3).map(|k| 4.0 * weights[3 * region + k] * last[30 + k]).sum::<f32>();
            values.extend((0..30).map(|region| last[region] + shared(region)));
        }
        TimeSeries::new(volumes, 30, 2.0, values).unwrap()
    }

    fn window(series: &TimeSeries, start: usize, trs: usize) -> TimeSeries {
        series.window(boldface::Window { start, trs }).unwrap()
    }

    /// Returns the status of both checks for 24 people and one more scan, under the label `label`.
    fn statuses(more: &[(&str, TimeSeries)]) -> [CheckStatus; 2] {
        let people = (0..24).map(|person| (person.to_string(), window(&recording(person, 160), 0, 80)));
        let more = more.iter().map(|(label, series)| ((*label).to_owned(), series.clone()));
        let all: Vec<(ScanId, TimeSeries)> =
            people.chain(more).map(|(label, series)| (ScanId::new("d", label), series)).collect();
        let scans: Vec<_> = all.iter().map(|(id, series)| (id, series)).collect();
        let checks = checks(&scans, &BTreeSet::new());
        [checks[0].status, checks[1].status]
    }

    #[test]
    fn copies_and_parts_of_a_recording_are_found_and_other_people_are_not() {
        assert_eq!(statuses(&[("x", window(&recording(24, 160), 0, 80))]), [CheckStatus::Passed; 2]);
        let third = recording(3, 160);
        assert_eq!(statuses(&[("x", window(&third, 1, 80))])[0], CheckStatus::Failed);
        let later = window(&third, 30, 80);
        let halved = later.with_values(later.values().iter().map(|x| 7.0 - x / 2.0).collect()).unwrap();
        assert_eq!(statuses(&[("x", halved)])[0], CheckStatus::Failed);
        // The other half shares no volume.
        let halves: Vec<(String, TimeSeries)> =
            (3..7).map(|person| (format!("x{person}"), window(&recording(person, 160), 80, 80))).collect();
        let halves: Vec<(&str, TimeSeries)> =
            halves.iter().map(|(label, series)| (label.as_str(), series.clone())).collect();
        assert_eq!(statuses(&halves), [CheckStatus::Passed, CheckStatus::Failed]);
        // A person's own scans may be alike, but one recording is counted once.
        assert_eq!(statuses(&[("3", window(&third, 1, 80))]), [CheckStatus::Warned, CheckStatus::Passed]);
    }
}
