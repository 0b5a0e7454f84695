//! A page for each test scan: its connectivity, and each fact asked, answered and true.
//!
//! The pages are HTML, beside `report.html`, which links them. The connectivity is computed from the stored series, as
//! the store has no matrix of every pair of regions. Correlation does not change with a region's mean and scale, so the
//! standardisation makes no difference.

mod matrix;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Answer, Part, Prediction, ScanId, TimeSeries, Window};

use super::document::{Block, Page, ReportDocument, TextSpan, code, plain};
use super::number;
use super::sections::facts::{self, FactAnswers};
use super::sections::slug;
use super::stored::{ReportResult, StoredRun, TaskAnswers};
use crate::score::SWAP;
use crate::store::OutcomeLine;

/// Folder of the pages, in the report's folder.
pub const FOLDER: &str = "scans";

/// Most scans with a page.
const MOST: usize = 200;

/// A scan with a page.
struct Listed<'a> {
    scan: &'a ScanId,
    /// Name of the page's file.
    file: String,
}

/// Says where the pages are, and links them. Empty if there is none.
pub fn links(stored: &StoredRun) -> Vec<Block> {
    let (listed, total) = list(stored);
    if listed.is_empty() {
        return Vec::new();
    }
    let which = match total - listed.len() {
        0 => "Each test scan has a page in ".to_owned(),
        _ => format!("The first {} of {total} test scans in BIDS order have pages in ", listed.len()),
    };
    let link = |one: &Listed<'_>| Page { name: one.scan.to_string(), path: format!("{FOLDER}/{}", one.file) };
    let rest = ", linked from report.html: its connectivity, and every fact asked, answered and true.";
    let words = vec![plain(which), code(format!("{FOLDER}/")), plain(rest)];
    vec![Block::Text(words), Block::Pages(listed.iter().map(link).collect())]
}

/// Makes the pages, each with the name of its file. Empty if no model was asked about facts of test scans.
///
/// # Errors
/// If the file of the series is damaged.
pub fn pages(stored: &StoredRun) -> ReportResult<Vec<(String, ReportDocument)>> {
    let (listed, _) = list(stored);
    let scans: Vec<&ScanId> = listed.iter().map(|one| one.scan).collect();
    let series = stored.series_of(&scans)?;
    let unit = stored.record.experiment.split.unit;
    let mut pages = Vec::new();
    for (place, one) in listed.iter().enumerate() {
        let document = page(stored, &listed, place, series.get(one.scan));
        pages.push((one.file.clone(), document.worded(|text| unit.worded(text))));
    }
    Ok(pages)
}

/// Lists the test scans that a model was asked facts about, in BIDS order and at most [`MOST`], and returns their whole
/// number.
fn list(stored: &StoredRun) -> (Vec<Listed<'_>>, usize) {
    let scans: BTreeSet<&ScanId> = facts_of_model(stored).map(|one| &one.outcome.scan).collect();
    let mut taken = BTreeSet::new();
    let listed = scans.iter().take(MOST).map(|&scan| Listed { scan, file: file(scan, &mut taken) });
    (listed.collect(), scans.len())
}

/// Names the file of a scan's page by letters, digits and hyphens. Labels that differ in other characters get numbers.
fn file(scan: &ScanId, taken: &mut BTreeSet<String>) -> String {
    let stem = slug(&scan.to_string());
    let numbered = (2..).map(|number| format!("{stem}-{number}.html"));
    let mut names = std::iter::once(format!("{stem}.html")).chain(numbered);
    let name = names.find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(name.clone());
    name
}

/// The models' answers to questions about facts of test scans.
fn facts_of_model(stored: &StoredRun) -> impl Iterator<Item = &OutcomeLine> {
    let answers = stored.tasks.iter().flat_map(of_model);
    answers.filter(|one| matches!(one.outcome.example.answer, Answer::Band { .. }))
}

/// The model's answers to a task about test scans.
fn of_model(asked: &TaskAnswers) -> impl Iterator<Item = &OutcomeLine> {
    asked.model.iter().flat_map(|model| asked.answers(Part::Test, model))
}

fn page(
    stored: &StoredRun,
    listed: &[Listed<'_>],
    place: usize,
    series: Option<&TimeSeries>,
) -> ReportDocument {
    let scan = listed[place].scan;
    let link = |name: &str, path: &str| Page { name: name.to_owned(), path: path.to_owned() };
    let mut links = vec![link(&format!("Report of {}", stored.record.name), "../report.html")];
    links.extend(place.checked_sub(1).map(|before| link("Previous scan", &listed[before].file)));
    links.extend(listed.get(place + 1).map(|next| link("Next scan", &next.file)));
    let mut blocks =
        vec![Block::Pages(links), Block::Pairs(labels(scan)), Block::Section("Connectivity".into())];
    let window = facts_of_model(stored).find(|one| one.outcome.scan == *scan);
    let window = window.map(|one| one.outcome.example.window).unwrap_or_default();
    blocks.extend(connectivity(stored, scan, window, series));
    for asked in &stored.tasks {
        let Some(model) = &asked.model else { continue };
        let told = facts::told(asked, Part::Test, model, scan);
        if !told.is_empty() {
            blocks.push(Block::Section(format!("Facts: {}", asked.name)));
            blocks.extend(facts_asked(&told, model));
        }
    }
    for asked in &stored.tasks {
        let captions = captions(asked, scan);
        if !captions.is_empty() {
            blocks.push(Block::Section(format!("Caption: {}", asked.name)));
            blocks.extend(captions);
        }
    }
    ReportDocument { title: scan.to_string(), blocks }
}

fn labels(scan: &ScanId) -> Vec<(String, Vec<TextSpan>)> {
    let known = [("dataset", Some(&scan.dataset)), ("subject", Some(&scan.subject))];
    let rest = [
        ("session", &scan.session),
        ("task", &scan.task),
        ("run", &scan.run),
        ("other labels", &scan.others),
    ];
    let all = known.into_iter().chain(rest.map(|(name, label)| (name, label.as_ref())));
    all.filter_map(|(name, label)| Some((name.to_owned(), vec![code(label?)]))).collect()
}

/// Draws the connectivity over a window of a scan's series, or says why it is not there.
fn connectivity(
    stored: &StoredRun,
    scan: &ScanId,
    window: Window,
    series: Option<&TimeSeries>,
) -> Vec<Block> {
    let shown = series.and_then(|series| series.window(window).ok());
    let regions = stored.regions.as_ref();
    let fitting = shown.zip(regions).filter(|(shown, regions)| shown.rois() == regions.networks.len());
    let Some((shown, regions)) = fitting else {
        let words = "The series of this scan is no longer in the store, so its connectivity cannot be shown.";
        return vec![Block::Text(vec![plain(words)])];
    };
    let words = format!(
        "Pearson correlation of every pair of regions over the {} used. The colour scale is the same on every \
         page.",
        number::count(shown.trs(), "volume"),
    );
    let figure = matrix::draw(&boldface_features::fc(&shown), regions, &scan.to_string());
    vec![Block::Text(vec![plain(words)]), Block::Figures(vec![figure])]
}

/// Counts and tabulates the facts that were asked.
fn facts_asked(told: &[FactAnswers<'_>], model: &str) -> Vec<Block> {
    let mut words = format!("{model} gets {}.", count(told, FactAnswers::is_right));
    words += &match told.iter().any(|told| told.swapped.is_some()) {
        true => format!(
            " With other people's scans (probabilities averaged), it gets {}.",
            count(told, |told| told.swapped == Some(told.fact.band.as_str()))
        ),
        false => " No other people's scans were shown with these questions.".to_owned(),
    };
    let mut table =
        facts::table(told, model, "All facts and their questions, the most unusual first".to_owned());
    for (row, told) in table.rows.iter_mut().zip(told) {
        row[0].note = Some(told.question.to_owned());
    }
    vec![Block::Text(vec![plain(words)]), Block::Table(table)]
}

/// Says how many facts are right, of all and of those outside the middle band.
fn count<'a>(told: &[FactAnswers<'a>], is_right: impl Fn(&FactAnswers<'a>) -> bool) -> String {
    let unusual = || told.iter().filter(|told| told.is_unusual);
    format!(
        "{} of {} right, and {} of the {} outside the middle band",
        told.iter().filter(|told| is_right(told)).count(),
        number::count(told.len(), "fact"),
        unusual().filter(|told| is_right(told)).count(),
        unusual().count(),
    )
}

/// Quotes the texts that a task asked for: the reference, the model's, and the model's for other people's scans.
fn captions(asked: &TaskAnswers, scan: &ScanId) -> Vec<Block> {
    let mut swapped = BTreeMap::new();
    for one in asked.answers(Part::Test, SWAP).filter(|one| one.outcome.scan == *scan) {
        swapped.entry(&one.outcome.example.question).or_insert(one);
    }
    let mut blocks = Vec::new();
    for one in of_model(asked).filter(|one| one.outcome.scan == *scan) {
        let (Answer::Text { reference, .. }, Some(text)) = (&one.outcome.example.answer, written(one)) else {
            continue;
        };
        let question = &one.outcome.example.question;
        let quote = |who: String, text: &str| Block::Quote { who, text: text.to_owned() };
        blocks.push(quote("Asked".into(), question));
        blocks.push(quote("Reference, written from the measured numbers".into(), reference));
        blocks.push(quote(format!("Generated by {}", one.plugin), text));
        let other = swapped.get(question).and_then(|other| written(other));
        let who = format!("Generated by {} for another person's scan", one.plugin);
        blocks.extend(other.map(|text| quote(who, text)));
    }
    blocks
}

/// The text of an answer. `None` for other answers.
fn written(answered: &OutcomeLine) -> Option<&str> {
    match &answered.outcome.prediction {
        Prediction::Text { text, .. } if text.trim().is_empty() => Some("(nothing)"),
        Prediction::Text { text, .. } => Some(text),
        _ => None,
    }
}
