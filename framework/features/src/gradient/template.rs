//! What the gradients of scans are turned onto: those of the mean FC of the training scans.

use std::collections::BTreeMap;

use boldface::{Deserialize, Serialize, TimeSeries};
use rayon::prelude::*;

use super::{Steps, too_short};
use crate::{Missing, fc};

/// The gradients of the mean FC of many scans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub struct Template {
    /// The value of every region on each gradient; none where the region has no signal in half of the people or more.
    pub maps: Vec<Vec<Option<f64>>>,
    /// The eigenvalue of each gradient.
    pub lambdas: Vec<f64>,
    /// The share of each gradient.
    pub shares: Vec<f64>,
}

/// So many FC matrices are computed at a time, in parallel.
const AT_A_TIME: usize = 16;

impl Template {
    /// The gradients of the mean FC of `scans`, each with the name of its person: every person counts once, however
    /// many scans there are of them.
    ///
    /// The mean is of the correlations themselves, not of their Fisher z: so it is a correlation matrix again, and two
    /// regions with the same signal are no infinity. A pair of regions has the mean of the scans in which both have a
    /// signal. Scans of three volumes or fewer are left out.
    ///
    /// # Errors
    /// As [`Steps::gradients`]; [`Missing::Short`] if no scan is long enough.
    ///
    /// # Panics
    /// If scans have different numbers of regions.
    pub fn fit(steps: &Steps, scans: &[(String, &TimeSeries)]) -> Result<Template, Missing> {
        let scans: Vec<_> = scans.iter().filter(|(_, series)| !too_short(series)).collect();
        let mut scans_of: BTreeMap<&str, f64> = BTreeMap::new();
        scans.iter().for_each(|(person, _)| *scans_of.entry(person).or_default() += 1.0);
        let (_, first) = scans.first().ok_or(Missing::Short)?;
        let rois = first.rois();
        let (mut sums, mut weights) = (vec![0.0; rois * rois], vec![0.0; rois * rois]);
        for some in scans.chunks(AT_A_TIME) {
            let computed: Vec<_> = some.par_iter().map(|(_, series)| fc(series)).collect();
            for ((person, _), fc) in some.iter().zip(computed) {
                assert_eq!(fc.rois(), rois, "scans of one template have the same regions");
                let weight = 1.0 / scans_of[person.as_str()];
                for ((sum, all), &r) in sums.iter_mut().zip(&mut weights).zip(fc.values()) {
                    if !r.is_nan() {
                        *sum += weight * r;
                        *all += weight;
                    }
                }
            }
        }
        // Two regions that are there in more than half of the people are there together in some.
        let half = scans_of.len() as f64 / 2.0;
        let living: Vec<usize> = (0..rois).filter(|&roi| weights[roi * rois + roi] > half).collect();
        sums.iter_mut().zip(&weights).for_each(|(sum, weight)| *sum /= weight);
        let gradients = steps.of_living(&sums, rois, living)?;
        let map =
            |g| gradients.map(g).iter().map(|value: &f64| value.is_finite().then_some(*value)).collect();
        Ok(Template {
            maps: (0..steps.components).map(map).collect(),
            lambdas: gradients.lambdas.clone(),
            shares: gradients.shares.clone(),
        })
    }

    /// Whether it has `components` gradients of `rois` regions.
    pub fn is_of(&self, components: usize, rois: usize) -> bool {
        let all = [self.lambdas.len(), self.shares.len(), self.maps.len()];
        all.iter().all(|&len| len == components) && self.maps.iter().all(|map| map.len() == rois)
    }

    /// Whether region `roi` is on it.
    pub(super) fn has(&self, roi: usize) -> bool {
        self.maps.iter().all(|map| map[roi].is_some())
    }

    /// The value of region `roi` on gradient `g`; 0 where it has none.
    pub(super) fn at(&self, roi: usize, g: usize) -> f64 {
        self.maps[g][roi].unwrap_or(0.0)
    }
}
