//! Reads our tables and event files with common tools: polars, pandas and TensorBoard.

use std::collections::BTreeMap;

use boldface_tests::{Sandbox, told};
use serde_json::{Value, json};

use super::{run, said, spec, sweep};

#[test]
fn polars_and_pandas_read_what_we_wrote() {
    let sandbox = Sandbox::new();
    let dir = sweep(&sandbox);
    let metrics = dir.join("arms/codebook-size=4,split=0/metrics.parquet");
    let rows = boldface_tables::metrics::read(&metrics).unwrap();
    let Some(read) = told("read_tables.py", &["value".to_owned(), metrics.display().to_string()]) else {
        return;
    };
    let sum: f64 = rows.iter().filter_map(|row| row.value).sum();
    let columns: Vec<&str> = boldface_tables::metrics::columns().iter().map(|column| column.name).collect();
    for reader in ["polars", "pandas"] {
        let seen = &read[0][reader];
        assert_eq!(seen["rows"], rows.len());
        let names: Vec<&str> =
            seen["columns"].as_array().unwrap().iter().map(|column| column[0].as_str().unwrap()).collect();
        assert_eq!(names, columns, "{reader}");
        assert!((seen["sum"].as_f64().unwrap() - sum).abs() < 1e-9 * sum.abs(), "{reader}");
    }

    let export = |name: &str| {
        let out = dir.join(name).display().to_string();
        let format = name.rsplit('.').next().unwrap();
        said(&sandbox.boldface(&["compare", "codes", "--metric", "mse", "--to", format, "--out", &out]));
        out
    };
    let read =
        told("read_tables.py", &["value".to_owned(), export("board.csv"), export("board.parquet")]).unwrap();
    let csv = std::fs::read_to_string(dir.join("board.csv")).unwrap();
    let rows = super::beside::rows(&csv);
    let sum: f64 = rows.iter().map(|row| super::beside::number(row, "value").unwrap()).sum();
    for table in &read {
        for reader in ["polars", "pandas"] {
            assert_eq!(table[reader]["rows"], rows.len(), "{reader}");
            assert!((table[reader]["sum"].as_f64().unwrap() - sum).abs() < 1e-9 * sum.abs(), "{reader}");
        }
        // Both readers find the same names. If the format has types, these agree too.
        let names = |reader: &str| -> Vec<Value> {
            table[reader]["columns"].as_array().unwrap().iter().map(|column| column[0].clone()).collect()
        };
        assert_eq!(names("polars"), names("pandas"));
    }
    for (name, kind) in [("rank", "count"), ("value", "number"), ("metric", "text"), ("runs", "count")] {
        let has = |table: &Value, reader: &str| {
            table[reader]["columns"].as_array().unwrap().contains(&json!([name, kind]))
        };
        assert!(read.iter().all(|table| has(table, "polars") && has(table, "pandas")), "{name}: {read:?}");
    }
}

#[test]
fn tensorboard_reads_what_we_wrote() {
    let sandbox = Sandbox::new();
    let dir = run(&sandbox, "board", &format!("{}[runtime]\ntensorboard = true\n", spec(0, 0, 4)));
    let rows = boldface_tables::metrics::read(&dir.join("metrics.parquet")).unwrap();
    let Some(read) = told("read_events.py", &[dir.display().to_string()]) else { return };
    let mut scalars: BTreeMap<String, Vec<(u64, f64)>> = serde_json::from_value(read[0].clone()).unwrap();
    scalars.retain(|_, points| !points.is_empty());
    let mut expected: BTreeMap<String, Vec<(u64, f64)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.against.is_none() && row.group.is_none()) {
        let Some(value) = row.value else { continue };
        // The model's scores name the plugin `bigram`, while the stage's own plugin is the task.
        let who = if ["quantile", "forecasting"].contains(&&*row.plugin) || row.stage == "instruction" {
            ""
        } else {
            &row.plugin
        };
        let parts = [&*row.stage, &*row.split, &*row.metric, who];
        let tag = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        expected.entry(tag).or_default().push((row.step.unwrap_or(0), f64::from(value as f32)));
    }
    assert_eq!(scalars.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (tag, points) in &expected {
        for ((step, value), (known, told)) in points.iter().zip(&scalars[tag]) {
            assert_eq!(step, known, "{tag}");
            assert!((value - told).abs() < 1e-6 * value.abs().max(1e-6), "{tag}: {value} {told}");
        }
        assert_eq!(points.len(), scalars[tag].len(), "{tag}");
    }
}
