//! Runs side by side: which keys differ, which stages are shared, and which metrics changed.

use boldface::Part;

use super::beside::Intervals;
use super::groups::RunGroup;
use super::run::Run;
use super::scores::{Bench, MetricComparison};
use super::settings::differing;
use super::standing::{Standing, side_by_side};
use super::{marks, multiples};
use crate::report::document::{Align, Block, Figure, ReportTable, TableCell, code, metric_label, plain};
use crate::report::number;

/// With more groups than this, groups are rows instead of columns.
const MOST_COLUMNS: usize = 3;
/// Longest value in the table of keys. Longer ones are cut.
const LONGEST: usize = 60;

/// Lists the keys of the specs and the stages that differ.
pub fn differences(runs: &[Run], groups: &[RunGroup]) -> Vec<Block> {
    let mut blocks = vec![Block::Section("What differs".into())];
    let settings: Vec<_> = runs.iter().map(|run| &run.settings).collect();
    let keys = differing(&settings);
    if keys.is_empty() {
        blocks.push(Block::Text(vec![plain("No key of the specs differs.")]));
    } else {
        let mut columns = vec![("key".to_owned(), Align::Left)];
        columns.extend(groups.iter().map(|group| (group.label.clone(), Align::Left)));
        let row = |(key, values): &(String, Vec<Option<String>>)| {
            let of_group = |group: &RunGroup| {
                let mut told: Vec<&str> = Vec::new();
                for &run in &group.runs {
                    let value = values[run].as_deref().unwrap_or(number::DASH);
                    if !told.contains(&value) {
                        told.push(value);
                    }
                }
                TableCell::new(cut(&told.join(", ")))
            };
            std::iter::once(TableCell::new(key.clone())).chain(groups.iter().map(of_group)).collect()
        };
        let caption = "Keys of the specs that differ (defaults included)".into();
        blocks.push(Block::Table(ReportTable { caption, columns, rows: keys.iter().map(row).collect() }));
    }
    blocks.push(stages(runs));
    blocks
}

/// Lists the stages that all runs share and those that differ.
fn stages(runs: &[Run]) -> Block {
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in runs.iter().flat_map(|run| &run.stages) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let is_shared = |name: &&&String| {
        let first = runs[0].key(name);
        runs.iter().all(|run| run.key(name) == first)
    };
    let (shared, other): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| is_shared(name));
    let listed = |names: &[&String]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let mut spans = Vec::new();
    if !shared.is_empty() {
        spans.extend([plain("Shared stages: "), code(listed(&shared)), plain(". ")]);
    }
    match other.is_empty() {
        true => spans.push(plain("Every stage has the same key: the runs are the same.")),
        false => spans.extend([plain("Stages that differ: "), code(listed(&other)), plain(".")]),
    }
    Block::Text(spans)
}

/// Builds the tables of every task, the small multiples of its metrics, and the notes.
pub fn results(
    bench: &mut Bench<'_>,
    groups: &[RunGroup],
    lines: &[Vec<MetricComparison>],
    part: Part,
) -> Vec<Block> {
    let meaning = match part {
        Part::Test => "Test {subject}s",
        _ => "Validation {subject}s: for choices, not for claims",
    };
    let mut blocks = vec![Block::Section(meaning.into())];
    for lines in lines.iter().filter(|lines| !lines.is_empty()) {
        let few = groups.len() <= MOST_COLUMNS;
        let tables = if few {
            vec![wide(lines, groups)]
        } else {
            lines.iter().map(|line| long(line, groups)).collect()
        };
        blocks.push(Block::Subsection(lines[0].task.clone()));
        blocks.extend(tables.into_iter().map(Block::Table));
        let figure = |line: &MetricComparison| Figure {
            slug: format!("{}-{}-{}", line.task, part.name(), line.metric),
            caption: format!("{}{}", metric_label(&line.metric), marks::arrow(line.higher_is_better)),
            svg: multiples::forest(line, groups),
        };
        blocks.push(Block::Figures(lines.iter().map(figure).collect()));
        let standings: Vec<Standing> = groups
            .iter()
            .map(|group| bench.standing(group, &lines[0].measure(), Intervals::Rescored))
            .collect();
        blocks.extend(side_by_side(&standings, "run", " beside baselines and controls").map(Block::Table));
        blocks.extend(standings.iter().flat_map(Standing::words));
    }
    blocks.extend(bench.notes.iter().map(|note| Block::Text(vec![plain(note.clone())])));
    blocks.push(Block::Text(vec![plain(marks::LEGEND)]));
    blocks
}

/// Makes a table with metrics in rows: values, then differences from the first group.
fn wide(lines: &[MetricComparison], groups: &[RunGroup]) -> ReportTable {
    let mut columns = vec![("metric".to_owned(), Align::Left)];
    columns.extend(groups.iter().map(|group| (group.label.clone(), Align::Right)));
    let first = &groups[0].label;
    columns.extend(groups.iter().skip(1).map(|group| (format!("{} - {first}", group.label), Align::Right)));
    let row = |line: &MetricComparison| {
        let name =
            TableCell::new(format!("{}{}", metric_label(&line.metric), marks::arrow(line.higher_is_better)));
        let values = line.cells.iter().map(marks::value);
        let differences = line.cells.iter().skip(1).map(marks::difference);
        std::iter::once(name).chain(values).chain(differences).collect()
    };
    ReportTable { caption: caption(lines), columns, rows: lines.iter().map(row).collect() }
}

/// Makes a table with groups in rows, for one metric.
fn long(line: &MetricComparison, groups: &[RunGroup]) -> ReportTable {
    let label = format!("{}{}", metric_label(&line.metric), marks::arrow(line.higher_is_better));
    let columns = vec![
        ("run".to_owned(), Align::Left),
        (label, Align::Right),
        (format!("minus {}", groups[0].label), Align::Right),
    ];
    let row = |(group, cell): (&RunGroup, _)| {
        vec![TableCell::new(group.label.clone()), marks::value(cell), marks::difference(cell)]
    };
    ReportTable {
        caption: format!("{}: {}", caption(std::slice::from_ref(line)), metric_label(&line.metric)),
        columns,
        rows: groups.iter().zip(&line.cells).map(row).collect(),
    }
}

fn caption(lines: &[MetricComparison]) -> String {
    let n = lines.iter().flat_map(|line| &line.cells).find_map(|cell| cell.n);
    let rests_on = n.map_or_else(String::new, |n| format!(", {}", number::count(n as usize, "question")));
    format!("{} on {}{rests_on}", lines[0].task, lines[0].part.name())
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
