//! Says how independent components behave: networks that training scans have in common, found by ICA.

mod template;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use boldface::{
    Cohort, Deserialize, Fact, JsonSchema, Problem, Result, Scan, Serialize, TrainScans, register,
};
use boldface_features::components::{Components as Group, Template, features};
use boldface_features::{Feature, Measured, Networks};

use super::described::Described;
use super::family::{Family, Telling};
use super::words::WordTable;

/// Sentences about independent components: the amplitude, the variability, the balance of slow and fast fluctuations and the
/// persistence of each, and how strongly two of them are coupled.
///
/// Components are spatial maps over regions that the training scans have in common. Every region of every scan is brought
/// to mean 0 and SD 1 over time; a region without a signal counts as 0 in that scan, and one without a signal in any scan
/// is left out. The principal components of all training scans, one after the other, of which every person counts
/// once, are made independent over regions by FastICA (as scikit-learn's: parallel, logcosh). Of several random starts that converge
/// the one with the most negentropy is taken. Components are mirrored so that their map is skewed to the positive,
/// sorted by the variance they explain, and named for the network that their map is most like: `ic03:Default`.
///
/// Or they are held near the maps of a `template`, as NeuroMark is used: each map is sought that is both like the
/// template's and far from Gaussian (Du and Fan 2013, GIG-ICA), among the principal components of the training scans
/// that hold nine tenths of the variance.
///
/// The maps give the time courses of any scan by dual regression: each volume is regressed on all maps and a constant.
/// Amplitude (mean absolute value) and variability (SD) are for regions of SD 1; the ratio is of power in 0.01-0.10 Hz
/// and above 0.10 to 0.25 Hz at the scan's own TR, of which 2 s is the longest; fALFF is of 0.01-0.08 Hz. A component
/// of which most lies in regions without a signal, and every component of a scan of fewer than ten volumes or in which more than
/// half of the regions have no signal, is `not available`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Components {
    /// How many components; without this key 20, or a fifth of the regions if that is less. With a template as many as it
    /// has, so leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<usize>,
    /// How many random starts of FastICA.
    starts: usize,
    /// The path of a table of maps (TSV, or CSV): a row for each region, its name first; a column for each component under
    /// its name. Every region of the parcellation must be there, and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// How many facts to tell of a scan: those furthest from typical, in their usual order. Without this key every fact,
    /// which of 20 components are 290. What is not available is told only without this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    furthest: Option<usize>,
    /// Words of your own: the path of a TOML file, or the table itself. What it does not say stays as it is shipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<WordTable>,
    /// Whether the wording of each sentence is drawn from the grammar, by seed, scan and feature; if not, every sentence
    /// has the plain form.
    paraphrase: bool,
    /// Columns of the tables that are adjusted for before a scan is compared, such as `["age", "sex", "site"]`: numbers
    /// if every training scan has a number, else categories. Every scan needs a value. Never what a task asks for: it
    /// would be put into the text.
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

/// Unless somebody asks for another number.
const COMPONENTS: usize = 20;

/// Unless somebody asks for more, a component for so many regions.
const ROIS_EACH: usize = 5;

impl Family for Components {
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
                group.tell_networks(&Networks::of(regions));
                Ok(group)
            }
        }
    }

    fn measure(&self, group: &Group, scan: &Scan, _seed: u64) -> Result<Vec<Measured>> {
        Ok(group.measure(&scan.series, &scan.info.cuts))
    }

    /// Amplitudes of time courses go with the scale of the series, which a standardised window has lost.
    fn shows(&self, feature: &Feature) -> bool {
        !matches!(feature.measure.as_str(), "component-amplitude" | "component-variability")
    }

    fn check(&self, cohort: &Cohort) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.furthest == Some(0) {
            let message = "no fact would be told";
            problems.push(Problem::at("furthest", message).help("leave the key out to tell every fact"));
        }
        let longest = cohort.scans.iter().map(|scan| scan.trs).sum::<usize>();
        let rois = cohort.regions.names.len();
        let Some(text) = &self.template else {
            let count = self.count(rois);
            if self.starts == 0 {
                let message = "no start of FastICA leads nowhere";
                problems.push(Problem::at("starts", message).help("10 is usual"));
            }
            if count == 0 {
                let help = "leave the key out for 20, or for a fifth of the regions";
                problems.push(Problem::at("components", "no component would be described").help(help));
            } else if 2 * count > rois {
                let message =
                    format!("{count} components of {rois} regions: half as many as regions is the most");
                let help = format!("set at most {}, or use a finer parcellation", rois / 2);
                problems.push(Problem::at("components", message).help(help));
            } else if count >= longest {
                let message = format!("{count} components of {longest} volumes");
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
                let message =
                    format!("{} maps of {rois} regions: half as many is the most", template.maps.len());
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
        // Without a template the names of components follow from the training scans.
        let template =
            self.template.as_ref().and_then(|text| template::parse(text, &cohort.regions.names).ok());
        let names = template.map(|Template { names, .. }| names).unwrap_or_default();
        features(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Of equally far ones the earlier.
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
