//! The table of scan quality: one scan per row.

use std::path::Path;

use boldface::ScanId;
use polars::prelude::{Column, NamedFrom, Series};

use crate::TableResult;
use crate::frame::{self, ParquetTable};

/// Quality measures of one scan. `None` if not measured.
#[derive(Clone, Debug, PartialEq)]
pub struct QualityRow {
    /// Columns `dataset`, `subject`, `session`, `task` and `run`.
    pub scan: ScanId,
    /// Seconds between two volumes of the series.
    pub tr: f64,
    /// Volumes of the series, before the crop.
    pub volumes: u64,
    /// Volumes on disk, including those removed by scrubbing.
    pub volumes_on_disk: Option<u64>,
    /// Mean framewise displacement in mm.
    pub mean_fd: Option<f64>,
    /// Largest framewise displacement in mm.
    pub max_fd: Option<f64>,
    /// Mean DVARS in percent of the mean signal.
    pub mean_dvars: Option<f64>,
    /// Share of the volumes on disk that scrubbing removed, 0 to 1.
    pub censored: Option<f64>,
    /// Temporal signal-to-noise ratio of the median voxel.
    pub tsnr: Option<f64>,
    /// Share of voxels with a signal, averaged over the regions, 0 to 1.
    pub mean_coverage: Option<f64>,
    /// Share of voxels with a signal in the region that has the fewest, 0 to 1.
    pub least_coverage: Option<f64>,
    /// Number of regions without a signal, which are filled with zeros.
    pub missing_regions: u64,
    /// Warnings for the reader, as sentences.
    pub warnings: String,
}

/// Writes the rows to `path` in the given order. Columns have the names of the fields of [`QualityRow`].
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, rows: &[QualityRow]) -> TableResult<()> {
    let text = |name: &str, of: fn(&QualityRow) -> Option<&str>| -> Column {
        Series::new(name.into(), rows.iter().map(of).collect::<Vec<Option<&str>>>()).into()
    };
    let number = |name: &str, of: fn(&QualityRow) -> Option<f64>| -> Column {
        let known = |row| of(row).filter(|value| !value.is_nan());
        Series::new(name.into(), rows.iter().map(known).collect::<Vec<Option<f64>>>()).into()
    };
    let count = |name: &str, of: fn(&QualityRow) -> Option<u64>| -> Column {
        Series::new(name.into(), rows.iter().map(of).collect::<Vec<Option<u64>>>()).into()
    };
    let columns = vec![
        text("dataset", |row| Some(&row.scan.dataset)),
        text("subject", |row| Some(&row.scan.subject)),
        text("session", |row| row.scan.session.as_deref()),
        text("task", |row| row.scan.task.as_deref()),
        text("run", |row| row.scan.run.as_deref()),
        number("tr", |row| Some(row.tr)),
        count("volumes", |row| Some(row.volumes)),
        count("volumes_on_disk", |row| row.volumes_on_disk),
        number("mean_fd", |row| row.mean_fd),
        number("max_fd", |row| row.max_fd),
        number("mean_dvars", |row| row.mean_dvars),
        number("censored", |row| row.censored),
        number("tsnr", |row| row.tsnr),
        number("mean_coverage", |row| row.mean_coverage),
        number("least_coverage", |row| row.least_coverage),
        count("missing_regions", |row| Some(row.missing_regions)),
        text("warnings", |row| Some(&row.warnings)),
    ];
    frame::write(path, rows.len(), columns)
}

/// Reads the rows of `path`.
///
/// # Errors
/// If the file is not a complete table of scan quality. The error names the file and the column.
pub fn read(path: &Path) -> TableResult<Vec<QualityRow>> {
    let table = ParquetTable::read(path)?;
    let text = |name: &str| table.required(name, table.strings(name)?);
    let (dataset, subject, warnings) = (text("dataset")?, text("subject")?, text("warnings")?);
    let (session, task, run) = (table.strings("session")?, table.strings("task")?, table.strings("run")?);
    let tr = table.required("tr", table.floats("tr")?)?;
    let volumes = table.required("volumes", table.counts("volumes")?)?;
    let missing = table.required("missing_regions", table.counts("missing_regions")?)?;
    let on_disk = table.counts("volumes_on_disk")?;
    let names = ["mean_fd", "max_fd", "mean_dvars", "censored", "tsnr", "mean_coverage", "least_coverage"];
    let mut numbers = Vec::new();
    for name in names {
        numbers.push(table.floats(name)?);
    }
    let row = |i: usize| {
        let label = |labels: &[Option<String>]| labels[i].clone();
        let number = |column: usize| numbers[column][i];
        QualityRow {
            scan: ScanId {
                dataset: dataset[i].clone(),
                subject: subject[i].clone(),
                session: label(&session),
                task: label(&task),
                run: label(&run),
                by_run: false,
            },
            tr: tr[i],
            volumes: volumes[i],
            volumes_on_disk: on_disk[i],
            mean_fd: number(0),
            max_fd: number(1),
            mean_dvars: number(2),
            censored: number(3),
            tsnr: number(4),
            mean_coverage: number(5),
            least_coverage: number(6),
            missing_regions: missing[i],
            warnings: warnings[i].clone(),
        }
    };
    // All columns of a table have the same number of rows.
    Ok((0..table.rows()).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("quality.parquet");
        let scan = |session: Option<&str>| ScanId {
            session: session.map(str::to_owned),
            task: Some("rest".into()),
            ..ScanId::new("study", "01")
        };
        let whole = QualityRow {
            scan: scan(Some("a")),
            tr: 0.8,
            volumes: 180,
            volumes_on_disk: Some(200),
            mean_fd: Some(0.13),
            max_fd: Some(1.7),
            mean_dvars: Some(1.1),
            censored: Some(0.1),
            tsnr: Some(61.5),
            mean_coverage: Some(0.98),
            least_coverage: Some(0.4),
            missing_regions: 1,
            warnings: "Two regions lie outside the mask.".into(),
        };
        let empty = QualityRow {
            scan: scan(None),
            tr: 2.0,
            volumes: 40,
            volumes_on_disk: None,
            mean_fd: None,
            max_fd: None,
            mean_dvars: None,
            censored: None,
            tsnr: None,
            mean_coverage: None,
            least_coverage: None,
            missing_regions: 0,
            warnings: String::new(),
        };
        let rows = [whole, empty];
        write(&path, &rows).unwrap();
        assert_eq!(read(&path).unwrap(), rows);
    }
}
