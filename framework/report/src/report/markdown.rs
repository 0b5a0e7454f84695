//! A report as Markdown, with its plots beside it as SVG files, because Markdown viewers strip inline
//! SVG.

use std::fmt::Write;

use super::document::{Align, Block, ReportDocument, ReportTable, TableCell, TextSpan, Tone};
use super::html;

/// Folder of the plots, in the report's folder.
pub const FIGURES: &str = "figures";

/// Background of a plot in a file of its own, which cannot take it from a page.
const BACKGROUND: &str =
    ".chart{background:#fdfdfb}@media(prefers-color-scheme:dark){.chart{background:#14181b}}";

/// Writes the report.
pub fn write(document: &ReportDocument) -> String {
    let mut out = format!("# {}\n", escape(&document.title));
    let pieces = document.blocks.iter().filter(|block| !matches!(block, Block::Pages(_)));
    for piece in pieces {
        out.push('\n');
        block(piece, &mut out);
    }
    out
}

/// Writes a few blocks.
pub fn blocks(blocks: &[Block]) -> String {
    let mut out = String::new();
    for (place, piece) in blocks.iter().enumerate() {
        out.push_str(if place == 0 { "" } else { "\n" });
        block(piece, &mut out);
    }
    out
}

/// Returns the name and the text of every plot's file.
pub fn figures(document: &ReportDocument) -> Vec<(String, String)> {
    let of_block = |block: &Block| match block {
        Block::Figures(figures) => {
            figures.iter().map(|figure| (figure.slug.clone(), figure.svg.clone())).collect()
        }
        Block::Forest(forest) => vec![(forest.slug.clone(), forest.wide())],
        _ => Vec::new(),
    };
    let style = format!("<style>{}{BACKGROUND}</style><title>", html::PLOT);
    let styled = |svg: &str| svg.replacen("<title>", &style, 1);
    let figures = document.blocks.iter().flat_map(of_block);
    figures.map(|(slug, svg)| (format!("{slug}.svg"), styled(&svg) + "\n")).collect()
}

fn block(block: &Block, out: &mut String) {
    let _ = match block {
        Block::Section(name) => writeln!(out, "## {}", escape(name)),
        Block::Subsection(name) => writeln!(out, "### {}", escape(name)),
        Block::Lead(spans) | Block::Text(spans) => writeln!(out, "{}", inline(spans)),
        Block::Quote { who, text } => writeln!(out, "> **{}:** {}", escape(who), escape(text)),
        Block::Table(of) => write!(out, "{}", table(of)),
        Block::Folded { summary, table: folded } => {
            let summary = html::escape(summary);
            writeln!(out, "<details>\n<summary>{summary}</summary>\n\n{}\n</details>", table(folded))
        }
        Block::Forest(forest) => {
            writeln!(out, "**{}**\n\n{}", escape(&forest.title), image(&forest.caption, &forest.slug))
        }
        Block::Figures(figures) => {
            figures.iter().try_for_each(|figure| writeln!(out, "{}\n", image(&figure.caption, &figure.slug)))
        }
        Block::Pages(_) => Ok(()),
        Block::Pairs(pairs) => pairs
            .iter()
            .try_for_each(|(name, spans)| writeln!(out, "- **{}:** {}", escape(name), inline(spans))),
        Block::Details { summary, code } => {
            let fence = fence(code);
            let summary = html::escape(summary);
            writeln!(
                out,
                "<details>\n<summary>{summary}</summary>\n\n{fence}\n{}\n{fence}\n\n</details>",
                code.trim_end()
            )
        }
    };
}

fn image(caption: &str, slug: &str) -> String {
    let caption = escape(caption);
    format!("![{caption}]({FIGURES}/{slug}.svg)\n*{caption}*")
}

fn inline(spans: &[TextSpan]) -> String {
    let one = |span: &TextSpan| match span {
        TextSpan::Plain(text) | TextSpan::Sourced { text, .. } => escape(text),
        TextSpan::Strong(text) => format!("**{}**", escape(text)),
        TextSpan::Code(text) => code(text),
        TextSpan::Link(address) => escape(address),
    };
    spans.iter().map(one).collect()
}

fn table(table: &ReportTable) -> String {
    let mut out = String::new();
    if !table.caption.is_empty() {
        let _ = writeln!(out, "**{}**\n", escape(&table.caption));
    }
    let header: Vec<String> = table.columns.iter().map(|(name, _)| escape(name)).collect();
    let rule = table.columns.iter().map(|(_, align)| match align {
        Align::Left => "---",
        Align::Right => "---:",
    });
    let _ = writeln!(out, "| {} |\n| {} |", header.join(" | "), rule.collect::<Vec<_>>().join(" | "));
    for row in &table.rows {
        let _ = writeln!(out, "| {} |", row.iter().map(text).collect::<Vec<_>>().join(" | "));
    }
    out
}

fn text(cell: &TableCell) -> String {
    match cell.tone {
        Tone::Good | Tone::Bad => format!("**{}**", escape(&cell.line())),
        Tone::Plain | Tone::Share(_) => escape(&cell.line()),
    }
}

/// Returns a fence longer than any in the text.
fn fence(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// Returns a name as code, or as text if code cannot hold it.
pub fn code(text: &str) -> String {
    if text.contains(['`', '|']) || text.contains(char::is_control) {
        escape(text)
    } else {
        format!("`{text}`")
    }
}

/// Escapes text for Markdown, on one line.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let characters: Vec<char> = text.chars().collect();
    for (place, &character) in characters.iter().enumerate() {
        let next = characters.get(place + 1);
        let is_inside_word = place > 0
            && characters[place - 1].is_alphanumeric()
            && next.is_some_and(|next| next.is_alphanumeric());
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '|' | '~' | '$' => out.extend(['\\', character]),
            '_' if !is_inside_word => out.push_str("\\_"),
            // A bracket on its own does not form a link.
            ']' if matches!(next, Some('(' | '[' | ':')) => out.push_str("\\]"),
            // An image is loaded by whoever opens the page.
            '!' if next == Some(&'[') => out.push_str("\\!"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_it_is() {
        assert_eq!(escape("a|b <i> `x` *y* _z_ in_word"), r"a\|b &lt;i&gt; \`x\` \*y\* \_z\_ in_word");
        assert_eq!(escape("[0.1, 0.2] and [x](y)\nz"), r"[0.1, 0.2] and [x\](y) z");
        assert_eq!(inline(&[TextSpan::Code("a`b".into())]), r"a\`b");
    }

    #[test]
    fn code_cannot_end_its_own_fence() {
        let code = "x = '```'\n````".to_owned();
        let mut out = String::new();
        block(&Block::Details { summary: "<b>".into(), code }, &mut out);
        assert_eq!(out.matches("`````").count(), 2);
        assert!(out.contains("<summary>&lt;b&gt;</summary>"));
    }
}
