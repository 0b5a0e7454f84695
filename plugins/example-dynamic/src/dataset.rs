//! Regional time series from CSV files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use boldface::{
    Cohort, Dataset, Deserialize, JsonSchema, Problem, Regions, Result, ScanId, ScanInfo, Serialize,
    TimeSeries, register,
};

/// A folder with one file per scan, `SUBJECT.csv`. The first line has the region names, in which the
/// part before `_` is the network. Each further line is one volume.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ExampleDataset {
    /// Repetition time in seconds.
    tr: f64,
}

register!(Dataset "example-dataset" => ExampleDataset);

impl Dataset for ExampleDataset {
    fn files(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(root).map_err(|error| format!("`{}`: {error}", root.display()))? {
            files.push(entry?.path());
        }
        files.retain(|file| file.extension().is_some_and(|end| end == "csv"));
        files.sort();
        Ok(files)
    }

    fn cohort(&self, root: &Path, name: &str) -> Result<Cohort> {
        let (mut scans, mut shared) = (Vec::new(), None);
        for file in self.files(root)? {
            let (names, rows) = read(&file)?;
            let regions = shared.get_or_insert_with(|| names.clone());
            if *regions != names {
                return Err(format!("`{}` has different regions from the file before", file.display()).into());
            }
            let subject =
                file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let id = ScanId::new(name, subject);
            let (trs, rois) = (rows.len() / names.len(), names.len());
            scans.push(ScanInfo {
                id,
                tr: self.tr,
                trs,
                rois,
                phenotype: BTreeMap::new(),
                events: Vec::new(),
                cuts: Vec::new(),
            });
        }
        let names = shared.ok_or_else(|| format!("`{}` has no `.csv` file", root.display()))?;
        let network = |name: &String| name.split('_').next().unwrap_or_default().to_owned();
        let networks = names.iter().map(network).collect();
        Ok(Cohort::new(scans, Regions { names, networks }))
    }

    fn load(&self, root: &Path, scan: &ScanInfo) -> Result<TimeSeries> {
        let (names, values) = read(&root.join(format!("{}.csv", scan.id.subject)))?;
        TimeSeries::new(values.len() / names.len(), names.len(), self.tr, values)
    }

    fn check(&self, _root: &Path) -> Vec<Problem> {
        let is_sound = self.tr > 0.0 && self.tr.is_finite();
        let problem =
            Problem::at("tr", format!("`{}` is not a repetition time", self.tr)).help("use seconds above 0");
        if is_sound { Vec::new() } else { vec![problem] }
    }
}

/// Reads the names in the first line and the numbers in all others. Every line must have as many entries
/// as the first.
fn read(file: &Path) -> Result<(Vec<String>, Vec<f32>)> {
    let text = fs::read_to_string(file).map_err(|error| format!("`{}`: {error}", file.display()))?;
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
    let mut values = Vec::new();
    for (number, line) in lines.enumerate() {
        let row: Result<Vec<f32>, _> = line.split(',').map(|cell| cell.trim().parse::<f32>()).collect();
        match row {
            Ok(row) if row.len() == names.len() => values.extend(row),
            _ => {
                let (file, line) = (file.display(), number + 2);
                return Err(format!("`{file}`, line {line}: expected {} numbers", names.len()).into());
            }
        }
    }
    Ok((names, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_scan() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("01.csv"), "Vis_1,Vis_2,Default_1\n1,2,3\n4,5,6\n").unwrap();
        let dataset = ExampleDataset { tr: 0.72 };
        let cohort = dataset.cohort(dir.path(), "mine").unwrap();
        assert_eq!(cohort.scans[0].id.to_string(), "mine/sub-01");
        assert_eq!((cohort.scans[0].trs, cohort.regions.networks[2].as_str()), (2, "Default"));
        let series = dataset.load(dir.path(), &cohort.scans[0]).unwrap();
        assert_eq!((series.volume(1), series.tr()), ([4.0, 5.0, 6.0].as_slice(), 0.72));

        fs::write(dir.path().join("02.csv"), "Vis_1,Vis_2,Default_1\n1,2\n").unwrap();
        let error = dataset.cohort(dir.path(), "mine").unwrap_err().to_string();
        assert!(error.ends_with("02.csv`, line 2: expected 3 numbers"), "{error}");
    }
}
