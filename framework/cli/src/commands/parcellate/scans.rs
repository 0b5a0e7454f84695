//! Scans named on the command line, each with its files and the path of its series.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface_imaging::beside::{is_brain_mask_of, is_confounds_of, nearest};
use boldface_imaging::folder::{NamedFile, files_in, repetition_time};
use boldface_imaging::link;
use boldface_imaging::names::Name;
use boldface_imaging::recipe::ScanFiles;

use super::Scans;
use super::folder::SeriesDestination;

/// One scan and the path of its series.
#[derive(Debug)]
pub struct PlannedSeries {
    /// Source files.
    pub files: ScanFiles,
    /// The `.json` beside the recording, if any.
    pub sidecar: Option<PathBuf>,
    /// Path of the series.
    pub series: PathBuf,
}

/// Extensions of recordings. `.dtseries.nii` must come before `.nii`, and so on.
const EXTENSIONS: [&str; 9] = [
    ".dtseries.nii",
    ".ptseries.nii",
    ".dtseries.nii.gz",
    ".ptseries.nii.gz",
    ".nii.gz",
    ".hdr.gz",
    ".img.gz",
    ".nii",
    ".hdr",
];

/// Finds the files of each scan. Every error names a flag.
pub fn find(scans: &Scans, output: &SeriesDestination) -> Result<Vec<PlannedSeries>, String> {
    let bold = &scans.bold;
    let is_auto = |paths: &[PathBuf]| matches!(paths, [path] if path.as_os_str() == "auto");
    if !scans.confounds.is_empty() && !is_auto(&scans.confounds) && scans.confounds.len() != bold.len() {
        return Err(format!(
            "--confounds has {} files for {} scans of --bold; give one per scan in the same order, or --confounds auto",
            scans.confounds.len(),
            bold.len()
        ));
    }
    let mut found: Vec<PlannedSeries> = Vec::new();
    let mut wrong: Vec<String> = Vec::new();
    let mut taken: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    for (at, path) in bold.iter().enumerate() {
        let mut scan = || -> Result<PlannedSeries, String> {
            if !link::is_listed(path) {
                return Err(format!("--bold `{}` does not exist", path.display()));
            }
            let confounds = match scans.confounds.get(at) {
                _ if is_auto(&scans.confounds) => Some(beside(path, "--confounds", "confounds")?),
                given => given.cloned(),
            };
            let mask = match &scans.mask {
                Some(mask) if mask.as_os_str() == "auto" => Some(beside(path, "--mask", "brain")?),
                given => given.clone(),
            };
            let sidecar = path.with_file_name(format!("{}.json", stem(path)));
            let sidecar = Some(sidecar).filter(|sidecar| link::is_listed(sidecar));
            let sidecar_tr = match &sidecar {
                Some(sidecar) => repetition_time(sidecar).map_err(|error| format!("--bold: {error}"))?,
                None => None,
            };
            let series = output.series(path, &stem(path));
            if let Some(other) = taken.insert(series.clone(), path) {
                return Err(format!(
                    "--bold `{}` and `{}` would both be written to `{}`; write them to separate folders",
                    other.display(),
                    path.display(),
                    series.display()
                ));
            }
            Ok(PlannedSeries {
                files: ScanFiles { bold: path.clone(), mask, confounds, sidecar_tr },
                sidecar,
                series,
            })
        };
        match scan() {
            Ok(scan) => found.push(scan),
            Err(error) => wrong.push(error),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong.join("\nerror: ")) }
}

/// Returns the file name of a recording without its extension.
pub fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = EXTENSIONS.iter().find_map(|extension| name.strip_suffix(extension));
    stem.unwrap_or(name.split('.').next().unwrap_or(&name)).to_owned()
}

/// Finds the one file in a recording's folder that is the recording's by its name: its confounds or its
/// brain mask.
fn beside(bold: &Path, flag: &str, desc: &str) -> Result<PathBuf, String> {
    let (belongs, ending): (fn(&Name, &Name) -> bool, &str) = match desc {
        "confounds" => (is_confounds_of, "timeseries.tsv"),
        _ => (is_brain_mask_of, "mask.nii.gz"),
    };
    let shown = bold.display();
    let file = bold.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let own = Name::parse(file).map_err(|error| format!("{flag} auto needs BIDS names: {error}"))?;
    let folder = bold.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let paths = files_in(folder).map_err(|error| format!("{flag} auto: {error}"))?;
    let named = |path: PathBuf| {
        let name = Name::parse(path.file_name()?.to_str()?).ok()?;
        Some(NamedFile { path, name })
    };
    let named: Vec<NamedFile> = paths.into_iter().filter_map(named).collect();
    let is_it = |file: &&NamedFile| file.name.get("sub").is_some() && belongs(&file.name, &own);
    match nearest(named.iter().filter(is_it))[..] {
        [file] => Ok(file.path.clone()),
        [] => Err(format!("{flag} auto: no ..._desc-{desc}_{ending} is beside `{shown}`")),
        [a, b, ..] => Err(format!(
            "{flag} auto: `{}` and `{}` both match `{shown}`",
            a.path.display(),
            b.path.display()
        )),
    }
}
