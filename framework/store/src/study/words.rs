//! Replaces the path of a corpus's file of words by its content.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use boldface::Problem;
use serde_json::Value;

use crate::spec::{SpecDocument, SpecSource, Table, read_text};

/// The key of a corpus's table with the path.
const KEY: &str = "words";

/// A file of words named in a corpus's table.
pub(super) struct WordsFile {
    /// The path as written in the spec.
    written: PathBuf,
    source: Arc<SpecSource>,
    document: SpecDocument,
}

impl WordsFile {
    /// Replaces the path in `words`, relative to `folder`, by the content of the TOML file. Keys then
    /// depend on the content and not on the path, and plugins read no files. Returns `None` if no file
    /// is named.
    ///
    /// # Errors
    /// Fails if the file cannot be read or is not valid TOML.
    pub(super) fn replace(table: &mut Table, folder: &Path) -> Result<Option<WordsFile>, Vec<Problem>> {
        let Some(Value::String(written)) = table.get(KEY) else { return Ok(None) };
        let (written, path) = (PathBuf::from(written), folder.join(written));
        let text = read_text(&path).map_err(|error| {
            let help = format!("a path is relative to the spec: this one is `{}`", path.display());
            vec![Problem::at(KEY, format!("cannot read `{}`: {error}", written.display())).help(help)]
        })?;
        let source = Arc::new(SpecSource::new(path, text));
        let document = SpecDocument::read(&source).map_err(|found| {
            let told = found.into_iter().map(|located| at_line(&written, located.line, located.problem));
            told.collect::<Vec<_>>()
        })?;
        table.insert(KEY.to_owned(), Value::Object(document.table.clone()));
        Ok(Some(WordsFile { written, source, document }))
    }

    /// Moves a problem with the words to the key `words` of the spec, with the line in their file.
    pub(super) fn locate(&self, problem: Problem) -> Problem {
        let inside = problem.key.strip_prefix(KEY).and_then(|rest| rest.strip_prefix('.'));
        match inside.map(str::to_owned) {
            Some(key) => {
                let message = format!("`{key}`: {}", problem.message);
                let line = self.document.origins.locate(&self.source, Problem::at(key, "")).line;
                at_line(&self.written, line, Problem { message, ..problem })
            }
            None => problem,
        }
    }
}

/// Returns a problem in a line of the file that the spec calls `written`.
fn at_line(written: &Path, line: usize, problem: Problem) -> Problem {
    let message = format!("`{}`, line {line}: {}", written.display(), problem.message);
    Problem { key: KEY.to_owned(), message, help: problem.help }
}
