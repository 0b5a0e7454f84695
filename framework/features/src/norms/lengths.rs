//! How mean and spread of a feature depend on the number of volumes that were measured.
//!
//! An estimate from `n` volumes has a sampling variance in proportion to `1 / n`, on top of the variance
//! between people. Against a spread that ignores this, short scans would more often be unusual, and the
//! bands would tell how long a scan is, and with it the site.

use std::collections::BTreeMap;

use boldface::{Deserialize, Serialize};

/// Lengths of the training scans.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Lengths {
    /// Volumes of the shortest scan.
    shortest: usize,
    /// Volumes of the longest scan.
    longest: usize,
    /// Mean over people of one over the number of volumes.
    inverse: f64,
}

/// Where a length lies among those of the training scans.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct LengthPlace {
    /// `(1 / n) / mean(1 / n) - 1`: 0 for a typical scan, positive for a shorter one.
    pub(super) spread: f64,
    /// The same for the nearest length in training: a slope says nothing about lengths beyond.
    pub(super) mean: f64,
}

/// How one feature depends on length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ByLength {
    /// Change of the expected value per unit of [`LengthPlace::mean`].
    pub(super) slope: f64,
    /// Share of a typical scan's variance that is sampling error: 0 for a spread that is the same at any
    /// length, 1 for one in proportion to `1 / n`.
    pub(super) sampling: f64,
}

impl Lengths {
    /// Returns the lengths of scans of `volumes`, each with the weight of its person's scans. `None` if
    /// all are equal or unknown.
    pub(super) fn learn(volumes: &[usize], people: &[String]) -> Option<Lengths> {
        let (shortest, longest) = (*volumes.iter().min()?, *volumes.iter().max()?);
        if shortest == longest || shortest == 0 {
            return None;
        }
        let mut scans: BTreeMap<&str, f64> = BTreeMap::new();
        people.iter().for_each(|person| *scans.entry(person).or_default() += 1.0);
        let inverse = volumes.iter().zip(people).map(|(&n, person)| 1.0 / n as f64 / scans[person.as_str()]);
        Some(Lengths { shortest, longest, inverse: inverse.sum::<f64>() / scans.len() as f64 })
    }

    /// Returns the place of a length.
    pub(super) fn place(&self, volumes: usize) -> LengthPlace {
        let at = |volumes: usize| 1.0 / volumes.max(1) as f64 / self.inverse - 1.0;
        LengthPlace { spread: at(volumes), mean: at(volumes.clamp(self.shortest, self.longest)) }
    }

    /// Checks lengths that were read.
    pub(super) fn check(&self) -> Result<(), String> {
        let Lengths { shortest, longest, inverse } = *self;
        let is_sound = shortest > 0 && shortest < longest && inverse > 0.0 && inverse.is_finite();
        if is_sound { Ok(()) } else { Err(format!("rests on scans of {shortest} to {longest} volumes")) }
    }
}

impl ByLength {
    /// Returns the factor of the SD at a place. Positive for any length, as long as the share is one.
    pub(super) fn widens(&self, place: LengthPlace) -> f64 {
        variance(self.sampling, place.spread).sqrt()
    }
}

/// Returns the variance at a place, relative to that of a typical scan.
fn variance(sampling: f64, place: f64) -> f64 {
    1.0 + sampling * place
}

/// Number of shares that are tried, besides 0.
const SHARES: u32 = 50;

/// Weight, in people, of all features of a measure when the share of one is chosen. A share needs a
/// hundred people or more to be told apart by one feature alone.
const PEOPLE_OF_MEASURE: f64 = 100.0;

/// Chooses the share of sampling error in the variance of each feature by maximum likelihood, and
/// returns it with the SD of a typical scan.
///
/// `residuals` has the weighted squared residuals of each feature's scans, `weights` and `places` those
/// of the scans. `measures` says which features are alike: their mean likelihood counts as much as
/// [`PEOPLE_OF_MEASURE`] people of a feature's own. `freedom` is the number of people minus that of
/// fitted parameters.
pub(super) fn spreads(
    residuals: &[Vec<f64>],
    measures: &[&str],
    (weights, places): (&[f64], &[f64]),
    freedom: f64,
) -> Vec<(f64, f64)> {
    let people: f64 = weights.iter().sum();
    let shares: Vec<f64> = (0..=SHARES).map(|step| f64::from(step) / f64::from(SHARES)).collect();
    // Mean over people of the logarithm of the relative variance.
    let widths: Vec<f64> = shares
        .iter()
        .map(|&share| {
            let logs =
                weights.iter().zip(places).map(|(weight, &place)| weight * variance(share, place).ln());
            logs.sum::<f64>() / people
        })
        .collect();
    let typical = |squares: &[f64], share: f64| {
        let terms = squares.iter().zip(places).map(|(square, &place)| square / variance(share, place));
        terms.sum::<f64>() / freedom
    };
    let all: Vec<Vec<f64>> =
        residuals.iter().map(|of| shares.iter().map(|&share| typical(of, share)).collect()).collect();
    // Twice the negative mean log-likelihood, up to a constant.
    let costs: Vec<Vec<f64>> = all
        .iter()
        .map(|variances| {
            variances.iter().zip(&widths).map(|(variance, width)| variance.ln() + width).collect()
        })
        .collect();
    let mut alike: BTreeMap<&str, (Vec<f64>, f64)> = BTreeMap::new();
    for (costs, measure) in costs.iter().zip(measures) {
        // A feature without spread has no likelihood.
        if costs.iter().all(|cost| cost.is_finite()) {
            let (sums, count) = alike.entry(measure).or_insert_with(|| (vec![0.0; shares.len()], 0.0));
            sums.iter_mut().zip(costs).for_each(|(sum, cost)| *sum += cost);
            *count += 1.0;
        }
    }
    let choose = |((costs, measure), variances): ((&Vec<f64>, &&str), &Vec<f64>)| {
        let cost = |step: usize| {
            let others = alike.get(measure).map_or(0.0, |(sums, count)| sums[step] / count);
            people * costs[step] + PEOPLE_OF_MEASURE * others
        };
        // The smallest share wins among equals and where nothing is defined.
        let best = (1..shares.len()).fold(0, |best, step| if cost(step) < cost(best) { step } else { best });
        (shares[best], variances[best].sqrt())
    };
    costs.iter().zip(measures).zip(&all).map(choose).collect()
}
