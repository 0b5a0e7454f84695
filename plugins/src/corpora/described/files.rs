//! A fitted family as files: `norms.json`, `learned.json` and `words.toml`.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use boldface::{Deserialize, Regions, Result, Serialize, serde_json};
use boldface_features::{Feature, Norms};
use serde::de::DeserializeOwned;

use super::super::family::FeatureFamily;
use super::super::words::FamilyWords;
use super::cache::Cache;
use super::proved::prove;
use super::{Fitted, name_of};

const NORMS: &str = "norms.json";
const LEARNED: &str = "learned.json";
const WORDS: &str = "words.toml";

/// Everything except norms and words.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LearnedFile<L> {
    version: u32,
    family: String,
    /// Stored as text, because JSON readers of other languages round large numbers.
    seed: String,
    regions: Regions,
    learned: L,
}

/// The field that every version of a file has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Writes the files; the same fitted family gives the same bytes.
///
/// # Errors
/// If a file cannot be written; the message names it.
pub(super) fn save<F: FeatureFamily>(fitted: &Fitted<F>, dir: &Path) -> Result<()> {
    let learned = LearnedFile {
        version: F::VERSION,
        family: F::NAME.to_owned(),
        seed: fitted.seed.to_string(),
        regions: fitted.regions.clone(),
        learned: &fitted.learned,
    };
    write(dir.join(NORMS), serde_json::to_string_pretty(&fitted.norms)? + "\n")?;
    write(dir.join(LEARNED), serde_json::to_string_pretty(&learned)? + "\n")?;
    let words = toml::to_string_pretty(&fitted.words).map_err(|error| format!("`{WORDS}`: {error}"))?;
    write(dir.join(WORDS), words)
}

/// Reads the files.
///
/// # Errors
/// If a file is missing, truncated, of another version or of another family; the message names it.
pub(super) fn load<F: FeatureFamily>(family: &F, dir: &Path) -> Result<Fitted<F>> {
    let norms: Norms = read_json(&dir.join(NORMS), Norms::VERSION)?;
    let path = dir.join(LEARNED);
    let read: LearnedFile<F::Learned> = read_json(&path, F::VERSION)?;
    if read.family != F::NAME {
        return Err(
            named(&path)(&format!("is of a corpus of type `{}`, not `{}`", read.family, F::NAME)).into()
        );
    }
    let seed =
        read.seed.parse().map_err(|_| named(&path)(&format!("has the invalid seed `{}`", read.seed)))?;
    let features: Vec<Feature> = norms.features().cloned().collect();
    let path = dir.join(WORDS);
    let words: FamilyWords = toml::from_str(&read_text(&path)?).map_err(|error| named(&path)(&error))?;
    prove(&words, &features).map_err(|error| named(&path)(&error))?;
    Ok(Fitted {
        family: family.clone(),
        learned: read.learned,
        regions: read.regions,
        seed,
        name: name_of::<F>(&norms),
        norms,
        reader: words.reader(&features),
        features,
        words,
        cache: Cache::default(),
    })
}

fn read_json<T: DeserializeOwned>(path: &Path, expected: u32) -> Result<T> {
    let text = read_text(path)?;
    // The version first: the rest may look different in another version.
    let Versioned { version } = serde_json::from_str(&text).map_err(|error| named(path)(&error))?;
    if version != expected {
        let error = format!("has version {version}, expected {expected}; build the corpus again");
        return Err(named(path)(&error).into());
    }
    serde_json::from_str(&text).map_err(|error| named(path)(&error).into())
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| named(path)(&error).into())
}

fn write(path: PathBuf, text: String) -> Result<()> {
    fs::write(&path, text).map_err(|error| named(&path)(&error).into())
}

/// Formats errors with the name of the file.
fn named(path: &Path) -> impl Fn(&dyn Display) -> String {
    move |error| format!("`{}`: {error}", path.display())
}
