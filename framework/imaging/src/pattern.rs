//! Finds scans in folders that are not BIDS:
//! `{subject}/MNINonLinear/Results/{task}/{task}_clean.nii.gz`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use boldface::{Result, ScanId};

use crate::link;
use crate::names::label;
use crate::present::entries;

/// Labels by placeholder name.
pub type PatternLabels = BTreeMap<String, String>;

/// A path relative to a folder, with placeholders in braces for its varying parts.
///
/// A placeholder that occurs twice stands for the same text both times. `*` matches any text and
/// discards it. Neither matches a `/`. A name with two possible readings is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    written: String,
    parts: Vec<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Label(String),
    Any,
}

impl Pattern {
    /// Parses a pattern whose placeholders must be among `known`.
    ///
    /// # Errors
    /// If a brace is not closed, a placeholder is not in `known`, or two variable parts are adjacent.
    pub fn parse(written: &str, known: &[&str]) -> Result<Pattern> {
        let parts: Result<Vec<Vec<Piece>>> = written.split('/').map(|part| pieces(part, known)).collect();
        let parts = parts.map_err(|error| format!("pattern `{written}`: {error}"))?;
        if parts.iter().any(Vec::is_empty) {
            return Err(format!("pattern `{written}` has an empty part between two `/`").into());
        }
        Ok(Pattern { written: written.to_owned(), parts })
    }

    /// Returns the placeholder names, sorted.
    pub fn labels(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .parts
            .iter()
            .flatten()
            .filter_map(|piece| match piece {
                Piece::Label(name) => Some(name.as_str()),
                Piece::Text(_) | Piece::Any => None,
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Finds every file below `root` that matches, with its labels, sorted by path.
    ///
    /// Labels in `given` are fixed. Folders that cannot match are not read.
    ///
    /// # Errors
    /// If a folder cannot be read, or a name has two possible readings.
    pub fn find(&self, root: &Path, given: &PatternLabels) -> Result<Vec<(PathBuf, PatternLabels)>> {
        let mut found = vec![(root.to_owned(), given.clone())];
        for (depth, part) in self.parts.iter().enumerate() {
            let is_last = depth + 1 == self.parts.len();
            let mut next = Vec::new();
            for (folder, labels) in found {
                for (path, labels) in self.step(&folder, part, &labels)? {
                    // Skip a folder where a file is expected, and the reverse. A file that was not
                    // fetched is found, so that reading it fails.
                    if path.is_dir() != is_last && (path.is_dir() || link::is_listed(&path)) {
                        next.push((path, labels));
                    }
                }
            }
            found = next;
        }
        found.sort();
        Ok(found)
    }

    /// Says how far the folders below `root` fit, and what is there instead of the first part that nothing
    /// fits. Begins with `; `, or is empty if the pattern finds files.
    pub fn present(&self, root: &Path, given: &PatternLabels) -> String {
        let mut folders = vec![(root.to_owned(), given.clone())];
        let parts: Vec<&str> = self.written.split('/').collect();
        for (part, written) in self.parts.iter().zip(&parts) {
            let step = |(folder, labels): &(PathBuf, PatternLabels)| self.step(folder, part, labels).ok();
            let next: Vec<_> = folders.iter().filter_map(step).flatten().collect();
            if next.is_empty() {
                let Some((folder, _)) = folders.iter().find(|(folder, _)| folder.is_dir()) else { break };
                return format!(
                    "; in `{}` nothing fits `{written}`{}",
                    folder.display(),
                    entries(folder, "")
                );
            }
            folders = next;
        }
        String::new()
    }

    /// Returns the entries of `folder` that match one part.
    fn step(
        &self,
        folder: &Path,
        part: &[Piece],
        labels: &PatternLabels,
    ) -> Result<Vec<(PathBuf, PatternLabels)>> {
        if let Some(name) = filled(part, labels) {
            let path = folder.join(name);
            return Ok(if path.exists() || link::is_dangling(&path) {
                vec![(path, labels.clone())]
            } else {
                Vec::new()
            });
        }
        let failed = |error| format!("cannot read the folder `{}`: {error}", folder.display());
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let mut readings = Vec::new();
            read(part, name, labels, &mut readings);
            readings.dedup();
            match readings.len() {
                0 => {}
                1 => entries.extend(readings.pop().map(|labels| (entry.path(), labels))),
                _ => {
                    return Err(format!(
                        "`{}` fits the pattern `{}` in several ways ({:?}, {:?}); write more of the name out",
                        entry.path().display(),
                        self.written,
                        readings[0],
                        readings[1]
                    )
                    .into());
                }
            }
        }
        Ok(entries)
    }
}

/// Returns the scan with these labels. Without a `{subject}` label, `subject` is used.
pub fn scan_id(dataset: &str, labels: &PatternLabels, subject: Option<&str>) -> Option<ScanId> {
    let get = |name: &str, entity: &str| labels.get(name).map(|written| label(entity, written).to_owned());
    Some(ScanId {
        dataset: dataset.to_owned(),
        subject: get("subject", "sub").or_else(|| subject.map(|subject| label("sub", subject).to_owned()))?,
        session: get("session", "ses"),
        task: get("task", "task"),
        run: get("run", "run"),
        others: None,
        by_run: false,
    })
}

fn pieces(part: &str, known: &[&str]) -> Result<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = part;
    while !rest.is_empty() {
        let piece = if let Some(after) = rest.strip_prefix('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| format!("`{{` in `{part}` is not closed"))?;
            if !known.contains(&name) {
                let known: Vec<String> = known.iter().map(|name| format!("`{{{name}}}`")).collect();
                return Err(
                    format!("`{{{name}}}` is unknown; the placeholders are {}", known.join(", ")).into()
                );
            }
            rest = after;
            Piece::Label(name.to_owned())
        } else if let Some(after) = rest.strip_prefix('*') {
            rest = after;
            Piece::Any
        } else {
            let end = rest.find(['{', '*']).unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            rest = after;
            Piece::Text(text.to_owned())
        };
        let is_open = |piece: &Piece| !matches!(piece, Piece::Text(_));
        if is_open(&piece) && pieces.last().is_some_and(is_open) {
            return Err(
                format!("in `{part}` two variable parts are adjacent; write text between them").into()
            );
        }
        pieces.push(piece);
    }
    Ok(pieces)
}

/// Returns the text of a part if all its labels are known.
fn filled(part: &[Piece], labels: &PatternLabels) -> Option<String> {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) => Some(text.clone()),
        Piece::Label(name) => labels.get(name).cloned(),
        Piece::Any => None,
    };
    part.iter().map(text).collect()
}

/// Collects every way to read `name` as `part`.
fn read(part: &[Piece], name: &str, labels: &PatternLabels, readings: &mut Vec<PatternLabels>) {
    let Some((piece, rest)) = part.split_first() else {
        if name.is_empty() {
            readings.push(labels.clone());
        }
        return;
    };
    match piece {
        Piece::Text(text) => {
            if let Some(name) = name.strip_prefix(text.as_str()) {
                read(rest, name, labels, readings);
            }
        }
        Piece::Label(known) if labels.contains_key(known) => {
            if let Some(name) = name.strip_prefix(labels[known].as_str()) {
                read(rest, name, labels, readings);
            }
        }
        Piece::Label(_) | Piece::Any => {
            let ends = name.char_indices().skip(1).map(|(at, _)| at).chain([name.len()]);
            for end in ends.filter(|&end| end > 0) {
                let mut labels = labels.clone();
                if let Piece::Label(new) = piece {
                    labels.insert(new.clone(), name[..end].to_owned());
                }
                read(rest, &name[end..], &labels, readings);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["subject", "session", "task", "run"];

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        dir
    }

    fn found(dir: &Path, pattern: &str) -> Vec<String> {
        let pattern = Pattern::parse(pattern, &KNOWN).unwrap();
        let ids = pattern.find(dir, &PatternLabels::new()).unwrap();
        ids.iter().map(|(_, labels)| scan_id("d", labels, Some("1")).unwrap().to_string()).collect()
    }

    #[test]
    fn the_layouts_of_hcp_and_ukb_and_a_flat_folder_are_read() {
        let dir = folder(&[
            "100307/MNINonLinear/Results/rfMRI_REST1_LR/rfMRI_REST1_LR_hp2000_clean.nii.gz",
            "100307/MNINonLinear/Results/rfMRI_REST1_LR/rfMRI_REST1_RL_hp2000_clean.nii.gz",
            "100408/MNINonLinear/Results/rfMRI_REST2_LR/rfMRI_REST2_LR_hp2000_clean.nii.gz",
            "100408/T1w/T1w.nii.gz",
            "release-notes/README",
        ]);
        // The second file of the first subject does not repeat the name of its folder.
        let hcp = found(dir.path(), "{subject}/MNINonLinear/Results/{task}/{task}_hp2000_clean.nii.gz");
        assert_eq!(hcp, ["d/sub-100307_task-rfMRI_REST1_LR", "d/sub-100408_task-rfMRI_REST2_LR"]);
        let dir = folder(&["1000011_20227_2_0/fMRI/rfMRI.ica/filtered_func_data_clean.nii.gz"]);
        let ukb = found(dir.path(), "{subject}_20227_{session}_0/fMRI/*.ica/filtered_func_data_clean.nii.gz");
        assert_eq!(ukb, ["d/sub-1000011_ses-2"]);
        let dir =
            folder(&["run001_bold_25mm.nii.gz", "run002_bold_25mm.nii.gz", "vt.nii.gz", "sub-2/run9_bold"]);
        let flat = found(dir.path(), "run{run}_bold_25mm.nii.gz");
        assert_eq!(flat, ["d/sub-1_run-001", "d/sub-1_run-002"]);
        assert_eq!(found(dir.path(), "{subject}/run{run}_bold"), ["d/sub-2_run-9"]);
    }

    #[test]
    fn files_beside_a_scan_are_found_by_its_labels() {
        let dir =
            folder(&["onsets_run001/cond001.txt", "onsets_run001/cond002.txt", "onsets_run002/cond001.txt"]);
        let known = ["run", "trial_type"];
        let pattern = Pattern::parse("onsets_run{run}/{trial_type}.txt", &known).unwrap();
        assert_eq!(pattern.labels(), ["run", "trial_type"]);
        let given = PatternLabels::from([("run".to_owned(), "001".to_owned())]);
        let found = pattern.find(dir.path(), &given).unwrap();
        let types: Vec<&str> = found.iter().map(|(_, labels)| labels["trial_type"].as_str()).collect();
        assert_eq!(types, ["cond001", "cond002"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_not_fetched_is_found() {
        let dir = folder(&["sub-1_bold.nii"]);
        std::os::unix::fs::symlink(".git/annex/objects/a", dir.path().join("sub-2_bold.nii")).unwrap();
        assert_eq!(found(dir.path(), "sub-{subject}_bold.nii"), ["d/sub-1", "d/sub-2"]);
        let pattern = Pattern::parse("sub-{subject}_bold.nii", &KNOWN).unwrap();
        let given = PatternLabels::from([("subject".to_owned(), "2".to_owned())]);
        assert_eq!(pattern.find(dir.path(), &given).unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let said = |pattern| Pattern::parse(pattern, &KNOWN).unwrap_err().to_string();
        assert_eq!(
            said("{subjct}.nii"),
            "pattern `{subjct}.nii`: `{subjct}` is unknown; the placeholders are `{subject}`, `{session}`, `{task}`, `{run}`"
        );
        assert_eq!(said("a{run"), "pattern `a{run`: `{` in `a{run` is not closed");
        assert_eq!(
            said("{subject}{run}"),
            "pattern `{subject}{run}`: in `{subject}{run}` two variable parts are adjacent; write text between them"
        );
        assert_eq!(said("a//b"), "pattern `a//b` has an empty part between two `/`");
        let dir = folder(&["a_b_c.nii"]);
        let pattern = Pattern::parse("{subject}_{run}.nii", &KNOWN).unwrap();
        let error = pattern.find(dir.path(), &PatternLabels::new()).unwrap_err().to_string();
        assert!(error.contains("fits the pattern `{subject}_{run}.nii` in several ways"), "{error}");

        fs::create_dir_all(dir.path().join("far/s1/rest")).unwrap();
        fs::write(dir.path().join("far/s1/rest/clean.nii"), "").unwrap();
        let present = |written: &str| {
            let pattern = Pattern::parse(written, &["subject", "task"]).unwrap();
            pattern
                .present(dir.path(), &PatternLabels::new())
                .replace(&dir.path().display().to_string(), "ROOT")
        };
        assert_eq!(
            present("far/{subject}/{task}/cleaned.nii"),
            "; in `ROOT/far/s1/rest` nothing fits `cleaned.nii`; present: `clean.nii`"
        );
        assert_eq!(present("far/{subject}/{task}/clean.nii"), "");
        assert!(error.ends_with("write more of the name out"), "{error}");
    }
}
