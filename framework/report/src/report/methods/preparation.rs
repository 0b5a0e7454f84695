//! How the methods paragraph tells where the series came from: regions, cleaning, scrubbing, exclusions.
//!
//! Datasets are plugins, so their settings are read from the manifest by key. A setting that a dataset lacks has no
//! sentence.

use std::path::Path;

use serde_json::Value;

use super::{Sentence, ran};
use crate::report::number::{self, listed};
use crate::report::stored::StoredRun;
use crate::spec::Table;
use crate::store::EXCLUSIONS;

/// Returns what was done to the scans of every dataset.
pub(super) fn sentences(stored: &StoredRun) -> Vec<Sentence> {
    if !ran(stored, "series") {
        return Vec::new();
    }
    let mut sentences = Vec::new();
    for (name, table) in &stored.record.experiment.datasets {
        let settings = Settings { name, table };
        let all = [
            made_by(stored, name),
            settings.smoothing(),
            settings.regions(),
            settings.cleaning(),
            settings.dummy_scans(),
            settings.scrubbing(),
            settings.resampling(),
            settings.limits(),
        ];
        sentences.extend(all.into_iter().flatten());
    }
    sentences.extend(excluded(stored));
    sentences
}

fn made_by(stored: &StoredRun, name: &str) -> Option<Sentence> {
    let programs = &stored.record.descriptions.get(name)?.generated_by;
    let programs: Vec<String> = programs.iter().map(|program| program.label()).collect();
    let text = format!("The data of {name} were made by {}.", listed(&programs));
    (!programs.is_empty()).then(|| Sentence::new(text, &[&format!("descriptions.{name}.GeneratedBy")]))
}

fn excluded(stored: &StoredRun) -> Option<Sentence> {
    let n = stored.record.excluded.len();
    let of_all = match stored.scans.len() {
        0 => number::count(n, "scan"),
        used => format!("{n} of {}", number::count(n + used, "scan")),
    };
    let were = if n == 1 { "was" } else { "were" };
    let text =
        format!("{of_all} {were} left out before anything was fitted, for the reasons in {EXCLUSIONS}.");
    (n > 0).then(|| Sentence::new(text, &["excluded"]))
}

/// The settings of one dataset.
struct Settings<'a> {
    name: &'a str,
    table: &'a Table,
}

impl Settings<'_> {
    fn number(&self, key: &str) -> Option<f64> {
        self.table.get(key)?.as_f64()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key)?.as_str()
    }

    fn sentence(&self, text: String, keys: &[&str]) -> Sentence {
        let fields = keys.iter().map(|key| format!("experiment.datasets.{}.{key}", self.name)).collect();
        Sentence { text, fields }
    }

    fn regions(&self) -> Option<Sentence> {
        let Some(parcellation) = self.table.get("parcellation") else {
            let table = file_name(self.text("regions")?);
            return Some(
                self.sentence(format!("Regions of {} were those of {table}.", self.name), &["regions"]),
            );
        };
        let file = file_name(parcellation.get("volume")?.as_str()?);
        let how = match parcellation.get("kind").and_then(Value::as_str) {
            Some("maps") => format!("The signals of the maps in {file} were fitted by least squares"),
            Some("voxels") => format!("Every voxel of the mask {file} was a region"),
            _ => format!("Signals were averaged over the voxels of each region of {file}"),
        };
        let (rest, keys): (_, &[&str]) = match self.number("minimum-coverage") {
            Some(share) if share > 0.0 => (
                format!(
                    "; a region was missing in a scan if less than {}% of its voxels had a signal",
                    number::plain(100.0 * share)
                ),
                &["parcellation", "minimum-coverage"],
            ),
            _ => (String::new(), &["parcellation"]),
        };
        Some(self.sentence(format!("{how} ({}){rest}.", self.name), keys))
    }

    fn smoothing(&self) -> Option<Sentence> {
        let width = number::plain(self.number("smoothing")?);
        let text = format!("Volumes were smoothed by a Gaussian of {width} mm full width at half maximum.");
        Some(self.sentence(text, &["smoothing"]))
    }

    fn dummy_scans(&self) -> Option<Sentence> {
        let text = match self.table.get("dummy-scans")? {
            Value::String(_) => {
                "First volumes that the confounds marked as non-steady states, if any, were removed."
                    .to_owned()
            }
            count => match count.as_u64()? {
                0 => return None,
                1 => "The first volume of each scan was removed.".to_owned(),
                count => format!("The first {count} volumes of each scan were removed."),
            },
        };
        Some(self.sentence(text, &["dummy-scans"]))
    }

    fn cleaning(&self) -> Option<Sentence> {
        let (mut steps, mut keys) = (Vec::new(), Vec::new());
        if self.table.get("detrend").and_then(Value::as_bool) == Some(true) {
            steps.push("mean and linear trend were removed".to_owned());
            keys.push("detrend");
        }
        if let Some((removed, used)) = self.removed_frequencies() {
            steps.push(removed);
            keys.extend(used);
        }
        let confounds = match self.table.get("confounds") {
            Some(Value::String(strategy)) => Some(format!("the confounds {strategy} were regressed out")),
            Some(Value::Array(columns)) => {
                let columns: Vec<&str> = columns.iter().filter_map(Value::as_str).collect();
                Some(format!("the confounds {} were regressed out", listed(&columns)))
            }
            _ => None,
        };
        keys.extend(confounds.as_ref().map(|_| "confounds"));
        steps.extend(confounds);
        let scaled = match self.text("standardize") {
            Some("zscore" | "zscore-sample") => Some("each region was standardised over the run"),
            Some("psc") => Some("each region was expressed as percent signal change"),
            _ => None,
        };
        keys.extend(scaled.map(|_| "standardize"));
        steps.extend(scaled.map(str::to_owned));
        let text = format!("In the series of {}, {}.", self.name, listed(&steps));
        (!steps.is_empty()).then(|| self.sentence(text, &keys))
    }

    /// Says which frequencies were removed and how, with the keys that say so.
    fn removed_frequencies(&self) -> Option<(String, Vec<&'static str>)> {
        let hertz = |key| self.number(key).map(number::plain);
        let (removed, mut keys) = match (hertz("high-pass"), hertz("low-pass")) {
            (Some(low), Some(high)) => (format!("outside {low} to {high} Hz"), vec!["high-pass", "low-pass"]),
            (Some(low), None) => (format!("below {low} Hz"), vec!["high-pass"]),
            (None, Some(high)) => (format!("above {high} Hz"), vec!["low-pass"]),
            (None, None) => return None,
        };
        let how = match self.text("filter") {
            Some("cosine") => " by cosines",
            Some("butterworth") => " by a Butterworth filter of order 5, run forward and backward",
            _ => "",
        };
        keys.extend((!how.is_empty()).then_some("filter"));
        Some((format!("frequencies {removed} were removed{how}"), keys))
    }

    fn scrubbing(&self) -> Option<Sentence> {
        let scrub = self.table.get("scrub")?;
        let above = |key: &str| scrub.get(key).and_then(Value::as_f64).map(number::plain);
        let limits = [
            above("fd").map(|limit| format!("a framewise displacement above {limit} mm")),
            above("dvars").map(|limit| format!("a standardised DVARS above {limit}")),
        ];
        let limits: Vec<String> = limits.into_iter().flatten().collect();
        let shortest = scrub.get("shortest").and_then(Value::as_u64).filter(|&shortest| shortest > 1);
        let shortest = shortest.map_or_else(String::new, |shortest| {
            format!(", and with them stretches of fewer than {shortest} volumes in between")
        });
        let text = format!("Volumes of {} with {} were removed{shortest}.", self.name, limits.join(" or "));
        (!limits.is_empty()).then(|| self.sentence(text, &["scrub"]))
    }

    fn resampling(&self) -> Option<Sentence> {
        let tr = number::plain(self.number("resample-tr")?);
        let text = format!("Scans of {} were resampled to a repetition time of {tr} s.", self.name);
        Some(self.sentence(text, &["resample-tr"]))
    }

    fn limits(&self) -> Option<Sentence> {
        let (mut limits, mut keys) = (Vec::new(), Vec::new());
        for (key, before, after) in [
            ("minimum-clean-seconds", "less than", "s left"),
            ("maximum-mean-fd", "a mean framewise displacement above", "mm"),
        ] {
            let Some(limit) = self.number(key) else { continue };
            limits.push(format!("{before} {} {after}", number::plain(limit)));
            keys.push(key);
        }
        let text = format!("Scans of {} with {} were not used.", self.name, limits.join(" or "));
        (!limits.is_empty()).then(|| self.sentence(text, &keys))
    }
}

/// Returns the last part of a path. Where somebody keeps a file says nothing to a reader.
fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}
