//! Training curves.

use std::collections::BTreeMap;

use boldface::MetricRow;

use super::slug;
use crate::report::document::{Align, Block, Figure, ReportTable, TableCell, metric_label};
use crate::report::number;
use crate::report::plot::{Chart, Ink, PlotLine};
use crate::report::stored::StoredRun;

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let mut blocks = Vec::new();
    for stage in &stored.record.stages {
        let name = stage.stage.name();
        let rows: Vec<&MetricRow> =
            stored.rows.iter().filter(|row| row.stage == name && row.step.is_some()).collect();
        if rows.is_empty() {
            continue;
        }
        let plugin =
            if stage.stage.plugin.is_empty() { String::new() } else { format!(" ({})", stage.stage.plugin) };
        blocks.push(Block::Subsection(format!("{name}{plugin}")));
        blocks.extend(curves(&name, &rows));
    }
    if !blocks.is_empty() {
        blocks.insert(0, Block::Section("Training".into()));
    }
    blocks
}

/// Makes one plot per metric with several steps, and a table of metrics with one.
fn curves(stage: &str, rows: &[&MetricRow]) -> Vec<Block> {
    let mut order: Vec<&str> = Vec::new();
    let mut lines: BTreeMap<(&str, &str), Vec<(f64, f64)>> = BTreeMap::new();
    for row in rows {
        if !order.contains(&row.metric.as_str()) {
            order.push(&row.metric);
        }
        let point = (row.step.unwrap_or_default() as f64, row.value.unwrap_or(f64::NAN));
        lines.entry((&row.metric, &row.split)).or_default().push(point);
    }
    // Metrics that training optimises come before others.
    let is_neutral =
        |metric: &&str| rows.iter().any(|row| row.metric == **metric && row.higher_is_better.is_none());
    order.sort_by_key(is_neutral);

    let (mut figures, mut single) = (Vec::new(), Vec::new());
    for metric in order {
        let of_metric: Vec<(&str, &Vec<(f64, f64)>)> = lines
            .iter()
            .filter(|((of, _), _)| *of == metric)
            .map(|((_, split), points)| (*split, points))
            .collect();
        if of_metric.iter().all(|(_, points)| points.len() < 2) {
            let value = of_metric.first().and_then(|(_, points)| points.first()).map(|(_, value)| *value);
            single.push(vec![
                TableCell::new(metric_label(metric)),
                TableCell::new(number::score(value.filter(|v| v.is_finite()))),
            ]);
            continue;
        }
        let line = |place: usize, split: &str, points: &[(f64, f64)]| PlotLine {
            name: if split.is_empty() { metric_label(metric) } else { split.to_owned() },
            ink: Ink::Nth(place),
            points: points.to_vec(),
        };
        let chart = Chart {
            title: format!("{stage}: {}", metric_label(metric)),
            x: "step".into(),
            y: String::new(),
            lines: of_metric
                .iter()
                .enumerate()
                .map(|(place, (split, points))| line(place, split, points))
                .collect(),
        };
        let last = of_metric.iter().filter_map(|(_, points)| points.last()).next();
        let last = number::score(last.map(|(_, value)| *value).filter(|value| value.is_finite()));
        figures.push(Figure {
            slug: format!("training-{}-{}", slug(stage), slug(metric)),
            caption: format!("{}, {last} at the end", metric_label(metric)),
            svg: chart.svg(),
        });
    }
    let mut blocks = Vec::new();
    if !figures.is_empty() {
        blocks.push(Block::Figures(figures));
    }
    if !single.is_empty() {
        let columns = vec![("recorded once".to_owned(), Align::Left), ("value".to_owned(), Align::Right)];
        blocks.push(Block::Table(ReportTable { caption: String::new(), columns, rows: single }));
    }
    blocks
}
