//! Tables as LaTeX, in `booktabs` style.

use std::fmt::Write;

use crate::report::document::{Align, Block, ReportDocument, ReportTable, TableCell, Tone};

/// Writes every table of the document as a float of its own. Needs `\usepackage{booktabs}`.
pub fn write(document: &ReportDocument) -> String {
    let tables = document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some(one(table)),
        _ => None,
    });
    format!(
        "% {}; needs \\usepackage{{booktabs}}\n{}",
        line(&document.title),
        tables.collect::<Vec<_>>().join("\n")
    )
}

fn one(table: &ReportTable) -> String {
    let side = |(_, align): &(String, Align)| match align {
        Align::Left => 'l',
        Align::Right => 'r',
    };
    let columns: String = table.columns.iter().map(side).collect();
    let header: Vec<String> = table.columns.iter().map(|(name, _)| escape(name)).collect();
    let mut out = String::from("\\begin{table}\n\\centering\n");
    let _ = writeln!(out, "\\caption{{{}}}", escape(&table.caption));
    let _ =
        writeln!(out, "\\begin{{tabular}}{{{columns}}}\n\\toprule\n{} \\\\\n\\midrule", header.join(" & "));
    for row in &table.rows {
        let _ = writeln!(out, "{} \\\\", row.iter().map(cell).collect::<Vec<_>>().join(" & "));
    }
    out + "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
}

fn cell(cell: &TableCell) -> String {
    let text = match cell.tone {
        Tone::Good | Tone::Bad => format!("\\textbf{{{}}}", escape(&cell.text)),
        Tone::Plain | Tone::Share(_) => escape(&cell.text),
    };
    match &cell.note {
        Some(note) => format!("{text} {{\\scriptsize {}}}", escape(note)),
        None => text,
    }
}

/// Removes line breaks, which would end a LaTeX comment.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Escapes text for LaTeX. A hyphen before a number becomes a minus.
pub fn escape(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let is_number = rest.peek().is_some_and(char::is_ascii_digit);
        match character {
            '-' if is_number && matches!(before, ' ' | '[') => out.push_str("$-$"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(character);
            }
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '\\' => out.push_str("\\textbackslash{}"),
            '<' | '>' | '|' => {
                let _ = write!(out, "${character}$");
            }
            '↑' => out.push_str("$\\uparrow$"),
            '↓' => out.push_str("$\\downarrow$"),
            '±' => out.push_str("$\\pm$"),
            '²' => out.push_str("$^2$"),
            '∞' => out.push_str("$\\infty$"),
            '–' => out.push_str("--"),
            '…' => out.push_str("\\ldots{}"),
            control if control.is_control() => out.push(' '),
            // LaTeX would read a `[` at the start of a row as the height of the previous row.
            '[' => out.push_str("{[}"),
            other => out.push(other),
        }
        before = character;
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_table_is_booktabs_and_nothing_in_it_is_a_command() {
        let table = ReportTable {
            caption: "50% of {all} & \\more_#1".into(),
            columns: vec![("metric".into(), Align::Left), ("b - a".into(), Align::Right)],
            rows: vec![
                vec![
                    TableCell::new("R² ↑"),
                    TableCell { text: "-0.10".into(), note: Some("[-0.20, -0.01]".into()), tone: Tone::Bad },
                ],
                vec![TableCell::new("x<y"), TableCell::new("–")],
            ],
        };
        let document = ReportDocument { title: "two\nlines".into(), blocks: vec![Block::Table(table)] };
        expect![[r"
            % two lines; needs \usepackage{booktabs}
            \begin{table}
            \centering
            \caption{50\% of \{all\} \& \textbackslash{}more\_\#1}
            \begin{tabular}{lr}
            \toprule
            metric & b - a \\
            \midrule
            R$^2$ $\uparrow$ & \textbf{$-$0.10} {\scriptsize {[}$-$0.20, $-$0.01]} \\
            x$<$y & -- \\
            \bottomrule
            \end{tabular}
            \end{table}
        "]]
        .assert_eq(&write(&document));
    }
}
