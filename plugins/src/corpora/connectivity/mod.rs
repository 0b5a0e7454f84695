//! Describes how strongly networks are coupled.

mod harmonized;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use boldface::{
    Cohort, Deserialize, Fact, JsonSchema, Problem, Result, Scan, Serialize, TrainScans, register,
};
use boldface_features::{ConnectivityKind, Feature, Measurement, Networks, network_pairs};
use boldface_imaging::combat::{Combat, Harmonization};
use rayon::prelude::*;

use super::described::Described;
use super::family::{FeatureFamily, Telling};
use super::words::WordTable;

/// One sentence per pair of networks: how strongly they are coupled, and how typical that is.
///
/// Coupling is the mean correlation, of the chosen `kind`, between the regions of two networks over the
/// whole cropped scan; within a network, between different regions. The norm is the mean and SD over
/// the training scans, where every person has the same weight. It is saved with the corpus. Couplings
/// come from the described scan only. Some pairs are `not available`, with the reason: a pair in which
/// more than half of the region pairs have no signal, a network of one region with itself, and a
/// coupling that does not vary in training.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Connectivity {
    /// Measure of the coupling of two regions.
    kind: ConnectivityKind,
    /// Number of pairs to describe among those furthest above the norm. Without this key and `weakest`,
    /// every pair is described.
    #[serde(skip_serializing_if = "Option::is_none")]
    strongest: Option<usize>,
    /// Number of pairs to describe among those furthest below the norm.
    #[serde(skip_serializing_if = "Option::is_none")]
    weakest: Option<usize>,
    /// Removes differences between scanners from the couplings by ComBat, fitted on the training scans
    /// only: `{ batch = "site", preserve = ["age", "sex"] }`. Norms and sentences use the harmonised
    /// couplings. A scan of a batch without training scans cannot be described.
    #[serde(skip_serializing_if = "Option::is_none")]
    harmonize: Option<Harmonization>,
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

impl Default for Connectivity {
    fn default() -> Connectivity {
        Connectivity {
            kind: ConnectivityKind::default(),
            strongest: None,
            weakest: None,
            harmonize: None,
            words: None,
            paraphrase: true,
            adjust: Vec::new(),
        }
    }
}

register!(CorpusGenerator "connectivity" => Described<Connectivity>);

impl FeatureFamily for Connectivity {
    const NAME: &'static str = "connectivity";
    const VERSION: u32 = 2;
    const NEEDS_NETWORKS: bool = true;
    const WORDS: &'static str = include_str!("words.toml");
    /// The fitted ComBat, with `harmonize` only.
    type Learned = Option<Combat>;

    fn telling(&self) -> Telling<'_> {
        Telling { words: self.words.as_ref(), paraphrase: self.paraphrase, adjust: &self.adjust }
    }

    fn learn(&self, train: &TrainScans<'_>, _seed: u64) -> Result<Option<Combat>> {
        let Some(how) = &self.harmonize else { return Ok(None) };
        let scans: Vec<&Scan> = train.iter().collect();
        let rows: Vec<Vec<Measurement>> = scans.par_iter().map(|scan| self.couplings(scan)).collect();
        let infos: Vec<_> = scans.iter().map(|scan| scan.info.as_ref()).collect();
        harmonized::fit(how, &rows, &infos).map(Some)
    }

    fn measure(&self, learned: &Option<Combat>, scan: &Scan, _seed: u64) -> Result<Vec<Measurement>> {
        let row = self.couplings(scan);
        match (&self.harmonize, learned) {
            (Some(how), Some(combat)) => harmonized::apply(how, combat, row, &scan.info),
            (None, None) => Ok(row),
            _ => {
                Err("`harmonize` is not as it was when the norms were fitted; build the corpus again".into())
            }
        }
    }

    fn told_value(&self, _feature: &Feature, value: f64) -> f64 {
        self.kind.correlation(value)
    }

    fn check(&self, cohort: &Cohort) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.strongest.or(self.weakest).is_some() && self.described() == 0 {
            let message = "no pair of networks would be described";
            problems
                .push(Problem::at("strongest", message).help("leave both keys out to describe every pair"));
        }
        let of_columns = self.harmonize.iter().flat_map(|how| how.check(&cohort.scans));
        problems.extend(of_columns.map(|problem| problem.below("harmonize")));
        if Networks::group(&cohort.regions).pairs().iter().all(|pair| pair.edges.is_empty()) {
            let help = "give the region table two regions or more with their networks";
            problems.push(Problem::at("", "there is no pair of networks to describe").help(help));
        }
        let mut seen = BTreeSet::new();
        let names = self.features(cohort).into_iter().map(|feature| feature.of.join("-"));
        if let Some(twice) = names.into_iter().find(|name| !seen.insert(name.clone())) {
            let message = format!("two pairs of networks would be called `{twice}`");
            problems.push(Problem::at("", message).help("rename a network in the region table"));
        }
        problems
    }

    fn features(&self, cohort: &Cohort) -> Vec<Feature> {
        let pairs = Networks::group(&cohort.regions).pairs();
        let measure = self.kind.measure();
        pairs.iter().map(|pair| Feature::new(measure, &pair.names.each_ref().map(String::as_str))).collect()
    }

    /// Chooses the pairs furthest above and below the norm, the earlier of equals. Words depend on a
    /// fact's own z, not on its rank.
    fn chosen(&self, facts: &[Fact]) -> Vec<bool> {
        if self.strongest.is_none() && self.weakest.is_none() {
            return vec![true; facts.len()];
        }
        let known = facts.iter().enumerate().filter_map(|(index, fact)| Some((fact.z?, index)));
        let mut order: Vec<(f64, usize)> = known.collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let strongest = order.iter().take(self.strongest.unwrap_or(0));
        let weakest = order.iter().rev().take(self.weakest.unwrap_or(0));
        let mut chosen = vec![false; facts.len()];
        strongest.chain(weakest).for_each(|&(_, index)| chosen[index] = true);
        chosen
    }

    /// Columns that harmonisation preserves, because they are put into the couplings of every scan.
    fn tells(&self) -> Vec<String> {
        self.harmonize.as_ref().map_or_else(Vec::new, |how| how.preserve.clone())
    }
}

impl Connectivity {
    fn couplings(&self, scan: &Scan) -> Vec<Measurement> {
        network_pairs(&scan.series, &scan.regions, self.kind)
    }

    fn described(&self) -> usize {
        self.strongest.unwrap_or(0).saturating_add(self.weakest.unwrap_or(0))
    }
}
