//! A report before it has a format: blocks that Markdown and HTML both know how to write.

use super::forest::Forest;

/// One report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportDocument {
    /// What was run.
    pub title: String,
    /// Everything else, in order.
    pub blocks: Vec<Block>,
}

impl ReportDocument {
    /// The same report with other words; what people and programs wrote stays.
    pub fn worded(self, word: impl Fn(&str) -> String) -> ReportDocument {
        let spans = |spans: Vec<TextSpan>| -> Vec<TextSpan> {
            let span = |span| match span {
                TextSpan::Plain(text) => TextSpan::Plain(word(&text)),
                TextSpan::Strong(text) => TextSpan::Strong(word(&text)),
                TextSpan::Sourced { text, fields } => TextSpan::Sourced { text: word(&text), fields },
                typed => typed,
            };
            spans.into_iter().map(span).collect()
        };
        let block = |block| match block {
            Block::Section(name) => Block::Section(word(&name)),
            Block::Subsection(name) => Block::Subsection(word(&name)),
            Block::Lead(words) => Block::Lead(spans(words)),
            Block::Text(words) => Block::Text(spans(words)),
            Block::Table(table) => Block::Table(table.worded(&word)),
            Block::Folded { summary, table } => {
                Block::Folded { summary: word(&summary), table: table.worded(&word) }
            }
            Block::Forest(forest) => {
                Block::Forest(Forest { title: word(&forest.title), caption: word(&forest.caption), ..forest })
            }
            Block::Pairs(pairs) => {
                Block::Pairs(pairs.into_iter().map(|(name, words)| (name, spans(words))).collect())
            }
            other => other,
        };
        ReportDocument { title: self.title, blocks: self.blocks.into_iter().map(block).collect() }
    }
}

/// A piece of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Opens a section.
    Section(String),
    /// Opens a part of a section.
    Subsection(String),
    /// What to know before reading on.
    Lead(Vec<TextSpan>),
    /// A paragraph.
    Text(Vec<TextSpan>),
    /// What somebody or something wrote.
    Quote {
        /// Who.
        who: String,
        /// What.
        text: String,
    },
    /// A table.
    Table(ReportTable),
    /// A table that most readers need not see.
    Folded {
        /// What it holds.
        summary: String,
        /// The table.
        table: ReportTable,
    },
    /// A forest plot.
    Forest(Forest),
    /// Plots that belong side by side.
    Figures(Vec<Figure>),
    /// Links to other HTML pages of the report. Markdown has none of them.
    Pages(Vec<Page>),
    /// Names and what they stand for.
    Pairs(Vec<(String, Vec<TextSpan>)>),
    /// Long text that most readers skip.
    Details {
        /// What it is.
        summary: String,
        /// The text, as it is.
        code: String,
    },
}

/// A run of words.
#[derive(Clone, Debug, PartialEq)]
pub enum TextSpan {
    /// Words.
    Plain(String),
    /// Words to see first.
    Strong(String),
    /// A name as it is typed.
    Code(String),
    /// A web address.
    Link(String),
    /// Words that rest on something recorded.
    Sourced {
        /// The words.
        text: String,
        /// The fields or files.
        fields: String,
    },
}

/// Numbers in rows and columns; the first column names the row.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportTable {
    /// What it shows.
    pub caption: String,
    /// Name and alignment of each column.
    pub columns: Vec<(String, Align)>,
    /// As many cells a row as there are columns.
    pub rows: Vec<Vec<TableCell>>,
}

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableCell {
    /// What it says.
    pub text: String,
    /// What belongs to it, in smaller type: an interval.
    pub note: Option<String>,
    /// What it means.
    pub tone: Tone,
}

/// What a cell means, beyond what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Tone {
    /// Nothing more.
    #[default]
    Plain,
    /// Good, beyond chance; or right.
    Good,
    /// Bad, beyond chance; or wrong.
    Bad,
    /// A share of a whole, from 0 to 1, for shading.
    Share(f64),
}

/// One plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// File name without its ending, unique in the report.
    pub slug: String,
    /// What it shows.
    pub caption: String,
    /// The SVG element, without style.
    pub svg: String,
}

/// A link to another HTML page of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// What the link says.
    pub name: String,
    /// Path relative to the page with the link, made of names that need no escaping.
    pub path: String,
}

impl ReportTable {
    /// The same table with rows as columns. `corner` names the new rows.
    pub fn transposed(self, corner: &str) -> ReportTable {
        let mut columns = vec![(corner.to_owned(), Align::Left)];
        columns.extend(self.rows.iter().map(|row| (row[0].text.clone(), Align::Right)));
        let row = |(place, (name, _)): (usize, &(String, Align))| {
            let cells = self.rows.iter().map(|row| row[place].clone());
            std::iter::once(TableCell::new(name.clone())).chain(cells).collect()
        };
        let rows = self.columns.iter().enumerate().skip(1).map(row).collect();
        ReportTable { caption: self.caption, columns, rows }
    }

    fn worded(self, word: impl Fn(&str) -> String) -> ReportTable {
        let columns = self.columns.into_iter().map(|(name, align)| (word(&name), align)).collect();
        ReportTable { caption: word(&self.caption), columns, rows: self.rows }
    }
}

impl TableCell {
    /// A cell with nothing but words.
    pub fn new(text: impl Into<String>) -> TableCell {
        TableCell { text: text.into(), ..TableCell::default() }
    }

    /// Words and what belongs to them.
    pub fn noted((text, note): (String, Option<String>), tone: Tone) -> TableCell {
        TableCell { text, note, tone }
    }

    /// The cell in one line.
    pub fn line(&self) -> String {
        match &self.note {
            Some(note) => format!("{} {note}", self.text),
            None => self.text.clone(),
        }
    }
}

/// Words.
pub fn plain(text: impl Into<String>) -> TextSpan {
    TextSpan::Plain(text.into())
}

/// A name as it is typed.
pub fn code(text: impl Into<String>) -> TextSpan {
    TextSpan::Code(text.into())
}

/// Words to see first.
pub fn strong(text: impl Into<String>) -> TextSpan {
    TextSpan::Strong(text.into())
}

/// A metric's name as papers print it. The field's abbreviations are spelled wherever they occur, so a plugin's
/// `subject_mse` becomes `subject MSE`; a horizon stays behind its `@`.
pub fn metric_label(name: &str) -> String {
    let (name, horizon) = name.split_at(name.find('@').unwrap_or(name.len()));
    let words: Vec<&str> = name.split('_').map(spelled).collect();
    format!("{}{horizon}", words.join(" ").replace("ROUGE l", "ROUGE-L"))
}

fn spelled(word: &str) -> &str {
    match word {
        "auroc" => "AUROC",
        "bleu" => "BLEU",
        "rouge" => "ROUGE",
        "mse" => "MSE",
        "mae" => "MAE",
        "ece" => "calibration error",
        "brier" => "Brier score",
        "r2" => "R²",
        "f1" => "F1",
        "pearson" => "Pearson",
        "fc" => "FC",
        "fmri" => "fMRI",
        "siglip" => "SigLIP",
        "lr" => "learning rate",
        other => other,
    }
}
