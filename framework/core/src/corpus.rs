//! Sentences about scans, and the text space that a tokenizer is aligned with.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Features, Result, ScanId, Window};

/// One measured feature of a scan, and the words for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Name of the feature, such as `coupling.Default-Vis`.
    pub feature: String,
    /// Measured value in the feature's unit. `None` if it could not be computed or the sentence does not
    /// state it.
    pub value: Option<f64>,
    /// Standard deviations from the training norm. `None` if not available.
    pub z: Option<f64>,
    /// Band of the z, such as `markedly lower` or `not available`.
    pub band: String,
    /// Why the value or z is missing, such as `the network has one region`. `None` if both exist or no
    /// reason is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Fact {
    /// Whether two facts state the same band for the same feature. Numbers are ignored.
    pub fn agrees(&self, other: &Fact) -> bool {
        self.feature == other.feature && self.band == other.band
    }

    /// Returns the index of the fact's band among `bands`.
    ///
    /// # Errors
    /// If the band is not among them.
    pub fn band_index(&self, bands: &[Band]) -> Result<usize> {
        let index = bands.iter().position(|band| band.name == self.band);
        index.ok_or_else(|| format!("`{}` is not a band of `{}`", self.band, self.feature).into())
    }
}

/// One of the ordered ranges of z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Name of the band, such as `markedly lower`.
    pub name: String,
    /// A representative z: negative, positive, or 0 for the band that contains both signs.
    pub z: f64,
}

/// A question about one feature. The answer is the name of one of its bands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactQuestion {
    /// Feature that is asked about, such as `coupling.Default-Vis`.
    pub feature: String,
    /// The same question in different words. The first is the plain one.
    pub wordings: Vec<String>,
    /// Possible answers, from low to high.
    pub bands: Vec<Band>,
}

impl FactQuestion {
    /// Whether `pattern` matches `feature`. `*` matches any text, so `coupling.*` matches
    /// `coupling.Default-Vis`.
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

/// One sentence about one scan, together with the fact that it states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The scan it describes.
    pub scan: ScanId,
    /// Name of the generator's table in the spec, such as `connectivity`. The framework fills it in.
    pub corpus: String,
    /// The sentence.
    pub text: String,
    /// The one fact that the sentence states, so that the sentence can be traced and read back.
    pub fact: Fact,
    /// Number of training scans behind the norm.
    pub norm_scans: usize,
    /// Number of people behind the norm. 0 if the generator does not report it.
    #[serde(default)]
    pub norm_people: usize,
    /// Name of the norm, such as `graph-1-5f3a09c2e1b4d687`. It changes with any number in the norm.
    /// Empty if the generator does not report it.
    #[serde(default)]
    pub norm: String,
    /// Volumes that the sentence describes. The framework fills it in.
    #[serde(default)]
    pub window: Window,
    /// Question about the fact. `None` if the generator has no question about it. The framework fills it
    /// in from [`crate::Describer::questions`].
    #[serde(default, skip_serializing_if = "Option::is_none", with = "shared")]
    pub question: Option<Arc<FactQuestion>>,
}

/// Serialises a shared question as if each descriptor owned a copy.
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
    /// Creates the descriptor `text` of `scan` that states `fact`. The framework fills in corpus, window
    /// and question; the generator fills in the norm.
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

/// Text that a backbone may learn language from. It never describes a held-out scan.
#[derive(Clone, Debug, Default)]
pub struct TextSource {
    /// Documents of general text.
    pub general: Vec<String>,
    /// One description per training scan.
    pub descriptions: Vec<String>,
    /// Questions about facts, in every wording that the model will be asked in.
    pub questions: Vec<String>,
}

/// Vectors of the backbone's frozen text side that a tokenizer is aligned with.
#[derive(Clone, Debug)]
pub struct TextSpace {
    /// Pooled vector of each training scan's description. A scan without a description has no entry.
    pub descriptions: BTreeMap<ScanId, Vec<f32>>,
    /// Rows of the backbone's input embedding, each as often as its token occurs in the text.
    pub tokens: Features,
}
