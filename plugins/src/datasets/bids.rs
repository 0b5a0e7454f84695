//! Reads preprocessed images of a BIDS derivatives folder, or of any folder with a pattern, into regions.

mod events;
mod exclude;
mod layout;
mod memory;
mod patterned;
mod scan;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Cohort, Dataset, Problem, Recorded, Result, ScanId, ScanInfo, TimeSeries, register};
use boldface_imaging::clean::{Cleaning, Filter, Standardization};
use boldface_imaging::confounds::{Confounds, DummyScans, Scrub};
use boldface_imaging::parcellation::{Parcellation, ParcellationFiles};
use boldface_imaging::phenotype::{Phenotypes, Places};
use boldface_imaging::recipe::{Recipe, TrHeader};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::memory::Memory;
use self::scan::Found;

/// A folder of preprocessed images: fMRIPrep derivatives, or any other folder by `pattern`.
///
/// Every `sub-.._desc-preproc_bold.nii.gz` (or `.dtseries.nii`) becomes the series of the regions of
/// `parcellation`, cleaned in nilearn's order: regions are averaged, detrended, filtered, freed of confounds
/// and standardised, scrubbed volumes cut out, and what is left resampled. Its brain mask, confounds and
/// sidecars are found beside it by their names. All paths are relative to the dataset's `path`.
///
/// Phenotypes come from `participants.tsv`, `sessions.tsv`, `scans.tsv` and those of each subject, of this
/// folder or of `raw`; mean framewise displacement becomes the column `mean_fd` if no table has one.
///
/// The Human Connectome Project is `pattern = "{subject}/MNINonLinear/Results/{task}/{task}_hp2000_clean.nii.gz"` with
/// `mask = "{subject}/MNINonLinear/Results/{task}/brainmask_fs.2.nii.gz"`. UK Biobank is `pattern =
/// "{subject}/fMRI/rfMRI.ica/filtered_func_data_clean.nii.gz"`, which lies in each subject's own space: warp it to that
/// of the parcellation first, and name the warped file. A flat folder is `pattern = "run{run}_bold.nii.gz"` with
/// `subject = "1"`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bids {
    /// The regions: `{ volume = "atlas.nii.gz", regions = "atlas.tsv" }`; with `kind = "maps"` probabilistic maps,
    /// with `kind = "voxels"` each voxel of a mask.
    parcellation: ParcellationFiles,
    /// What the names of images end with, before the extension.
    #[serde(default = "bold")]
    suffix: String,
    /// Label `desc-` of the images; `""` for images without one. CIFTI images may lack it.
    #[serde(default = "preproc")]
    desc: String,
    /// Labels that an image's name must have, such as `{ task = "rest", space = "MNI152NLin2009cAsym" }`.
    #[serde(default)]
    only: BTreeMap<String, String>,
    /// Where images lie in a folder that is not BIDS: a path with `{subject}`, `{session}`, `{task}`, `{run}` and `*`.
    #[serde(default)]
    pattern: Option<String>,
    /// Label of the one subject of a folder whose `pattern` has no `{subject}`.
    #[serde(default)]
    subject: Option<String>,
    /// The raw BIDS folder, for participants, sessions, scans, events and sidecars that are not here.
    #[serde(default)]
    raw: Option<PathBuf>,
    /// The participants table; if left out, `participants.tsv` of `raw` or of this folder, where there is one.
    #[serde(default)]
    participants: Option<PathBuf>,
    /// Voxels that may be in a region: `auto` is the `desc-brain_mask` beside an image, where there is one; `none`;
    /// or a file, in which labels may stand in braces.
    #[serde(default = "auto")]
    mask: String,
    /// Table of confounds, a path with labels in braces; if left out, the `desc-confounds` table beside an image.
    #[serde(default)]
    confounds_file: Option<String>,
    /// Tables of events, a path with labels in braces: `.tsv` as in BIDS, else three columns of FSL (onset, duration,
    /// weight), one file a `{trial_type}`. If left out, the `_events.tsv` of this folder or of `raw`.
    #[serde(default)]
    events: Option<String>,
    /// Confounds that are regressed out: a strategy such as `24p`, `36p` or `acompcor`, or a list of columns.
    #[serde(default)]
    confounds: Option<Confounds>,
    /// First volumes that are removed: `detected` by fMRIPrep, or so many.
    #[serde(default)]
    dummy_scans: DummyScans,
    /// Volumes that are removed for motion, such as `{ fd = 0.5 }` (mm).
    #[serde(default)]
    scrub: Option<Scrub>,
    /// Gaussian smoothing of every volume before regions are averaged: full width at half maximum in mm.
    #[serde(default)]
    smoothing: Option<f64>,
    /// Share of a region's voxels (0 to 1) that must hold a signal; below it the region is missing.
    #[serde(default = "half")]
    minimum_coverage: f64,
    /// Whether mean and linear trend are removed.
    #[serde(default = "yes")]
    detrend: bool,
    /// Frequencies above this are removed, in Hz.
    #[serde(default)]
    low_pass: Option<f64>,
    /// Frequencies below this are removed, in Hz.
    #[serde(default)]
    high_pass: Option<f64>,
    /// How frequencies are removed.
    #[serde(default)]
    filter: Filter,
    /// How each region is scaled over the run; `[signal] standardize` comes after it, over the volumes shown.
    #[serde(default)]
    standardize: Standardization,
    /// Repetition time in seconds, where neither header nor sidecar says it; they must agree with it.
    #[serde(default)]
    tr: Option<f64>,
    /// What the header's repetition time is worth: `ignore` where it is known to be wrong.
    #[serde(default)]
    tr_header: TrHeader,
    /// Repetition time in seconds that all runs are resampled to.
    #[serde(default)]
    resample_tr: Option<f64>,
    /// Runs with fewer seconds left after scrubbing are excluded. If left out, 240 s (as XCP-D) where runs are
    /// scrubbed, and no limit where they are not.
    #[serde(default)]
    minimum_clean_seconds: Option<f64>,
    /// Runs with a larger mean framewise displacement in mm are excluded.
    #[serde(default)]
    maximum_mean_fd: Option<f64>,
    /// Table of runs that are excluded: `participant_id`, if wanted `session_id`, `task` and `run`, and `reason`.
    #[serde(default)]
    exclude: Option<PathBuf>,
    #[serde(skip)]
    #[schemars(skip)]
    memory: Memory,
}

fn bold() -> String {
    "bold".to_owned()
}

fn preproc() -> String {
    "preproc".to_owned()
}

fn auto() -> String {
    "auto".to_owned()
}

fn half() -> f64 {
    0.5
}

fn yes() -> bool {
    true
}

/// Broken scans that are named; more have one cause.
const LISTED: usize = 20;

register!(Dataset "bids" => Bids);

impl Dataset for Bids {
    fn files(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let found = self.find(root, "", None)?;
        let parcellation = self.parcellation_in(root);
        let mut files = vec![parcellation.volume];
        files.extend(parcellation.regions);
        files.extend(self.exclude.as_ref().map(|table| root.join(table)));
        let ids: Vec<ScanId> = found.iter().map(|found| found.id.clone()).collect();
        files.extend(Phenotypes::files_at(&self.places(root), &ids));
        files.extend(found.iter().flat_map(Found::paths));
        files.sort();
        files.dedup();
        Ok(files)
    }

    fn cohort(&self, root: &Path, name: &str) -> Result<Cohort> {
        let found = self.find(root, name, None)?;
        let listed =
            self.exclude.as_ref().map(|table| exclude::List::read(&root.join(table), name)).transpose()?;
        let mut excluded =
            listed.map_or_else(|| Ok(Vec::new()), |list| list.exclusions(&found, &self.only))?;
        let is_used = |found: &&Found| excluded.binary_search_by(|out| out.scan.cmp(&found.id)).is_err();
        let used: Vec<&Found> = found.iter().filter(is_used).collect();
        let parcellation = Parcellation::read(&self.parcellation_in(root))?;
        let ids: Vec<ScanId> = used.iter().map(|found| found.id.clone()).collect();
        let tables = Phenotypes::read_at(&self.places(root), &ids)?;
        let rois = parcellation.regions().names.len();
        let looked: Vec<_> = used.par_iter().map(|found| self.look(found, &tables, rois)).collect();
        let (mut scans, mut errors) = (Vec::new(), Vec::new());
        for (found, looked) in used.iter().zip(looked) {
            match looked {
                Ok(Ok(info)) => scans.push(info),
                Ok(Err(exclusion)) => excluded.push(exclusion),
                Err(error) => errors.push(format!("`{}`: {error}", found.id)),
            }
        }
        if !errors.is_empty() {
            let count = errors.len();
            if count > LISTED {
                errors.truncate(LISTED);
                errors.push(format!("and {} more", count - LISTED));
            }
            return Err(format!(
                "{} of {} scans cannot be used:\n  {}\nmend them, or name them in a table with `exclude = \"FILE.tsv\"` \
                 (columns `participant_id`, `session_id`, `task`, `run`, `reason`)",
                count,
                used.len(),
                errors.join("\n  ")
            )
            .into());
        }
        if scans.is_empty() {
            let first = excluded.first().map(|out| format!("; `{}`: {}", out.scan, out.reason));
            return Err(format!("all {} scans are excluded{}", found.len(), first.unwrap_or_default()).into());
        }
        excluded.sort_by(|a, b| a.scan.cmp(&b.scan));
        let regions = parcellation.regions().clone();
        self.memory.keep(root, found, parcellation);
        Ok(Cohort { excluded, ..Cohort::new(scans, regions) })
    }

    fn load(&self, root: &Path, scan: &ScanInfo) -> Result<TimeSeries> {
        Ok(self.record(root, scan)?.series)
    }

    fn record(&self, root: &Path, scan: &ScanInfo) -> Result<Recorded> {
        let id = &scan.id;
        let known = self.memory.of(root, || {
            let found = self.find(root, &id.dataset, None)?;
            Ok((found, Parcellation::read(&self.parcellation_in(root))?))
        })?;
        let found = known.scan(id);
        let found =
            found.ok_or_else(|| format!("the file of scan `{id}` is gone from `{}`", root.display()))?;
        let files = found.with_repetition_time()?;
        let recorded = self.recipe().derive(&files, &known.parcellation, &known.weights)?;
        let has = (recorded.series.trs(), recorded.series.rois());
        if has != (scan.trs, scan.rois) {
            return Err(
                format!("the files of scan `{id}` have changed since the run began; run again").into()
            );
        }
        Ok(recorded)
    }

    fn check(&self, root: &Path) -> Vec<Problem> {
        let mut problems = self.recipe().problems();
        // What the recipe calls `cleaning` is spread out here.
        problems.iter_mut().for_each(|problem| {
            problem.key = problem.key.strip_prefix("cleaning.").unwrap_or(&problem.key).to_owned();
        });
        if self.suffix.is_empty() || self.suffix.contains(['_', '-', '.', '/']) {
            let problem = Problem::at("suffix", format!("`{}` is not a BIDS suffix", self.suffix));
            problems.push(problem.help("write the last word of the names alone, such as `bold`"));
        }
        for (key, seconds) in
            [("minimum-clean-seconds", self.minimum_clean_seconds), ("maximum-mean-fd", self.maximum_mean_fd)]
        {
            if let Some(value) = seconds.filter(|value| !(*value >= 0.0 && value.is_finite())) {
                problems.push(Problem::at(key, format!("`{value}` is no limit")).help("write 0 or more"));
            }
        }
        problems.extend(self.check_patterns());
        if root.is_dir() {
            problems.extend(self.check_paths(root));
        }
        problems
    }
}

impl Bids {
    /// From an image to its series.
    fn recipe(&self) -> Recipe {
        Recipe {
            tr: self.tr,
            tr_header: self.tr_header,
            smoothing: self.smoothing,
            minimum_coverage: self.minimum_coverage,
            confounds: self.confounds.clone(),
            dummy_scans: self.dummy_scans,
            scrub: self.scrub.clone(),
            cleaning: Cleaning {
                detrend: self.detrend,
                low_pass: self.low_pass,
                high_pass: self.high_pass,
                filter: self.filter,
                standardize: self.standardize,
                ..Cleaning::default()
            },
            resample_tr: self.resample_tr,
        }
    }

    /// Every scan with its files, sorted; of one subject alone if one is given.
    fn find(&self, root: &Path, dataset: &str, subject: Option<&str>) -> Result<Vec<Found>> {
        let mut found = match &self.pattern {
            Some(pattern) => self.by_pattern(root, dataset, pattern)?,
            None => self.by_name(root, dataset, subject)?,
        };
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    fn parcellation_in(&self, root: &Path) -> ParcellationFiles {
        let files = &self.parcellation;
        let regions = files.regions.as_ref().map(|table| root.join(table));
        ParcellationFiles { volume: root.join(&files.volume), regions, ..files.clone() }
    }

    /// Where the phenotype tables may be.
    fn places(&self, root: &Path) -> Places {
        let raw = self.raw.as_ref().map(|raw| root.join(raw));
        let of_folder = |folder: &Path| Some(folder.join("participants.tsv")).filter(|table| table.is_file());
        let named = self.participants.as_ref().map(|table| root.join(table));
        let participants = named.or_else(|| raw.as_deref().and_then(of_folder));
        Places {
            participants: participants.unwrap_or_else(|| root.join("participants.tsv")),
            root: raw.unwrap_or_else(|| root.to_owned()),
        }
    }

    fn check_paths(&self, root: &Path) -> Vec<Problem> {
        let parcellation = &self.parcellation;
        let files = [
            ("parcellation.volume", Some(&parcellation.volume)),
            ("parcellation.regions", parcellation.regions.as_ref()),
            ("participants", self.participants.as_ref()),
            ("exclude", self.exclude.as_ref()),
        ];
        let files = files.into_iter().filter_map(|(key, path)| Some((key, root.join(path?))));
        let missing = files.filter(|(_, path)| !path.is_file()).map(|(key, path)| (key, "file", path));
        let raw = self.raw.iter().map(|raw| ("raw", "folder", root.join(raw)));
        let missing = missing.chain(raw.filter(|(_, _, path)| !path.is_dir()));
        let problem = |(key, what, path): (&str, &str, PathBuf)| {
            Problem::at(key, format!("there is no {what} `{}`", path.display()))
                .help("a path is relative to the dataset's folder")
        };
        missing.map(problem).collect()
    }
}

#[cfg(test)]
mod tests;
