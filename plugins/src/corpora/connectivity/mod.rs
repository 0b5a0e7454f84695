//! Says how strongly networks are coupled.

mod harmonized;
mod norms;
mod pairs;
mod words;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use boldface::{
    Cohort, CorpusGenerator, Describer, Descriptor, Deserialize, Fact, JsonSchema, Problem, Result, Scan,
    Serialize, TrainScans, register, serde_json,
};

use boldface_imaging::combat::Harmonization;
use harmonized::Harmonized;
use norms::{Norm, couplings, fit};
use pairs::pairs;
use words::Words;

/// One sentence for each pair of networks: how strongly they are coupled, and how typical that is.
///
/// Coupling is the mean Fisher z of the Pearson correlations between the regions of two networks (within
/// one network: between different regions) over the whole cropped scan; sentences give it back as a
/// correlation. Typical is what the training scans have: their mean and SD (ddof 1) are saved, and
/// nothing is ever taken from another scan. Words: beyond 2 SD `markedly`, beyond 1 SD `somewhat` lower or
/// higher than typical, else `typical`. A pair of which more than half of the region pairs have no signal, or
/// that does not vary in training, is `not available`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Connectivity {
    /// How many pairs to describe of those furthest above the norm. Without this key and `weakest`
    /// every pair is described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    strongest: Option<usize>,
    /// How many pairs to describe of those furthest below the norm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weakest: Option<usize>,
    /// Takes what differs between scanners out of the couplings, by ComBat fitted on the training scans
    /// alone: `{ batch = "site", preserve = ["age", "sex"] }`. Norms and sentences are of what is left. A
    /// scan of a batch that no training scan is of cannot be described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    harmonize: Option<Harmonization>,
}

register!(CorpusGenerator "connectivity" => Connectivity);

/// The norms and the words they are told in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Artefact {
    version: u32,
    words: Words,
    norms: Vec<Norm>,
}

/// Version of the artefact's form and of what its numbers mean.
const VERSION: u32 = 1;

const FILE: &str = "norms.json";

/// A fitted generator.
#[derive(Debug)]
struct Fitted {
    config: Connectivity,
    artefact: Artefact,
    harmonized: Option<Harmonized>,
}

impl CorpusGenerator for Connectivity {
    fn fit(&self, train: &TrainScans<'_>, _seed: u64) -> Result<Box<dyn Describer>> {
        let harmonized = self.harmonize.as_ref().map(|how| Harmonized::fit(how, train)).transpose()?;
        let norms = fit(train, harmonized.as_ref())?;
        let artefact = Artefact { version: VERSION, words: Words::shipped(), norms };
        Ok(Box::new(Fitted { config: self.clone(), artefact, harmonized }))
    }

    fn load(&self, dir: &Path) -> Result<Box<dyn Describer>> {
        let path = dir.join(FILE);
        let named = |error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| named(&error))?;
        let artefact: Artefact = serde_json::from_str(&text).map_err(|error| named(&error))?;
        if artefact.version != VERSION {
            return Err(named(&format!("has version {}, expected {VERSION}", artefact.version)).into());
        }
        let harmonized = self.harmonize.as_ref().map(|how| Harmonized::load(how, dir)).transpose()?;
        Ok(Box::new(Fitted { config: self.clone(), artefact, harmonized }))
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
        match pairs(&cohort.regions) {
            Ok(pairs) if pairs.is_empty() => {
                let help = "give the region table two regions or more with their networks";
                problems.push(Problem::at("", "there is no pair of networks to describe").help(help));
            }
            Ok(_) => {}
            Err(error) => {
                let help = "rename a network in the region table";
                problems.push(Problem::at("", error.to_string()).help(help));
            }
        }
        problems
    }
}

impl Connectivity {
    fn described(&self) -> usize {
        self.strongest.unwrap_or(0).saturating_add(self.weakest.unwrap_or(0))
    }

    /// Which facts to tell; of equally high ones the earlier. Words follow from a fact's own z, not
    /// from its place among the others.
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
}

impl Describer for Fitted {
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>> {
        let Artefact { words, norms, .. } = &self.artefact;
        let couplings = couplings(scan, self.harmonized.as_ref())?;
        let features = couplings.iter().map(|(feature, _)| feature);
        if !features.eq(norms.iter().map(|norm| &norm.feature)) {
            let id = &scan.info.id;
            return Err(format!("`{id}` has other networks than the scans that the norms rest on").into());
        }
        let fact = |((feature, coupling), norm): (&(String, Option<f64>), &Norm)| {
            words.fact(feature, coupling.map(f64::tanh), coupling.and_then(|coupling| norm.z(coupling)))
        };
        let facts: Vec<Fact> = couplings.iter().zip(norms).map(fact).collect();
        let chosen = self.config.chosen(&facts);
        let told = facts.into_iter().zip(norms).zip(chosen).filter(|(_, chosen)| *chosen);
        Ok(told
            .map(|((fact, norm), _)| Descriptor {
                norm_scans: norm.scans,
                ..Descriptor::new(&scan.info.id, words.sentence(&fact), fact)
            })
            .collect())
    }

    fn read(&self, text: &str) -> Result<Vec<Fact>> {
        let features: Vec<&str> = self.artefact.norms.iter().map(|norm| norm.feature.as_str()).collect();
        Ok(self.artefact.words.read(text, &features))
    }

    fn save(&self, dir: &Path) -> Result<()> {
        let path = dir.join(FILE);
        let text = serde_json::to_string_pretty(&self.artefact)?;
        fs::write(&path, text + "\n").map_err(|error| format!("`{}`: {error}", path.display()))?;
        self.harmonized.as_ref().map_or(Ok(()), |harmonized| harmonized.save(dir))
    }
}
