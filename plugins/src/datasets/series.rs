//! Reads a folder of regional time series with BIDS derivatives names.

mod find;
mod parcels;
mod time;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Cohort, Dataset, Problem, Result, ScanId, ScanInfo, TimeSeries, register};
use boldface_imaging::acquisition::{self, AcquisitionProperties};
use boldface_imaging::folder::NamedFile;
use boldface_imaging::link;
use boldface_imaging::pattern::Pattern;
use boldface_imaging::phenotype::Phenotypes;
use boldface_imaging::recipe::Recipe;
use boldface_imaging::recording::{self, SignalFormat, SignalLayout};
use boldface_imaging::regions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::exclude;
use time::plausible;

/// A folder of regional time series, one file per scan: `.tsv`, `.csv`, `.npy`, `.txt`, `.1D` or `.mat`.
///
/// Files have BIDS names, as those of XCP-D, HALFpipe and `boldface parcellate`
/// (`sub-01_task-rest_seg-CC200_timeseries.tsv`), names of labels alone (`sub-01.csv`), or those of
/// `pattern`. They are in the folder itself or below `sub-01`. A table has one row per volume; its first line
/// may name the regions. Cells of `.txt` and `.1D` are separated by blanks, and lines after `#` are comments.
/// A `.mat` is of version 5 and has one matrix.
///
/// Columns of `participants.tsv` and, optionally, `sessions.tsv` and `scans.tsv` (with `participant_id` and
/// `run`, `task` or `session_id`) are the phenotype; `n/a` is a missing value. A region table `..._dseg.tsv`
/// has the columns `index`, `name` and, optionally, `network`. Without one, regions have the names in the
/// files, or numbers, and no networks. A region that is `n/a` in every volume of a scan is missing there.
/// Labels such as `acq-` and what sidecars say of the scanner become columns too, if they differ between scans.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Series {
    /// Suffix of the signal files' names, before the extension.
    suffix: String,
    /// Names of the signal files if they are not those of BIDS, relative to the folder, with `{subject}` and
    /// optionally `{session}`, `{task}`, `{run}` and `*`, such as `{subject}_rest.csv`.
    pattern: Option<String>,
    /// Table of people, relative to the folder, with the column `participant_id` (or `subject_id`). Defaults to
    /// `participants.tsv` or `participants.csv`; `sessions.tsv` and `scans.tsv` are looked for beside it.
    participants: Option<PathBuf>,
    /// Labels that a scan's name must have to be used, such as `{ task = "rest", seg = "CC200" }`.
    only: BTreeMap<String, String>,
    /// Orientation of the matrices: `time-by-region` or `region-by-time`.
    layout: SignalLayout,
    /// Whether the first line of a table of signals names the regions. Defaults to whether it has words.
    header: Option<bool>,
    /// The region table, relative to the folder. Defaults to the only `..._dseg.tsv`, if there is one.
    regions: Option<PathBuf>,
    /// Column of networks in the region table. Without the default column, regions have no networks.
    networks: String,
    /// Repetition time of all scans in seconds. Defaults to `RepetitionTime` in the sidecars
    /// (`..._timeseries.json`) or to `tr-column`. If several of these are given, they must agree.
    tr: Option<f64>,
    /// Phenotype column with the repetition time in seconds, for studies in which it differs by site.
    tr_column: Option<String>,
    /// Table of scans to exclude, relative to the folder, with the columns `participant_id` and `reason`, and
    /// optionally `session_id`, `task`, `run`, `acq`, `ce`, `rec` and `dir`.
    exclude: Option<PathBuf>,
}

impl Default for Series {
    fn default() -> Series {
        Series {
            suffix: DEFAULT_SUFFIX.to_owned(),
            pattern: None,
            participants: None,
            only: BTreeMap::new(),
            layout: SignalLayout::default(),
            header: None,
            regions: None,
            networks: "network".to_owned(),
            tr: None,
            tr_column: None,
            exclude: None,
        }
    }
}

register!(Dataset "series" => Series);

/// Default of `suffix`.
const DEFAULT_SUFFIX: &str = "timeseries";

impl Dataset for Series {
    fn files(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let folder = self.find(root, None)?;
        let ids: Vec<ScanId> = folder.scans.iter().map(|scan| scan_id(scan, "")).collect();
        let mut files = Phenotypes::files_at(&self.tables(root), &ids);
        files.extend(self.region_table(root, &folder)?);
        files.extend(self.exclude.as_ref().map(|table| root.join(table)));
        // An excluded scan is no part of the data: neither of their hash nor of the search for copies.
        let excluded = exclude::listed(self.exclude.as_deref(), root, "", &ids, &self.only)?;
        for (scan, _) in folder.scans.iter().zip(&ids).filter(|(_, id)| !exclude::has(&excluded, id)) {
            files.push(scan.path.clone());
            files.extend(folder.sidecars(scan).map(|sidecar| sidecar.path.clone()));
        }
        files.sort();
        files.dedup();
        link::check_fetched(&files)?;
        Ok(files)
    }

    fn cohort(&self, root: &Path, name: &str) -> Result<Cohort> {
        let folder = self.find(root, None)?;
        self.check_distinct(&folder, name)?;
        let all: Vec<ScanId> = folder.scans.iter().map(|scan| scan_id(scan, name)).collect();
        let excluded = exclude::listed(self.exclude.as_deref(), root, name, &all, &self.only)?;
        let used = folder.scans.iter().zip(&all).find(|(_, id)| !exclude::has(&excluded, id));
        let Some((first, _)) = used else {
            return Err(format!("all {} scans are excluded", excluded.len()).into());
        };
        let mut times = BTreeMap::new();
        let (regions, phenotypes) =
            match (self.regions_of(root, &folder, first), Phenotypes::read_at(&self.tables(root), &all)) {
                (Ok(regions), Ok(phenotypes)) => (regions, phenotypes),
                (regions, phenotypes) => {
                    // Whatever is missing is said together.
                    let mut lacks: Vec<String> = Vec::new();
                    lacks.extend(regions.err().map(|error| error.to_string()));
                    lacks.extend(phenotypes.as_ref().err().map(ToString::to_string));
                    let values = phenotypes.and_then(|known| known.values_of(&all[0])).unwrap_or_default();
                    let tr = self.tr(&folder, first, &values, &mut times);
                    lacks.extend(tr.err().map(|error| format!("scan `{}`: {error}", scan_id(first, name))));
                    return Err(lacks.join("; and ").into());
                }
            };
        let (mut scans, mut errors) = (Vec::new(), Vec::new());
        for (scan, id) in folder.scans.iter().zip(all) {
            if exclude::has(&excluded, &id) {
                continue;
            }
            let mut info = || -> Result<(ScanInfo, AcquisitionProperties)> {
                let phenotype = phenotypes.values_of(&id)?;
                let tr = self.tr(&folder, scan, &phenotype, &mut times);
                let tr = tr.map_err(|error| format!("scan `{id}`: {error}"))?;
                let trs = recording::volumes(&scan.path, self.form(), &regions)?;
                // The nearest sidecar with an order of regions takes precedence, as for the repetition
                // time.
                for sidecar in folder.sidecars(scan) {
                    if regions::check_declared(&sidecar.path, &regions)? {
                        break;
                    }
                }
                let sidecars: Vec<PathBuf> =
                    folder.sidecars(scan).map(|sidecar| sidecar.path.clone()).collect();
                let info = ScanInfo {
                    id: id.clone(),
                    tr,
                    trs,
                    rois: regions.names.len(),
                    phenotype,
                    events: Vec::new(),
                    cuts: Vec::new(),
                };
                Ok((info, acquisition::properties(Some(&scan.name), &sidecars)))
            };
            match info() {
                Ok(info) => scans.push(info),
                Err(error) => errors.push(error.to_string()),
            }
        }
        if let Some((first, rest)) = errors.split_first() {
            let others = match rest.len() {
                0 => String::new(),
                n => format!(" (and {n} more of {} scans have a problem)", folder.scans.len()),
            };
            return Err(format!("{first}{others}").into());
        }
        let (mut scans, properties): (Vec<ScanInfo>, Vec<AcquisitionProperties>) = scans.into_iter().unzip();
        acquisition::add_differing(&mut scans, &properties);
        Ok(Cohort { excluded, ..Cohort::new(scans, regions) })
    }

    fn load(&self, root: &Path, scan: &ScanInfo) -> Result<TimeSeries> {
        let id = &scan.id;
        let folder = self.find(root, Some(&id.subject))?;
        let file = folder.scans.iter().find(|file| scan_id(file, &id.dataset) == *id);
        let file =
            file.ok_or_else(|| format!("the file of scan `{id}` is gone from `{}`", root.display()))?;
        let regions = self.regions_of(root, &folder, file)?;
        let series = recording::read(&file.path, self.form(), &regions, scan.tr);
        let series = series.map_err(|error| format!("scan `{id}`, {error}"))?;
        if (series.trs(), series.rois()) != (scan.trs, scan.rois) {
            return Err(format!("the file of scan `{id}` has changed since the run began; run again").into());
        }
        Ok(series)
    }

    fn version(&self) -> u32 {
        2
    }

    fn looks_ahead(&self, root: &Path) -> Vec<Problem> {
        // A folder that cannot be searched is a problem of the cohort.
        let Ok(folder) = self.find(root, None) else { return Vec::new() };
        let mut found: BTreeMap<String, Problem> = BTreeMap::new();
        for scan in &folder.scans {
            let recorded = |sidecar: &NamedFile| Some((sidecar.path.clone(), recipe_of(&sidecar.path)?));
            let Some((sidecar, recipe)) = folder.sidecars(scan).find_map(recorded) else { continue };
            for Problem { key, message, help } in recipe.looks_ahead() {
                let message = format!("{message}, as `{}` says", sidecar.display());
                let instead = format!("series made with {}", help.unwrap_or_default());
                found.entry(key.clone()).or_insert(Problem::at(key, message).help(instead));
            }
        }
        found.into_values().collect()
    }

    fn check(&self, root: &Path) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.suffix.is_empty() || self.suffix.contains(['_', '-', '.', '/']) {
            let problem = Problem::at("suffix", format!("`{}` is not a BIDS suffix", self.suffix));
            problems.push(problem.help("write the last word of the names alone, such as `timeseries`"));
        }
        if let Some(Err(error)) = self.tr.map(plausible) {
            problems.push(Problem::at("tr", error.to_string()).help("write seconds, such as `tr = 2.0`"));
        }
        if let Some(table) =
            self.regions.as_ref().filter(|table| root.is_dir() && !link::is_listed(&root.join(table)))
        {
            let problem =
                Problem::at("regions", format!("there is no file `{}`", root.join(table).display()));
            problems.push(problem.help("a path is relative to the dataset's folder"));
        }
        if let Some(table) =
            self.exclude.as_ref().filter(|table| root.is_dir() && !link::is_listed(&root.join(table)))
        {
            let problem =
                Problem::at("exclude", format!("there is no file `{}`", root.join(table).display()));
            problems.push(problem.help("a path is relative to the dataset's folder"));
        }
        if let Some(table) = &self.participants
            && root.is_dir()
            && !link::is_listed(&root.join(table))
        {
            let message = format!("there is no file `{}`", root.join(table).display());
            let problem = Problem::at("participants", message);
            problems.push(problem.help("a path is relative to the dataset's folder"));
        }
        if let Some(pattern) = &self.pattern {
            match Pattern::parse(pattern, &find::LABELS) {
                Err(error) => problems.push(Problem::at("pattern", error.to_string())),
                Ok(parsed) if !parsed.labels().contains(&"subject") => {
                    let problem = Problem::at("pattern", "it has no `{subject}`");
                    problems.push(problem.help("write it where the names differ between people"));
                }
                Ok(_) => {}
            }
        }
        if let (Some(column), Ok(phenotypes)) =
            (&self.tr_column, Phenotypes::read_at(&self.tables(root), &[]))
        {
            let columns = phenotypes.columns();
            if !columns.contains(column) {
                let problem = Problem::at("tr-column", format!("no table has a column `{column}`"));
                problems.push(problem.help(format!("choose one of {}", quoted(&columns))));
            }
        }
        problems
    }
}

impl Series {
    fn form(&self) -> SignalFormat {
        SignalFormat { layout: self.layout, header: self.header }
    }
}

/// Returns the steps by which `boldface parcellate` made a series, as its sidecar records them.
fn recipe_of(sidecar: &Path) -> Option<Recipe> {
    let json: Value = serde_json::from_slice(&link::read(sidecar).ok()?).ok()?;
    let mut settings = json.get("MadeOf")?.get("Settings")?.as_object()?.clone();
    // These are about the parcellation.
    settings.remove("kind");
    settings.remove("networks");
    serde_json::from_value(Value::Object(settings)).ok()
}

fn scan_id(scan: &NamedFile, dataset: &str) -> ScanId {
    scan.name.scan(dataset).expect("a scan's file name starts with `sub-`")
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
