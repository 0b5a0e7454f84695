//! Features of scans as a long table: scan, family, feature, value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boldface::{CorpusGenerator, Part, Regions, Result, Scan, ScanId, ScanInfo, Split, guard};
use boldface_imaging::folder::{FileSelection, ScanFolder};
use boldface_tables::export::{ColumnValues, Sheet};

use super::signal::{self, EXTENSIONS, RequiredRegions};
use super::{NamedScan, named, shared};
use crate::study::{PlannedPlugin, describe, each};

/// One feature of one scan.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureRow {
    /// Name of the scan, from its file.
    pub scan: String,
    /// Name of the family's table, such as `graph`.
    pub family: String,
    /// Name of the feature.
    pub feature: String,
    /// Its value, or the reason why it is missing.
    pub value: Result<f64, String>,
}

/// Scans with one parcellation, with their files, sorted by name.
#[derive(Clone, Debug)]
pub struct Scans {
    files: Vec<(PathBuf, NamedScan)>,
    scans: Vec<Scan>,
}

impl Scans {
    /// Finds the files of scans. In a folder these are the files called `sub-..._timeseries`.
    ///
    /// # Errors
    /// Fails if a path does not exist, a folder has no scan, or two files are the same scan.
    pub fn find(paths: &[PathBuf]) -> Result<Vec<(PathBuf, NamedScan)>> {
        let mut files = Vec::new();
        for path in paths {
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let (suffix, only) = ("timeseries", BTreeMap::new());
            let wanted =
                FileSelection { suffix, extensions: &EXTENSIONS, only: &only, others: &[], subject: None };
            let found = ScanFolder::find(path, &wanted)?.scans;
            if found.is_empty() {
                return Err(format!(
                    "no scan in `{}`: looked for `sub-..._timeseries.npy`, `.tsv`, `.csv` or `.parquet` there and below \
                     `sub-...`; files of other names are given one by one",
                    path.display()
                )
                .into());
            }
            files.extend(found.into_iter().map(|scan| scan.path));
        }
        let mut files: Vec<(PathBuf, NamedScan)> = files
            .into_iter()
            .map(|path| {
                let scan = named(&path, "series");
                (path, scan)
            })
            .collect();
        if let Some(message) = shared(files.iter().map(|(path, scan)| (path.as_path(), scan))) {
            return Err(message.into());
        }
        files.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(files)
    }

    /// Reads the files, `threads` at a time. `tr` is the repetition time in seconds of scans whose
    /// sidecar has none.
    ///
    /// # Errors
    /// Returns every file that cannot be read, or the error of `progress`.
    pub fn read(
        files: Vec<(PathBuf, NamedScan)>,
        regions: &Regions,
        tr: Option<f64>,
        threads: usize,
        progress: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Scans> {
        let shared = Arc::new(regions.clone());
        let one = |path: &Path, id: &ScanId| -> Result<Scan> {
            let wanted = RequiredRegions { regions, whose: "--regions", tr };
            let read = signal::read(path, &wanted)?;
            let (series, _) = signal::without_dead(read.series, regions)?;
            let info = ScanInfo {
                id: id.clone(),
                tr: series.tr(),
                trs: series.trs(),
                rois: series.rois(),
                phenotype: BTreeMap::new(),
                events: Vec::new(),
                cuts: Vec::new(),
            };
            Ok(Scan { info: Arc::new(info), series, regions: Arc::clone(&shared), descriptors: Vec::new() })
        };
        let read = each(files.len(), threads, progress, |place| {
            let (path, scan) = &files[place];
            Ok(guard(|| one(path, &scan.id)).map_err(|error| format!("`{}`: {error}", path.display())))
        })?;
        let bad: Vec<&String> = read.iter().filter_map(|read| read.as_ref().err()).collect();
        match bad[..] {
            [] => {}
            [only] => return Err(only.clone().into()),
            _ => {
                let lines: String = bad.iter().map(|line| format!("\n  {line}")).collect();
                return Err(format!("{} of {} scans cannot be used:{lines}", bad.len(), read.len()).into());
            }
        }
        let scans = read.into_iter().filter_map(std::result::Result::ok).collect();
        Ok(Scans { files, scans })
    }

    /// Returns the information about each scan.
    pub fn infos(&self) -> Vec<ScanInfo> {
        self.scans.iter().map(|scan| (*scan.info).clone()).collect()
    }

    /// Measures all features of `family`. Templates and other parts that need a group are fitted to all
    /// of these scans, as if all were training scans. The family uses the current rayon pool.
    ///
    /// # Errors
    /// Fails if the family or `progress` fails.
    pub fn measure(
        &self,
        family: &PlannedPlugin<dyn CorpusGenerator>,
        threads: usize,
        progress: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Vec<FeatureRow>> {
        let people: BTreeSet<String> = self.scans.iter().map(|scan| scan.info.id.person()).collect();
        let split = Split { parts: people.into_iter().map(|person| (person, Part::Train)).collect() };
        let name = &family.name;
        let named = |error: boldface::Error| format!("family `{name}`: {error}");
        let describer =
            guard(|| family.config.fit(&split.train(&self.scans)?, family.seed)).map_err(named)?;
        let said = each(self.scans.len(), threads, progress, |place| {
            describe(name, &*describer, &self.scans[place])
        })?;
        let mut rows = Vec::new();
        for ((_, scan), said) in self.files.iter().zip(said) {
            rows.extend(said.into_iter().map(|descriptor| {
                let reason = descriptor.fact.reason;
                FeatureRow {
                    scan: scan.name.clone(),
                    family: name.clone(),
                    feature: descriptor.fact.feature,
                    value: descriptor
                        .fact
                        .value
                        .ok_or_else(|| reason.unwrap_or_else(|| "not available".into())),
                }
            }));
        }
        Ok(rows)
    }
}

/// Makes a table with the columns `scan`, `family`, `feature`, `value`, and `reason` for missing values.
pub fn sheet(rows: &[FeatureRow]) -> Sheet {
    let text = |of: &dyn Fn(&FeatureRow) -> Option<&str>| {
        ColumnValues::Text(rows.iter().map(|row| of(row).map(str::to_owned)).collect())
    };
    let values = rows.iter().map(|row| row.value.as_ref().ok().copied());
    Sheet::new()
        .with("scan", text(&|row| Some(&row.scan)))
        .with("family", text(&|row| Some(&row.family)))
        .with("feature", text(&|row| Some(&row.feature)))
        .with("value", ColumnValues::Number(values.collect()))
        .with("reason", text(&|row| row.value.as_ref().err().map(String::as_str)))
}
