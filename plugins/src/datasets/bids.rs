//! Reads preprocessed images from a BIDS derivatives folder, or by a path pattern from any folder, and
//! averages regions.

mod events;
mod layout;
mod memory;
mod patterned;
mod scan;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Cohort, Dataset, Problem, Recorded, Result, ScanId, ScanInfo, TimeSeries, register};
use boldface_imaging::acquisition;
use boldface_imaging::clean::{Cleaning, Filter, Standardization};
use boldface_imaging::confounds::{Confounds, DummyScans, Scrub};
use boldface_imaging::link;
use boldface_imaging::nifti::files_of;
use boldface_imaging::parcellation::{Parcellation, ParcellationFiles};
use boldface_imaging::phenotype::{PhenotypePaths, Phenotypes};
use boldface_imaging::present::files_beside;
use boldface_imaging::recipe::{Recipe, TrHeader};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::memory::SearchCache;
use self::scan::FoundScan;
use super::exclude;

/// A folder of preprocessed images: fMRIPrep derivatives, or any other folder by `pattern`.
///
/// Every `sub-.._desc-preproc_bold.nii.gz` (or `.dtseries.nii`) becomes the series of the regions of
/// `parcellation`. Cleaning follows nilearn's order: average regions, detrend, filter, regress out
/// confounds, standardise, cut out scrubbed volumes, and resample. Brain mask, confounds and sidecars
/// are found beside the image by their names. All paths are relative to the dataset's `path`.
///
/// Phenotypes come from `participants.tsv`, `sessions.tsv`, `scans.tsv` and each subject's own tables,
/// in this folder or in `raw`. Mean framewise displacement becomes the column `mean_fd` if no table has
/// one. Labels such as `acq-`, what sidecars say of the scanner, and the repetition time before
/// `resample-tr` become columns too, if they differ between scans.
///
/// For the Human Connectome Project, use `pattern =
/// "{subject}/MNINonLinear/Results/{task}/{task}_hp2000_clean.nii.gz"` and `mask =
/// "{subject}/MNINonLinear/Results/{task}/brainmask_fs.2.nii.gz"`. For UK Biobank, use `pattern =
/// "{subject}/fMRI/rfMRI.ica/filtered_func_data_clean.nii.gz"`; these images are in each subject's own
/// space, so first warp them to the space of the parcellation, and name the warped files. For a flat
/// folder, use `pattern = "run{run}_bold.nii.gz"` and `subject = "1"`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bids {
    /// The regions: `{ volume = "atlas.nii.gz", regions = "atlas.tsv" }`. With `kind = "maps"` they are
    /// probabilistic maps, with `kind = "voxels"` the voxels of a mask.
    parcellation: ParcellationFiles,
    /// Suffix of the images' names, before the extension.
    #[serde(default = "bold")]
    suffix: String,
    /// Label `desc-` of the images; `""` for images without one. CIFTI images may lack it.
    #[serde(default = "preproc")]
    desc: String,
    /// Labels that an image's name must have, such as `{ task = "rest", space = "MNI152NLin2009cAsym"
    /// }`.
    #[serde(default)]
    only: BTreeMap<String, String>,
    /// Path of the images in a folder that is not BIDS, with `{subject}`, `{session}`, `{task}`,
    /// `{run}` and `*`.
    #[serde(default)]
    pattern: Option<String>,
    /// Label of the only subject, for a `pattern` without `{subject}`.
    #[serde(default)]
    subject: Option<String>,
    /// The raw BIDS folder, for participants, sessions, scans, events and sidecars that are not in this
    /// folder.
    #[serde(default)]
    raw: Option<PathBuf>,
    /// The participants table. Defaults to `participants.tsv` in `raw`, or else in this folder, if it
    /// exists.
    #[serde(default)]
    participants: Option<PathBuf>,
    /// Mask of the voxels that may be in a region. `auto` uses the `desc-brain_mask` beside each image,
    /// if it exists; `none` uses no mask; anything else is a path, which may contain labels in braces.
    #[serde(default = "auto")]
    mask: String,
    /// Path of the confounds table, with labels in braces. Defaults to the `desc-confounds` table
    /// beside each image.
    #[serde(default)]
    confounds_file: Option<String>,
    /// Path of the event tables, with labels in braces. A `.tsv` is read as in BIDS, other files as
    /// three columns of FSL (onset, duration, weight), one file per `{trial_type}`. Defaults to the
    /// `_events.tsv` in this folder or in `raw`.
    #[serde(default)]
    events: Option<String>,
    /// Confounds to regress out: a strategy such as `24p`, `36p` or `acompcor`, or a list of columns.
    #[serde(default)]
    confounds: Option<Confounds>,
    /// First volumes to remove: `detected` for fMRIPrep's count, or a number.
    #[serde(default)]
    dummy_scans: DummyScans,
    /// Motion threshold for removing volumes, such as `{ fd = 0.5 }` (mm).
    #[serde(default)]
    scrub: Option<Scrub>,
    /// Gaussian smoothing of every volume before regions are averaged: full width at half maximum in
    /// mm.
    #[serde(default)]
    smoothing: Option<f64>,
    /// Share of a region's voxels (0 to 1) that must have a signal. With less, the region is missing.
    #[serde(default = "half")]
    minimum_coverage: f64,
    /// Whether to remove mean and linear trend.
    #[serde(default = "yes")]
    detrend: bool,
    /// Removes frequencies above this, in Hz.
    #[serde(default)]
    low_pass: Option<f64>,
    /// Removes frequencies below this, in Hz.
    #[serde(default)]
    high_pass: Option<f64>,
    /// Filter that removes frequencies.
    #[serde(default)]
    filter: Filter,
    /// Scaling of each region over the run. `[signal] standardize` is applied later, over the volumes
    /// shown.
    #[serde(default)]
    standardize: Standardization,
    /// Repetition time in seconds, if neither header nor sidecar gives it. If they do, all must agree.
    #[serde(default)]
    tr: Option<f64>,
    /// How to treat the header's repetition time; `ignore` it if it is known to be wrong.
    #[serde(default)]
    tr_header: TrHeader,
    /// Repetition time in seconds to resample all runs to.
    #[serde(default)]
    resample_tr: Option<f64>,
    /// Excludes runs with fewer seconds left after scrubbing. Defaults to 240 s (as in XCP-D) with
    /// `scrub`, and to no limit otherwise.
    #[serde(default)]
    minimum_clean_seconds: Option<f64>,
    /// Excludes runs with a larger mean framewise displacement, in mm.
    #[serde(default)]
    maximum_mean_fd: Option<f64>,
    /// Table of runs to exclude, with the columns `participant_id` and `reason`, and optionally
    /// `session_id`, `task`, `run`, `acq`, `ce`, `rec` and `dir`.
    #[serde(default)]
    exclude: Option<PathBuf>,
    #[serde(skip)]
    #[schemars(skip)]
    memory: SearchCache,
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

/// Maximum number of broken scans in an error message; more probably share a cause.
const LISTED: usize = 20;

register!(Dataset "bids" => Bids);

impl Dataset for Bids {
    fn files(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let found = self.find(root, "", None)?;
        let parcellation = self.parcellation_in(root);
        let mut files = files_of(&parcellation.volume);
        files.extend(parcellation.regions);
        files.extend(self.exclude.as_ref().map(|table| root.join(table)));
        let ids: Vec<ScanId> = found.iter().map(|found| found.id.clone()).collect();
        files.extend(Phenotypes::files_at(&self.places(root), &ids));
        // An excluded scan is no part of the data: neither of their hash nor of the search for copies.
        let excluded = exclude::listed(self.exclude.as_deref(), root, "", &ids, &self.only)?;
        let used = found.iter().filter(|found| !exclude::has(&excluded, &found.id));
        files.extend(used.flat_map(FoundScan::paths));
        files.sort();
        files.dedup();
        link::check_fetched(&files)?;
        Ok(files)
    }

    fn cohort(&self, root: &Path, name: &str) -> Result<Cohort> {
        let found = self.find(root, name, None)?;
        let all: Vec<ScanId> = found.iter().map(|found| found.id.clone()).collect();
        let mut excluded = exclude::listed(self.exclude.as_deref(), root, name, &all, &self.only)?;
        let is_used = |found: &&FoundScan| !exclude::has(&excluded, &found.id);
        let used: Vec<&FoundScan> = found.iter().filter(is_used).collect();
        let parcellation = Parcellation::read(&self.parcellation_in(root))?;
        let ids: Vec<ScanId> = used.iter().map(|found| found.id.clone()).collect();
        let tables = Phenotypes::read_at(&self.places(root), &ids)?;
        let rois = parcellation.regions().names.len();
        let looked: Vec<_> = used.par_iter().map(|found| self.look(found, &tables, rois)).collect();
        let (mut scans, mut properties, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (found, looked) in used.iter().zip(looked) {
            match looked {
                Ok(Ok((info, own))) => {
                    scans.push(info);
                    properties.push(own);
                }
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
                "{} of {} scans cannot be used:\n  {}\ncorrect them, or list them in a table with `exclude = \"FILE.tsv\"` \
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
        acquisition::add_differing(&mut scans, &properties);
        let regions = parcellation.regions().clone();
        self.memory.keep(root, found, parcellation);
        Ok(Cohort { excluded, ..Cohort::new(scans, regions) })
    }

    fn load(&self, root: &Path, scan: &ScanInfo) -> Result<TimeSeries> {
        Ok(self.record(root, scan)?.series)
    }

    fn record(&self, root: &Path, scan: &ScanInfo) -> Result<Recorded> {
        let id = &scan.id;
        let known = self.memory.get_or_search(root, || {
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

    fn version(&self) -> u32 {
        2
    }

    fn looks_ahead(&self, _root: &Path) -> Vec<Problem> {
        self.recipe().looks_ahead()
    }

    fn check(&self, root: &Path) -> Vec<Problem> {
        let mut problems = self.recipe().problems();
        // The fields of the recipe's `cleaning` are top-level keys here.
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
                problems
                    .push(Problem::at(key, format!("`{value}` cannot be a limit")).help("write 0 or more"));
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
    /// Returns the steps from an image to its series.
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

    /// Finds every scan with its files, sorted; with `subject`, those of one subject only.
    fn find(&self, root: &Path, dataset: &str, subject: Option<&str>) -> Result<Vec<FoundScan>> {
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

    /// Returns the possible places of the phenotype tables.
    fn places(&self, root: &Path) -> PhenotypePaths {
        let raw = self.raw.as_ref().map(|raw| root.join(raw));
        let of_folder =
            |folder: &Path| Some(folder.join("participants.tsv")).filter(|table| link::is_listed(table));
        let named = self.participants.as_ref().map(|table| root.join(table));
        let participants = named.or_else(|| raw.as_deref().and_then(of_folder));
        PhenotypePaths {
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
        let missing = files.filter(|(_, path)| !link::is_listed(path)).map(|(key, path)| (key, "file", path));
        let raw = self.raw.iter().map(|raw| ("raw", "folder", root.join(raw)));
        let missing = missing.chain(raw.filter(|(_, _, path)| !path.is_dir()));
        let problem = |(key, what, path): (&str, &str, PathBuf)| {
            // Atlases lie together, and their names are long.
            let others = if key.starts_with("parcellation") { files_beside(&path) } else { String::new() };
            Problem::at(key, format!("there is no {what} `{}`{others}", path.display()))
                .help("a path is relative to the dataset's folder")
        };
        missing.map(problem).collect()
    }
}

#[cfg(test)]
mod tests;
