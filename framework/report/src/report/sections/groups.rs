//! Scores of each group of subjects, such as sex and site.

use std::collections::BTreeSet;

use boldface::{MetricRow, Part, ScanInfo};

use crate::report::document::{Align, Block, ReportTable, TableCell, Tone, metric_label, plain};
use crate::report::number;
use crate::report::results::{Results, results};
use crate::report::stored::StoredRun;
use crate::score::{SMALLEST_GROUP, intervals};

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let tables: Vec<ReportTable> =
        results(stored, Part::Test).iter().flat_map(|results| tables(stored, results)).collect();
    if tables.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Section("Groups of {subject}s".into())];
    blocks.extend(tables.into_iter().map(Block::Table));
    blocks.push(Block::Text(vec![plain(format!(
        "Test {{subject}}s, one metric; all metrics are in metrics.parquet (column group). Groups of fewer than \
         {SMALLEST_GROUP} {{subject}}s are not scored, and groups of fewer than {} have no interval. Small groups have \
         wide intervals, so an overlap does not show that two groups are alike.",
        intervals::FEWEST
    ))]));
    blocks
}

/// Makes one table per grouping column.
fn tables(stored: &StoredRun, results: &Results) -> Vec<ReportTable> {
    let Some(metric) = results.headline() else { return Vec::new() };
    let stages = [format!("evaluation.{}", results.task), format!("baseline.{}", results.task)];
    let of_task = |row: &&MetricRow| {
        row.split == results.part.name() && row.metric == metric && stages.contains(&row.stage)
    };
    let rows: Vec<(&str, &str, &MetricRow)> = stored
        .rows
        .iter()
        .filter(of_task)
        .filter_map(|row| row.group.as_deref()?.split_once('=').map(|(column, value)| (column, value, row)))
        .collect();
    let mut columns: Vec<&str> = Vec::new();
    for (column, ..) in &rows {
        if !columns.contains(column) {
            columns.push(column);
        }
    }
    columns.into_iter().map(|column| table(stored, results, metric, column, &rows)).collect()
}

fn table(
    stored: &StoredRun,
    results: &Results,
    metric: &str,
    column: &str,
    rows: &[(&str, &str, &MetricRow)],
) -> ReportTable {
    let of_column = || rows.iter().filter(|(of, ..)| *of == column);
    let values: BTreeSet<&str> = of_column().map(|(_, value, _)| *value).collect();
    let scored = |name: &&String| of_column().any(|(.., row)| row.plugin == **name);
    let answerers: Vec<&String> = results.answerers.iter().filter(scored).collect();
    let mut columns = vec![
        (column.to_owned(), Align::Left),
        ("{subject}s".to_owned(), Align::Right),
        ("scans".to_owned(), Align::Right),
    ];
    columns.extend(answerers.iter().map(|name| ((*name).clone(), Align::Right)));
    let row = |value: &&str| {
        let scans = asked(stored, results, column, value);
        let subjects = scans.iter().map(|scan| scan.id.person()).collect::<BTreeSet<_>>().len();
        let mut cells = vec![
            TableCell::new(if value.is_empty() { number::DASH } else { value }),
            TableCell::new(subjects.to_string()),
            TableCell::new(scans.len().to_string()),
        ];
        for name in &answerers {
            let found = of_column().find(|(_, of, row)| of == value && row.plugin == **name);
            cells.push(match found {
                _ if subjects < SMALLEST_GROUP => TableCell::new("too few"),
                Some((.., row)) => {
                    TableCell::noted(number::with_interval(row.value, row.low.zip(row.high)), Tone::Plain)
                }
                None => TableCell::new(number::DASH),
            });
        }
        cells
    };
    let caption = format!("{} by {column}: {}", results.task, metric_label(metric));
    ReportTable { caption, columns, rows: values.iter().map(row).collect() }
}

/// Returns the scans of a group that were asked about.
fn asked<'a>(stored: &'a StoredRun, results: &Results, column: &str, value: &str) -> Vec<&'a ScanInfo> {
    let Some(task) = stored.task(&results.task) else { return Vec::new() };
    let answered: BTreeSet<_> = task
        .answered
        .iter()
        .filter(|answered| answered.part == results.part)
        .map(|answered| &answered.outcome.scan)
        .collect();
    let is_of_group = |scan: &&ScanInfo| scan.column(column) == Some(value) && answered.contains(&scan.id);
    stored.scans.iter().filter(is_of_group).collect()
}
