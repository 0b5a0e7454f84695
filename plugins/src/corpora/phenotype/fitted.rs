//! Learned norms and categories, and the description of any scan with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use boldface::{
    Describer, Descriptor, Deserialize, Fact, Result, Scan, ScanInfo, Serialize, TrainScans, seed, serde_json,
};
use boldface_features::{Compared, Measurement, Missing, Norms};
use rand::Rng;

use super::column::ColumnKind;
use super::told::PhenotypeWords;
use super::{Phenotype, VERSION};
use crate::corpora::words::WordingChoice;

/// A fitted corpus: norms of the numbers and names of the categories.
#[derive(Debug)]
pub(super) struct Fitted {
    config: Phenotype,
    learned: Learned,
    norms: Norms,
    told: PhenotypeWords,
    /// Seed of the wordings.
    seed: u64,
    /// Name of the norms in descriptors.
    name: String,
}

/// Everything learned besides norms.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Learned {
    version: u32,
    /// Stored as text, because JSON readers of other languages round large numbers.
    seed: String,
    /// Names of the categories of each categorical column.
    categories: BTreeMap<String, Vec<String>>,
}

const NORMS: &str = "norms.json";
const LEARNED: &str = "learned.json";

impl Fitted {
    /// Learns norms and names of categories.
    ///
    /// # Errors
    /// If a training scan has a cell that is not a number or a category without a name, if a column has
    /// no value in any training scan, or if words cannot be told apart.
    pub(super) fn fit(config: &Phenotype, train: &TrainScans<'_>, seed: u64) -> Result<Fitted> {
        let infos: Vec<&ScanInfo> = train.iter().map(|scan| scan.info.as_ref()).collect();
        let mut categories = BTreeMap::new();
        for (name, column) in &config.columns {
            if infos.iter().all(|info| column.cell(name, info).is_err()) {
                return Err(
                    format!("no training scan has a value in the column `{name}`; leave it out").into()
                );
            }
            if column.kind == ColumnKind::Category {
                let mut names: BTreeSet<String> = column.names.values().cloned().collect();
                if names.is_empty() {
                    let values = infos.iter().filter_map(|info| column.category(name, info).ok()?.ok());
                    names.extend(values.map(str::to_owned));
                }
                categories.insert(name.clone(), names.into_iter().collect());
            }
        }
        let rows = infos.iter().map(|info| measured(config, info)).collect::<Result<Vec<_>>>()?;
        let norms = Norms::fit(&rows, &infos, &config.adjust)?;
        let learned = Learned { version: VERSION, seed: seed.to_string(), categories };
        Fitted::new(config, learned, norms)
    }

    fn new(config: &Phenotype, learned: Learned, norms: Norms) -> Result<Fitted> {
        let told = PhenotypeWords::new(config, &learned.categories)?;
        told.check()?;
        let name = format!("phenotype-{VERSION}-{:016x}", norms.fingerprint());
        let seed = learned
            .seed
            .parse()
            .map_err(|_| format!("`{LEARNED}`: the seed `{}` is not a number", learned.seed))?;
        Ok(Fitted { config: config.clone(), learned, seed, norms, told, name })
    }

    /// Reads a saved corpus.
    ///
    /// # Errors
    /// If a file is missing, truncated or of another version; the message names it.
    pub(super) fn load(config: &Phenotype, dir: &Path) -> Result<Fitted> {
        let read = |file: &str| -> Result<String> {
            let path = dir.join(file);
            fs::read_to_string(&path).map_err(|error| format!("`{}`: {error}", path.display()).into())
        };
        let named =
            |file: &str, error: &dyn std::fmt::Display| format!("`{}`: {error}", dir.join(file).display());
        let learned: Learned =
            serde_json::from_str(&read(LEARNED)?).map_err(|error| named(LEARNED, &error))?;
        if learned.version != VERSION {
            let error =
                format!("has version {}, expected {VERSION}; build the corpus again", learned.version);
            return Err(named(LEARNED, &error).into());
        }
        let norms = serde_json::from_str(&read(NORMS)?).map_err(|error| named(NORMS, &error))?;
        Fitted::new(config, learned, norms)
    }

    fn form(&self, scan: &ScanInfo, feature: &str) -> WordingChoice {
        if !self.config.paraphrase {
            return WordingChoice::Plain;
        }
        WordingChoice::Drawn(seed::stream(self.seed, &format!("words.{}.{feature}", scan.id)).next_u64())
    }
}

impl Describer for Fitted {
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>> {
        let info = scan.info.as_ref();
        let measured = measured(&self.config, info)?;
        let mut numbers = measured.iter().zip(self.norms.compare(&measured, info)?);
        let mut descriptors = Vec::new();
        for (place, (name, column)) in self.config.columns.iter().enumerate() {
            let (fact, compared) = match column.kind {
                ColumnKind::Number => {
                    let (measured, compared) = numbers.next().ok_or("a number was not measured")?;
                    (self.told.number(place, column, measured.value, compared.z), compared)
                }
                ColumnKind::Category => {
                    let known = self.learned.categories.get(name);
                    let category = column.category(name, info).and_then(|category| {
                        // A category that never occurred in training has no words, and none are made
                        // up.
                        let known =
                            |called: &&str| known.is_some_and(|all| all.iter().any(|one| one == called));
                        category.ok().filter(known).ok_or(Missing::Undefined)
                    });
                    let none = Compared { z: Err(Missing::NoValue), scans: 0, people: 0 };
                    (self.told.category(place, category), none)
                }
            };
            let text = self.told.sentence(place, &fact, self.form(info, &fact.feature));
            descriptors.push(Descriptor {
                norm_scans: compared.scans,
                norm_people: compared.people,
                norm: self.name.clone(),
                ..Descriptor::new(&info.id, text, fact)
            });
        }
        Ok(descriptors)
    }

    fn read(&self, text: &str) -> Result<Vec<Fact>> {
        Ok(self.told.read(text))
    }

    fn save(&self, dir: &Path) -> Result<()> {
        let write = |file: &str, text: String| -> Result<()> {
            let path = dir.join(file);
            fs::write(&path, text + "\n").map_err(|error| format!("`{}`: {error}", path.display()).into())
        };
        write(NORMS, serde_json::to_string_pretty(&self.norms)?)?;
        write(LEARNED, serde_json::to_string_pretty(&self.learned)?)
    }
}

/// Returns the numbers of a scan, in the order of the columns.
///
/// # Errors
/// If a cell is not a number; the message names it.
fn measured(config: &Phenotype, info: &ScanInfo) -> Result<Vec<Measurement>> {
    let mut measured = Vec::new();
    for (name, column) in config.columns.iter().filter(|(_, column)| column.kind == ColumnKind::Number) {
        let value = match column.number(name, info) {
            Ok(Ok(value)) => Ok(value),
            Err(missing) => Err(missing),
            Ok(Err(cell)) => {
                let id = &info.id;
                let error = format!(
                    "`{id}` has `{cell}` in the column `{name}`, which is not a number; list it in `missing`"
                );
                return Err(error.into());
            }
        };
        measured.push(boldface_features::Feature::new("phenotype", &[name]).is(value));
    }
    Ok(measured)
}
