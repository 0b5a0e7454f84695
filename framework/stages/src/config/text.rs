//! The general text in a stage's config.

use std::path::PathBuf;

use boldface::Result;
use serde::Serialize;

use crate::store::cannot;
use crate::study::Study;

/// The file of general text that a spec names. Its content stands in the key and its path does not.
#[derive(Debug, Serialize)]
pub struct GeneralText<'a> {
    content: Option<&'a str>,
    column: Option<&'a str>,
    #[serde(skip)]
    path: PathBuf,
}

impl<'a> GeneralText<'a> {
    /// Takes the general text of a study, if it has one.
    pub fn new(study: &'a Study) -> Option<GeneralText<'a>> {
        let text = study.experiment.text.as_ref()?;
        let (content, column) = (study.content.text.as_deref(), text.column.as_deref());
        Some(GeneralText { content, column, path: study.folder.join(&text.path) })
    }

    /// Reads its documents.
    pub fn read(&self) -> Result<Vec<String>> {
        let path = &self.path;
        if let Some(column) = self.column {
            return Ok(boldface_tables::text::column(path, column)?);
        }
        let whole = std::fs::read_to_string(path).map_err(cannot("read", path))?;
        Ok(documents(&whole))
    }
}

/// Splits text into documents at blank lines.
fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in text.lines() {
        if line.trim().is_empty() {
            documents.push(String::new());
        } else if let Some(document) = documents.last_mut() {
            let gap = if document.is_empty() { "" } else { "\n" };
            document.push_str(gap);
            document.push_str(line);
        }
    }
    documents.retain(|document| !document.is_empty());
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_divide_documents() {
        assert_eq!(documents("\n\na\nb\n  \n\nc\n"), ["a\nb", "c"]);
        assert_eq!(documents(" \n"), Vec::<String>::new());
    }
}
