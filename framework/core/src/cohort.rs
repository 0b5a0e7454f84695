//! Who was scanned, what is known of them, and who may be learned from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Descriptor, Exclusion, Result, TimeSeries};

/// Names one scan (one run) as BIDS does, labels without their `sub-` and `run-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScanId {
    /// Name of the dataset's table in the spec.
    pub dataset: String,
    /// Subject label, such as `01`.
    pub subject: String,
    /// Session label, if the study has sessions.
    pub session: Option<String>,
    /// Task label, such as `rest`.
    pub task: Option<String>,
    /// Run label.
    pub run: Option<String>,
}

impl ScanId {
    /// The person, unique over all datasets: what splits and intervals go by.
    pub fn person(&self) -> String {
        format!("{}/sub-{}", self.dataset, self.subject)
    }
}

impl fmt::Display for ScanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/sub-{}", self.dataset, self.subject)?;
        let entities = [("ses", &self.session), ("task", &self.task), ("run", &self.run)];
        entities.iter().try_for_each(|(entity, label)| match label {
            Some(label) => write!(f, "_{entity}-{label}"),
            None => Ok(()),
        })
    }
}

/// What is known of a scan before its signal is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanInfo {
    /// Which scan.
    pub id: ScanId,
    /// Repetition time in seconds.
    pub tr: f64,
    /// Volumes on disk, before the crop.
    pub trs: usize,
    /// Regions on disk.
    pub rois: usize,
    /// Columns of the participants, sessions and scans tables; a missing value has no entry.
    pub phenotype: BTreeMap<String, String>,
    /// What happened during the scan, by onset; empty if nothing is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
}

/// Something that happened during a scan, as a row of `events.tsv` says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Seconds from the first volume on disk; may be negative.
    pub onset: f64,
    /// Seconds; 0 for an instant.
    pub duration: f64,
    /// What it was, such as `face`; none where the table says `n/a`.
    pub trial_type: Option<String>,
}

impl ScanInfo {
    /// What the tables have in a column; the column `dataset`, if they have none, is the dataset's name.
    pub fn column(&self, name: &str) -> Option<&str> {
        let dataset = (name == "dataset").then_some(&self.id.dataset);
        self.phenotype.get(name).or(dataset).map(String::as_str)
    }
}

/// The regions of a parcellation, in the order of the series' columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regions {
    /// Name of each region.
    pub names: Vec<String>,
    /// Network of each region.
    pub networks: Vec<String>,
}

impl Regions {
    /// The distinct networks, sorted by name.
    pub fn network_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.networks.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A dataset as it lies there: its scans in canonical order, and its regions.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// Sorted by [`ScanId`].
    pub scans: Vec<ScanInfo>,
    /// One parcellation for all of them.
    pub regions: Regions,
    /// Scans that are there and not used, with the reason of each; sorted by [`ScanId`].
    pub excluded: Vec<Exclusion>,
}

impl Cohort {
    /// A cohort of which every scan is used.
    pub fn new(mut scans: Vec<ScanInfo>, regions: Regions) -> Cohort {
        scans.sort_by(|a, b| a.id.cmp(&b.id));
        Cohort { scans, regions, excluded: Vec::new() }
    }
}

/// One scan, cropped and standardised, with what the corpus says of it.
#[derive(Clone, Debug)]
pub struct Scan {
    /// What is known of it.
    pub info: Arc<ScanInfo>,
    /// Its signal.
    pub series: TimeSeries,
    /// Its regions, shared by the cohort.
    pub regions: Arc<Regions>,
    /// What the corpus generators say of it; empty before the corpus stage.
    pub descriptors: Vec<Descriptor>,
}

/// The three parts of a cohort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Everything fitted is fitted on these.
    Train,
    /// For choices.
    Validation,
    /// For the numbers that are reported; nothing is chosen on it.
    Test,
}

impl Part {
    /// All parts, in order.
    pub const ALL: [Part; 3] = [Part::Train, Part::Validation, Part::Test];

    /// `train`, `validation` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Part::Train => "train",
            Part::Validation => "validation",
            Part::Test => "test",
        }
    }
}

/// Which part every person belongs to. A person is never in two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Part by [`ScanId::person`].
    pub parts: BTreeMap<String, Part>,
}

impl Split {
    /// The part of a scan.
    ///
    /// # Errors
    /// If the split does not know the person.
    pub fn part(&self, id: &ScanId) -> Result<Part> {
        self.parts.get(&id.person()).copied().ok_or_else(|| format!("the split does not know `{id}`").into())
    }

    /// The scans of one part.
    ///
    /// # Errors
    /// If the split does not know one of the scans.
    pub fn of<'a>(&self, part: Part, scans: &'a [Scan]) -> Result<Vec<&'a Scan>> {
        let mut chosen = Vec::new();
        for scan in scans {
            if self.part(&scan.info.id)? == part {
                chosen.push(scan);
            }
        }
        Ok(chosen)
    }

    /// The scans that may be learned from; the only way to make [`TrainScans`].
    ///
    /// # Errors
    /// If the split does not know one of the scans.
    pub fn train<'a>(&self, scans: &'a [Scan]) -> Result<TrainScans<'a>> {
        Ok(TrainScans { scans: self.of(Part::Train, scans)? })
    }
}

/// Training scans, by type: whatever is fitted takes these, so it cannot see a held-out scan.
#[derive(Clone, Debug)]
pub struct TrainScans<'a> {
    scans: Vec<&'a Scan>,
}

impl<'a> TrainScans<'a> {
    /// The scans, in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a Scan> + '_ {
        self.scans.iter().copied()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.scans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scans.is_empty()
    }
}
