//! The metric table of a run in long form: one number per row.

use std::path::Path;

use boldface::MetricRow;
use polars::prelude::{Column, NamedFrom, Series};

use crate::TableResult;
use crate::frame::{self, ParquetTable};

/// One column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: &'static str,
    /// Its Parquet type as polars names it.
    pub dtype: &'static str,
    /// Whether a value may be missing.
    pub nullable: bool,
    /// Description of its values.
    pub about: &'static str,
}

/// Returns the columns in order. They are the contract of `metrics.parquet`.
pub fn columns() -> [ColumnInfo; 17] {
    let column = |name, dtype, nullable, about| ColumnInfo { name, dtype, nullable, about };
    [
        column("experiment", "str", false, "the spec file's stem"),
        column("stage", "str", false, "the stage that made it, such as `evaluation.condition`"),
        column("key", "str", false, "the stage's content key"),
        column("plugin", "str", false, "what was measured: a plugin or a baseline"),
        column("split", "str", false, "`train`, `validation` or `test`; empty if it belongs to no part"),
        column("group", "str", true, "the group of subjects, such as `sex=F`; missing for all of the part"),
        column("seed", "u64", false, "the stage's seed"),
        column("step", "u64", true, "the training step; missing for final numbers"),
        column("metric", "str", false, "the metric's name"),
        column("value", "f64", true, "its value; missing if undefined"),
        column("low", "f64", true, "lower end of the 95% bootstrap interval by subject"),
        column("high", "f64", true, "upper end of the interval"),
        column("n", "u64", true, "how many examples it rests on"),
        column("against", "str", true, "for a paired difference: the plugin that was subtracted"),
        column("higher_is_better", "bool", true, "the metric's direction; missing if neither"),
        column("chance", "f64", true, "the value that guessing reaches"),
        column("unit", "str", true, "the unit of the value, such as `years`"),
    ]
}

/// Writes the rows of `experiment` to `path` in the given order. NaN is stored as missing.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, experiment: &str, rows: &[MetricRow]) -> TableResult<()> {
    let text = |name: &str, of: fn(&MetricRow) -> &str| -> Column {
        Series::new(name.into(), rows.iter().map(of).collect::<Vec<&str>>()).into()
    };
    let number = |name: &str, of: fn(&MetricRow) -> Option<f64>| -> Column {
        let known = |row| of(row).filter(|value| !value.is_nan());
        Series::new(name.into(), rows.iter().map(known).collect::<Vec<Option<f64>>>()).into()
    };
    let count = |name: &str, of: fn(&MetricRow) -> Option<u64>| -> Column {
        Series::new(name.into(), rows.iter().map(of).collect::<Vec<Option<u64>>>()).into()
    };
    let group: Vec<Option<&str>> = rows.iter().map(|row| row.group.as_deref()).collect();
    let against: Vec<Option<&str>> = rows.iter().map(|row| row.against.as_deref()).collect();
    let direction: Vec<Option<bool>> = rows.iter().map(|row| row.higher_is_better).collect();
    let unit: Vec<Option<&str>> = rows.iter().map(|row| row.unit.as_deref()).collect();
    let columns = vec![
        Series::new("experiment".into(), vec![experiment; rows.len()]).into(),
        text("stage", |row| &row.stage),
        text("key", |row| &row.key),
        text("plugin", |row| &row.plugin),
        text("split", |row| &row.split),
        Series::new("group".into(), group).into(),
        count("seed", |row| Some(row.seed)),
        count("step", |row| row.step),
        text("metric", |row| &row.metric),
        number("value", |row| row.value),
        number("low", |row| row.low),
        number("high", |row| row.high),
        count("n", |row| row.n),
        Series::new("against".into(), against).into(),
        Series::new("higher_is_better".into(), direction).into(),
        number("chance", |row| row.chance),
        Series::new("unit".into(), unit).into(),
    ];
    frame::write(path, rows.len(), columns)
}

/// Reads the rows of all experiments in `path`.
///
/// # Errors
/// If the file is not a complete metric table. The error names the file and the column.
pub fn read(path: &Path) -> TableResult<Vec<MetricRow>> {
    let table = ParquetTable::read(path)?;
    let text = |name: &str| table.required(name, table.strings(name)?);
    let names = ["stage", "key", "plugin", "split", "metric"];
    let [stage, key, plugin, split, metric] = names.map(text);
    let mut texts = [stage?, key?, plugin?, split?, metric?].map(Vec::into_iter);
    let mut seeds = table.required("seed", table.counts("seed")?)?.into_iter();
    let mut counts = [table.counts("step")?, table.counts("n")?].map(Vec::into_iter);
    let mut numbers =
        [table.floats("value")?, table.floats("low")?, table.floats("high")?].map(Vec::into_iter);
    let mut group = table.strings("group")?.into_iter();
    let mut against = table.strings("against")?.into_iter();
    let mut direction = table.flags("higher_is_better")?.into_iter();
    // Tables written before these columns existed lack them.
    let mut chance = if table.has("chance") { table.floats("chance")? } else { Vec::new() }.into_iter();
    let mut unit = if table.has("unit") { table.strings("unit")? } else { Vec::new() }.into_iter();

    let mut rows = Vec::new();
    for _ in 0..table.rows() {
        const SAME: &str = "all columns of a table have the same number of rows";
        let [stage, key, plugin, split, metric] = texts.each_mut().map(|column| column.next().expect(SAME));
        let [step, n] = counts.each_mut().map(|column| column.next().expect(SAME));
        let [value, low, high] = numbers.each_mut().map(|column| column.next().expect(SAME));
        let seed = seeds.next().expect(SAME);
        let group = group.next().expect(SAME);
        let against = against.next().expect(SAME);
        let higher_is_better = direction.next().expect(SAME);
        rows.push(MetricRow {
            stage,
            key,
            plugin,
            split,
            group,
            seed,
            step,
            metric,
            value,
            low,
            high,
            n,
            against,
            higher_is_better,
            chance: chance.next().flatten(),
            unit: unit.next().flatten(),
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use expect_test::expect;

    use super::*;

    fn rows() -> Vec<MetricRow> {
        let first = MetricRow {
            stage: "tokenizer".into(),
            key: "12adbcee074a".into(),
            plugin: "vq".into(),
            split: "train".into(),
            group: None,
            seed: u64::MAX,
            step: Some(20),
            metric: "reconstruction_loss".into(),
            value: Some(0.1 + 0.2),
            low: None,
            high: None,
            n: None,
            against: None,
            higher_is_better: Some(false),
            chance: Some(0.5),
            unit: Some("years".into()),
        };
        let second = MetricRow {
            stage: "evaluation.pain \u{e9}".into(),
            split: String::new(),
            group: Some("sex=F".into()),
            step: None,
            value: Some(-0.5),
            low: Some(f64::NEG_INFINITY),
            high: Some(1.5),
            n: Some(9),
            against: Some("fc-logistic".into()),
            higher_is_better: None,
            chance: None,
            unit: None,
            ..first.clone()
        };
        vec![first, second]
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.parquet");
        for rows in [rows(), Vec::new()] {
            write(&path, "quickstart", &rows).unwrap();
            assert_eq!(read(&path).unwrap(), rows);
        }
        let left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["metrics.parquet"]);
    }

    #[test]
    fn not_a_number_is_stored_as_missing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.parquet");
        let mut rows = rows();
        rows[0].value = Some(f64::NAN);
        rows[1].low = Some(f64::NAN);
        write(&path, "quickstart", &rows).unwrap();
        let back = read(&path).unwrap();
        assert_eq!((back[0].value, back[1].low, back[1].high), (None, None, Some(1.5)));
    }

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = ["a.parquet", "b.parquet"].map(|name| {
            write(&dir.path().join(name), "quickstart", &rows()).unwrap();
            fs::read(dir.path().join(name)).unwrap()
        });
        assert_eq!(bytes[0], bytes[1]);
    }

    #[test]
    fn the_file_has_the_columns_that_are_promised() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.parquet");
        write(&path, "quickstart", &rows()).unwrap();
        let found = ParquetTable::read(&path).unwrap().columns();
        let promised = columns().map(|column| (column.name.to_owned(), column.dtype.to_owned()));
        assert_eq!(found, promised);
    }

    #[test]
    fn a_file_cut_short_is_an_error_at_any_length() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.parquet");
        write(&path, "quickstart", &rows()).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains("metrics.parquet` is not a readable Parquet file"), "{length}: {error}");
        }
    }

    #[test]
    fn a_flipped_byte_is_an_error_or_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.parquet");
        write(&path, "quickstart", &rows()).unwrap();
        let whole = fs::read(&path).unwrap();
        let mut found = 0;
        for place in (0..whole.len()).step_by(3) {
            let mut flipped = whole.clone();
            flipped[place] ^= 0x5a;
            fs::write(&path, &flipped).unwrap();
            match read(&path) {
                Ok(back) => assert_eq!(back, rows(), "byte {place}"),
                Err(error) => {
                    assert!(error.to_string().contains("metrics.parquet`"), "byte {place}: {error}");
                    found += 1;
                }
            }
        }
        assert!(found > whole.len() / 9, "{found} of {}", whole.len());
    }

    #[test]
    fn errors_name_the_file() {
        let error = read(Path::new("no/such.parquet")).unwrap_err().to_string();
        expect!["cannot read `no/such.parquet`: No such file or directory (os error 2)"].assert_eq(&error);
        let error = write(Path::new("no/such.parquet"), "x", &[]).unwrap_err().to_string();
        expect!["cannot write `no/such.parquet`: No such file or directory (os error 2)"].assert_eq(&error);
    }
}
