//! One series on disk: the file, the `.json` that describes it, and whether both are up to date.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use boldface::{Recorded, Result};
use boldface_imaging::export;
use boldface_imaging::parcellation::{Parcellation, ParcellationFiles};
use boldface_imaging::recipe::Recipe;
use boldface_runner::run::FileRecord;
use serde_json::{Value, json};

use super::folder::{generated_by, lines, order};
use super::scans::PlannedSeries;

/// File format of the series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Tab-separated with a header line; missing values are `n/a`.
    Tsv,
    /// NumPy array of float32, volumes by regions.
    Npy,
    /// One float32 column per region.
    Parquet,
}

/// Inputs that all series share, as recorded in their sidecars.
#[derive(Debug)]
pub struct SharedInputs {
    /// Path, size and hash of the parcellation.
    pub parcellation: Value,
    /// Path, size and hash of the region table; null without one.
    pub regions: Value,
    settings: Value,
}

impl Format {
    /// Returns the format with this extension.
    pub fn by_extension(extension: &str) -> Option<Format> {
        [Format::Tsv, Format::Npy, Format::Parquet].into_iter().find(|format| format.extension() == extension)
    }

    /// Returns the extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Tsv => "tsv",
            Format::Npy => "npy",
            Format::Parquet => "parquet",
        }
    }
}

impl SharedInputs {
    /// Hashes the files, once for all scans.
    pub fn hash(files: &ParcellationFiles, recipe: &Recipe) -> Result<SharedInputs, String> {
        let hashed = |flag: &str, path: &Path| -> Result<Value, String> {
            let record =
                FileRecord::read(path).map_err(|error| format!("{flag} `{}`: {error}", path.display()))?;
            Ok(json!({ "Path": path, "Bytes": record.bytes, "BLAKE3": record.blake3 }))
        };
        let regions = files.regions.as_deref().map(|path| hashed("--regions", path)).transpose()?;
        let mut settings = serde_json::to_value(recipe).map_err(|error| error.to_string())?;
        settings["kind"] = json!(files.kind);
        settings["networks"] = json!(files.networks);
        Ok(SharedInputs {
            parcellation: hashed("--parcellation", &files.volume)?,
            regions: json!(regions),
            settings,
        })
    }

    /// Lists what a scan's series depends on: settings, regions, and size and time of each of its files.
    fn of_scan(&self, scan: &PlannedSeries) -> Result<Value> {
        let files = &scan.files;
        let mut sources = vec![("Bold", files.bold.clone())];
        if files.bold.to_string_lossy().contains(".hdr") {
            sources.push(("Image", PathBuf::from(files.bold.to_string_lossy().replace(".hdr", ".img"))));
        }
        let others = [("Sidecar", &scan.sidecar), ("Mask", &files.mask), ("Confounds", &files.confounds)];
        sources.extend(others.into_iter().filter_map(|(name, path)| Some((name, path.clone()?))));
        let mut stamps = serde_json::Map::new();
        for (name, path) in sources {
            let stamp = stamp(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
            stamps.insert(name.to_owned(), stamp);
        }
        Ok(json!({
            "Settings": self.settings,
            "Parcellation": without_path(&self.parcellation),
            "RegionTable": without_path(&self.regions),
            "Files": stamps,
            "Version": env!("CARGO_PKG_VERSION"),
        }))
    }

    /// Returns whether the series of a scan exists and was made from these inputs.
    pub fn is_made(&self, scan: &PlannedSeries) -> bool {
        let made = || -> Result<bool> {
            let sidecar: Value = serde_json::from_slice(&fs::read(scan.series.with_extension("json"))?)?;
            let bytes = fs::metadata(&scan.series)?.len();
            Ok(sidecar["MadeOf"] == self.of_scan(scan)? && sidecar["Bytes"] == json!(bytes))
        };
        made().unwrap_or(false)
    }

    /// Writes a series, then the sidecar that marks it as complete.
    ///
    /// # Errors
    /// If a file cannot be written, or a source file is gone. The message names it.
    pub fn write(
        &self,
        scan: &PlannedSeries,
        parcellation: &Parcellation,
        format: Format,
        made_of: &Value,
        recorded: &Recorded,
    ) -> Result<()> {
        let path = &scan.series;
        let sidecar = path.with_extension("json");
        let named =
            |path: &Path, error: &dyn std::fmt::Display| format!("--out: `{}`: {error}", path.display());
        // The old sidecar would say that the new series was made with the old settings.
        match fs::remove_file(&sidecar) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(named(&sidecar, &error))?,
            _ => {}
        }
        let (series, names) = (&recorded.series, &parcellation.regions().names);
        let written = match format {
            Format::Tsv => export::replace(path, export::tsv(series, names).as_bytes()).map_err(Into::into),
            Format::Npy => export::replace(path, &export::npy(series)).map_err(Into::into),
            Format::Parquet => {
                path.parent().map_or(Ok(()), fs::create_dir_all).map_err(Into::into).and_then(|()| {
                    boldface_tables::series::write(path, names, series.values()).map_err(Into::into)
                })
            }
        };
        written.map_err(|error: boldface::Error| named(path, &error))?;
        let text = self.sidecar(scan, parcellation, made_of, recorded, fs::metadata(path)?.len());
        export::replace(&sidecar, text.as_bytes()).map_err(|error| named(&sidecar, &error))?;
        Ok(())
    }

    /// Returns the record that [`SharedInputs::is_made`] compares, taken before the files are read.
    ///
    /// # Errors
    /// If a file is gone. The message names it.
    pub fn made_of(&self, scan: &PlannedSeries) -> Result<Value> {
        self.of_scan(scan)
    }

    fn sidecar(
        &self,
        scan: &PlannedSeries,
        parcellation: &Parcellation,
        made_of: &Value,
        recorded: &Recorded,
        bytes: u64,
    ) -> String {
        let (series, quality, files) = (&recorded.series, &recorded.quality, &scan.files);
        let removed = quality.kept.iter().enumerate().filter(|(_, kept)| !**kept).map(|(volume, _)| volume);
        let mean = |values: &[f32]| {
            (!values.is_empty())
                .then(|| values.iter().map(|&x| f64::from(x)).sum::<f64>() / values.len() as f64)
        };
        let sources =
            [Some(&files.bold), files.mask.as_ref(), files.confounds.as_ref(), scan.sidecar.as_ref()];
        let missing: Vec<&String> = (0..series.rois())
            .filter(|&roi| series.roi(roi).all(f32::is_nan))
            .map(|roi| &parcellation.regions().names[roi])
            .collect();
        let sidecar = json!({
            "RepetitionTime": series.tr(),
            "SamplingFrequency": 1.0 / series.tr(),
            "Volumes": series.trs(),
            "Sources": sources.into_iter().flatten().collect::<Vec<_>>(),
            "Parcellation": self.parcellation,
            "RegionTable": self.regions,
            "RegionOrder": order(parcellation),
            "RemovedVolumes": removed.collect::<Vec<_>>(),
            "MeanFramewiseDisplacement": mean(&quality.fd),
            "MeanDVARS": mean(&quality.dvars),
            "TemporalSNR": quality.tsnr.map(short),
            "MissingRegions": missing,
            "Coverage": quality.coverage.iter().map(|&share| short(share)).collect::<Vec<_>>(),
            "Warnings": quality.warnings,
            "GeneratedBy": generated_by(),
            "MadeOf": made_of,
            "Bytes": bytes,
        });
        lines(&sidecar)
    }
}

/// Converts a 32-bit number to JSON with the fewest digits that identify it.
fn short(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, |value| json!(value))
}

/// Size and time of a file, which reveal a change without reading the file.
fn stamp(path: &Path) -> std::io::Result<Value> {
    let file = fs::metadata(path)?;
    let changed = file.modified()?.duration_since(UNIX_EPOCH).map(|since| since.as_nanos().to_string());
    Ok(json!({ "Path": path, "Bytes": file.len(), "Modified": changed.unwrap_or_default() }))
}

/// Drops the path, so that a moved parcellation still counts as the same.
fn without_path(file: &Value) -> Value {
    let mut file = file.clone();
    if let Some(fields) = file.as_object_mut() {
        fields.remove("Path");
    }
    file
}
