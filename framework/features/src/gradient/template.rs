//! Template of gradients, from the mean FC of the training scans, onto which those of scans are turned.

use std::collections::BTreeMap;

use boldface::{Deserialize, Serialize, TimeSeries};
use rayon::prelude::*;

use super::{Steps, too_short};
use crate::{Missing, fc};

/// Gradients of the mean FC of many scans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub struct GradientTemplate {
    /// Value of every region on each gradient; none for a region without a signal in at least half of
    /// the people.
    pub maps: Vec<Vec<Option<f64>>>,
    /// Eigenvalue of each gradient.
    pub lambdas: Vec<f64>,
    /// Share of each gradient.
    pub shares: Vec<f64>,
}

/// Number of FC matrices computed at a time, in parallel.
const AT_A_TIME: usize = 16;

impl GradientTemplate {
    /// Fits the gradients of the mean FC of `scans`, each with the name of its person. Every person
    /// counts once, regardless of the number of scans.
    ///
    /// Correlations are averaged, not their Fisher z: the mean is a correlation matrix again, and two
    /// regions with the same signal do not become infinite. A pair of regions has the mean over the
    /// scans in which both have a signal. Scans of three volumes or fewer are left out.
    ///
    /// # Errors
    /// As [`Steps::gradients`]; [`Missing::Short`] if no scan is long enough.
    ///
    /// # Panics
    /// If scans have different numbers of regions.
    pub fn fit(steps: &Steps, scans: &[(String, &TimeSeries)]) -> Result<GradientTemplate, Missing> {
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
        // Two regions that more than half of the people have occur together in at least one.
        let half = scans_of.len() as f64 / 2.0;
        let living: Vec<usize> = (0..rois).filter(|&roi| weights[roi * rois + roi] > half).collect();
        sums.iter_mut().zip(&weights).for_each(|(sum, weight)| *sum /= weight);
        let gradients = steps.of_living(&sums, rois, living)?;
        let map =
            |g| gradients.map(g).iter().map(|value: &f64| value.is_finite().then_some(*value)).collect();
        Ok(GradientTemplate {
            maps: (0..steps.components).map(map).collect(),
            lambdas: gradients.lambdas.clone(),
            shares: gradients.shares.clone(),
        })
    }

    /// Returns whether it has `components` gradients of `rois` regions.
    pub fn is_of(&self, components: usize, rois: usize) -> bool {
        let all = [self.lambdas.len(), self.shares.len(), self.maps.len()];
        all.iter().all(|&len| len == components) && self.maps.iter().all(|map| map.len() == rois)
    }

    /// Returns whether region `roi` has values.
    pub(super) fn has(&self, roi: usize) -> bool {
        self.maps.iter().all(|map| map[roi].is_some())
    }

    /// Returns the value of region `roi` on gradient `g`; 0 if it has none.
    pub(super) fn at(&self, roi: usize, g: usize) -> f64 {
        self.maps[g][roi].unwrap_or(0.0)
    }
}
