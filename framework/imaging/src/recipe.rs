//! Turns the files of a scan into its cleaned regional series, in a fixed order of steps.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use boldface::{Deserialize, JsonSchema, Problem, Quality, Recorded, Result, Serialize, TimeSeries};

use crate::bold::{Bold, Space, plausible_tr};
use crate::clean::{Cleaning, Standardization, cautions, clean};
use crate::confounds::{ConfoundTable, Confounds, DummyScans, Scrub, framewise_displacement, kept_volumes};
use crate::gaps::resample_kept;
use crate::matrix::Matrix;
use crate::parcellation::{ParcellateOptions, Parcellation, ParcellationWeights, parcellate_kept};

/// How regional series are made from scanner files. The steps run in this order: optional smoothing of
/// volumes, averaging of regions, cleaning of the series, removal of censored volumes, resampling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case", crate = "boldface::serde")]
#[schemars(crate = "boldface::schemars")]
pub struct Recipe {
    /// Repetition time in seconds, needed if neither header nor sidecar gives it. It must agree with
    /// them; to change the repetition time, use `resample-tr`.
    pub tr: Option<f64>,
    /// Whether the header's repetition time must agree or is ignored.
    pub tr_header: TrHeader,
    /// Smooths every volume with a Gaussian of this full width at half maximum, in mm.
    pub smoothing: Option<f64>,
    /// Share of a region's voxels (0 to 1) that must have a signal. A region with less is missing.
    pub minimum_coverage: f64,
    /// Confounds to regress out.
    pub confounds: Option<Confounds>,
    /// Volumes to remove at the start of each scan.
    pub dummy_scans: DummyScans,
    /// Thresholds for removing volumes with motion.
    pub scrub: Option<Scrub>,
    /// Removal of drift and frequencies, and the scale of the result.
    pub cleaning: Cleaning,
    /// Resamples every scan to this repetition time in seconds, with an anti-aliasing filter.
    pub resample_tr: Option<f64>,
}

/// How the header's repetition time is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "boldface::serde")]
#[schemars(crate = "boldface::schemars")]
pub enum TrHeader {
    /// It must agree with the sidecar and with `tr`.
    #[default]
    Agree,
    /// It is wrong and ignored; `tr` or the sidecar gives the repetition time.
    Ignore,
}

impl Default for Recipe {
    /// Regions below half coverage are missing, and mean and trend are removed.
    fn default() -> Recipe {
        Recipe {
            tr: None,
            tr_header: TrHeader::Agree,
            smoothing: None,
            minimum_coverage: 0.5,
            confounds: None,
            dummy_scans: DummyScans::default(),
            scrub: None,
            cleaning: Cleaning::default(),
            resample_tr: None,
        }
    }
}

/// The files of one scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScanFiles {
    /// The recording: NIfTI, or a CIFTI dense or parcellated series.
    pub bold: PathBuf,
    /// Mask image. Voxels outside it belong to no region.
    pub mask: Option<PathBuf>,
    /// Table of confounds, one row per volume.
    pub confounds: Option<PathBuf>,
    /// `RepetitionTime` of the sidecar in seconds.
    pub sidecar_tr: Option<f64>,
}

/// Cache of weights by grid and mask, so that scans with the same grid and mask share one sparse matrix.
///
/// The first thread that needs a matrix computes it while others wait. Only the last few are kept,
/// because a study in native space has a grid or a mask per scan.
#[derive(Debug, Default)]
pub struct WeightsCache {
    known: Mutex<Vec<Known>>,
}

/// A grid with its mask, and the weights once computed. A failure is kept as its message.
#[derive(Debug)]
struct Known {
    space: Space,
    mask: Option<PathBuf>,
    weights: Arc<OnceLock<Result<Arc<ParcellationWeights>, String>>>,
}

/// Number of matrices kept.
const KEPT: usize = 8;

impl Recipe {
    /// Returns the problems of these settings that do not depend on the scan, each at its key.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(0.0..=1.0).contains(&self.minimum_coverage) {
            let message = format!("`{}` is not a share from 0 to 1", self.minimum_coverage);
            problems.push(Problem::at("minimum-coverage", message).help("0.5 is half of a region's voxels"));
        }
        for (key, value, help) in [
            ("smoothing", self.smoothing, "write millimetres, such as 6.0, or leave it out"),
            ("tr", self.tr, "write seconds, such as 2.0"),
            ("resample-tr", self.resample_tr, "write seconds, such as 2.0"),
        ] {
            let limit = 60.0;
            if let Some(value) = value.filter(|value| !(*value > 0.0 && *value <= limit)) {
                problems.push(
                    Problem::at(key, format!("`{value}` is not above 0 and at most {limit}")).help(help),
                );
            }
        }
        problems.extend(self.scrub.iter().flat_map(Scrub::check).map(|problem| problem.below("scrub")));
        problems.extend(self.cleaning.problems());
        problems
    }

    /// Returns the settings under which a volume depends on later ones, each with what to set instead.
    ///
    /// Smoothing, coverage and the removal of volumes are left out: they do not change a volume that
    /// stays.
    pub fn looks_ahead(&self) -> Vec<Problem> {
        let how = &self.cleaning;
        let both_ways = "filters the whole run, forward and backward";
        let all = [
            ("detrend", how.detrend, "fits a trend to the whole run", "`detrend = false`"),
            ("low-pass", how.low_pass.is_some(), both_ways, "no `low-pass`"),
            ("high-pass", how.high_pass.is_some(), both_ways, "no `high-pass`"),
            ("confounds", self.confounds.is_some(), "fits a regression to the whole run", "no `confounds`"),
            (
                "standardize",
                how.standardize != Standardization::None,
                "takes mean and spread of the whole run",
                "`standardize = \"none\"`",
            ),
            (
                "resample-tr",
                self.resample_tr.is_some(),
                "mixes volumes on both sides of each time",
                "no `resample-tr`",
            ),
        ];
        let used = all.into_iter().filter(|(_, is_used, ..)| *is_used);
        used.map(|(key, _, how, instead)| Problem::at(key, how).help(instead)).collect()
    }

    /// Returns the repetition time of a recording in seconds, from all sources that give one.
    ///
    /// # Errors
    /// As [`plausible_tr`].
    pub fn repetition_time(&self, bold: &Bold, files: &ScanFiles) -> Result<f64> {
        let header = bold.tr().filter(|_| self.tr_header == TrHeader::Agree);
        plausible_tr(header, files.sidecar_tr, self.tr, &files.bold)
    }

    /// Reads a scan from its first volume to its last and computes its regional series.
    ///
    /// # Errors
    /// If a file cannot be read or is damaged, the repetition time is unknown or implausible, the
    /// confounds differ in length or lack a column, or scrubbing leaves no volume. The message names the
    /// file.
    pub fn derive(
        &self,
        files: &ScanFiles,
        parcellation: &Parcellation,
        weights: &WeightsCache,
    ) -> Result<Recorded> {
        let bold = Bold::open(&files.bold)?;
        let trs = bold.trs();
        let tr = self.repetition_time(&bold, files)?;
        // Check everything possible before reading the voxels, which takes most of the time.
        let table = files.confounds.as_deref().map(ConfoundTable::read).transpose()?;
        if let Some(table) = &table {
            table.check_length(trs, &files.bold)?;
        }
        let regressors = self.regressors(files, table.as_ref())?;
        let kept = kept_volumes(table.as_ref(), self.scrub.as_ref(), self.dummy_scans, trs)
            .map_err(|error| named(&files.bold, &error))?;
        let removed = kept.iter().filter(|&&kept| !kept).count();
        if removed == trs {
            return Err(named(&files.bold, &"all its volumes are scrubbed: nothing is left"));
        }
        let weights = weights.weights_for(parcellation, bold.space(), files.mask.as_deref())?;
        let options =
            ParcellateOptions { smoothing: self.smoothing, minimum_coverage: self.minimum_coverage };
        let censored = (removed > 0).then_some(kept.as_slice());
        let read = parcellate_kept(bold, &weights, &options, censored)?;

        let mut warnings = [weights.warnings.clone(), read.warnings].concat();
        let cleaned = clean(&read.signal, regressors.as_ref(), censored, tr, &self.cleaning)
            .map_err(|error| named(&files.bold, &error))?;
        warnings.extend(cautions(regressors.as_ref(), trs, trs - removed, tr, &self.cleaning));
        let (cleaned, tr) = match self.resample_tr.filter(|&to| to != tr) {
            Some(to) => {
                (resample_kept(&cleaned, &kept, tr, to).map_err(|error| named(&files.bold, &error))?, to)
            }
            None => (cleaned, tr),
        };
        let fd = table.as_ref().and_then(framewise_displacement).unwrap_or_default();
        let quality = Quality {
            fd: fd.iter().map(|&fd| if fd.is_nan() { 0.0 } else { fd as f32 }).collect(),
            dvars: read.dvars,
            // If scrubbing is on but removes nothing, the scan still counts as 0% censored.
            kept: if removed > 0 || self.scrub.is_some() { kept } else { Vec::new() },
            tsnr: read.tsnr,
            coverage: read.coverage,
            warnings,
        };
        Ok(Recorded { series: series(&cleaned, tr)?, quality })
    }

    fn regressors(&self, files: &ScanFiles, table: Option<&ConfoundTable>) -> Result<Option<Matrix>> {
        match (&self.confounds, table) {
            (None, _) => Ok(None),
            (Some(confounds), Some(table)) => confounds.choose(table).map(Some),
            (Some(_), None) => Err(named(
                &files.bold,
                &"confounds are to be regressed out, but it has no table of confounds",
            )),
        }
    }
}

impl WeightsCache {
    /// Returns the weights for a space and a mask.
    ///
    /// # Errors
    /// As [`Parcellation::on`].
    pub fn weights_for(
        &self,
        parcellation: &Parcellation,
        space: &Space,
        mask: Option<&Path>,
    ) -> Result<Arc<ParcellationWeights>> {
        let weights = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let is_it = |one: &&Known| one.space == *space && one.mask.as_deref() == mask;
            match known.iter().find(is_it) {
                Some(known) => Arc::clone(&known.weights),
                None => {
                    if known.len() == KEPT {
                        known.remove(0);
                    }
                    let weights = Arc::new(OnceLock::new());
                    let (space, mask) = (space.clone(), mask.map(Path::to_owned));
                    known.push(Known { space, mask, weights: Arc::clone(&weights) });
                    weights
                }
            }
        };
        let made = weights
            .get_or_init(|| parcellation.on(space, mask).map(Arc::new).map_err(|error| error.to_string()));
        made.clone().map_err(Into::into)
    }
}

/// Converts a series to 32 bits, as it is stored.
fn series(matrix: &Matrix, tr: f64) -> Result<TimeSeries> {
    TimeSeries::new(matrix.rows, matrix.columns, tr, matrix.values.iter().map(|&x| x as f32).collect())
}

fn named(path: &Path, error: &dyn std::fmt::Display) -> boldface::Error {
    let shown = path.display().to_string();
    let message = error.to_string();
    if message.contains(&shown) { message.into() } else { format!("`{shown}`: {message}").into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nifti::{Affine, Grid};
    use crate::parcellation::ParcellationFiles;
    use crate::testing::Image;

    fn parcellation(dir: &Path) -> Parcellation {
        let volume = dir.join("atlas.nii");
        std::fs::write(&volume, Image::new(&[2, 1, 1], vec![1.0, 2.0]).bytes()).unwrap();
        let (regions, networks, kind) =
            (None, "network".to_owned(), crate::parcellation::ParcellationKind::Labels);
        Parcellation::read(&ParcellationFiles { volume, regions, networks, kind }).unwrap()
    }

    fn grid(x: f64) -> Space {
        let mut affine = Affine::IDENTITY;
        affine.0[0][3] = x;
        Space::Volume(Grid { shape: [2, 1, 1], affine })
    }

    #[test]
    fn scans_of_one_grid_share_one_matrix() {
        let dir = tempfile::tempdir().unwrap();
        let (parcellation, cache) = (parcellation(dir.path()), WeightsCache::default());
        let first = cache.weights_for(&parcellation, &grid(0.0), None).unwrap();
        let all = std::thread::scope(|scope| {
            let one = || cache.weights_for(&parcellation, &grid(0.0), None).unwrap();
            [(); 4].map(|()| scope.spawn(one)).map(|thread| thread.join().unwrap())
        });
        assert!(all.iter().all(|weights| Arc::ptr_eq(weights, &first)));
        let moved = cache.weights_for(&parcellation, &grid(0.25), None).unwrap();
        assert!(!Arc::ptr_eq(&moved, &first));
        // A study in native space fills the cache. The oldest entry is dropped and recomputed when
        // needed again.
        (1..=KEPT).for_each(|i| drop(cache.weights_for(&parcellation, &grid(i as f64 / 64.0), None)));
        assert_eq!(cache.known.lock().unwrap().len(), KEPT);
        assert!(!Arc::ptr_eq(&cache.weights_for(&parcellation, &grid(0.0), None).unwrap(), &first));
        // A failure repeats with the same message for every scan.
        let far = || cache.weights_for(&parcellation, &grid(500.0), None).unwrap_err().to_string();
        assert!(far().contains("atlas.nii") && far() == far());
    }

    /// Returns the series of a recording whose last volumes are `later`.
    fn derived(dir: &Path, recipe: &Recipe, later: f64) -> Matrix {
        let wave = |volume: usize, voxel: usize| (0.7 * volume as f64 + 2.0 * voxel as f64).sin();
        let value = |place: usize| match (place / 2, place % 2) {
            (volume, voxel) if volume < 60 => 100.0 + 0.05 * volume as f64 + wave(volume, voxel),
            (volume, voxel) => later + wave(volume, voxel),
        };
        let bold = dir.join("bold.nii");
        std::fs::write(&bold, Image::new(&[2, 1, 1, 80], (0..160).map(value).collect()).bytes()).unwrap();
        let confounds = dir.join("confounds.tsv");
        let rows: String = (0..80).map(|volume| format!("{}\n", (0.3 * f64::from(volume)).cos())).collect();
        std::fs::write(&confounds, format!("trans_x\n{rows}")).unwrap();
        let files = ScanFiles { bold, confounds: Some(confounds), ..ScanFiles::default() };
        let series = recipe.derive(&files, &parcellation(dir), &WeightsCache::default()).unwrap().series;
        let values = series.values().iter().map(|&x| f64::from(x)).collect();
        Matrix { rows: series.trs(), columns: series.rois(), values }
    }

    #[test]
    fn what_looks_ahead_is_moved_by_later_volumes_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let cleaning = Cleaning { detrend: false, ..Cleaning::default() };
        let plain = Recipe { cleaning: cleaning.clone(), ..Recipe::default() };
        let with = |cleaning: Cleaning| Recipe { cleaning, ..plain.clone() };
        let cosine =
            Cleaning { high_pass: Some(0.02), filter: crate::clean::Filter::Cosine, ..cleaning.clone() };
        let ahead = [
            ("detrend", with(Cleaning { detrend: true, ..cleaning.clone() })),
            ("low-pass", with(Cleaning { low_pass: Some(0.1), ..cleaning.clone() })),
            ("high-pass", with(Cleaning { high_pass: Some(0.02), ..cleaning.clone() })),
            ("high-pass", with(cosine)),
            ("standardize", with(Cleaning { standardize: Standardization::Zscore, ..cleaning })),
            (
                "confounds",
                Recipe { confounds: Some(Confounds::Columns(vec!["trans_x".into()])), ..plain.clone() },
            ),
            ("resample-tr", Recipe { resample_tr: Some(1.5), ..plain.clone() }),
        ];
        // Volumes up to 60 s before the change or, at the finer rate, right before it.
        let moves = |recipe: &Recipe, until: usize| {
            let [one, other] = [100.0, 140.0].map(|later| derived(dir.path(), recipe, later));
            (0..until).any(|volume| one.row(volume) != other.row(volume))
        };
        for (key, recipe) in ahead {
            let keys: Vec<String> = recipe.looks_ahead().into_iter().map(|problem| problem.key).collect();
            assert_eq!(keys, [key]);
            let until = if key == "resample-tr" { 79 } else { 60 };
            assert!(moves(&recipe, until), "{key}");
        }
        let smoothed = Recipe { smoothing: Some(1.0), dummy_scans: DummyScans::Count(0), ..plain.clone() };
        for recipe in [plain, smoothed] {
            assert_eq!(recipe.looks_ahead(), []);
            assert!(!moves(&recipe, 60));
        }
    }

    #[test]
    fn settings_are_checked_at_their_keys() {
        let wrong = Recipe {
            minimum_coverage: 50.0,
            smoothing: Some(-1.0),
            tr: Some(2000.0),
            scrub: Some(Scrub { fd: Some(0.0), ..Scrub::default() }),
            ..Recipe::default()
        };
        let keys: Vec<String> = wrong.problems().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["minimum-coverage", "smoothing", "tr", "scrub.fd"]);
        assert_eq!(Recipe::default().problems(), []);
    }
}
