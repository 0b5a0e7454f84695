//! The report of a run, in Markdown and HTML, from stored results only: it computes nothing again.

mod asked;
mod axis;
pub(crate) mod card;
pub mod compare;
mod document;
#[cfg(test)]
mod fixture;
mod forest;
mod html;
pub(crate) mod markdown;
mod methods;
mod number;
mod plot;
mod png;
mod results;
mod scans;
mod sections;
mod stored;
mod terminal;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use boldface::{Part, Result, files};

use crate::score::power::Power;
use crate::store::excluded;
pub use stored::ReportError;
use stored::StoredRun;

/// Paths of a written report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `report.md`, with its plots in `figures/`.
    pub markdown: PathBuf,
    /// `report.html`, self-contained. If facts were asked, it links to a page for each test scan in `scans/`.
    pub html: PathBuf,
}

/// Writes the report of the run in `run_dir` into that folder. The same run always gives the same
/// bytes.
///
/// # Errors
/// If the folder is not a run's, one of its files is damaged, or the report cannot be written. A
/// missing artefact is not an error; the report lists it.
pub fn write(run_dir: &Path) -> Result<Paths> {
    let stored = StoredRun::read(run_dir)?;
    let document = sections::document(&stored);
    put_all(&run_dir.join(markdown::FIGURES), markdown::figures(&document))?;
    let pages = scans::pages(&stored)?;
    if !pages.is_empty() {
        let pages = pages.iter().map(|(name, page)| (name.clone(), html::write(page)));
        put_all(&run_dir.join(scans::FOLDER), pages)?;
    }
    let paths = Paths { markdown: run_dir.join("report.md"), html: run_dir.join("report.html") };
    put(&paths.markdown, &markdown::write(&document))?;
    put(&paths.html, &html::write(&document))?;
    Ok(paths)
}

/// Formats the scores of the run in `run_dir` for the terminal, by part, at most 110 characters wide.
///
/// # Errors
/// If the folder is not a run's or one of its files is damaged.
pub fn table(run_dir: &Path) -> Result<String> {
    let stored = StoredRun::read(run_dir)?;
    let parts = [Part::Validation, Part::Test].map(|part| results::results(&stored, part));
    let cautions: Vec<String> = sections::power::powers(&stored).iter().filter_map(Power::caution).collect();
    let left_out = excluded::told(stored.scans.len(), &stored.record.excluded);
    let unit = stored.record.experiment.split.unit;
    let mut table = terminal::write(&parts, &cautions, left_out.as_deref(), unit);
    for found in stored.leakage.iter().flat_map(|proof| proof.seen_in_run()) {
        table += &terminal::wrapped(&format!("note: {found}"), "");
    }
    if let Some(gone) = sections::gone(&stored) {
        table += &terminal::wrapped(&gone, "");
    }
    Ok(unit.caution().map_or(table.clone(), |caution| format!("{table}about known people: {caution}\n")))
}

/// Writes files, given as name and text, into a folder.
fn put_all(folder: &Path, files: impl IntoIterator<Item = (String, String)>) -> Result<()> {
    fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    files.into_iter().try_for_each(|(name, text)| put(&folder.join(name), &text))
}

fn put(path: &Path, text: &str) -> Result<()> {
    Ok(files::replace(path, text.as_bytes())
        .map_err(|source| ReportError::Write { path: path.to_owned(), source })?)
}
