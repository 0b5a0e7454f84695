//! Scans, what is known about them, and their split into training, validation and test.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Descriptor, Exclusion, Result, TimeSeries};

/// Identifies one scan (one run) by its BIDS labels, without prefixes such as `sub-` and `run-`.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// The other labels that tell recordings apart, as a name has them: those of [`ScanId::OTHERS`], in this
    /// order and joined by `_`, such as `acq-mb_dir-AP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<String>,
    /// Whether the unit of splits and intervals is the run instead of the person. The framework sets it
    /// for `[split] unit = "run"`; a dataset writes `false`. Comparing ids ignores it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_run: bool,
}

impl ScanId {
    /// BIDS entities beside session, task and run that tell recordings apart, in the order of names:
    /// acquisition, contrast agent, reconstruction and direction of phase encoding. Other entities, such as
    /// `space`, name forms of one recording.
    pub const OTHERS: [&str; 4] = ["acq", "ce", "rec", "dir"];

    /// Returns the label of a BIDS entity, such as `sub` or `dir`.
    pub fn label(&self, entity: &str) -> Option<&str> {
        match entity {
            "sub" => Some(&self.subject),
            "ses" => self.session.as_deref(),
            "task" => self.task.as_deref(),
            "run" => self.run.as_deref(),
            _ => {
                let mut parts = self.others.as_deref()?.split('_').filter_map(|part| part.split_once('-'));
                parts.find(|(found, _)| *found == entity).map(|(_, label)| label)
            }
        }
    }

    /// Creates the id of the only scan of `subject`, without session, task or run. Add labels by struct
    /// update: `ScanId { run: Some("1".into()), ..ScanId::new("pain", "01") }`.
    pub fn new(dataset: impl Into<String>, subject: impl Into<String>) -> ScanId {
        let (dataset, subject) = (dataset.into(), subject.into());
        ScanId { dataset, subject, session: None, task: None, run: None, others: None, by_run: false }
    }

    /// Identifies the unit of splits and intervals, unique over all datasets: the person, or the run if
    /// [`ScanId::by_run`] is set.
    pub fn person(&self) -> String {
        if self.by_run { self.to_string() } else { format!("{}/sub-{}", self.dataset, self.subject) }
    }

    /// Names the scan without its dataset, as BIDS does: `sub-01_task-rest`.
    pub fn without_dataset(&self) -> String {
        let name = self.to_string();
        name.split_once('/').map_or(name.as_str(), |(_, name)| name).to_owned()
    }

    fn name(&self) -> (&str, &str, [Option<&str>; 4]) {
        let labels = [&self.session, &self.task, &self.run, &self.others].map(Option::as_deref);
        (&self.dataset, &self.subject, labels)
    }
}

impl PartialEq for ScanId {
    fn eq(&self, other: &ScanId) -> bool {
        self.name() == other.name()
    }
}

impl Eq for ScanId {}

impl PartialOrd for ScanId {
    fn partial_cmp(&self, other: &ScanId) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ScanId {
    fn cmp(&self, other: &ScanId) -> Ordering {
        self.name().cmp(&other.name())
    }
}

impl Hash for ScanId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Display for ScanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/sub-{}", self.dataset, self.subject)?;
        // In the order of BIDS.
        let entities =
            [("ses-", &self.session), ("task-", &self.task), ("", &self.others), ("run-", &self.run)];
        entities.iter().try_for_each(|(entity, label)| match label {
            Some(label) => write!(f, "_{entity}{label}"),
            None => Ok(()),
        })
    }
}

/// Metadata of a scan, known before its signal is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanInfo {
    /// Identifies the scan.
    pub id: ScanId,
    /// Repetition time in seconds.
    pub tr: f64,
    /// Volumes on disk, before the crop.
    pub trs: usize,
    /// Regions on disk.
    pub rois: usize,
    /// Columns of the participants, sessions and scans tables, and how the scan was acquired; a missing
    /// value has no entry.
    pub phenotype: BTreeMap<String, String>,
    /// Events during the scan, sorted by onset. Empty if none are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// Cuts in the series, in order of time. Tasks choose their windows from these before any volume is
    /// read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<Cut>,
}

/// A gap where volumes were cut out of a series, for example by scrubbing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// Time of the gap, in seconds of the remaining series. Resampling does not change it.
    pub at: f64,
    /// Length of the gap in seconds.
    pub seconds: f64,
}

/// An event during a scan: one row of `events.tsv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Seconds from the first volume of the series, counting volumes that were later cut out. May be
    /// negative.
    pub onset: f64,
    /// Length in seconds. 0 for an instant.
    pub duration: f64,
    /// Type of the event, such as `face`. `None` if the table says `n/a`.
    pub trial_type: Option<String>,
}

impl ScanInfo {
    /// Returns the scan's value in a table column. If there is no column `dataset`, that name gives the
    /// dataset's name.
    pub fn column(&self, name: &str) -> Option<&str> {
        let dataset = (name == "dataset").then_some(&self.id.dataset);
        self.phenotype.get(name).or(dataset).map(String::as_str)
    }

    /// Returns the scan without the first `seconds` of its series, with events and cuts shifted
    /// accordingly.
    #[must_use]
    pub fn from_second(mut self, seconds: f64) -> ScanInfo {
        let before = |cut: &&Cut| cut.at <= seconds + SAME_TIME;
        let lost: f64 = self.cuts.iter().filter(before).map(|cut| cut.seconds).sum();
        self.cuts.retain(|cut| !before(&cut));
        self.cuts.iter_mut().for_each(|cut| cut.at -= seconds);
        self.events.iter_mut().for_each(|event| event.onset -= seconds + lost);
        self
    }

    /// Converts the start of a time range to seconds of the series. `from` and `to` are in seconds, as
    /// in [`Event::onset`]. Returns `None` if the range begins before the series or overlaps a cut.
    pub fn uncut(&self, from: f64, to: f64) -> Option<f64> {
        let mut lost = 0.0;
        for cut in &self.cuts {
            // Begin and end of the cut on the time axis of events.
            let (begin, end) = (cut.at + lost, cut.at + lost + cut.seconds);
            if from < end - SAME_TIME && to > begin + SAME_TIME {
                return None;
            }
            if from >= end - SAME_TIME {
                lost += cut.seconds;
            }
        }
        (from >= -SAME_TIME).then_some(from - lost)
    }
}

/// Largest difference in seconds between two times that count as equal.
const SAME_TIME: f64 = 1e-6;

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

/// The scans of a dataset in canonical order, and their regions.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// Scans to use, sorted by [`ScanId`].
    pub scans: Vec<ScanInfo>,
    /// The parcellation that all scans share.
    pub regions: Regions,
    /// Scans that exist but are not used, each with the reason, sorted by [`ScanId`].
    pub excluded: Vec<Exclusion>,
}

impl Cohort {
    /// Creates a cohort without excluded scans.
    pub fn new(mut scans: Vec<ScanInfo>, regions: Regions) -> Cohort {
        scans.sort_by(|a, b| a.id.cmp(&b.id));
        Cohort { scans, regions, excluded: Vec::new() }
    }
}

/// One cropped scan with its corpus descriptors.
///
/// The series is standardised over all its volumes, except in a [`crate::CorpusGenerator`] or
/// [`crate::Describer`].
#[derive(Clone, Debug)]
pub struct Scan {
    /// The scan's metadata.
    pub info: Arc<ScanInfo>,
    /// The scan's signal.
    pub series: TimeSeries,
    /// The scan's regions, shared by the cohort.
    pub regions: Arc<Regions>,
    /// Descriptors from the corpus generators. Empty before the corpus stage.
    pub descriptors: Vec<Descriptor>,
}

/// The three parts of a cohort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// For fitting: every model and every norm is fitted on these scans only.
    Train,
    /// For choosing between models and settings.
    Validation,
    /// For the reported numbers. Nothing is chosen by them.
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

/// Assigns every person to a part. No person is in two parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Part of each person, by [`ScanId::person`].
    pub parts: BTreeMap<String, Part>,
}

impl Split {
    /// Returns the part of a scan.
    ///
    /// # Errors
    /// If the person is not in the split.
    pub fn part(&self, id: &ScanId) -> Result<Part> {
        self.parts.get(&id.person()).copied().ok_or_else(|| format!("`{id}` is not in the split").into())
    }

    /// Returns the scans of one part.
    ///
    /// # Errors
    /// If the person of a scan is not in the split.
    pub fn scans_in<'a>(&self, part: Part, scans: &'a [Scan]) -> Result<Vec<&'a Scan>> {
        let mut chosen = Vec::new();
        for scan in scans {
            if self.part(&scan.info.id)? == part {
                chosen.push(scan);
            }
        }
        Ok(chosen)
    }

    /// Returns the training scans. This is the only way to create [`TrainScans`].
    ///
    /// # Errors
    /// If the person of a scan is not in the split.
    pub fn train<'a>(&self, scans: &'a [Scan]) -> Result<TrainScans<'a>> {
        Ok(TrainScans { scans: self.scans_in(Part::Train, scans)? })
    }
}

/// Training scans as a type of their own. Every fit takes them, so it cannot see a held-out scan.
#[derive(Clone, Debug)]
pub struct TrainScans<'a> {
    scans: Vec<&'a Scan>,
}

impl<'a> TrainScans<'a> {
    /// Iterates over the scans in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a Scan> + '_ {
        self.scans.iter().copied()
    }

    /// Number of scans.
    pub fn len(&self) -> usize {
        self.scans.len()
    }

    /// Whether there are no scans.
    pub fn is_empty(&self) -> bool {
        self.scans.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(cuts: &[(f64, f64)]) -> ScanInfo {
        let id = ScanId { task: Some("rest".into()), run: Some("2".into()), ..ScanId::new("d", "01") };
        let event = Event { onset: 30.0, duration: 10.0, trial_type: None };
        let cuts = cuts.iter().map(|&(at, seconds)| Cut { at, seconds }).collect();
        ScanInfo { id, tr: 2.0, trs: 50, rois: 1, phenotype: BTreeMap::new(), events: vec![event], cuts }
    }

    #[test]
    fn an_id_by_run_has_the_same_name_and_another_unit() {
        let id = info(&[]).id;
        let mut by_run = id.clone();
        by_run.by_run = true;
        assert_eq!(id, by_run);
        assert_eq!(
            (id.person().as_str(), by_run.person().as_str()),
            ("d/sub-01", "d/sub-01_task-rest_run-2")
        );
        assert!(!serde_json::to_string(&id).unwrap().contains("by_run"));
        assert!(serde_json::to_string(&by_run).unwrap().contains(r#""by_run":true"#));
    }

    #[test]
    fn times_are_found_behind_cuts_and_not_across_them() {
        // The first cut removes 4 s after 10 s of series, the second 2 s after 20 s of series. On the
        // time axis of events, the series covers 0..10, 14..24 and 26.. .
        let scan = info(&[(10.0, 4.0), (20.0, 2.0)]);
        assert_eq!(scan.uncut(0.0, 10.0), Some(0.0));
        assert_eq!(scan.uncut(4.0, 12.0), None);
        assert_eq!(scan.uncut(12.0, 20.0), None);
        assert_eq!(scan.uncut(14.0, 24.0), Some(10.0));
        assert_eq!(scan.uncut(22.0, 30.0), None);
        assert_eq!(scan.uncut(26.0, 36.0), Some(20.0));
        assert_eq!(scan.uncut(-2.0, 6.0), None);
    }

    #[test]
    fn a_crop_moves_events_and_cuts() {
        // Dropping the first 12 s of series removes the first cut with its 4 s and moves the second to 8
        // s. The event moves from 30 s to 30 - 12 - 4 = 14 s.
        let scan = info(&[(10.0, 4.0), (20.0, 2.0)]).from_second(12.0);
        assert_eq!(scan.cuts, [Cut { at: 8.0, seconds: 2.0 }]);
        assert_eq!(scan.events[0].onset, 14.0);
        assert_eq!(scan.uncut(10.0, 16.0), Some(8.0));
        assert_eq!(info(&[]).from_second(0.0), info(&[]));
    }
}
