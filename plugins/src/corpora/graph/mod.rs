//! Describes the graph of the strongest couplings.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use boldface::{Cohort, Deserialize, JsonSchema, Problem, Result, Scan, Serialize, TrainScans, register};
use boldface_features::graph::{Edges, GraphSettings, edges_at, features, measure};
use boldface_features::{Feature, Measurement, Networks, fc};

use super::described::Described;
use super::family::{FeatureFamily, Telling};
use super::words::WordTable;

/// One sentence per measure of the graph of the strongest couplings, and how typical its value is.
///
/// Regions are nodes, and the strongest Pearson correlations over the whole cropped scan are edges.
/// Every value is the mean over several densities. Measures of the whole graph are `global-efficiency`
/// and `path-length` in hops (an unconnected pair counts as 0 in the first and is left out of the
/// second), `local-efficiency`, weighted `clustering`, `modularity`, and `small-worldness` relative to
/// random graphs of the same degrees. Measures of each network are means over its regions: `strength`,
/// `participation` in the networks, and `module-z`, the centrality of its regions within the modules
/// found in the scan itself (within the networks, its mean would always be 0). Definitions are those of
/// networkx and the Brain Connectivity Toolbox.
///
/// Regions without a signal are not nodes. If more than half of the regions have no signal, or a scan
/// has fewer than 10 volumes, sentences say `not available` and why.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Graph {
    /// Shares of all pairs of regions that become edges, above 0 and up to 1. Each number is the mean
    /// over these densities, so that none depends on a single threshold.
    densities: Vec<f64>,
    /// Couplings that can be edges.
    weights: Edges,
    /// Number of module searches at each density, each in a random order; the best result is kept.
    runs: usize,
    /// Number of random graphs at each density for the comparison in small-worldness.
    nulls: usize,
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

impl Default for Graph {
    fn default() -> Graph {
        let GraphSettings { densities, edges, runs, nulls } = GraphSettings::default();
        Graph { densities, weights: edges, runs, nulls, words: None, paraphrase: true, adjust: Vec::new() }
    }
}

register!(CorpusGenerator "graph" => Described<Graph>);

impl FeatureFamily for Graph {
    const NAME: &'static str = "graph";
    const VERSION: u32 = 1;
    const NEEDS_NETWORKS: bool = true;
    const WORDS: &'static str = include_str!("words.toml");
    type Learned = ();

    fn telling(&self) -> Telling<'_> {
        Telling { words: self.words.as_ref(), paraphrase: self.paraphrase, adjust: &self.adjust }
    }

    fn learn(&self, _train: &TrainScans<'_>, _seed: u64) -> Result<()> {
        Ok(())
    }

    fn measure(&self, _learned: &(), scan: &Scan, seed: u64) -> Result<Vec<Measurement>> {
        let settings = GraphSettings {
            densities: self.densities.clone(),
            edges: self.weights,
            runs: self.runs,
            nulls: self.nulls,
        };
        Ok(measure(&fc(&scan.series), scan.series.trs(), &Networks::group(&scan.regions), &settings, seed))
    }

    fn check(&self, cohort: &Cohort) -> Vec<Problem> {
        let mut problems = self.check_densities(cohort.regions.names.len());
        for (key, count) in [("runs", self.runs), ("nulls", self.nulls)] {
            if count == 0 {
                problems.push(Problem::at(key, "it cannot be 0").help("use 1 or more"));
            }
        }
        problems
    }

    fn features(&self, cohort: &Cohort) -> Vec<Feature> {
        features(&Networks::group(&cohort.regions))
    }
}

impl Graph {
    fn check_densities(&self, regions: usize) -> Vec<Problem> {
        let problem = |key: String, message: String, help: &str| Problem::at(key, message).help(help);
        if self.densities.is_empty() {
            let help = "name at least one, or leave the key out";
            return vec![problem("densities".to_owned(), "there is no density".to_owned(), help)];
        }
        let mut problems = Vec::new();
        let (mut seen, mut repeated) = (BTreeSet::new(), BTreeSet::new());
        for (place, &density) in self.densities.iter().enumerate() {
            let key = format!("densities[{place}]");
            if !(density > 0.0 && density <= 1.0) {
                let message = format!("`{density}` is not a share of all pairs of regions");
                problems.push(problem(key, message, "use a number above 0 and up to 1, such as 0.1"));
            } else if !seen.insert(density.to_bits()) {
                // One problem, however many are equal.
                if repeated.insert(density.to_bits()) {
                    problems.push(problem(key, format!("`{density}` is listed twice"), "remove one"));
                }
            } else if edges_at(regions, density) == 0 {
                let message = format!("`{density}` of the pairs of {regions} regions is less than one edge");
                problems.push(problem(key, message, "use a higher density"));
            }
        }
        problems
    }
}
