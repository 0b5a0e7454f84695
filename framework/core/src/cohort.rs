//! Who was scanned, what is known of them, and who may be learned from.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Descriptor, Exclusion, Result, TimeSeries};

/// Names one scan (one run) as BIDS does, labels without their `sub-` and `run-`.
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
    /// Whether splits and intervals go by the run instead of the person (`[split] unit = "run"`). The framework
    /// sets it; a dataset writes `false`. It is no part of the name: two ids that differ in it alone are equal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_run: bool,
}

impl ScanId {
    /// The only scan of `subject`: no session, task or run. Name those that there are by struct update:
    /// `ScanId { run: Some("1".into()), ..ScanId::new("pain", "01") }`.
    pub fn new(dataset: impl Into<String>, subject: impl Into<String>) -> ScanId {
        let (dataset, subject) = (dataset.into(), subject.into());
        ScanId { dataset, subject, session: None, task: None, run: None, by_run: false }
    }

    /// What splits and intervals go by, unique over all datasets: the person, or the run if it is
    /// [`ScanId::by_run`].
    pub fn person(&self) -> String {
        if self.by_run { self.to_string() } else { format!("{}/sub-{}", self.dataset, self.subject) }
    }

    fn name(&self) -> (&str, &str, [Option<&str>; 3]) {
        let labels = [&self.session, &self.task, &self.run].map(Option::as_deref);
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
    /// Where volumes were cut out of the series, in order; empty if none were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<Cut>,
}

/// Volumes that were cut out of a series, as scrubbing does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// Seconds of the series before the cut.
    pub at: f64,
    /// Seconds that were cut out there.
    pub seconds: f64,
}

/// Something that happened during a scan, as a row of `events.tsv` says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Seconds from the first volume of the series, what was cut out later included; may be negative.
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

    /// The same scan without its first `seconds` of series: events and cuts are counted from there.
    #[must_use]
    pub fn from_second(mut self, seconds: f64) -> ScanInfo {
        let before = |cut: &&Cut| cut.at <= seconds + SAME_TIME;
        let lost: f64 = self.cuts.iter().filter(before).map(|cut| cut.seconds).sum();
        self.cuts.retain(|cut| !before(&cut));
        self.cuts.iter_mut().for_each(|cut| cut.at -= seconds);
        self.events.iter_mut().for_each(|event| event.onset -= seconds + lost);
        self
    }

    /// Where in the series the time from `from` to `to` lies, both in seconds as [`Event::onset`] counts
    /// them; none if it begins before the series or volumes of it were cut out.
    pub fn uncut(&self, from: f64, to: f64) -> Option<f64> {
        let mut lost = 0.0;
        for cut in &self.cuts {
            // In seconds as events count them the cut lies here.
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

/// Times that differ by less, in seconds, are one.
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
        // After 10 s of series 4 s are gone, after 20 s of series 2 s more: as events count, the series is
        // 0..10, 14..24, 26.. .
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
        // Without the first 12 s of series, the first cut is gone with its 4 s, the second is after 8 s of
        // series; the event was at 30, which is 30 - 12 - 4.
        let scan = info(&[(10.0, 4.0), (20.0, 2.0)]).from_second(12.0);
        assert_eq!(scan.cuts, [Cut { at: 8.0, seconds: 2.0 }]);
        assert_eq!(scan.events[0].onset, 14.0);
        assert_eq!(scan.uncut(10.0, 16.0), Some(8.0));
        assert_eq!(info(&[]).from_second(0.0), info(&[]));
    }
}
