//! Reads a folder of regional time series with BIDS derivatives names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Cohort, Dataset, Problem, Result, ScanId, ScanInfo, TimeSeries, register};
use boldface_imaging::folder::{FileSelection, NamedFile, SIGNALS, ScanFolder, files_in, repetition_time};
use boldface_imaging::link;
use boldface_imaging::names::Name;
use boldface_imaging::phenotype::Phenotypes;
use boldface_imaging::recipe::Recipe;
use boldface_imaging::recording::{self, SignalFormat, SignalLayout};
use boldface_imaging::regions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::exclude;

/// A folder of regional time series, one `.npy`, `.tsv` or `.csv` per scan, named as BIDS derivatives.
///
/// A file such as `sub-01_task-rest_run-1_seg-CC200_timeseries.npy` is in the folder itself or below
/// `sub-01`. The folder also has `participants.tsv`, optionally `sessions.tsv` and `scans.tsv` (with
/// `participant_id` and `run`, `task` or `session_id`), and a region table `..._dseg.tsv` with the
/// columns `index`, `name` and `network`. Columns of the first three tables are the phenotype; `n/a` is
/// a missing value.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Series {
    /// Suffix of the signal files' names, before the extension.
    suffix: String,
    /// Labels that a scan's name must have to be used, such as `{ task = "rest", seg = "CC200" }`.
    only: BTreeMap<String, String>,
    /// Orientation of the matrices: `time-by-region` or `region-by-time`.
    layout: SignalLayout,
    /// Whether the first line of a `.tsv` or `.csv` signal names the regions.
    header: bool,
    /// The region table, relative to the folder. Defaults to the only `..._dseg.tsv`.
    regions: Option<PathBuf>,
    /// Column of networks in the region table.
    networks: String,
    /// Repetition time of all scans in seconds. Defaults to `RepetitionTime` in the sidecars
    /// (`..._timeseries.json`) or to `tr-column`. If several of these are given, they must agree.
    tr: Option<f64>,
    /// Phenotype column with the repetition time in seconds, for studies in which it differs by site.
    tr_column: Option<String>,
    /// Table of scans to exclude, relative to the folder, with the columns `participant_id` and `reason`, and
    /// optionally `session_id`, `task` and `run`.
    exclude: Option<PathBuf>,
}

impl Default for Series {
    fn default() -> Series {
        Series {
            suffix: "timeseries".to_owned(),
            only: BTreeMap::new(),
            layout: SignalLayout::default(),
            header: true,
            regions: None,
            networks: "network".to_owned(),
            tr: None,
            tr_column: None,
            exclude: None,
        }
    }
}

register!(Dataset "series" => Series);

/// Longest plausible repetition time in seconds; larger numbers are probably milliseconds.
const LONGEST_TR: f64 = 60.0;

impl Dataset for Series {
    fn files(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let folder = self.find(root, None)?;
        let mut files = Phenotypes::files(root);
        files.push(self.region_table(root, &folder)?);
        files.extend(self.exclude.as_ref().map(|table| root.join(table)));
        // An excluded scan is no part of the data: neither of their hash nor of the search for copies.
        let all: Vec<ScanId> = folder.scans.iter().map(|scan| scan_id(scan, "")).collect();
        let excluded = exclude::listed(self.exclude.as_deref(), root, "", &all, &self.only)?;
        for (scan, _) in folder.scans.iter().zip(&all).filter(|(_, id)| !exclude::has(&excluded, id)) {
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
        let regions = regions::read(&self.region_table(root, &folder)?, &self.networks)?;
        let phenotypes = Phenotypes::read(root)?;
        let all: Vec<ScanId> = folder.scans.iter().map(|scan| scan_id(scan, name)).collect();
        let excluded = exclude::listed(self.exclude.as_deref(), root, name, &all, &self.only)?;
        let mut times = BTreeMap::new();
        let (mut scans, mut errors) = (Vec::new(), Vec::new());
        for (scan, id) in folder.scans.iter().zip(all) {
            if exclude::has(&excluded, &id) {
                continue;
            }
            let mut info = || -> Result<ScanInfo> {
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
                Ok(ScanInfo {
                    id: id.clone(),
                    tr,
                    trs,
                    rois: regions.names.len(),
                    phenotype,
                    events: Vec::new(),
                    cuts: Vec::new(),
                })
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
        if scans.is_empty() {
            return Err(format!("all {} scans are excluded", excluded.len()).into());
        }
        scans.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Cohort { excluded, ..Cohort::new(scans, regions) })
    }

    fn load(&self, root: &Path, scan: &ScanInfo) -> Result<TimeSeries> {
        let id = &scan.id;
        let folder = self.find(root, Some(&id.subject))?;
        let file = folder.scans.iter().find(|file| scan_id(file, &id.dataset) == *id);
        let file =
            file.ok_or_else(|| format!("the file of scan `{id}` is gone from `{}`", root.display()))?;
        let regions = regions::read(&self.region_table(root, &folder)?, &self.networks)?;
        let series = recording::read(&file.path, self.form(), &regions, scan.tr);
        let series = series.map_err(|error| format!("scan `{id}`, {error}"))?;
        if (series.trs(), series.rois()) != (scan.trs, scan.rois) {
            return Err(format!("the file of scan `{id}` has changed since the run began; run again").into());
        }
        Ok(series)
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
        if let (Some(column), Ok(phenotypes)) = (&self.tr_column, Phenotypes::read(root)) {
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

    /// Finds the scans and their sidecars; with `subject`, those of one subject only.
    fn find(&self, root: &Path, subject: Option<&str>) -> Result<ScanFolder> {
        let wanted = FileSelection {
            suffix: &self.suffix,
            extensions: &SIGNALS,
            only: &self.only,
            others: &[],
            subject,
        };
        let folder = ScanFolder::find(root, &wanted)?;
        if folder.scans.is_empty() && subject.is_none() {
            let only: String =
                self.only.iter().map(|(entity, label)| format!(" with `{entity}-{label}`")).collect();
            return Err(format!(
                "no scan in `{}`: looked for `sub-..._{}.npy`, `.tsv` or `.csv`{only} there and below `sub-...`",
                root.display(),
                self.suffix
            )
            .into());
        }
        Ok(folder)
    }

    /// Fails if two files belong to the same scan.
    fn check_distinct(&self, folder: &ScanFolder, dataset: &str) -> Result<()> {
        let mut seen: BTreeMap<ScanId, &NamedFile> = BTreeMap::new();
        for scan in &folder.scans {
            let mut id = scan_id(scan, dataset);
            // Run labels are numbers: `run-01` is `run-1`.
            id.run = id.run.map(|run| run.parse::<u64>().map_or(run, |number| number.to_string()));
            let shown = id.to_string();
            if let Some(other) = seen.insert(id, scan) {
                let (a, b) = (other.path.display(), scan.path.display());
                let chosen = scan.name.entities.iter().find(|(entity, label)| {
                    other.name.get(entity) != Some(label)
                        && !["sub", "ses", "task", "run"].contains(&entity.as_str())
                });
                let help = chosen.map_or("keep one of them".to_owned(), |(entity, label)| {
                    format!("choose, such as `only = {{ {entity} = \"{label}\" }}`")
                });
                return Err(format!("`{a}` and `{b}` are both scan `{shown}`; {help}").into());
            }
        }
        Ok(())
    }

    fn region_table(&self, root: &Path, folder: &ScanFolder) -> Result<PathBuf> {
        if let Some(table) = &self.regions {
            return Ok(root.join(table));
        }
        let mut tables = files_in(root)?;
        tables.retain(|path| {
            let name = path.file_name().and_then(|name| Name::parse(name.to_str()?).ok());
            name.is_some_and(|name| {
                let scan = folder.scans.first();
                let differs = |(entity, label): (&String, &String)| {
                    scan.and_then(|scan| scan.name.get(entity)).is_some_and(|other| other != label)
                };
                name.suffix == "dseg" && name.extension == "tsv" && !name.entities.iter().any(differs)
            })
        });
        match &tables[..] {
            [table] => Ok(table.clone()),
            [] => Err(format!(
                "no region table `..._dseg.tsv` for these scans in `{}`; write one with the columns `index`, \
                 `name` and `{}`, or name it with `regions`",
                root.display(),
                self.networks
            )
            .into()),
            [a, b, ..] => Err(format!(
                "`{}` and `{}` may both be the region table; choose with `regions`",
                a.display(),
                b.display()
            )
            .into()),
        }
    }

    /// Returns the repetition time in seconds, on which all sources must agree. `times` caches those of
    /// sidecars.
    fn tr(
        &self,
        folder: &ScanFolder,
        scan: &NamedFile,
        phenotype: &BTreeMap<String, String>,
        times: &mut BTreeMap<PathBuf, Option<f64>>,
    ) -> Result<f64> {
        let mut said: Vec<(f64, String)> = Vec::new();
        said.extend(self.tr.map(|tr| (tr, "`tr` of the spec".to_owned())));
        if let Some(column) = &self.tr_column
            && let Some(value) = phenotype.get(column)
        {
            let tr =
                value.parse().map_err(|_| format!("`{column}` is `{value}`, not a number of seconds"))?;
            said.push((tr, format!("column `{column}`")));
        }
        // The nearest sidecar with a repetition time takes precedence, with any other in the same
        // folder and of the same rank.
        let mut nearest: Option<(&Path, usize)> = None;
        for sidecar in folder.sidecars(scan) {
            let rank = (sidecar.path.parent().unwrap_or(Path::new("")), sidecar.name.entities.len());
            if nearest.is_some_and(|nearest| nearest != rank) {
                break;
            }
            let known = match times.get(&sidecar.path) {
                Some(known) => *known,
                None => *times.entry(sidecar.path.clone()).or_insert(repetition_time(&sidecar.path)?),
            };
            if let Some(tr) = known {
                nearest = Some(rank);
                said.push((tr, format!("`{}`", sidecar.path.display())));
            }
        }
        let Some(((tr, by), rest)) = said.split_first() else {
            return Err(format!(
                "its repetition time is unknown; write `{{\"RepetitionTime\": 2.0}}` into a `{}.json`, or set \
                 `tr` or `tr-column`",
                self.suffix
            )
            .into());
        };
        match rest.iter().find(|(other, _)| (other - tr).abs() > 1e-6) {
            Some((other, other_by)) => Err(format!(
                "its repetition time is {tr} s by {by} and {other} s by {other_by}; correct one of them"
            )
            .into()),
            None => plausible(*tr).map_err(|error| format!("{error}, by {by}").into()),
        }
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

fn plausible(tr: f64) -> Result<f64> {
    match tr {
        _ if tr > 0.0 && tr <= LONGEST_TR => Ok(tr),
        _ if tr > LONGEST_TR && tr.is_finite() => {
            Err(format!("a repetition time of {tr} s looks like milliseconds").into())
        }
        _ => Err(format!("a repetition time of {tr} s is impossible").into()),
    }
}

fn scan_id(scan: &NamedFile, dataset: &str) -> ScanId {
    scan.name.scan(dataset).expect("a scan's file name starts with `sub-`")
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
