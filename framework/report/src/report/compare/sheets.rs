//! Comparisons as plain tables for programs: one row per score, with all digits.

use boldface_tables::export::{ColumnValues, Sheet};
use boldface_tables::leaderboard::Trial;

use super::board::{Board, LeaderboardRow, keys};
use super::groups::RunGroup;
use super::scores::{GroupScore, MetricComparison};

/// Builds a sheet with one row per metric and group.
pub fn of_runs(groups: &[RunGroup], lines: &[Vec<MetricComparison>]) -> Sheet {
    let rows: Vec<(&MetricComparison, &RunGroup, &GroupScore)> = lines
        .iter()
        .flatten()
        .flat_map(|line| groups.iter().zip(&line.cells).map(move |(group, cell)| (line, group, cell)))
        .collect();
    let text = |of: fn(&(&MetricComparison, &RunGroup, &GroupScore)) -> String| {
        ColumnValues::Text(rows.iter().map(|row| Some(of(row))).collect())
    };
    let first = groups.first().map(|group| group.label.clone());
    let against = rows.iter().map(|(_, _, cell)| cell.difference.and(first.clone())).collect();
    let sheet = Sheet::new()
        .with("run", text(|(_, group, _)| group.label.clone()))
        .with("task", text(|(line, _, _)| line.task.clone()))
        .with("part", text(|(line, _, _)| line.part.name().to_owned()))
        .with("metric", text(|(line, _, _)| line.metric.clone()));
    let cells: Vec<&GroupScore> = rows.iter().map(|(_, _, cell)| *cell).collect();
    let sheet = values(sheet, "value", &cells);
    differences(sheet, &cells)
        .with("against", ColumnValues::Text(against))
        .with(
            "runs",
            ColumnValues::Count(rows.iter().map(|(_, group, _)| Some(group.runs.len() as u64)).collect()),
        )
        .with("n", ColumnValues::Count(cells.iter().map(|cell| cell.n).collect()))
}

/// Builds a sheet with one row per arm, best validation first.
pub fn of_sweep(board: &Board<'_>, trials: &[Trial], rows: &[LeaderboardRow]) -> Sheet {
    let constant = |text: &str| ColumnValues::Text(vec![Some(text.to_owned()); rows.len()]);
    let mut sheet = Sheet::new()
        .with("rank", ColumnValues::Count((1..=rows.len() as u64).map(Some).collect()))
        .with("arm", ColumnValues::Text(rows.iter().map(|row| Some(row.group.label.clone())).collect()));
    for key in keys(trials) {
        let values = rows.iter().map(|row| row.entry.settings.get(&key).cloned()).collect();
        sheet = sheet.with(key, ColumnValues::Text(values));
    }
    let sheet = sheet.with("task", constant(&board.task)).with("metric", constant(&board.metric));
    let validation: Vec<&GroupScore> = rows.iter().map(|row| &row.validation).collect();
    let test: Vec<&GroupScore> = rows.iter().map(|row| &row.test).collect();
    let sheet = values(values(sheet, "validation", &validation), "test", &test);
    differences(sheet, &test).with(
        "runs",
        ColumnValues::Count(rows.iter().map(|row| Some(row.entry.trials.len() as u64)).collect()),
    )
}

fn values(sheet: Sheet, name: &str, cells: &[&GroupScore]) -> Sheet {
    let number = |of: fn(&GroupScore) -> Option<f64>| {
        ColumnValues::Number(cells.iter().map(|cell| of(cell)).collect())
    };
    sheet
        .with(name, number(|cell| cell.summary.mean))
        .with(format!("{name}_low"), number(|cell| Some(cell.interval?.0)))
        .with(format!("{name}_high"), number(|cell| Some(cell.interval?.1)))
        .with(format!("{name}_sd"), number(|cell| cell.summary.sd))
        .with(
            format!("{name}_runs"),
            ColumnValues::Count(cells.iter().map(|cell| Some(cell.summary.n as u64)).collect()),
        )
}

fn differences(sheet: Sheet, cells: &[&GroupScore]) -> Sheet {
    let number = |of: fn(&GroupScore) -> Option<f64>| {
        ColumnValues::Number(cells.iter().map(|cell| of(cell)).collect())
    };
    sheet
        .with("difference", number(|cell| Some(cell.difference?.value)))
        .with("difference_low", number(|cell| Some(cell.difference?.interval?.0)))
        .with("difference_high", number(|cell| Some(cell.difference?.interval?.1)))
}
