//! Paths and names of series: one file, or a folder of BIDS derivatives (BEP017).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use boldface_imaging::export::replace;
use boldface_imaging::labels::{fingerprint, hemisphere, network, recognize};
use boldface_imaging::names::Name;
use boldface_imaging::parcellation::Parcellation;
use boldface_imaging::regions::NO_NETWORK;
use serde_json::json;

use super::ParcellateArguments;
use super::made::{Format, SharedInputs};
use super::scans::{PlannedSeries, stem};

/// Destination of the series.
#[derive(Debug)]
pub struct SeriesDestination {
    /// The one file; none for a folder.
    file: Option<PathBuf>,
    /// Folder of the region table.
    pub folder: PathBuf,
    /// Format of the series.
    pub format: Format,
    /// Name of the atlas in file names.
    atlas: String,
}

/// BIDS entities that a series takes from its recording's name, in the order of BIDS. `desc` is
/// excluded: it describes how the recording was processed.
const KEPT: [&str; 19] = [
    "sub", "ses", "sample", "task", "tracksys", "acq", "ce", "trc", "stain", "rec", "dir", "run", "mod",
    "echo", "flip", "inv", "part", "hemi", "space",
];

impl SeriesDestination {
    /// Derives the destination from `--out`, `--format` and `--atlas`.
    pub fn from_arguments(arguments: &ParcellateArguments) -> Result<SeriesDestination, String> {
        let out = &arguments.out;
        let extension = out.extension().and_then(|extension| extension.to_str());
        let by_name = extension.and_then(Format::by_extension).filter(|_| !out.is_dir());
        let format = match (by_name, arguments.format) {
            (Some(named), Some(said)) if named != said => {
                let (out, said) = (out.display(), said.extension());
                return Err(format!("--out `{out}` and --format {said} disagree; leave one of them out"));
            }
            (named, said) => named.or(said).unwrap_or(Format::Tsv),
        };
        if by_name.is_some() && arguments.scans.bold.len() > 1 {
            let (out, scans) = (out.display(), arguments.scans.bold.len());
            return Err(format!("--out `{out}` is one file, but --bold names {scans} scans; give a folder"));
        }
        if by_name.is_none()
            && (out.is_file() || extension.is_some_and(|e| ["csv", "json", "txt"].contains(&e)))
        {
            let out = out.display();
            return Err(format!("--out `{out}` must be a folder or a .tsv, .npy or .parquet file"));
        }
        let atlas = match &arguments.atlas {
            Some(label) if label.is_empty() || !label.chars().all(|c| c.is_ascii_alphanumeric()) => {
                return Err(format!(
                    "--atlas `{label}` must have only letters and digits, like other labels of BIDS"
                ));
            }
            Some(label) => label.clone(),
            None => atlas(&arguments.parcellation),
        };
        let parent = || out.parent().map(Path::to_owned).unwrap_or_default();
        let folder = if by_name.is_some() { parent() } else { out.clone() };
        Ok(SeriesDestination { file: by_name.map(|_| out.clone()), folder, format, atlas })
    }

    /// Returns the path of a recording's series.
    pub fn series(&self, bold: &Path, stem: &str) -> PathBuf {
        if let Some(file) = &self.file {
            return file.clone();
        }
        let (atlas, extension) = (&self.atlas, self.format.extension());
        let last = format!("seg-{atlas}_stat-mean_timeseries.{extension}");
        let file = bold.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(name) = Name::parse(file).ok().filter(|name| name.get("sub").is_some()) else {
            return self.folder.join(format!("{stem}_{last}"));
        };
        let label = |entity: &&str| Some(format!("{entity}-{}", name.get(entity)?));
        let mut parts: Vec<String> = KEPT.iter().filter_map(label).collect();
        let densities = ["res", "den"].iter().filter_map(label);
        parts.push(format!("seg-{atlas}"));
        parts.extend(densities);
        parts.push(format!("stat-mean_timeseries.{extension}"));
        let subject = self.folder.join(format!("sub-{}", name.get("sub").unwrap_or_default()));
        let session = name.get("ses").map(|label| subject.join(format!("ses-{label}")));
        session.unwrap_or(subject).join("func").join(parts.join("_"))
    }

    /// Writes the files that all series share: the region table and, in a folder,
    /// `dataset_description.json` and `participants.tsv`.
    pub fn describe(
        &self,
        parcellation: &Parcellation,
        inputs: &SharedInputs,
        scans: &[PlannedSeries],
    ) -> Result<(), String> {
        let table = self.folder.join(format!("seg-{}_dseg.tsv", self.atlas));
        let (text, failed) = (region_table(parcellation), |path: &Path, error: &dyn std::fmt::Display| {
            format!("--out: `{}`: {error}", path.display())
        });
        match std::fs::read_to_string(&table) {
            Ok(there) if there != text => {
                return Err(format!(
                    "--out: `{}` exists and has other regions; give another --out, or another name with --atlas",
                    table.display()
                ));
            }
            _ => replace(&table, text.as_bytes()).map_err(|error| failed(&table, &error))?,
        }
        let order = order(parcellation);
        let described = json!({
            "Parcellation": inputs.parcellation,
            "RegionTable": inputs.regions,
            "RegionOrder": order,
            "GeneratedBy": generated_by(),
        });
        let sidecar = table.with_extension("json");
        replace(&sidecar, lines(&described).as_bytes()).map_err(|error| failed(&sidecar, &error))?;
        let description = self.folder.join("dataset_description.json");
        if self.file.is_none() && !description.exists() {
            let text = json!({
                "Name": format!("Regional series, {}", self.atlas),
                "BIDSVersion": "1.10.0",
                "DatasetType": "derivative",
                "GeneratedBy": generated_by(),
            });
            let written = replace(&description, lines(&text).as_bytes());
            written.map_err(|error| failed(&description, &error))?;
        }
        let participants = self.folder.join("participants.tsv");
        match self.participants(&participants, scans).filter(|_| self.file.is_none()) {
            Some(text) => {
                replace(&participants, text.as_bytes()).map_err(|error| failed(&participants, &error))
            }
            None => Ok(()),
        }
    }

    /// Returns a table of participant labels alone; none if the present one has more columns, or no scan
    /// names a subject.
    fn participants(&self, path: &Path, scans: &[PlannedSeries]) -> Option<String> {
        const COLUMN: &str = "participant_id";
        let there = std::fs::read_to_string(path).ok();
        if there.as_ref().is_some_and(|text| text.lines().next().map(str::trim) != Some(COLUMN)) {
            return None;
        }
        let known = there.iter().flat_map(|text| text.lines().skip(1)).map(|line| line.trim().to_owned());
        let subjects: BTreeSet<String> = known.filter(|line| !line.is_empty()).collect();
        let new = scans.iter().filter_map(|scan| {
            let name = Name::parse(scan.series.file_name()?.to_str()?).ok()?;
            Some(format!("sub-{}", name.get("sub")?))
        });
        let all: BTreeSet<String> = new.chain(subjects).collect();
        let rows: String = all.iter().map(|subject| format!("{subject}\n")).collect();
        (!all.is_empty()).then(|| format!("{COLUMN}\n{rows}"))
    }
}

/// Formats JSON with one line per key: an array of 450 regions is one line, not 450.
pub fn lines(object: &serde_json::Value) -> String {
    let fields = object.as_object().into_iter().flatten();
    let fields: Vec<String> = fields.map(|(key, value)| format!("  {}: {value}", json!(key))).collect();
    format!("{{\n{}\n}}\n", fields.join(",\n"))
}

/// Returns the name and version of this program, in the terms of BIDS.
pub fn generated_by() -> serde_json::Value {
    json!([{ "Name": "boldface", "Version": env!("CARGO_PKG_VERSION") }])
}

/// Describes the order of the regions: its name if known, its fingerprint, and all regions.
pub fn order(parcellation: &Parcellation) -> serde_json::Value {
    let names = &parcellation.regions().names;
    let labels = parcellation.labels().iter().map(|&label| i64::from(label));
    json!({
        "Name": recognize(names).words(),
        "Fingerprint": fingerprint(labels.zip(names.iter().map(String::as_str))),
        "Regions": names,
    })
}

/// Formats the regions in the order of the series' columns. `index` counts them; `label` is the volume's
/// value.
fn region_table(parcellation: &Parcellation) -> String {
    let mut text = "index\tname\tnetwork\themisphere\tlabel\n".to_owned();
    let regions = parcellation.regions();
    let rows = regions.names.iter().zip(&regions.networks).zip(parcellation.labels());
    for (at, ((name, known), label)) in rows.enumerate() {
        let by_name = || network(name).unwrap_or_else(|| NO_NETWORK.to_owned());
        let network = if known == NO_NETWORK { by_name() } else { known.clone() };
        let side = hemisphere(name).map_or("n/a".to_owned(), |side| side.to_string());
        let name = name.replace(['\t', '\n', '\r'], " ");
        text += &format!("{}\t{name}\t{network}\t{side}\t{label}\n", at + 1);
    }
    text
}

/// Derives an atlas label from a file name: the entity `atlas` or `seg`, or else all letters and digits.
fn atlas(parcellation: &Path) -> String {
    let stem = stem(parcellation);
    let stem = stem.strip_suffix(".dlabel").unwrap_or(&stem);
    let said = stem.split('_').find_map(|part| part.strip_prefix("atlas-").or(part.strip_prefix("seg-")));
    let label: String = said.unwrap_or(stem).chars().filter(char::is_ascii_alphanumeric).collect();
    if label.is_empty() { "atlas".to_owned() } else { label }
}
