//! Finds scans and their related files by path patterns.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Problem, Result, ScanId};
use boldface_imaging::link;
use boldface_imaging::names::same_label;
use boldface_imaging::pattern::{Pattern, PatternLabels, scan_id};
use boldface_imaging::recipe::ScanFiles;

use super::Bids;
use super::events::EventFile;
use super::scan::FoundScan;

/// Labels that an image's path may contain.
const LABELS: [&str; 4] = ["subject", "session", "task", "run"];

/// Additional label that a path of events may contain.
const TRIAL_TYPE: &str = "trial_type";

impl Bids {
    /// Finds every scan below `root` that matches `pattern` and has the labels in `only`.
    pub fn by_pattern(&self, root: &Path, dataset: &str, pattern: &str) -> Result<Vec<FoundScan>> {
        let parsed = Pattern::parse(pattern, &LABELS)?;
        let mut by_id: BTreeMap<ScanId, PathBuf> = BTreeMap::new();
        let mut all = Vec::new();
        for (path, labels) in parsed.find(root, &PatternLabels::new())? {
            let id = scan_id(dataset, &labels, self.subject.as_deref());
            let id = id.ok_or("`pattern` has no `{subject}`, and `subject` is not set")?;
            let has = |(entity, label): (&String, &String)| {
                id.label(entity).is_some_and(|own| same_label(entity, own, label))
            };
            if !self.only.iter().all(has) {
                continue;
            }
            if let Some(other) = by_id.insert(id.clone(), path.clone()) {
                let (a, b) = (other.display(), path.display());
                return Err(format!("`{a}` and `{b}` are both scan `{id}`; write more into `pattern`").into());
            }
            all.push((id, labels, path));
        }
        if all.is_empty() {
            let (root, present) = (root.display(), parsed.present(root, &PatternLabels::new()));
            let only: String =
                self.only.iter().map(|(entity, label)| format!(" with `{entity}-{label}`")).collect();
            return Err(format!("no file in `{root}` fits the pattern `{pattern}`{only}{present}").into());
        }
        let found = |(id, labels, bold): (ScanId, PatternLabels, PathBuf)| -> Result<FoundScan> {
            let place = SearchedScan { root, id: &id, labels: &labels };
            let mask = if self.mask == "auto" { None } else { self.mask_at(&place)? };
            let files = ScanFiles { bold, mask, confounds: self.confounds_at(&place)?, sidecar_tr: None };
            let events = self.events_at(&place)?;
            let sidecars = sidecar(&files.bold).into_iter().collect();
            Ok(FoundScan { id, files, sidecars, events })
        };
        all.into_iter().map(found).collect()
    }

    /// Returns the mask named in the spec.
    pub fn mask_at(&self, place: &SearchedScan<'_>) -> Result<Option<PathBuf>> {
        match self.mask.as_str() {
            "none" => Ok(None),
            written => place.file("mask", written).map(Some),
        }
    }

    /// Returns the confounds table named in the spec.
    pub fn confounds_at(&self, place: &SearchedScan<'_>) -> Result<Option<PathBuf>> {
        self.confounds_file.as_ref().map(|written| place.file("confounds-file", written)).transpose()
    }

    /// Returns the event files named in the spec; a scan may have none.
    pub fn events_at(&self, place: &SearchedScan<'_>) -> Result<Vec<EventFile>> {
        let Some(written) = &self.events else { return Ok(Vec::new()) };
        let found = place.files("events", written, &[LABELS.as_slice(), &[TRIAL_TYPE]].concat())?;
        found.into_iter().map(|(path, labels)| EventFile::new(path, labels.get(TRIAL_TYPE))).collect()
    }

    /// Lists problems with the patterns that do not depend on the folder.
    pub fn check_patterns(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut parse = |key: &str, written: &str, known: &[&str]| -> Option<Pattern> {
            let parsed = Pattern::parse(written, known);
            parsed.map_err(|error| problems.push(Problem::at(key, error.to_string()))).ok()
        };
        let pattern = self.pattern.as_ref().and_then(|written| parse("pattern", written, &LABELS));
        if !["auto", "none"].contains(&self.mask.as_str()) {
            parse("mask", &self.mask, &LABELS);
        }
        self.confounds_file.as_ref().and_then(|written| parse("confounds-file", written, &LABELS));
        let known = [LABELS.as_slice(), &[TRIAL_TYPE]].concat();
        self.events.as_ref().and_then(|written| parse("events", written, &known));
        let has_subject = pattern.as_ref().map(|pattern| pattern.labels().contains(&"subject"));
        match (has_subject, &self.subject) {
            (Some(false), None) => {
                let problem = Problem::at("pattern", "it has no `{subject}`");
                problems.push(problem.help("say whose runs these are, such as `subject = \"1\"`"));
            }
            (Some(true) | None, Some(_)) => {
                let problem = Problem::at("subject", "the subject is in the names of the images");
                problems.push(problem.help("leave `subject` out"));
            }
            _ => {}
        }
        if self.pattern.is_some() && self.raw.is_some() {
            let problem = Problem::at("raw", "`raw` cannot be used with `pattern`");
            problems.push(problem.help("use `participants`, `events` and `tr` instead"));
        }
        problems
    }
}

/// A scan whose files are searched.
pub struct SearchedScan<'a> {
    /// The dataset's folder.
    pub root: &'a Path,
    /// The scan.
    pub id: &'a ScanId,
    /// Its labels.
    pub labels: &'a PatternLabels,
}

impl SearchedScan<'_> {
    /// Returns the only file that matches the path `written` under `key`.
    fn file(&self, key: &str, written: &str) -> Result<PathBuf> {
        let mut found = self.files(key, written, &LABELS)?;
        match found.len() {
            1 => Ok(found.remove(0).0),
            0 => Err(format!(
                "scan `{}` has no file `{written}` (`{key}`) in `{}`{}",
                self.id,
                self.root.display(),
                Pattern::parse(written, &LABELS)?.present(self.root, self.labels)
            )
            .into()),
            n => Err(format!(
                "scan `{}` has {n} files `{written}` (`{key}`); write more of the name out",
                self.id
            )
            .into()),
        }
    }

    /// Returns the files that match the path `written` under `key`.
    fn files(&self, key: &str, written: &str, known: &[&str]) -> Result<Vec<(PathBuf, PatternLabels)>> {
        let absolute = Path::new(written).is_absolute();
        let (root, relative) = match absolute {
            true => (Path::new("/"), written.trim_start_matches('/')),
            false => (self.root, written),
        };
        let pattern = Pattern::parse(relative, known)?;
        let is_open = |label: &&&str| **label != TRIAL_TYPE && !self.labels.contains_key(**label);
        if let Some(open) = pattern.labels().iter().find(is_open) {
            return Err(
                format!("`{key}` needs `{{{open}}}`, but scan `{}` has no such label", self.id).into()
            );
        }
        pattern.find(root, self.labels)
    }
}

/// Returns the `.json` with the image's own name, if it exists.
fn sidecar(image: &Path) -> Option<PathBuf> {
    let name = image.file_name()?.to_str()?;
    let stem = name.strip_suffix(".gz").unwrap_or(name);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    Some(image.with_file_name(format!("{stem}.json"))).filter(|path| link::is_listed(path))
}
