//! Tables for the terminal: aligned columns, never wider than the screen.

use std::fmt::Write;

use super::document::{Align, Block, ReportDocument, ReportTable, TableCell, TextSpan, Tone};
use super::results::Results;
use crate::spec::Unit;

/// Longest line, in characters.
const WIDTH: usize = 110;
/// Spaces between two columns.
const GAP: usize = 2;
/// Longest name of a column. Longer ones are cut.
const LONGEST: usize = 40;

/// Number of differences shown. The report has all of them.
const MOST: usize = 1;

/// Formats all results by part, the cautions and the exclusions, if any. `unit` is the unit of the
/// split.
pub fn write(parts: &[Vec<Results>], cautions: &[String], left_out: Option<&str>, unit: Unit) -> String {
    let mut out = String::new();
    let (mut has_bold, mut has_interval) = (false, false);
    for results in parts.iter().flatten() {
        let table = results.table(str::to_owned, MOST);
        let _ = writeln!(out, "{}: {}", results.part.name(), unit.worded(&table.caption));
        has_interval |= table.rows.iter().flatten().any(|cell| cell.note.is_some());
        has_bold |= table.rows.iter().flatten().any(marked);
        out.push_str(&aligned(&table));
        for sentence in results.sentences(MOST) {
            out.push_str(&wrapped(&unit.worded(&sentence), "  "));
        }
        out.push('\n');
    }
    if out.is_empty() {
        return "no task was scored\n".to_owned();
    }
    if has_interval {
        out.push_str(&unit.worded("[low, high]: 95% bootstrap interval by {subject}"));
        out.push_str(if has_bold { "; * the interval of the difference excludes zero\n" } else { "\n" });
    }
    for caution in cautions {
        out.push_str(&wrapped(&unit.worded(&format!("too few for a claim: {caution}")), ""));
    }
    if let Some(left_out) = left_out {
        out.push_str(&wrapped(left_out, ""));
    }
    out
}

/// Formats the text and tables of a document, section by section, without plots.
pub fn document(document: &ReportDocument) -> String {
    let mut out = format!("{}\n", document.title);
    for block in &document.blocks {
        match block {
            Block::Section(name) => {
                let _ = writeln!(out, "\n{name}");
            }
            Block::Subsection(name) => {
                let _ = writeln!(out, "\n  {name}");
            }
            Block::Lead(spans) | Block::Text(spans) => out.push_str(&wrapped(&words(spans), "  ")),
            Block::Table(table) | Block::Folded { table, .. } => {
                let _ = writeln!(out, "\n  {}", table.caption);
                out.push_str(&aligned(&with_notes(table)));
                out.push('\n');
            }
            Block::Pairs(pairs) => pairs.iter().for_each(|(name, spans)| {
                out.push_str(&wrapped(&format!("{name}: {}", words(spans)), "  "));
            }),
            Block::Quote { who, text } => out.push_str(&wrapped(&format!("{who}: {text}"), "  ")),
            Block::Details { summary, code } => {
                let _ = writeln!(out, "\n  {summary}");
                code.lines().for_each(|line| out.push_str(&wrapped(line, "    ")));
            }
            Block::Figures(_) | Block::Forest(_) | Block::Pages(_) => {}
        }
    }
    out
}

fn words(spans: &[TextSpan]) -> String {
    let one = |span: &TextSpan| match span {
        TextSpan::Plain(text)
        | TextSpan::Strong(text)
        | TextSpan::Link(text)
        | TextSpan::Sourced { text, .. } => text.clone(),
        TextSpan::Code(text) => format!("`{text}`"),
    };
    spans.iter().map(one).collect()
}

/// Returns the same table with every note appended to its value, so that none is dropped.
fn with_notes(table: &ReportTable) -> ReportTable {
    let cell = |cell: &TableCell| TableCell { text: cell.line(), note: None, tone: cell.tone };
    let rows = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    ReportTable { caption: table.caption.clone(), columns: table.columns.clone(), rows }
}

/// Sets columns side by side. Those that do not fit go below, with the first column repeated.
fn aligned(table: &ReportTable) -> String {
    let columns: Vec<Vec<String>> = (0..table.columns.len()).map(|place| column(table, place)).collect();
    let widths: Vec<usize> =
        columns.iter().map(|column| column.iter().map(|t| t.chars().count()).max().unwrap_or(0)).collect();
    let first = GAP + widths[0];

    let mut out = String::new();
    let mut block = Vec::new();
    let mut used = first;
    for column in 1..columns.len() {
        if used + GAP + widths[column] > WIDTH && !block.is_empty() {
            out.push_str(&lines(table, &columns, &widths, &block));
            block.clear();
            used = first;
        }
        used += GAP + widths[column];
        block.push(column);
    }
    out + &lines(table, &columns, &widths, &block)
}

/// Returns the texts of one column, its name first. Only differences can be marked.
fn column(table: &ReportTable, place: usize) -> Vec<String> {
    let name = &table.columns[place].0;
    let cells = || table.rows.iter().map(|row| &row[place]);
    let is_marked = cells().any(marked);
    let text = |cell: &TableCell| {
        let text = short(&cell.line());
        let mark = if marked(cell) { " *" } else { "  " };
        if is_marked { text + mark } else { text }
    };
    let header = if is_marked { short(name) + "  " } else { short(name) };
    std::iter::once(header).chain(cells().map(text)).collect()
}

fn lines(table: &ReportTable, columns: &[Vec<String>], widths: &[usize], block: &[usize]) -> String {
    let mut out = String::new();
    for (row, name) in columns[0].iter().enumerate() {
        let mut line = " ".repeat(GAP) + &padded(name, widths[0], Align::Left);
        for &column in block {
            line.push_str(&" ".repeat(GAP));
            line.push_str(&padded(&columns[column][row], widths[column], table.columns[column].1));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

fn padded(text: &str, width: usize, align: Align) -> String {
    match align {
        Align::Left => format!("{text:<width$}"),
        Align::Right => format!("{text:>width$}"),
    }
}

/// Whether a difference's interval excludes zero.
fn marked(cell: &TableCell) -> bool {
    matches!(cell.tone, Tone::Good | Tone::Bad)
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

pub fn wrapped(text: &str, indent: &str) -> String {
    let mut out = String::from(indent);
    let mut used = indent.len();
    for (place, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if place > 0 && used + 1 + length > WIDTH {
            let _ = write!(out, "\n{indent}");
            used = indent.len();
        } else if place > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out + "\n"
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn columns_that_do_not_fit_go_below() {
        let cell = |text: &str| TableCell { text: text.to_owned(), note: None, tone: Tone::Plain };
        let names = [
            "metric",
            "a-model-with-a-long-name",
            "a-baseline-with-a-longer-name",
            "another-baseline-of-some-length",
            "the-last-baseline",
            "a-name-that-is-longer-than-any-sensible-name-should-be",
        ];
        let table = ReportTable {
            caption: String::new(),
            columns: names
                .map(|name| (name.to_owned(), if name == "metric" { Align::Left } else { Align::Right }))
                .into(),
            rows: vec![vec![
                cell("accuracy"),
                cell("0.1"),
                cell("0.2"),
                TableCell { tone: Tone::Bad, ..cell("0.3") },
                cell("0.4"),
                cell("–"),
            ]],
        };
        let shown = aligned(&table);
        assert!(shown.lines().all(|line| line.chars().count() <= WIDTH), "{shown}");
        expect![[r#"
            table
              metric    a-model-with-a-long-name  a-baseline-with-a-longer-name  another-baseline-of-some-length
              accuracy                       0.1                            0.2                              0.3 *
              metric    the-last-baseline  a-name-that-is-longer-than-any-sensible…
              accuracy                0.4                                         –
        "#]].assert_eq(&format!("table\n{shown}"));
    }

    #[test]
    fn long_sentences_are_wrapped() {
        let text = wrapped(&"word ".repeat(60), "  ");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH && line.starts_with("  ")));
    }
}
