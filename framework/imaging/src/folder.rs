//! Finds the scans of a folder of BIDS derivatives, and the sidecars that describe them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use boldface::{Result, serde_json};

use crate::json;
use crate::link;
use crate::names::Name;

/// A file with a BIDS name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// Path of the file.
    pub path: PathBuf,
    /// The parsed name.
    pub name: Name,
}

/// Selects the files to find in a folder.
#[derive(Clone, Copy, Debug)]
pub struct FileSelection<'a> {
    /// Suffix of scan names, before the extension, such as `bold`. Empty for names that consist of labels,
    /// such as `sub-01.csv`.
    pub suffix: &'a str,
    /// Extensions of scans, without the first dot.
    pub extensions: &'a [&'a str],
    /// Entities and labels that a scan's name must have.
    pub only: &'a BTreeMap<String, String>,
    /// Suffixes of other files to keep, such as `mask`. Sidecars of scans are always kept.
    pub others: &'a [&'a str],
    /// Restricts the search to one subject; `None` for all.
    pub subject: Option<&'a str>,
}

/// The scans of a folder and the files that belong to them.
///
/// Files are indexed by folder and subject, so looking up a scan's files visits that subject's files
/// only. A flat folder of n scans therefore takes time proportional to n.
#[derive(Debug)]
pub struct ScanFolder {
    /// One signal file per scan, sorted by path; each name has a `sub-`.
    pub scans: Vec<NamedFile>,
    /// All other files, by folder and by subject label.
    others: BTreeMap<PathBuf, BTreeMap<Option<String>, Vec<NamedFile>>>,
}

/// File extensions of regional signals.
pub const SIGNALS: [&str; 6] = ["npy", "tsv", "csv", "txt", "1D", "mat"];

/// Levels of folders searched below the root: `sub-01/ses-1/func`, and one to spare.
const DEPTH: usize = 4;

impl ScanFolder {
    /// Finds every scan `sub-..._SUFFIX.EXTENSION` in `root` and below its `sub-..` folders, and the
    /// other selected files.
    ///
    /// # Errors
    /// If a folder cannot be read, or a file with the suffix of scans does not have a BIDS name.
    pub fn find(root: &Path, wanted: &FileSelection<'_>) -> Result<ScanFolder> {
        let mut paths = Vec::new();
        walk(root, DEPTH, wanted.subject, &mut paths)?;
        paths.sort();
        let mut folder = ScanFolder { scans: Vec::new(), others: BTreeMap::new() };
        for path in paths {
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Some((stem, extension)) = file.split_once('.') else { continue };
            let suffix = stem.rsplit_once('_').map_or(stem, |(_, suffix)| suffix);
            let is_bare = wanted.suffix.is_empty() && stem.starts_with("sub-") && suffix.contains('-');
            let is_like_scan = is_bare || suffix == wanted.suffix;
            let is_scan = is_like_scan && stem.starts_with("sub-") && wanted.extensions.contains(&extension);
            let is_sidecar = is_like_scan && extension == "json";
            if !is_scan && !is_sidecar && !wanted.others.contains(&suffix) {
                continue;
            }
            let parsed =
                if is_bare { Name::parse(&format!("{stem}_.{extension}")) } else { Name::parse(file) };
            let name = match parsed {
                Ok(name) => name,
                Err(error) if is_like_scan => return Err(format!("`{}`: {error}", path.display()).into()),
                Err(_) => continue,
            };
            if !is_scan {
                let parent = path.parent().unwrap_or(root).to_owned();
                let subject = name.get("sub").map(str::to_owned);
                let of_folder = folder.others.entry(parent).or_default();
                of_folder.entry(subject).or_default().push(NamedFile { path, name });
            } else if wanted.only.iter().all(|(entity, label)| name.has(entity, label)) {
                folder.scans.push(NamedFile { path, name });
            }
        }
        Ok(folder)
    }

    /// Makes a folder of scans that were found in another way, with the `.json` of the same name as the
    /// sidecar of each.
    pub fn with_own_sidecars(scans: Vec<NamedFile>) -> ScanFolder {
        let mut folder = ScanFolder { scans: Vec::new(), others: BTreeMap::new() };
        for scan in &scans {
            let path = scan.path.with_extension("json");
            if link::is_listed(&path) {
                let parent = path.parent().unwrap_or(Path::new("")).to_owned();
                let subject = scan.name.get("sub").map(str::to_owned);
                let name = Name { extension: "json".to_owned(), ..scan.name.clone() };
                let of_folder = folder.others.entry(parent).or_default();
                of_folder.entry(subject).or_default().push(NamedFile { path, name });
            }
        }
        ScanFolder { scans, ..folder }
    }

    /// Returns the other files in the folder of a scan that have its subject's label, sorted by path.
    pub fn beside(&self, scan: &NamedFile) -> &[NamedFile] {
        let of_folder = scan.path.parent().and_then(|dir| self.others.get(dir));
        let subject = scan.name.get("sub").map(str::to_owned);
        of_folder.and_then(|subjects| subjects.get(&subject)).map_or(&[], Vec::as_slice)
    }

    /// Returns the sidecars of a scan, nearest folder first, and within a folder the one with the most
    /// labels first. The first one that gives a value takes precedence (BIDS inheritance principle).
    pub fn sidecars<'a>(&'a self, scan: &'a NamedFile) -> impl Iterator<Item = &'a NamedFile> {
        self.inherited(scan, &scan.name, "json")
    }

    /// Returns the files with this extension and the suffix of `name` that apply to `name`, from the
    /// folder of `at` upwards, in the order of [`ScanFolder::sidecars`].
    pub fn inherited<'a>(
        &'a self,
        at: &'a NamedFile,
        name: &'a Name,
        extension: &'a str,
    ) -> impl Iterator<Item = &'a NamedFile> {
        let folders = at.path.ancestors().skip(1).filter_map(|dir| self.others.get(dir));
        folders.flat_map(move |subjects| {
            let keys = [name.get("sub").map(str::to_owned), None];
            let files = keys.iter().filter_map(|subject| subjects.get(subject)).flatten();
            let holds = |file: &&NamedFile| {
                file.name.extension == extension
                    && file.name.suffix == name.suffix
                    && file.name.applies_to(name)
            };
            let mut own: Vec<&NamedFile> = files.filter(holds).collect();
            own.sort_by_key(|file| std::cmp::Reverse(file.name.entities.len()));
            own
        })
    }
}

/// Returns the names of all files below `root` that have a BIDS name and one of `extensions`.
pub(crate) fn names_below(root: &Path, extensions: &[&str]) -> Result<Vec<Name>> {
    let mut paths = Vec::new();
    walk(root, DEPTH, None, &mut paths)?;
    let names = paths.iter().filter_map(|path| Name::parse(path.file_name()?.to_str()?).ok());
    Ok(names.filter(|name| extensions.contains(&name.extension.as_str())).collect())
}

/// Returns the sidecars of one signal file, nearest first.
///
/// The `.json` of the same name comes first, then those that BIDS inheritance finds in its folder and,
/// below a `sub-` folder, in the folders above.
///
/// # Errors
/// If a folder cannot be read.
pub fn sidecars_of(file: &Path) -> Result<Vec<PathBuf>> {
    let own = file.with_extension("json");
    let mut found: Vec<PathBuf> =
        Some(&own).filter(|own| link::is_listed(own)).into_iter().cloned().collect();
    let name = file.file_name().and_then(|name| Name::parse(name.to_str()?).ok());
    let Some(name) = name.filter(|name| name.get("sub").is_some()) else { return Ok(found) };
    let file = std::path::absolute(file)?;
    let folders: Vec<&Path> = file.ancestors().skip(1).take(DEPTH).collect();
    let is_subject = |dir: &&Path| {
        dir.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("sub-"))
    };
    // The study's folder is the parent of the subject's.
    let study = folders.iter().position(is_subject).map_or(0, |subject| subject + 1);
    for dir in folders.into_iter().take(study + 1) {
        let mut here: Vec<(usize, PathBuf)> = Vec::new();
        for path in files_in(dir)? {
            let other = path.file_name().and_then(|name| Name::parse(name.to_str()?).ok());
            let holds = |other: &Name| {
                other.extension == "json" && other.suffix == name.suffix && other.applies_to(&name)
            };
            if let Some(other) = other.filter(holds) {
                here.push((other.entities.len(), path));
            }
        }
        here.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let own = own.file_name();
        found.extend(
            here.into_iter()
                .map(|(_, path)| path)
                .filter(|path| path.file_name() != own || path.parent() != file.parent()),
        );
    }
    Ok(found)
}

/// Reads `RepetitionTime` of a sidecar in seconds, or else the inverse of `SamplingFrequency`; `None` if
/// both are missing.
///
/// # Errors
/// If the file is not JSON, or the value is not a number.
pub fn repetition_time(sidecar: &Path) -> Result<Option<f64>> {
    let read = || -> Result<Option<f64>> {
        let json: serde_json::Value = json::parse(&link::read(sidecar)?)?;
        match json.get("RepetitionTime") {
            // HALFpipe gives the rate of the series instead.
            None => match json.get("SamplingFrequency").and_then(serde_json::Value::as_f64) {
                Some(hertz) if hertz > 0.0 => Ok(Some(1.0 / hertz)),
                _ => Ok(None),
            },
            Some(tr) => match tr.as_f64() {
                Some(tr) => Ok(Some(tr)),
                None => Err(format!("`RepetitionTime` is `{tr}`, not a number of seconds").into()),
            },
        }
    };
    read().map_err(|error| format!("sidecar `{}`: {error}", sidecar.display()).into())
}

/// Returns the paths of the files directly in `root`, sorted.
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
        // Follow links: data managers such as DataLad store files behind them.
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

    const WANTED: FileSelection<'_> = FileSelection {
        suffix: "timeseries",
        extensions: &SIGNALS,
        only: &BTreeMap::new(),
        others: &["mask"],
        subject: None,
    };

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
        let folder = ScanFolder::find(dir, &FileSelection { only: &only, subject, ..WANTED }).unwrap();
        let shown = |scan: NamedFile| scan.path.strip_prefix(dir).unwrap().display().to_string();
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
        let error = ScanFolder::find(dir.path(), &WANTED).unwrap_err().to_string();
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
        let folder = ScanFolder::find(dir.path(), &WANTED).unwrap();
        let found: Vec<_> = folder.sidecars(&folder.scans[0]).collect();
        let found: Vec<_> = found.iter().map(|s| s.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(found, ["sub-1_timeseries.json", "task-rest_timeseries.json", "timeseries.json"]);
    }

    #[test]
    fn one_file_has_the_sidecars_that_it_inherits() {
        let dir = folder(&[
            "task-pain_timeseries.json",
            "timeseries.json",
            "sub-1/sub-1_timeseries.json",
            "sub-1/func/sub-1_task-rest_timeseries.json",
            "sub-1/func/sub-1_task-rest_timeseries.npy",
            "mine.npy",
            "mine.json",
        ]);
        let found = |file: &str| -> Vec<String> {
            let found = sidecars_of(&dir.path().join(file)).unwrap();
            found.iter().map(|path| path.strip_prefix(dir.path()).unwrap().display().to_string()).collect()
        };
        assert_eq!(
            found("sub-1/func/sub-1_task-rest_timeseries.npy"),
            ["sub-1/func/sub-1_task-rest_timeseries.json", "sub-1/sub-1_timeseries.json", "timeseries.json",]
        );
        assert_eq!(found("mine.npy"), ["mine.json"]);
        assert_eq!(found("sub-1_timeseries.npy"), ["timeseries.json"]);
    }

    #[test]
    fn what_belongs_to_a_scan_is_looked_for_among_its_subjects_files() {
        // With all files in one folder, the number of candidates per scan must not grow with the study.
        let candidates = |subjects: usize| {
            let files: Vec<String> = (0..subjects)
                .flat_map(|subject| {
                    let name = move |end: &str| format!("sub-{subject:03}_task-rest_{end}");
                    ["timeseries.npy", "timeseries.json", "desc-brain_mask.nii.gz"].map(name)
                })
                .chain(["timeseries.json".to_owned()])
                .collect();
            let dir = folder(&files.iter().map(String::as_str).collect::<Vec<_>>());
            let found = ScanFolder::find(dir.path(), &WANTED).unwrap();
            assert_eq!(found.scans.len(), subjects);
            assert!(found.scans.iter().all(|scan| found.sidecars(scan).count() == 2));
            found.scans.iter().map(|scan| found.beside(scan).len()).max().unwrap()
        };
        assert_eq!((candidates(3), candidates(30)), (2, 2));
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
