//! The table of predictions of a run: one row per answer, or per option if there are options.
//!
//! A few lines of pandas compute any score, such as the test accuracy of every answerer:
//!
//! ```python
//! rows = pandas.read_parquet("predictions.parquet").query("split == 'test' and task == 'sex'")
//! answers = rows[rows.option_index.fillna(0) == 0]
//! print((answers.answer == answers.truth).groupby(answers.answerer).mean())
//! ```

use std::path::Path;

use boldface::{Part, ScanId, Window};
use polars::prelude::{Column, NamedFrom, Series};

use crate::frame::{self, ParquetTable};
use crate::metrics::ColumnInfo;
use crate::{TableError, TableResult};

/// The kind of answerer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnswererKind {
    /// The evaluated model.
    Model,
    /// The same model without the scan, or with another or altered one.
    Control,
    /// A simpler model.
    Baseline,
}

impl AnswererKind {
    /// All kinds.
    pub const ALL: [AnswererKind; 3] = [AnswererKind::Model, AnswererKind::Control, AnswererKind::Baseline];

    /// `model`, `control` or `baseline`.
    pub fn name(self) -> &'static str {
        match self {
            AnswererKind::Model => "model",
            AnswererKind::Control => "control",
            AnswererKind::Baseline => "baseline",
        }
    }
}

/// One answer, or one option of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionRow {
    /// Name of the task's table in the spec.
    pub task: String,
    /// Column `split`.
    pub part: Part,
    /// Columns `dataset`, `subject`, `session`, `scan_task` and `run`.
    pub scan: ScanId,
    /// Columns `window_start` and `window_trs`.
    pub window: Window,
    /// Index among the task's questions about the scan, from 0.
    pub question_index: u64,
    /// The question.
    pub question: String,
    /// Name of the model, control or baseline.
    pub answerer: String,
    /// Kind of the answerer.
    pub kind: AnswererKind,
    /// The right answer and the given answer.
    pub answer: AnswerColumns,
}

/// The columns that depend on the form of the answer. [`columns`] describes them.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "`columns` says what each of them holds")]
pub struct AnswerColumns {
    pub truth: Option<String>,
    pub truth_value: Option<f64>,
    pub answer: Option<String>,
    pub answer_value: Option<f64>,
    pub option: Option<String>,
    pub option_index: Option<u64>,
    pub probability: Option<f64>,
}

/// Returns the columns in order. They are the contract of `predictions.parquet`.
pub fn columns() -> [ColumnInfo; 20] {
    let column = |name, dtype, nullable, about| ColumnInfo { name, dtype, nullable, about };
    [
        column("task", "str", false, "the task's table in the spec"),
        column("split", "str", false, "`validation` or `test`"),
        column("dataset", "str", false, "the dataset's table in the spec"),
        column("subject", "str", false, "the subject's label, without `sub-`"),
        column("session", "str", true, "the session's label"),
        column("scan_task", "str", true, "the task's label in the scan's name, such as `rest`"),
        column("run", "str", true, "the run's label"),
        column("window_start", "u64", false, "the first volume shown"),
        column("window_trs", "u64", false, "how many volumes are shown"),
        column("question_index", "u64", false, "place among the task's questions about the scan, from 0"),
        column("question", "str", false, "the question"),
        column("answerer", "str", false, "the plugin of the model, a baseline or a control"),
        column("kind", "str", false, "`model`, `control` or `baseline`"),
        column(
            "truth",
            "str",
            true,
            "the right option, the reference text, or the number; missing for a series",
        ),
        column("truth_value", "f64", true, "the right number; missing unless a number is asked for"),
        column(
            "answer",
            "str",
            true,
            "the chosen option or the generated text; missing for numbers and series",
        ),
        column(
            "answer_value",
            "f64",
            true,
            "the predicted number; for a series the mean squared error of the scan",
        ),
        column("option", "str", true, "one of the options; missing unless there are options"),
        column("option_index", "u64", true, "place of the option in the question, from 0"),
        column(
            "probability",
            "f64",
            true,
            "the option's probability; missing where a sentence was generated",
        ),
    ]
}

/// Writes the rows to `path`, sorted by task, part, scan, question, kind, answerer and option. The same
/// rows give the same bytes in any order.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, rows: &[PredictionRow]) -> TableResult<()> {
    let mut rows: Vec<&PredictionRow> = rows.iter().collect();
    rows.sort_by(|a, b| place(a).cmp(&place(b)));
    let text = |name: &str, of: fn(&PredictionRow) -> Option<&str>| -> Column {
        Series::new(name.into(), rows.iter().map(|row| of(row)).collect::<Vec<Option<&str>>>()).into()
    };
    let number = |name: &str, of: fn(&PredictionRow) -> Option<f64>| -> Column {
        let known = |row: &&PredictionRow| of(row).filter(|value| !value.is_nan());
        Series::new(name.into(), rows.iter().map(known).collect::<Vec<Option<f64>>>()).into()
    };
    let count = |name: &str, of: fn(&PredictionRow) -> Option<u64>| -> Column {
        Series::new(name.into(), rows.iter().map(|row| of(row)).collect::<Vec<Option<u64>>>()).into()
    };
    let columns = vec![
        text("task", |row| Some(&row.task)),
        text("split", |row| Some(row.part.name())),
        text("dataset", |row| Some(&row.scan.dataset)),
        text("subject", |row| Some(&row.scan.subject)),
        text("session", |row| row.scan.session.as_deref()),
        text("scan_task", |row| row.scan.task.as_deref()),
        text("run", |row| row.scan.run.as_deref()),
        count("window_start", |row| Some(row.window.start as u64)),
        count("window_trs", |row| Some(row.window.trs as u64)),
        count("question_index", |row| Some(row.question_index)),
        text("question", |row| Some(&row.question)),
        text("answerer", |row| Some(&row.answerer)),
        text("kind", |row| Some(row.kind.name())),
        text("truth", |row| row.answer.truth.as_deref()),
        number("truth_value", |row| row.answer.truth_value),
        text("answer", |row| row.answer.answer.as_deref()),
        number("answer_value", |row| row.answer.answer_value),
        text("option", |row| row.answer.option.as_deref()),
        count("option_index", |row| row.answer.option_index),
        number("probability", |row| row.answer.probability),
    ];
    frame::write(path, rows.len(), columns)
}

/// Sort key of a row.
fn place(row: &PredictionRow) -> impl Ord + '_ {
    let PredictionRow { task, part, scan, question_index, kind, answerer, .. } = row;
    (task, part, scan, question_index, kind, answerer, row.answer.option_index)
}

/// Reads the rows of `path`.
///
/// # Errors
/// If the file is not a complete table of predictions. The error names the file and the column.
pub fn read(path: &Path) -> TableResult<Vec<PredictionRow>> {
    let table = ParquetTable::read(path)?;
    let label = |name: &str| table.strings(name);
    let text = |name: &str| table.required(name, table.strings(name)?);
    let count = |name: &str| table.required(name, table.counts(name)?);
    let (task, part, kind) = (text("task")?, text("split")?, text("kind")?);
    let (dataset, subject) = (text("dataset")?, text("subject")?);
    let (session, scan_task, run) = (label("session")?, label("scan_task")?, label("run")?);
    let (start, trs, index) = (count("window_start")?, count("window_trs")?, count("question_index")?);
    let (question, answerer) = (text("question")?, text("answerer")?);
    let (truth, answer, option) = (label("truth")?, label("answer")?, label("option")?);
    let (truth_value, answer_value) = (table.floats("truth_value")?, table.floats("answer_value")?);
    let (option_index, probability) = (table.counts("option_index")?, table.floats("probability")?);
    let unknown = |column, row, found: &str, wanted| TableError::Value {
        path: path.to_owned(),
        column,
        row: row + 1,
        found: found.to_owned(),
        wanted,
    };
    let parts = part.iter().enumerate().map(|(row, name)| {
        let found = Part::ALL.into_iter().find(|part| part.name() == name);
        found.ok_or_else(|| unknown("split", row, name, "`train`, `validation` or `test`"))
    });
    let parts = parts.collect::<TableResult<Vec<Part>>>()?;
    let kinds = kind.iter().enumerate().map(|(row, name)| {
        let found = AnswererKind::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| unknown("kind", row, name, "`model`, `control` or `baseline`"))
    });
    let kinds = kinds.collect::<TableResult<Vec<AnswererKind>>>()?;
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let row = |i: usize| PredictionRow {
        task: task[i].clone(),
        part: parts[i],
        scan: ScanId {
            dataset: dataset[i].clone(),
            subject: subject[i].clone(),
            session: session[i].clone(),
            task: scan_task[i].clone(),
            run: run[i].clone(),
            by_run: false,
        },
        window: Window { start: size(start[i]), trs: size(trs[i]) },
        question_index: index[i],
        question: question[i].clone(),
        answerer: answerer[i].clone(),
        kind: kinds[i],
        answer: AnswerColumns {
            truth: truth[i].clone(),
            truth_value: truth_value[i],
            answer: answer[i].clone(),
            answer_value: answer_value[i],
            option: option[i].clone(),
            option_index: option_index[i],
            probability: probability[i],
        },
    };
    // All columns of a table have the same number of rows.
    Ok((0..table.rows()).map(row).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn row(subject: &str, kind: AnswererKind, answer: AnswerColumns) -> PredictionRow {
        let scan =
            ScanId { task: Some("rest".into()), run: Some("2".into()), ..ScanId::new("study", subject) };
        PredictionRow {
            task: "sex".into(),
            part: Part::Test,
            scan,
            window: Window { start: 3, trs: 160 },
            question_index: 1,
            question: "Which sex?".into(),
            answerer: kind.name().into(),
            kind,
            answer,
        }
    }

    fn rows() -> Vec<PredictionRow> {
        let option = |index: u64, probability| AnswerColumns {
            truth: Some("F".into()),
            answer: Some("M".into()),
            option: Some(["F", "M"][index as usize].into()),
            option_index: Some(index),
            probability: Some(probability),
            ..AnswerColumns::default()
        };
        let number = AnswerColumns {
            truth: Some("41.5".into()),
            truth_value: Some(41.5),
            answer_value: Some(0.1 + 0.2),
            ..AnswerColumns::default()
        };
        vec![
            row("01", AnswererKind::Model, option(0, 0.25)),
            row("01", AnswererKind::Model, option(1, 0.75)),
            row("01", AnswererKind::Control, number.clone()),
            row("01", AnswererKind::Baseline, number.clone()),
            PredictionRow { part: Part::Validation, ..row("02", AnswererKind::Model, number) },
        ]
    }

    #[test]
    fn rows_come_back_sorted_whatever_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("one.parquet"), dir.path().join("other.parquet"));
        let mut expected = rows();
        expected.rotate_right(1);
        write(&one, &rows()).unwrap();
        assert_eq!(read(&one).unwrap(), expected);
        let mut turned = rows();
        turned.reverse();
        write(&other, &turned).unwrap();
        assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap());
    }

    #[test]
    fn an_unknown_part_or_kind_is_an_error_and_not_a_guess() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("predictions.parquet");
        for (name, wanted) in [("split", "expected `train`"), ("kind", "expected `model`")] {
            write(&path, &rows()).unwrap();
            let mut columns = ParquetTable::read(&path).unwrap().into_columns();
            let place = columns.iter().position(|column| column.name() == name).unwrap();
            columns[place] = Series::new(name.into(), vec!["tset"; rows().len()]).into();
            frame::write(&path, rows().len(), columns).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(
                error.starts_with("row 1 of") && error.contains("`tset`") && error.contains(wanted),
                "{error}"
            );
        }
    }

    #[test]
    fn the_file_has_the_columns_that_are_promised() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("predictions.parquet");
        for rows in [rows(), Vec::new()] {
            write(&path, &rows).unwrap();
            let found = ParquetTable::read(&path).unwrap().columns();
            assert_eq!(found, columns().map(|column| (column.name.to_owned(), column.dtype.to_owned())));
        }
    }
}
