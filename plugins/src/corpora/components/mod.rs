//! Describes independent components: networks that the training scans have in common, found by ICA.

mod template;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use boldface::{
    Cohort, Deserialize, Fact, JsonSchema, Problem, Result, Scan, Serialize, TrainScans, register,
};
use boldface_features::components::{ComponentTemplate, Components as Group, features};
use boldface_features::{Feature, Measurement, Networks};

use super::described::Described;
use super::family::{FeatureFamily, Telling};
use super::words::WordTable;

/// Sentences about independent components: the amplitude, variability, balance of slow and fast
/// fluctuations and persistence of each component, and the coupling of each pair.
///
/// Components are spatial maps over regions that the training scans have in common. Each region of each
/// scan is first scaled to mean 0 and SD 1 over time. A region without a signal counts as 0 in that
/// scan; a region without a signal in every scan is left out. Group PCA then reduces the volumes of all
/// training scans, where every person has the same weight, and FastICA (parallel, logcosh, as in
/// scikit-learn) makes the components independent over regions. Of several random starts that converge,
/// the one with the most negentropy is kept. Signs are chosen so that each map is skewed to the
/// positive. Components are sorted by the variance they explain and named after the most similar
/// network: `ic03:Default`.
///
/// Alternatively, a `template` guides the maps, as in NeuroMark. Each map is then both similar to the
/// template's and far from Gaussian (Du and Fan 2013, GIG-ICA), within the principal components that
/// hold nine tenths of the training scans' variance.
///
/// Dual regression turns the maps into time courses of any scan: each volume is regressed on all maps
/// and a constant. Amplitude (mean absolute value) and variability (SD) are in units
/// of regions with unit SD. The ratio compares power in 0.01-0.10 Hz with power above 0.10 to 0.25 Hz at the scan's own TR,
/// which may be at most 2 s. fALFF is for 0.01-0.08 Hz. A component is `not available` if most of its
/// map is in regions without a signal, and so are all components of a scan with fewer than ten volumes
/// or with a signal in less than half of its regions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Components {
    /// Number of components. The default is 20, or a fifth of the regions if that is less. Leave it out
    /// with a template, which has its own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<usize>,
    /// Number of random starts of FastICA.
    starts: usize,
    /// Path of a table of maps (TSV or CSV): one row per region, starting with its name, and one column
    /// per component, headed by its name. The table must have exactly the regions of the parcellation.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// Number of facts to describe per scan: those furthest from typical, in their usual order. By
    /// default every fact is described, which is 290 facts for 20 components. With this key, facts that
    /// are not available are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    furthest: Option<usize>,
    /// Your own words: the path of a TOML file, or the table itself. Built-in words apply to everything
    /// it leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<WordTable>,
    /// Whether the wording of each sentence is drawn from the grammar, by seed, scan and feature. If
    /// false, every sentence has the plain form.
    paraphrase: bool,
    /// Table columns to adjust for before a scan is compared, such as `["age", "sex", "site"]`. A
    /// column is numeric if every training scan has a number in it, else categorical. Every scan needs
    /// a value. Leave out columns that a task asks for, because adjustment puts them into the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjust: Vec<String>,
}

impl Default for Components {
    fn default() -> Components {
        Components {
            components: None,
            starts: 10,
            template: None,
            furthest: None,
            words: None,
            paraphrase: true,
            adjust: Vec::new(),
        }
    }
}

register!(CorpusGenerator "components" => Described<Components>);

/// Default number of components.
const COMPONENTS: usize = 20;

/// Smallest number of regions per component by default.
const ROIS_EACH: usize = 5;

impl FeatureFamily for Components {
    const NAME: &'static str = "components";
    const VERSION: u32 = 1;
    const WORDS: &'static str = include_str!("words.toml");
    type Learned = Group;

    fn telling(&self) -> Telling<'_> {
        Telling { words: self.words.as_ref(), paraphrase: self.paraphrase, adjust: &self.adjust }
    }

    fn learn(&self, train: &TrainScans<'_>, seed: u64) -> Result<Group> {
        let mut scans_of: BTreeMap<String, usize> = BTreeMap::new();
        train.iter().for_each(|scan| *scans_of.entry(scan.info.id.person()).or_default() += 1);
        let weight = |scan: &Scan| 1.0 / scans_of[&scan.info.id.person()] as f64 / scans_of.len() as f64;
        let scans: Vec<_> = train.iter().map(|scan| (&scan.series, weight(scan))).collect();
        let regions = &train.iter().next().ok_or("there are no training scans")?.regions;
        match &self.template {
            Some(text) => Group::near(&scans, &template::parse(text, &regions.names)?),
            None => {
                let mut group = Group::blind(&scans, self.count(regions.names.len()), self.starts, seed)?;
                group.tell_networks(&Networks::group(regions));
                Ok(group)
            }
        }
    }

    fn measure(&self, group: &Group, scan: &Scan, _seed: u64) -> Result<Vec<Measurement>> {
        Ok(group.measure(&scan.series, &scan.info.cuts))
    }

    /// Excludes amplitudes of time courses: they depend on the scale of the series, which a
    /// standardised window has lost.
    fn shows(&self, feature: &Feature) -> bool {
        !matches!(feature.measure.as_str(), "component-amplitude" | "component-variability")
    }

    fn check(&self, cohort: &Cohort) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.furthest == Some(0) {
            let message = "no fact would be described";
            problems.push(Problem::at("furthest", message).help("leave the key out to describe every fact"));
        }
        let longest = cohort.scans.iter().map(|scan| scan.trs).sum::<usize>();
        let rois = cohort.regions.names.len();
        let Some(text) = &self.template else {
            let count = self.count(rois);
            if self.starts == 0 {
                let message = "FastICA needs at least one random start";
                problems.push(Problem::at("starts", message).help("10 is usual"));
            }
            if count == 0 {
                let help = "leave the key out for 20, or for a fifth of the regions";
                problems.push(Problem::at("components", "no component would be described").help(help));
            } else if 2 * count > rois {
                let message = format!(
                    "{count} components are too many for {rois} regions: at most half as many are possible"
                );
                let help = format!("set at most {}, or use a finer parcellation", rois / 2);
                problems.push(Problem::at("components", message).help(help));
            } else if count >= longest {
                let message = format!("{count} components need more than {longest} volumes");
                problems.push(Problem::at("components", message).help("set fewer components"));
            }
            return problems;
        };
        if self.components.is_some() {
            let message = "a template has its own number of components";
            problems.push(Problem::at("components", message).help("leave out one of the two keys"));
        }
        match template::parse(text, &cohort.regions.names) {
            Ok(template) if 2 * template.maps.len() > rois => {
                let message = format!(
                    "{} maps are too many for {rois} regions: at most half as many are possible",
                    template.maps.len()
                );
                problems.push(
                    Problem::at("template", message).help("leave maps out, or use a finer parcellation"),
                );
            }
            Ok(_) => {}
            Err(error) => {
                let help = "a header with the components' names, then a row for each region, its name first";
                problems.push(Problem::at("template", error.to_string()).help(help));
            }
        }
        problems
    }

    fn features(&self, cohort: &Cohort) -> Vec<Feature> {
        // Without a template, the names of components follow from the training scans.
        let template =
            self.template.as_ref().and_then(|text| template::parse(text, &cohort.regions.names).ok());
        let names = template.map(|ComponentTemplate { names, .. }| names).unwrap_or_default();
        features(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Chooses the facts furthest from typical, the earlier of equals.
    fn chosen(&self, facts: &[Fact]) -> Vec<bool> {
        let Some(furthest) = self.furthest else { return vec![true; facts.len()] };
        let known = facts.iter().enumerate().filter_map(|(place, fact)| Some((fact.z?.abs(), place)));
        let mut order: Vec<(f64, usize)> = known.collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut chosen = vec![false; facts.len()];
        order.iter().take(furthest).for_each(|&(_, place)| chosen[place] = true);
        chosen
    }
}

impl Components {
    fn count(&self, rois: usize) -> usize {
        self.components.unwrap_or_else(|| COMPONENTS.min(rois / ROIS_EACH).max(1))
    }
}
