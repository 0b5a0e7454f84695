//! A report as one HTML file without scripts or external resources, in light and dark.

use std::fmt::Write;

use super::document::{Align, Block, Figure, Page, ReportDocument, ReportTable, TableCell, TextSpan, Tone};

const PAGE: &str = include_str!("page.css");
/// Style of plots, also embedded in files of single plots.
pub const PLOT: &str = include_str!("plot.css");

/// Writes the whole page.
pub fn write(document: &ReportDocument) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    let title = escape(&document.title);
    let _ = writeln!(out, "<title>{title}</title>\n<style>\n{PAGE}{PLOT}</style>\n</head>\n<body>\n<main>");
    let _ = writeln!(out, "<h1>{title}</h1>");
    contents(document, &mut out);
    let mut section = 0;
    for piece in &document.blocks {
        block(piece, &mut section, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Escapes text for elements and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML, and therefore SVG, allows no control characters.
            control if control.is_control() && !matches!(control, '\n' | '\t') => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

fn contents(document: &ReportDocument, out: &mut String) {
    let sections = document.blocks.iter().filter_map(|block| match block {
        Block::Section(name) => Some(name),
        _ => None,
    });
    out.push_str("<nav aria-label=\"Contents\"><ul>");
    for (number, name) in sections.enumerate() {
        let _ = write!(out, "<li><a href=\"#s{}\">{}</a></li>", number + 1, escape(name));
    }
    out.push_str("</ul></nav>\n");
}

fn block(block: &Block, section: &mut usize, out: &mut String) {
    let _ = match block {
        Block::Section(name) => {
            *section += 1;
            writeln!(out, "<h2 id=\"s{section}\">{}</h2>", escape(name))
        }
        Block::Subsection(name) => writeln!(out, "<h3>{}</h3>", escape(name)),
        Block::Lead(spans) => writeln!(out, "<p class=\"lead\">{}</p>", inline(spans)),
        Block::Text(spans) => writeln!(out, "<p>{}</p>", inline(spans)),
        Block::Quote { who, text } => writeln!(
            out,
            "<figure class=\"quote\"><figcaption>{}</figcaption><blockquote>{}</blockquote></figure>",
            escape(who),
            escape(text)
        ),
        Block::Table(of) => writeln!(out, "{}", table(of)),
        Block::Folded { summary, table: folded } => {
            writeln!(out, "<details><summary>{}</summary>{}</details>", escape(summary), table(folded))
        }
        Block::Forest(plot) => writeln!(
            out,
            "<h4>{}</h4>\n<figure>{}{}<figcaption>{}</figcaption></figure>",
            escape(&plot.title),
            plot.wide(),
            plot.narrow(),
            escape(&plot.caption)
        ),
        Block::Figures(figures) => {
            writeln!(out, "<div class=\"figures\">{}</div>", figures.iter().map(figure).collect::<String>())
        }
        Block::Pages(pages) => {
            let links = pages.iter().map(link).collect::<String>();
            writeln!(out, "<nav aria-label=\"Pages\"><ul>{links}</ul></nav>")
        }
        Block::Pairs(pairs) => {
            let pair = |(name, spans): &(String, Vec<TextSpan>)| {
                format!("<div><dt>{}</dt><dd>{}</dd></div>", escape(name), inline(spans))
            };
            writeln!(out, "<dl>{}</dl>", pairs.iter().map(pair).collect::<String>())
        }
        Block::Details { summary, code } => writeln!(
            out,
            "<details><summary>{}</summary><pre><code>{}</code></pre></details>",
            escape(summary),
            escape(code)
        ),
    };
}

fn inline(spans: &[TextSpan]) -> String {
    let one = |span: &TextSpan| match span {
        TextSpan::Plain(text) => minus(&escape(text)),
        TextSpan::Sourced { text, fields } => {
            let fields = escape(fields);
            format!("<span data-field=\"{fields}\" title=\"{fields}\">{}</span>", minus(&escape(text)))
        }
        TextSpan::Strong(text) => format!("<strong>{}</strong>", escape(text)),
        TextSpan::Code(text) => format!("<code>{}</code>", escape(text)),
        TextSpan::Link(address) if is_web(address) => format!("<a href=\"{0}\">{0}</a>", escape(address)),
        TextSpan::Link(address) => escape(address),
    };
    spans.iter().map(one).collect()
}

/// Whether an address is http(s). Other schemes could run a script.
fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

fn link(page: &Page) -> String {
    format!("<li><a href=\"{}\">{}</a></li>", escape(&page.path), escape(&page.name))
}

fn figure(figure: &Figure) -> String {
    format!("<figure>{}<figcaption>{}</figcaption></figure>", figure.svg, escape(&figure.caption))
}

fn table(table: &ReportTable) -> String {
    let mut out = String::from("<div class=\"scroll\" tabindex=\"0\"><table>");
    if !table.caption.is_empty() {
        let _ = write!(out, "<caption>{}</caption>", escape(&table.caption));
    }
    out.push_str("<thead><tr>");
    for (name, align) in &table.columns {
        let _ =
            write!(out, "<th scope=\"col\"{}>{}</th>", class(*align, Tone::Plain), typographic(name, *align));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for (place, (cell, (name, align))) in row.iter().zip(&table.columns).enumerate() {
            out.push_str(&html_cell(cell, name, *align, place == 0));
        }
        out.push_str("</tr>");
    }
    out + "</tbody></table></div>"
}

/// Writes a cell. `column` stands beside it where a narrow page stacks the cells of a row.
fn html_cell(cell: &TableCell, column: &str, align: Align, is_first: bool) -> String {
    let mut text = typographic(&cell.text, align);
    if matches!(cell.tone, Tone::Good | Tone::Bad) {
        text = format!("<b>{text}</b>");
    }
    if let Some(note) = &cell.note {
        let _ = write!(text, " <small>{}</small>", typographic(note, align));
    }
    match is_first {
        true => format!("<th scope=\"row\">{text}</th>"),
        false => {
            let column = typographic(column, align);
            format!("<td data-column=\"{column}\"{}>{text}</td>", class(align, cell.tone))
        }
    }
}

fn class(align: Align, tone: Tone) -> String {
    let side = match align {
        Align::Left => "",
        Align::Right => "number",
    };
    match tone {
        Tone::Plain if side.is_empty() => String::new(),
        Tone::Plain => format!(" class=\"{side}\""),
        Tone::Good => format!(" class=\"{side} good\""),
        Tone::Bad => format!(" class=\"{side} bad\""),
        Tone::Share(share) => format!(" class=\"{side} share\" style=\"--share:{:.0}%\"", 100.0 * share),
    }
}

/// Escapes text. In a column of numbers, hyphens become minus signs.
fn typographic(text: &str, align: Align) -> String {
    match align {
        Align::Left => escape(text),
        Align::Right => minus(&escape(text)),
    }
}

/// Replaces a hyphen before a number, or between two names with spaces, by a minus sign.
pub fn minus(escaped: &str) -> String {
    let mut out = String::with_capacity(escaped.len());
    let mut before = ' ';
    let mut rest = escaped.chars().peekable();
    while let Some(character) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        let is_sign =
            matches!(before, ' ' | '[' | '(' | 'e') && (next.is_ascii_digit() || matches!(next, ' ' | '∞'));
        out.push(if character == '-' && is_sign { '−' } else { character });
        before = character;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::{code, plain, strong};
    use crate::report::forest::{Forest, ForestRow, Role};

    #[test]
    fn nothing_a_user_wrote_becomes_markup() {
        let evil = || "<script>alert('1')</script>\" onload=\"x".to_owned();
        let cell = TableCell { text: evil(), note: Some(evil()), tone: Tone::Good };
        let document = ReportDocument {
            title: evil(),
            blocks: vec![
                Block::Section(evil()),
                Block::Subsection(evil()),
                Block::Lead(vec![plain(evil()), strong(evil()), code(evil())]),
                Block::Text(vec![TextSpan::Link(evil()), TextSpan::Link("javascript:alert(1)".into())]),
                Block::Text(vec![TextSpan::Link(format!("https://x/{}", evil()))]),
                Block::Text(vec![TextSpan::Sourced { text: evil(), fields: evil() }]),
                Block::Quote { who: evil(), text: evil() },
                Block::Table(ReportTable {
                    caption: evil(),
                    columns: vec![(evil(), Align::Left), (evil(), Align::Right)],
                    rows: vec![vec![cell.clone(), cell.clone()]],
                }),
                Block::Folded {
                    summary: evil(),
                    table: ReportTable {
                        caption: evil(),
                        columns: vec![(evil(), Align::Left), (evil(), Align::Right)],
                        rows: vec![vec![cell.clone(), cell.clone()]],
                    },
                },
                Block::Forest(Forest {
                    slug: "forest".into(),
                    title: evil(),
                    metric: evil(),
                    caption: evil(),
                    rows: vec![ForestRow {
                        name: evil(),
                        role: Role::Control,
                        value: None,
                        interval: None,
                        difference: Some(cell.clone()),
                    }],
                    chance: None,
                    best: None,
                }),
                Block::Pairs(vec![(evil(), vec![plain(evil())])]),
                Block::Pages(vec![Page { name: evil(), path: evil() }]),
                Block::Details { summary: evil(), code: evil() },
            ],
        };
        let page = write(&document);
        assert!(
            !page.contains("<script") && !page.contains("\" onload") && !page.contains("href=\"javascript")
        );
        assert_eq!(page.matches("&lt;script&gt;").count(), 55);
    }

    #[test]
    fn a_hyphen_is_a_minus_only_before_a_number() {
        assert_eq!(typographic("-0.1", Align::Right), "−0.1");
        assert_eq!(typographic("[-0.1, -1.0e-5]", Align::Right), "[−0.1, −1.0e−5]");
        assert_eq!(typographic("gpt - fc-logistic-2", Align::Right), "gpt − fc-logistic-2");
        assert_eq!(typographic("-0.1", Align::Left), "-0.1");
    }
}
