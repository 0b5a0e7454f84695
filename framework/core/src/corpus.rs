//! What is said of scans, and the text space it lives in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Features, Result, ScanId, Window};

/// One number about a scan and what the words make of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What was measured, such as `coupling.Default-Vis`.
    pub feature: String,
    /// The measured value in the feature's unit; none if it could not be computed, or was not said.
    pub value: Option<f64>,
    /// Standard deviations from the training norm; none if not available.
    pub z: Option<f64>,
    /// The band of the words, such as `markedly lower` or `not available`.
    pub band: String,
    /// Why there is no value or no z, such as `the network has one region`; none where both are there, or where
    /// nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Fact {
    /// Whether two facts say the same of the same feature: the band decides, not the decimals.
    pub fn agrees(&self, other: &Fact) -> bool {
        self.feature == other.feature && self.band == other.band
    }

    /// Index of the fact's own band among `bands`.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn band_index(&self, bands: &[Band]) -> Result<usize> {
        let index = bands.iter().position(|band| band.name == self.band);
        index.ok_or_else(|| format!("`{}` is none of the bands of `{}`", self.band, self.feature).into())
    }
}

/// One of the ordered ranges of z that a fact may lie in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Its name, such as `markedly lower`.
    pub name: String,
    /// A z that stands for it: below 0, above 0, or 0 for the band that holds both signs.
    pub z: f64,
}

/// How to ask for one feature: the answer is the name of one of its bands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactQuestion {
    /// What is asked for, such as `coupling.Default-Vis`.
    pub feature: String,
    /// The same question in different words; the first is the plain one.
    pub wordings: Vec<String>,
    /// Possible answers, from low to high.
    pub bands: Vec<Band>,
}

impl FactQuestion {
    /// Whether a pattern, in which `*` stands for anything, names `feature`: `coupling.*` names `coupling.Default-Vis`.
    pub fn is_named(pattern: &str, feature: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == feature,
            Some((start, rest)) => feature.strip_prefix(start).is_some_and(|feature| {
                let mut ends = (0..=feature.len()).filter(|&end| feature.is_char_boundary(end));
                ends.any(|end| FactQuestion::is_named(rest, &feature[end..]))
            }),
        }
    }
}

/// One sentence about one scan, traceable to its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The scan it describes.
    pub scan: ScanId,
    /// The generator's table in the spec, such as `connectivity`; filled in by the framework.
    pub corpus: String,
    /// The sentence.
    pub text: String,
    /// What it says.
    pub fact: Fact,
    /// How many training scans the norm rests on.
    pub norm_scans: usize,
    /// How many people those scans are of; 0 if the generator does not say.
    #[serde(default)]
    pub norm_people: usize,
    /// Which norm: a name that changes with any number in it, such as `graph-1-5f3a09c2e1b4d687`; empty if the
    /// generator does not say.
    #[serde(default)]
    pub norm: String,
    /// The volumes it tells of; filled in by the framework.
    #[serde(default)]
    pub window: Window,
    /// How to ask for its fact; none if the generator asks no question about it. Filled in by the framework from
    /// [`crate::Describer::questions`].
    #[serde(default, skip_serializing_if = "Option::is_none", with = "shared")]
    pub question: Option<Arc<FactQuestion>>,
}

/// A question that many descriptors share, as if each had its own.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::FactQuestion;

    pub fn serialize<S: Serializer>(question: &Option<Arc<FactQuestion>>, to: S) -> Result<S::Ok, S::Error> {
        question.as_deref().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<FactQuestion>>, D::Error> {
        Ok(Option::<FactQuestion>::deserialize(from)?.map(Arc::new))
    }
}

impl Descriptor {
    /// What `text` says of `scan`. The rest is empty: the framework fills in corpus and window, the generator
    /// says which norm it compared with.
    pub fn new(scan: &ScanId, text: String, fact: Fact) -> Descriptor {
        Descriptor {
            scan: scan.clone(),
            corpus: String::new(),
            text,
            fact,
            norm_scans: 0,
            norm_people: 0,
            norm: String::new(),
            window: Window::default(),
            question: None,
        }
    }
}

/// Text a backbone may learn language from: never anything about a held-out scan.
#[derive(Clone, Debug, Default)]
pub struct TextSource {
    /// Documents of general text.
    pub general: Vec<String>,
    /// One description a training scan.
    pub descriptions: Vec<String>,
    /// Questions about facts, in every wording: what a model will be asked of a scan.
    pub questions: Vec<String>,
}

/// What a tokenizer is aligned with: vectors of the backbone's frozen text side.
#[derive(Clone, Debug)]
pub struct TextSpace {
    /// Pooled vector of each training scan's description; a scan without a description has none.
    pub descriptions: BTreeMap<ScanId, Vec<f32>>,
    /// Rows of the backbone's input embedding, as often as the text uses them.
    pub tokens: Features,
}
