//! Finds the scans of a folder of BIDS derivatives, and the sidecars that describe them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use boldface::{Result, serde_json};

use crate::names::Name;

/// A file with a BIDS name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Where it is.
    pub path: PathBuf,
    /// What its name says.
    pub name: Name,
}

/// The files of one suffix in a folder: scans, and sidecars with the same suffix.
#[derive(Debug)]
pub struct Folder {
    /// One signal file a scan, sorted by path; each name has a `sub-`.
    pub scans: Vec<Named>,
    /// Sidecars by the folder they lie in.
    sidecars: BTreeMap<PathBuf, Vec<Named>>,
}

/// Extensions of signal files.
const SIGNALS: [&str; 3] = ["npy", "tsv", "csv"];

/// Folders below the root that are looked into: `sub-01/ses-1/func`, and one to spare.
const DEPTH: usize = 4;

impl Folder {
    /// Finds every `sub-..._SUFFIX.npy`, `.tsv` and `.csv` in `root` itself and below its `sub-..`
    /// folders, with all labels of `only`; of one subject alone if one is given.
    ///
    /// # Errors
    /// If a folder cannot be read, or a file that ends like a scan has a name that is not BIDS.
    pub fn find(
        root: &Path,
        suffix: &str,
        only: &BTreeMap<String, String>,
        subject: Option<&str>,
    ) -> Result<Folder> {
        let mut paths = Vec::new();
        walk(root, DEPTH, subject, &mut paths)?;
        paths.sort();
        let mut folder = Folder { scans: Vec::new(), sidecars: BTreeMap::new() };
        for path in paths {
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Some((stem, extension)) = file.split_once('.') else { continue };
            let is_suffix =
                stem.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'));
            let is_signal = SIGNALS.contains(&extension) && stem.starts_with("sub-");
            if !is_suffix || !(is_signal || extension == "json") {
                continue;
            }
            let name = Name::parse(file).map_err(|error| format!("`{}`: {error}", path.display()))?;
            if extension == "json" {
                let parent = path.parent().unwrap_or(root).to_owned();
                folder.sidecars.entry(parent).or_default().push(Named { path, name });
            } else if name.get("sub").is_some()
                && only.iter().all(|(entity, label)| name.get(entity) == Some(label))
            {
                folder.scans.push(Named { path, name });
            }
        }
        Ok(folder)
    }

    /// The sidecars of a scan, nearest folder first and there the one with the most labels first: what
    /// the first one says holds (the inheritance principle of BIDS).
    pub fn sidecars<'a>(&'a self, scan: &'a Named) -> impl Iterator<Item = &'a Named> {
        scan.path.ancestors().skip(1).filter_map(|dir| self.sidecars.get(dir)).flat_map(|sidecars| {
            let mut own: Vec<&Named> = sidecars.iter().filter(|s| s.name.applies_to(&scan.name)).collect();
            own.sort_by_key(|sidecar| std::cmp::Reverse(sidecar.name.entities.len()));
            own
        })
    }
}

/// `RepetitionTime` of a sidecar in seconds; none if it says nothing.
///
/// # Errors
/// If the file is not JSON, or the value not a number.
pub fn repetition_time(sidecar: &Path) -> Result<Option<f64>> {
    let read = || -> Result<Option<f64>> {
        let json: serde_json::Value = serde_json::from_slice(&fs::read(sidecar)?)?;
        match json.get("RepetitionTime") {
            None => Ok(None),
            Some(tr) => match tr.as_f64() {
                Some(tr) => Ok(Some(tr)),
                None => Err(format!("`RepetitionTime` is `{tr}`, not a number of seconds").into()),
            },
        }
    };
    read().map_err(|error| format!("sidecar `{}`: {error}", sidecar.display()).into())
}

/// The names of the files that lie in `root` itself, sorted.
///
/// # Errors
/// If the folder cannot be read.
pub fn files_in(root: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    walk(root, 0, None, &mut paths)?;
    paths.sort();
    Ok(paths)
}

fn walk(dir: &Path, depth: usize, subject: Option<&str>, found: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |error| format!("cannot read the folder `{}`: {error}", dir.display());
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let label = name.strip_prefix("sub-").map(|rest| rest.split(['_', '.']).next().unwrap_or(rest));
        if label.is_some() && subject.is_some() && label != subject {
            continue;
        }
        // Links are followed: data managers such as DataLad keep files behind them.
        let kind = entry.file_type().map_err(failed)?;
        let is_dir = kind.is_dir() || (kind.is_symlink() && entry.path().is_dir());
        if !is_dir {
            found.push(entry.path());
        } else if depth > 0 && (label.is_some() || depth < DEPTH) {
            walk(&entry.path(), depth - 1, subject, found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "{}").unwrap();
        }
        dir
    }

    fn scans(dir: &Path, only: &[(&str, &str)], subject: Option<&str>) -> Vec<String> {
        let only = only.iter().map(|(entity, label)| (entity.to_string(), label.to_string())).collect();
        let folder = Folder::find(dir, "timeseries", &only, subject).unwrap();
        let shown = |scan: Named| scan.path.strip_prefix(dir).unwrap().display().to_string();
        folder.scans.into_iter().map(shown).collect()
    }

    #[test]
    fn scans_are_found_in_the_root_and_below_subjects() {
        let dir = folder(&[
            "participants.tsv",
            "sub-1_seg-A_timeseries.tsv",
            "sub-10/ses-1/func/sub-10_ses-1_seg-A_timeseries.npy",
            "sub-10/ses-1/func/sub-10_ses-1_seg-B_timeseries.npy",
            "sub-10/ses-1/func/sub-10_ses-1_task-x_events.tsv",
            "sub-10/ses-1/func/.sub-10_ses-2_timeseries.npy",
            "sub-10/ses-1/func/sub-10_ses-1_desc-mytimeseries.npy",
            "sourcedata/sub-2/sub-2_timeseries.npy",
        ]);
        let [a, b] = ["A", "B"].map(|seg| format!("sub-10/ses-1/func/sub-10_ses-1_seg-{seg}_timeseries.npy"));
        let flat = "sub-1_seg-A_timeseries.tsv".to_owned();
        assert_eq!(scans(dir.path(), &[], None), [a.clone(), b.clone(), flat.clone()]);
        assert_eq!(scans(dir.path(), &[("seg", "A")], None), [a, flat.clone()]);
        assert_eq!(scans(dir.path(), &[], Some("1")), [flat]);
    }

    #[test]
    fn a_mistyped_scan_name_is_not_passed_over() {
        let dir = folder(&["sub-1/sub-1_rest_timeseries.npy"]);
        let error = Folder::find(dir.path(), "timeseries", &BTreeMap::new(), None).unwrap_err().to_string();
        assert!(error.contains("`rest` in `sub-1_rest_timeseries.npy`"), "{error}");
    }

    #[test]
    fn the_nearest_and_most_specific_sidecar_comes_first() {
        let dir = folder(&[
            "timeseries.json",
            "task-rest_timeseries.json",
            "task-pain_timeseries.json",
            "sub-1/sub-1_timeseries.json",
            "sub-2/sub-2_timeseries.json",
            "sub-1/func/sub-1_task-rest_timeseries.npy",
        ]);
        let folder = Folder::find(dir.path(), "timeseries", &BTreeMap::new(), None).unwrap();
        let found: Vec<_> = folder.sidecars(&folder.scans[0]).collect();
        let found: Vec<_> = found.iter().map(|s| s.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(found, ["sub-1_timeseries.json", "task-rest_timeseries.json", "timeseries.json"]);
    }

    #[test]
    fn a_sidecar_in_another_form_is_an_error() {
        let dir = folder(&["timeseries.json"]);
        let path = dir.path().join("timeseries.json");
        assert_eq!(repetition_time(&path).unwrap(), None);
        fs::write(&path, r#"{"RepetitionTime": 0.8}"#).unwrap();
        assert_eq!(repetition_time(&path).unwrap(), Some(0.8));
        fs::write(&path, r#"{"RepetitionTime": "2 s"}"#).unwrap();
        let error = repetition_time(&path).unwrap_err().to_string();
        assert!(error.ends_with("`RepetitionTime` is `\"2 s\"`, not a number of seconds"), "{error}");
        fs::write(&path, "{").unwrap();
        assert!(repetition_time(&path).unwrap_err().to_string().contains("timeseries.json`: EOF"));
    }
}
