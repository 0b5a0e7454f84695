//! States of coupling, learned from some scans and visited by all.

use boldface::{Deserialize, Serialize};

use super::clusters::{Clusters, nearest};
use super::windows::{Windowed, pairs};
use crate::{Feature, Measurement, Missing, Networks};

/// Coupling of networks in each state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields, rename_all = "kebab-case")]
pub struct States {
    /// Pairs of networks, such as `Default-Vis`.
    pub pairs: Vec<String>,
    /// Mean correlation of each pair in each state; states are sorted by share.
    pub centroids: Vec<Vec<f64>>,
    /// Share of the training people's time in each state.
    pub shares: Vec<f64>,
}

/// Visits of a scan to the states.
#[derive(Clone, Debug, PartialEq)]
pub struct Visits {
    /// Share of the windows in each state.
    pub occupancy: Vec<f64>,
    /// Mean seconds from entering each state to leaving it; NaN for a state that is never entered. A
    /// visit that a cut or an end of the scan interrupts counts with its visible length.
    pub dwell: Vec<f64>,
    /// Changes of state per minute.
    pub switches: f64,
}

impl States {
    /// Learns `states` states from the windows of many scans, each with the name of its person, by
    /// [`Clusters::fit`] on Euclidean distance. Every person has the same weight, regardless of the
    /// number of windows. Windows in which a pair is missing are ignored.
    ///
    /// None if there are fewer different windows than states.
    pub fn fit(
        scans: &[(String, Vec<Windowed>)],
        networks: &Networks,
        states: usize,
        seed: u64,
    ) -> Option<States> {
        let mut points = Vec::new();
        let mut counts = std::collections::BTreeMap::new();
        for (person, windows) in scans {
            let whole = windows.iter().filter(|window| window.coupling.iter().all(|r| r.is_finite()));
            for window in whole {
                points.push((person, window.coupling.clone()));
                *counts.entry(person).or_insert(0.0) += 1.0;
            }
        }
        let weights: Vec<f64> = points.iter().map(|(person, _)| 1.0 / counts[person]).collect();
        let points: Vec<Vec<f64>> = points.into_iter().map(|(_, point)| point).collect();
        let name = |place: usize| &networks.members[place].0;
        let pairs = pairs(networks).into_iter().map(|(a, b)| format!("{}-{}", name(a), name(b))).collect();
        let Clusters { centroids, shares, .. } = Clusters::fit(&points, &weights, states, seed)?;
        Some(States { pairs, centroids, shares })
    }

    /// Assigns each window to its nearest state. `step` is the number of seconds from one window to the
    /// next.
    ///
    /// # Errors
    /// [`Missing::Dead`] if more than half of the windows lack more than half of their pairs;
    /// [`Missing::Short`] if no window follows another.
    pub fn visits(&self, windows: &[Windowed], step: f64) -> Result<Visits, Missing> {
        let states = self.centroids.len();
        let of = |window: &Windowed| nearest(&self.centroids, &window.coupling).map(|(state, _)| state);
        let visited: Vec<Option<usize>> = windows.iter().map(of).collect();
        let known = visited.iter().flatten().count();
        if known == 0 || 2 * known < windows.len() {
            return Err(if windows.is_empty() { Missing::Short } else { Missing::Dead });
        }
        let (mut counts, mut entered) = (vec![0.0; states], vec![0.0; states]);
        let (mut followed, mut switches) = (0.0, 0.0);
        for (place, state) in visited.iter().enumerate() {
            let Some(state) = *state else { continue };
            counts[state] += 1.0;
            let before = place.checked_sub(1).filter(|&b| windows[b].stretch == windows[place].stretch);
            let before = before.and_then(|before| visited[before]);
            followed += f64::from(u8::from(before.is_some()));
            if before != Some(state) {
                entered[state] += 1.0;
                switches += f64::from(u8::from(before.is_some()));
            }
        }
        if followed == 0.0 {
            return Err(Missing::Short);
        }
        let dwell = counts.iter().zip(&entered).map(|(count, entered)| step * count / entered).collect();
        let occupancy = counts.iter().map(|count| count / known as f64).collect();
        Ok(Visits { occupancy, dwell, switches: 60.0 * switches / (followed * step) })
    }
}

impl Visits {
    /// Returns `state-occupancy.K` and `state-dwell.K` (seconds) for each of `states` states K from 1,
    /// and `state-switches` (per minute). A state that is never entered has no dwell time:
    /// [`Missing::Undefined`].
    pub fn measured(visits: &Result<Visits, Missing>, states: usize) -> Vec<Measurement> {
        let each = |measure: &str, of: &dyn Fn(&Visits) -> &[f64]| -> Vec<Measurement> {
            let value = |state: usize| visits.as_ref().map(|visits| of(visits)[state]).map_err(|&why| why);
            let feature = |state: usize| Feature::new(measure, &[&(state + 1).to_string()]);
            (0..states).map(|state| feature(state).is(value(state))).collect()
        };
        let mut measured = each("state-occupancy", &|visits| &visits.occupancy);
        measured.extend(each("state-dwell", &|visits| &visits.dwell));
        let switches = visits.as_ref().map(|visits| visits.switches).map_err(|&why| why);
        measured.push(Feature::new("state-switches", &[]).is(switches));
        measured
    }
}

#[cfg(test)]
#[path = "states_tests.rs"]
mod tests;
