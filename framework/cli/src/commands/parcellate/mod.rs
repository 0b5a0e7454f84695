//! `boldface parcellate`: extracts regional series from scanner files, as BIDS derivatives.

mod folder;
mod made;
mod scans;
mod settings;
mod work;

use std::path::PathBuf;

use boldface_imaging::parcellation::{Parcellation, ParcellationFiles, ParcellationKind};
use boldface_imaging::recipe::WeightsCache;

use crate::failure::Failure;
use crate::say;

use folder::SeriesDestination;
use made::{Format, SharedInputs};
use settings::CleaningArguments;

/// Arguments of `boldface parcellate`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface parcellate --bold sub-01_task-rest_bold.nii.gz --parcellation atlas.nii.gz \\
      --regions atlas_dseg.tsv --standardize zscore_sample --detrend --out series.tsv

  boldface parcellate --bold fmriprep/sub-*/func/*_desc-preproc_bold.nii.gz --parcellation atlas.nii.gz \\
      --regions atlas_dseg.tsv --confounds auto --strategy 24p --scrub-fd 0.5 --mask auto \\
      --detrend --high-pass 0.008 --low-pass 0.1 --standardize zscore_sample --out derivatives/atlas

An output folder gets files such as sub-01/func/sub-01_task-rest_seg-ATLAS_stat-mean_timeseries.tsv. The .json
beside each has sources, settings, the order of the regions, coverage, removed volumes and warnings, and
seg-ATLAS_dseg.tsv lists the regions. `[datasets.*] type = \"series\"` reads such a folder. Its participants.tsv has
only the subjects; replace it by the study's own for tasks that need more columns.

The steps and their order are nilearn's: regions are averaged, detrended, filtered, scrubbed, cleaned of confounds,
standardised, and resampled last. A region with too little coverage is n/a throughout. Run the same command again
to continue after an interruption: only scans whose files or settings changed are processed again.")]
pub struct ParcellateArguments {
    #[command(flatten)]
    scans: Scans,
    /// Regions: a NIfTI image of labels (on any grid), of maps (--kind maps), or a CIFTI .dlabel.nii.
    #[arg(long, value_name = "FILE")]
    parcellation: PathBuf,
    /// Region table: a .tsv with the columns index, name and network; `boldface regions` makes one.
    #[arg(long, value_name = "TSV")]
    regions: Option<PathBuf>,
    /// Column of --regions that names the networks.
    #[arg(long, value_name = "COLUMN", default_value = "network")]
    networks: String,
    /// Meaning of the values of --parcellation: labels, maps, or voxels of a mask, each voxel a region.
    #[arg(long, value_name = "KIND", default_value = "labels", value_parser = kind)]
    kind: ParcellationKind,
    /// Name of the atlas in file names, of letters and digits. Default: derived from the name of
    /// --parcellation.
    #[arg(long, value_name = "LABEL")]
    atlas: Option<String>,
    #[command(flatten)]
    settings: CleaningArguments,
    /// Output folder or, for one scan, a file ending in .tsv, .npy or .parquet.
    #[arg(long, value_name = "FILE|DIR", help_heading = "Output")]
    out: PathBuf,
    /// Format of the series: tsv with a header, npy (float32, volumes by regions), or parquet.
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    format: Option<Format>,
    /// Number of scans to process at once; 0 (the default) uses one per core. Each takes up to 200 MB.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Output")]
    workers: usize,
}

/// Files of the scans.
#[derive(clap::Args)]
struct Scans {
    /// Scans: NIfTI (.nii, .nii.gz, .hdr with .img) or CIFTI (.dtseries.nii, .ptseries.nii).
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    bold: Vec<PathBuf>,
    /// Ignore voxels outside this image; `auto` takes the ..._desc-brain_mask.nii.gz beside each scan.
    #[arg(long, value_name = "FILE|auto")]
    mask: Option<PathBuf>,
    /// Confound tables in the order of --bold; `auto` takes the ..._desc-confounds_... beside each scan.
    #[arg(long, value_name = "TSV|auto", num_args = 1..)]
    confounds: Vec<PathBuf>,
}

fn kind(text: &str) -> Result<ParcellationKind, String> {
    match text {
        "labels" => Ok(ParcellationKind::Labels),
        "maps" => Ok(ParcellationKind::Maps),
        "voxels" => Ok(ParcellationKind::Voxels),
        _ => Err("expected labels, maps or voxels".to_owned()),
    }
}

/// Extracts the series.
pub fn execute(arguments: &ParcellateArguments) -> Result<(), Failure> {
    let has_confounds = !arguments.scans.confounds.is_empty();
    let recipe = arguments.settings.recipe(has_confounds).map_err(Failure::Usage)?;
    let output = SeriesDestination::from_arguments(arguments).map_err(Failure::Usage)?;
    let scans = scans::find(&arguments.scans, &output).map_err(Failure::Usage)?;

    let files = ParcellationFiles {
        volume: arguments.parcellation.clone(),
        regions: arguments.regions.clone(),
        networks: arguments.networks.clone(),
        kind: arguments.kind,
    };
    let parcellation = Parcellation::read(&files).map_err(|error| {
        let flag = match &arguments.regions {
            Some(table) if error.to_string().contains(&table.display().to_string()) => {
                "--regions (`boldface regions` makes a region table of any label file): "
            }
            _ => "--parcellation: ",
        };
        Failure::Run(format!("{flag}{error}"))
    })?;
    for warning in &parcellation.warnings {
        say::aside(format_args!("warning: {warning}"));
    }
    let inputs = SharedInputs::hash(&files, &recipe).map_err(Failure::Run)?;
    output.describe(&parcellation, &inputs, &scans).map_err(Failure::Run)?;
    let weights = WeightsCache::default();
    let work = work::ParcellationJob { recipe, parcellation, weights, inputs, output };
    work.run(&scans, arguments.workers)
}
