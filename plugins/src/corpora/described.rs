//! A family as a corpus generator: measures scans, compares them with norms of the training scans, and
//! words the facts.

mod cache;
mod files;
mod proved;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::Path;

use boldface::schemars::{Schema, SchemaGenerator};
use boldface::{
    Cohort, CorpusGenerator, Describer, Descriptor, Deserialize, Fact, FactQuestion, JsonSchema, Problem,
    Regions, Result, Scan, Serialize, TrainScans, seed,
};
use boldface_features::{Compared, Feature, Measurement, Norms};
use boldface_imaging::regions::NO_NETWORK;
use rand::Rng;
use rayon::prelude::*;

use super::family::FeatureFamily;
use super::words::{FamilyWords, Reader, WordingChoice};
use cache::Cache;

/// A family as a corpus generator. Its table in a spec is the family's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub(super) struct Described<F: FeatureFamily>(pub(super) F);

/// Increased when the same measurements lead to different descriptions.
const VERSION: u32 = 2;

/// Maximum number of wordings per question: a model must learn what is asked, not how.
const WORDINGS: u64 = 16;

impl<F: FeatureFamily> JsonSchema for Described<F> {
    fn schema_name() -> Cow<'static, str> {
        F::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        F::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        F::json_schema(generator)
    }
}

impl<F: FeatureFamily> CorpusGenerator for Described<F> {
    fn fit(&self, train: &TrainScans<'_>, seed: u64) -> Result<Box<dyn Describer>> {
        let family = self.0.clone();
        let scans: Vec<&Scan> = train.iter().collect();
        let first = scans.first().ok_or("there are no training scans to take norms from")?;
        for scan in &scans {
            same_regions(scan, &first.regions, &format!("`{}`", first.info.id))?;
        }
        let learned = family.learn(train, seed)?;
        let measure = |scan: &&Scan| family.measure(&learned, scan, seed);
        let rows: Vec<Result<Vec<Measurement>>> = scans.par_iter().map(measure).collect();
        // In order, so that the first of several errors is always the same.
        let rows = rows.into_iter().collect::<Result<Vec<_>>>()?;
        let infos: Vec<_> = scans.iter().map(|scan| scan.info.as_ref()).collect();
        let volumes: Vec<usize> = scans.iter().map(|scan| scan.series.trs()).collect();
        let norms = Norms::fit_by_length(&rows, &infos, family.telling().adjust, &volumes)?;
        let features: Vec<Feature> = norms.features().cloned().collect();
        let words = words_of(&family)?;
        proved::prove(&words, &features)?;
        let fitted = Fitted {
            name: name_of::<F>(&norms),
            family,
            learned,
            regions: first.regions.as_ref().clone(),
            seed,
            norms,
            reader: words.reader(&features),
            features,
            words,
            cache: Cache::new(&scans, rows),
        };
        Ok(Box::new(fitted))
    }

    fn load(&self, dir: &Path) -> Result<Box<dyn Describer>> {
        Ok(Box::new(files::load(&self.0, dir)?))
    }

    /// Lists the columns in the text. Those of `adjust` count, because a scan's z is computed with its
    /// own value.
    fn tells(&self) -> Vec<String> {
        let mut columns = self.0.tells();
        columns.extend(self.0.telling().adjust.iter().cloned());
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    fn asks(&self, cohort: &Cohort) -> Option<Vec<FactQuestion>> {
        let (features, words) = (self.0.features(cohort), words_of(&self.0).ok()?);
        (!features.is_empty()).then(|| questions(&self.0, &words, &features))
    }

    fn check(&self, cohort: &Cohort) -> Vec<Problem> {
        let has_networks = cohort.regions.networks.iter().any(|network| network != NO_NETWORK);
        if F::NEEDS_NETWORKS && !has_networks {
            let help = "give the region table a column `network`, name its column with the dataset's `networks`, or \
                        leave this corpus out";
            return vec![Problem::at("", "it describes networks, but no region has one").help(help)];
        }
        let mut problems = self.0.check(cohort);
        problems.extend(check_adjust(self.0.telling().adjust, cohort));
        let features = if problems.is_empty() { self.0.features(cohort) } else { Vec::new() };
        if let Err(error) = words_of(&self.0).and_then(|words| proved::prove(&words, &features)) {
            problems.push(Problem::at("words", error.to_string()));
        }
        problems
    }

    /// Returns a sum, which rises when any of its terms does.
    fn version(&self) -> u32 {
        F::VERSION + VERSION + Norms::VERSION
    }
}

/// A fitted family.
#[derive(Debug)]
struct Fitted<F: FeatureFamily> {
    family: F,
    learned: F::Learned,
    /// Regions of the training scans.
    regions: Regions,
    seed: u64,
    norms: Norms,
    /// Features of the norms.
    features: Vec<Feature>,
    words: FamilyWords,
    reader: Reader,
    /// Name of the norms in descriptors.
    name: String,
    cache: Cache,
}

impl<F: FeatureFamily> Fitted<F> {
    /// Returns the measurements of a scan, from the cache or made now.
    fn measured(&self, scan: &Scan) -> Result<Cow<'_, [Measurement]>> {
        match self.cache.find(scan) {
            Some(row) => Ok(Cow::Borrowed(row)),
            None => {
                same_regions(scan, &self.regions, "the scans that the norms rest on")?;
                Ok(Cow::Owned(self.family.measure(&self.learned, scan, self.seed)?))
            }
        }
    }

    /// Returns the wording, which depends on seed, scan and feature only: other sentences do not change
    /// it.
    fn form(&self, scan: &Scan, feature: &Feature) -> WordingChoice {
        if !self.family.telling().paraphrase {
            return WordingChoice::Plain;
        }
        WordingChoice::Drawn(seed::stream(self.seed, &format!("words.{}.{feature}", scan.info.id)).next_u64())
    }
}

impl<F: FeatureFamily> Describer for Fitted<F> {
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>> {
        let measured = self.measured(scan)?;
        let compared = self.norms.compare_at(&measured, &scan.info, scan.series.trs())?;
        let fact = |(one, compared): (&Measurement, &Compared)| {
            let told = one.value.map(|value| self.family.told_value(&one.feature, value));
            self.words.fact(&one.feature, told, compared.z)
        };
        let facts: Vec<Fact> = measured.iter().zip(&compared).map(fact).collect();
        let chosen = self.family.chosen(&facts);
        let told = facts.into_iter().zip(&self.features).zip(compared).zip(chosen);
        let descriptor = |((fact, feature), compared): ((Fact, &Feature), Compared)| {
            let text = self.words.sentence(feature, &fact, self.form(scan, feature));
            Descriptor {
                norm_scans: compared.scans,
                norm_people: compared.people,
                norm: self.name.clone(),
                ..Descriptor::new(&scan.info.id, text, fact)
            }
        };
        Ok(told.filter(|(_, chosen)| *chosen).map(|(told, _)| descriptor(told)).collect())
    }

    fn read(&self, text: &str) -> Result<Vec<Fact>> {
        Ok(self.reader.read(text))
    }

    fn questions(&self) -> Result<Vec<FactQuestion>> {
        Ok(questions(&self.family, &self.words, &self.features))
    }

    fn say(&self, feature: &str, band: &str) -> Result<Option<String>> {
        let known = self.features.iter().find(|known| known.to_string() == feature);
        let Some(feature) = known else { return Ok(None) };
        let fact = Fact { feature: feature.to_string(), band: band.to_owned(), ..Fact::default() };
        let is_known = self.words.bands().iter().any(|known| known.name == band);
        Ok(is_known.then(|| self.words.sentence(feature, &fact, WordingChoice::Plain)))
    }

    fn save(&self, dir: &Path) -> Result<()> {
        files::save(self, dir)
    }
}

/// Returns the questions about features that a signal shows. The user's own words may have no question form.
fn questions<F: FeatureFamily>(family: &F, words: &FamilyWords, features: &[Feature]) -> Vec<FactQuestion> {
    let wordings = if family.telling().paraphrase { WORDINGS } else { 1 };
    let question = |feature: &Feature| FactQuestion {
        feature: feature.to_string(),
        wordings: words.questions(feature, wordings),
        bands: words.bands(),
    };
    let asked = features.iter().filter(|feature| family.shows(feature)).map(question);
    asked.filter(|question| !question.wordings.is_empty()).collect()
}

/// The built-in words, overridden by the user's.
fn words_of<F: FeatureFamily>(family: &F) -> Result<FamilyWords> {
    FamilyWords::new(F::WORDS, family.telling().words)
}

/// Returns a name that changes with any number in the norms: `graph-1-5f3a09c2e1b4d687`.
fn name_of<F: FeatureFamily>(norms: &Norms) -> String {
    format!("{}-{}-{:016x}", F::NAME, F::VERSION, norms.fingerprint())
}

/// Checks that a scan has the given regions.
///
/// # Errors
/// If the scan's series does not have the regions of its table, or these differ from `regions`, which
/// belong to `whose`.
fn same_regions(scan: &Scan, regions: &Regions, whose: &str) -> Result<()> {
    let (id, rois, own) = (&scan.info.id, scan.series.rois(), scan.regions.as_ref());
    if rois != own.networks.len() || rois != own.names.len() {
        let named = own.networks.len();
        return Err(format!("`{id}` has {rois} regions, but its region table {named}").into());
    }
    if own == regions {
        return Ok(());
    }
    let names = |regions: &Regions| -> Vec<String> {
        let rows = regions.names.iter().zip(&regions.networks);
        rows.map(|(name, network)| format!("`{name}` of network `{network}`")).collect()
    };
    let (own, others) = (names(own), names(regions));
    let differ = own.iter().zip(&others).position(|(own, other)| own != other);
    let how = differ.map_or_else(
        || format!("it has {} and they {}", own.len(), others.len()),
        |place| format!("its region {} is {}, theirs {}", place + 1, own[place], others[place]),
    );
    Err(format!("`{id}` has other regions than {whose}: {how}").into())
}

/// Lists problems with the columns that norms are adjusted for.
pub(super) fn check_adjust(adjust: &[String], cohort: &Cohort) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, column) in adjust.iter().enumerate() {
        let key = format!("adjust[{place}]");
        if adjust[..place].contains(column) {
            problems.push(Problem::at(&key, format!("`{column}` is listed twice")).help("remove one"));
        }
        let without: Vec<_> = cohort.scans.iter().filter(|scan| scan.column(column).is_none()).collect();
        if let Some(first) = without.first() {
            let (some, all, first) = (without.len(), cohort.scans.len(), &first.id);
            let message = format!("{some} of {all} scans have no `{column}`, the first is `{first}`");
            let help = "fill it in, leave those scans out, or remove the column from `adjust`";
            problems.push(Problem::at(key, message).help(help));
        }
    }
    problems
}
