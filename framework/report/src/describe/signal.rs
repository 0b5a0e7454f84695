//! Reads one signal file as a scan, with its repetition time, and checks its regions.

use std::path::Path;

use boldface::{Regions, Result, TimeSeries};
use boldface_imaging::MatrixFile;
use boldface_imaging::folder::{repetition_time, sidecars_of};
use boldface_imaging::labels::same_order;
use boldface_imaging::regions::declared;

/// The regions that a file must have.
#[derive(Clone, Copy, Debug)]
pub struct RequiredRegions<'a> {
    /// The regions, in order.
    pub regions: &'a Regions,
    /// Owner of the regions for messages, such as `the corpus`.
    pub whose: &'a str,
    /// Repetition time in seconds from the command line, if given.
    pub tr: Option<f64>,
}

/// A signal that was read.
#[derive(Clone, Debug)]
pub struct LoadedSignal {
    /// All volumes. A region without a signal is NaN in all of them.
    pub series: TimeSeries,
    /// Whether the file or a sidecar names the regions.
    pub is_named: bool,
}

/// Longest repetition time in seconds. A larger value was probably meant as milliseconds.
const LONGEST_TR: f64 = 60.0;

/// File extensions that can be read.
pub const EXTENSIONS: [&str; 7] = ["npy", "tsv", "csv", "txt", "1D", "mat", "parquet"];

/// Reads the signal at `path`.
///
/// # Errors
/// Fails if the file cannot be read, has other regions, or no repetition time is known. The message does
/// not name the file.
pub fn read(path: &Path, wanted: &RequiredRegions<'_>) -> Result<LoadedSignal> {
    let names = &wanted.regions.names;
    let MatrixFile { names: own, trs, rois, values } = matrix(path, names)?;
    let mut is_named = own.is_some();
    if let Some(own) = &own {
        same_order(own, names, ["the file", wanted.whose])?;
    }
    let sidecars = sidecars_of(path)?;
    for sidecar in &sidecars {
        // As for the repetition time, the nearest sidecar with an order of regions counts.
        if let Some(declared) = declared(sidecar)? {
            let whose = format!("`{}`", sidecar.display());
            same_order(&declared, names, [&whose, wanted.whose])?;
            is_named = true;
            break;
        }
    }
    if rois != names.len() {
        let turned =
            if trs == names.len() { "; a row is a volume and a column a region: turn it around" } else { "" };
        return Err(format!("{rois} regions, but {} has {}{turned}", wanted.whose, names.len()).into());
    }
    if trs == 0 {
        return Err("it has no volumes".into());
    }
    let tr = tr(&sidecars, wanted.tr)?;
    Ok(LoadedSignal { series: TimeSeries::new(trs, rois, tr, values)?, is_named })
}

fn matrix(path: &Path, names: &[String]) -> Result<MatrixFile> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !path.is_file() {
        return Err("there is no such file".into());
    }
    match extension {
        "parquet" => {
            let (own, values) = boldface_tables::series::read(path)?;
            let rois = own.len();
            let trs = values.len().checked_div(rois).unwrap_or(0);
            // The reader makes duplicate names unique, so compare with names made unique in the same
            // way.
            let is_same = own == boldface_tables::series::columns(names);
            Ok(MatrixFile { names: Some(if is_same { names.to_vec() } else { own }), trs, rois, values })
        }
        extension if EXTENSIONS.contains(&extension) => MatrixFile::read(path, names),
        _ => Err(
            "a series is a .npy, .tsv, .csv, .txt, .1D, .mat or .parquet with one row per volume and one column per region; \
                  `boldface parcellate` makes one from an image"
                .into(),
        ),
    }
}

/// Returns the repetition time in seconds, from the command line or the nearest sidecar.
fn tr(sidecars: &[std::path::PathBuf], asked: Option<f64>) -> Result<f64> {
    let mut said = None;
    for sidecar in sidecars {
        if let Some(tr) = repetition_time(sidecar)? {
            said = Some((tr, sidecar));
            break;
        }
    }
    let tr = match (asked, said) {
        (Some(asked), Some((tr, sidecar))) if (asked - tr).abs() > 1e-6 => {
            let sidecar = sidecar.display();
            return Err(format!(
                "its repetition time is {asked} s by --tr and {tr} s by `{sidecar}`; correct one of them"
            )
            .into());
        }
        (Some(tr), _) | (None, Some((tr, _))) => tr,
        (None, None) => {
            return Err("nothing says its repetition time; give it with --tr, or write \
                        `{\"RepetitionTime\": 2.0}` into a .json of the same name"
                .into());
        }
    };
    match tr {
        tr if tr > 0.0 && tr <= LONGEST_TR => Ok(tr),
        tr if tr > LONGEST_TR => Err(format!("a repetition time of {tr} s looks like milliseconds").into()),
        tr => Err(format!("a repetition time must be above 0 s, not {tr} s").into()),
    }
}

/// Replaces regions that are NaN throughout by zeros. Also returns their names.
///
/// # Errors
/// Fails if any other value is not finite.
pub fn without_dead(series: TimeSeries, regions: &Regions) -> Result<(TimeSeries, Vec<String>)> {
    let dead: Vec<usize> = (0..series.rois()).filter(|&roi| series.roi(roi).all(f32::is_nan)).collect();
    let mut values = series.values().to_vec();
    for volume in values.chunks_mut(series.rois().max(1)) {
        dead.iter().for_each(|&roi| volume[roi] = 0.0);
    }
    if let Some(first) = values.iter().position(|value| !value.is_finite()) {
        let broken = values.iter().filter(|value| !value.is_finite()).count();
        let (t, roi) = (first / series.rois(), first % series.rois());
        return Err(format!(
            "{broken} of {} values are missing, NaN or infinite, the first in region `{}` at volume {t} (from 0); \
             interpolate them, or leave the region out of all volumes",
            values.len(),
            regions.names[roi]
        )
        .into());
    }
    let names = dead.into_iter().map(|roi| regions.names[roi].clone()).collect();
    Ok((series.with_values(values)?, names))
}
