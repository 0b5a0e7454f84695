//! Independent components of a cohort's scans, and their time courses in one scan.
//!
//! Group: every region of every training scan is standardised over time, and the concatenated scans go
//! through a spatial ICA, whose observations are the regions. The principal components come from the
//! covariance over regions, summed scan by scan (`group.rs`). Components are then found by
//! [FastICA](fastica) from several [starts], or near the maps of a [`ComponentTemplate`]. One scan: dual
//! regression ([`dual`]) on the group's maps, and [measures] of the time courses.
//!
//! Each method is about a page of code on faer, so no other crate is used. Tests compare its numbers
//! with scikit-learn's.

mod dual;
mod fastica;
mod group;
mod measures;
mod scan;
mod starts;
mod template;
#[cfg(test)]
mod tests;

use boldface::{Deserialize, Result, Serialize, TimeSeries};

use crate::Networks;

pub use dual::Courses;
pub use fastica::{FastIca, IterationLimits, Unsolved, fast_ica};
use group::GroupCovariance;
pub use measures::features;
pub use template::ComponentTemplate;

/// Spatial maps of the components that the scans of a cohort share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub struct Components {
    /// Number of regions of a scan.
    pub rois: usize,
    /// Regions with a signal in any of the fitted scans; maps cover these.
    pub live: Vec<usize>,
    /// Blind maps in the order of `share`; maps of a template in its order.
    pub maps: Vec<Map>,
}

/// Map of one component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub struct Map {
    /// `ic01`, `ic02` and so on, with a network if assigned ([`Components::tell_networks`]); or the
    /// template's name.
    pub name: String,
    /// One weight per live region; mean 0, variance 1 (ddof 0). Blind maps are skewed to the positive;
    /// others have the template's sign.
    pub weights: Vec<f64>,
    /// Share of the variance of the fitted scans.
    pub share: f64,
    /// Blind maps: the largest absolute correlation with a component of another start, averaged over
    /// starts; none with a single start. Maps of a template: the correlation with the template's map.
    pub stability: Option<f64>,
}

impl Components {
    /// Finds `components` components by group PCA and FastICA from `starts` random starts.
    ///
    /// Equal to scikit-learn's `FastICA(components).fit(data.T)` of the concatenated scans (volumes x
    /// regions, with each region of each scan standardised, and each volume multiplied by the root of
    /// its scan's weight over its volumes), except for sign and order, which scikit-learn leaves open. A
    /// region that is dead in a scan counts as 0 there; one that is dead in all scans has no weight.
    /// `scans` are series and weights: two scans of one person get half the weight each.
    ///
    /// # Errors
    /// If scans differ in their number of regions or have fewer dimensions than `components`, or if no
    /// start converges.
    pub fn blind(
        scans: &[(&TimeSeries, f64)],
        components: usize,
        starts: usize,
        seed: u64,
    ) -> Result<Components> {
        let (group, rois) = group(scans)?;
        let white = group.principal(|_| components).map_err(|error| enough(&error, scans))?;
        let settled = starts::settle(white.as_ref(), starts, seed).map_err(|error| error.to_string())?;
        let mut maps: Vec<Map> = (0..components)
            .map(|k| {
                let weights: Vec<f64> = (0..group.live.len()).map(|i| settled.sources[(k, i)]).collect();
                let weights = if skewed_down(&weights) { negative(&weights) } else { weights };
                let share = group.share(&weights);
                Map { name: String::new(), weights, share, stability: settled.stability[k] }
            })
            .collect();
        maps.sort_by(|a, b| b.share.total_cmp(&a.share));
        let digits = components.to_string().len().max(2);
        for (k, map) in maps.iter_mut().enumerate() {
            map.name = format!("ic{:0digits$}", k + 1);
        }
        Ok(Components { rois, live: group.live, maps })
    }

    /// Finds one component near each map of a template; see [`ComponentTemplate`].
    ///
    /// The search uses the leading principal components with nine tenths of the scans' variance, at most
    /// half as many as there are live regions but at least as many as the template has maps, so that a
    /// map is one that the scans show.
    ///
    /// # Errors
    /// As [`Components::blind`]; also if a map of the template is constant over live regions, or two
    /// maps lead to one component.
    pub fn near(scans: &[(&TimeSeries, f64)], template: &ComponentTemplate) -> Result<Components> {
        let (group, rois) = group(scans)?;
        if let Some(map) = template.maps.iter().position(|map| map.len() != rois) {
            let (name, regions) = (&template.names[map], template.maps[map].len());
            return Err(
                format!("`{name}` of the template has {regions} regions, and scans have {rois}").into()
            );
        }
        let most = group.live.len() / 2;
        let held = |shares: &[f64]| {
            let mut sum = 0.0;
            let before = shares
                .iter()
                .take_while(|share| {
                    sum += **share;
                    sum < 0.9
                })
                .count();
            (before + 1).min(most).max(template.maps.len())
        };
        let white = group.principal(held).map_err(|error| enough(&error, scans))?;
        let mut references = Vec::new();
        for (name, map) in template.names.iter().zip(&template.maps) {
            let over: Vec<f64> = group.live.iter().map(|&roi| map[roi]).collect();
            let reference = standard(&over).ok_or_else(|| {
                format!("`{name}` of the template is the same in every region that has a signal")
            })?;
            references.push(reference);
        }
        let mut maps: Vec<Map> = Vec::new();
        for (k, found) in template::constrain(white.as_ref(), &references).into_iter().enumerate() {
            let name = &template.names[k];
            let weights = found.ok_or_else(|| {
                format!("no component near `{name}` of the template was found in the scans")
            })?;
            if let Some(other) = maps.iter().find(|other| product(&other.weights, &weights).abs() > SAME) {
                return Err(format!(
                    "`{}` and `{name}` of the template lead to the same component of the scans: leave one out", other.name
                )
                .into());
            }
            let share = group.share(&weights);
            let stability = Some(product(&references[k], &weights));
            maps.push(Map { name: name.clone(), weights, share, stability });
        }
        Ok(Components { rois, live: group.live, maps })
    }
}

impl Components {
    /// Adds to the name of each component the network that its map resembles most, such as
    /// `ic03:Default`. It is the network whose indicator (1 for its regions, 0 for all others)
    /// correlates best with the map (on ties, the first). The name stays if no correlation is positive.
    pub fn tell_networks(&mut self, networks: &Networks) {
        for map in &mut self.maps {
            let mut best = (0.0, None);
            for (place, (name, _)) in networks.members.iter().enumerate() {
                let is = |&roi: &usize| f64::from(u8::from(networks.of_roi.get(roi) == Some(&place)));
                let members: Vec<f64> = self.live.iter().map(is).collect();
                if let Some(members) = standard(&members) {
                    let like = product(&members, &map.weights);
                    if like > best.0 {
                        best = (like, Some(name));
                    }
                }
            }
            if let (_, Some(network)) = best {
                map.name = format!("{}:{network}", map.name);
            }
        }
    }
}

/// Maps that correlate more than this are the same component.
const SAME: f64 = 0.99;

fn group(scans: &[(&TimeSeries, f64)]) -> Result<(GroupCovariance, usize)> {
    let rois = scans.first().ok_or("there is no scan to find components in")?.0.rois();
    if let Some((other, _)) = scans.iter().find(|(series, _)| series.rois() != rois) {
        return Err(format!("scans have {rois} and {} regions", other.rois()).into());
    }
    Ok((GroupCovariance::accumulate(scans, rois), rois))
}

/// Formats the error, with advice if there are too few scans.
fn enough(error: &Unsolved, scans: &[(&TimeSeries, f64)]) -> String {
    let volumes: usize = scans.iter().map(|(series, _)| series.trs()).sum();
    match error {
        Unsolved::Rank { .. } => format!(
            "{error} ({} training scans of {volumes} volumes together): set fewer components",
            scans.len()
        ),
        other => other.to_string(),
    }
}

fn skewed_down(weights: &[f64]) -> bool {
    weights.iter().map(|x| x.powi(3)).sum::<f64>() < 0.0
}

fn negative(weights: &[f64]) -> Vec<f64> {
    weights.iter().map(|x| -x).collect()
}

/// Returns the mean of the products of two maps: their correlation.
fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64
}

/// Standardises a map to mean 0 and variance 1; none if it is constant.
fn standard(map: &[f64]) -> Option<Vec<f64>> {
    let n = map.len() as f64;
    let mean = map.iter().sum::<f64>() / n;
    let spread = (map.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let largest = map.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    (spread > 1e-10 * largest).then(|| map.iter().map(|x| (x - mean) / spread).collect())
}
