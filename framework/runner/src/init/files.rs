//! What the names of a folder's files say about its dataset.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use boldface_imaging::folder::SIGNALS;
use boldface_imaging::names::Name;
use boldface_imaging::phenotype::ID_COLUMNS;
use serde_json::json;

use super::text::DatasetLines;
use super::{InitError, InitRequest};

/// How deep files are looked for: `sub-01/ses-1/func/FILE`.
const DEEPEST: usize = 4;
/// Most files that are looked at.
const MOST: usize = 200_000;

/// Entities that make several files of one scan, in the order in which one label is chosen.
const VERSIONS: [&str; 9] =
    ["space", "seg", "atlas", "parcellation", "desc", "feature", "res", "den", "echo"];

/// Looks at the folder and returns the table of its dataset.
///
/// # Errors
/// If nothing looks like scans, or names could mean several things.
pub(super) fn look(request: &InitRequest) -> Result<DatasetLines, InitError> {
    let folder = &request.folder;
    if !folder.is_dir() {
        return Err(refused(format!("`{}` is no folder", folder.display())));
    }
    let mut files = Vec::new();
    walk(folder, Path::new(""), DEEPEST, &mut files);
    files.sort();
    let named = |file: &PathBuf| Name::parse(file.file_name()?.to_str()?).ok();
    let images: Vec<Name> = files.iter().filter_map(named).filter(is_image).collect();
    let series: Vec<Name> = files.iter().filter_map(named).filter(is_series).collect();
    let bare =
        |file: &&PathBuf| is_signal(file) && stem(file).starts_with("sub-") && !stem(file).contains("_dseg");
    if request.pattern.is_none() && request.parcellation.is_none() && !series.is_empty() {
        let mut table = Table::new(request, "series");
        table.found.push(format!("{} files of regional time series with BIDS names", series.len()));
        table.only(&series);
        return table.finish(request);
    }
    if request.pattern.is_none() && !images.is_empty() {
        return of_images(request, &images);
    }
    if request.pattern.is_none() && files.iter().any(|file| bare(&file) && is_labels(&stem(file))) {
        let count = files.iter().filter(bare).count();
        let mut table = Table::new(request, "series");
        table.found.push(format!("{count} files such as `sub-01.csv`"));
        return table.finish(request);
    }
    let pattern = match &request.pattern {
        Some(pattern) => pattern.clone(),
        None => guessed(folder, &files)?,
    };
    let mut table = Table::new(request, "series");
    table.found.push(format!("files named `{pattern}`"));
    table.lines.push(format!("pattern      = {}", json!(pattern)));
    table.finish(request)
}

fn of_images(request: &InitRequest, images: &[Name]) -> Result<DatasetLines, InitError> {
    let Some((volume, regions)) = &request.parcellation else {
        return Err(refused(format!(
            "`{}` has {} preprocessed images; regions need an atlas in their space: give it with --parcellation \
             ATLAS.nii.gz --regions ATLAS.tsv (`boldface regions` makes the table)",
            request.folder.display(),
            images.len()
        )));
    };
    let mut table = Table::new(request, "bids");
    table.found.push(format!("{} preprocessed images", images.len()));
    let volume = json!(absolute(volume));
    let regions = regions.as_ref().map(|regions| format!(", regions = {}", json!(absolute(regions))));
    table.lines.push(format!("parcellation = {{ volume = {volume}{} }}", regions.unwrap_or_default()));
    table.only(images);
    table.lines.push(
        "confounds    = \"24p\"   # assumed: six motion parameters, derivatives and squares".to_owned(),
    );
    table.finish(request)
}

/// A dataset's table while it is written.
struct Table {
    lines: Vec<String>,
    found: Vec<String>,
}

impl Table {
    fn new(request: &InitRequest, plugin: &str) -> Table {
        let is_beside = request.out.parent().is_none_or(|parent| parent == Path::new(""));
        let folder = if is_beside { request.folder.clone() } else { absolute(&request.folder) };
        let lines = vec![format!("type         = \"{plugin}\""), format!("path         = {}", json!(folder))];
        Table { lines, found: Vec::new() }
    }

    /// Chooses one version where scans come in several.
    fn only(&mut self, names: &[Name]) {
        let mut left: Vec<&Name> = names.iter().collect();
        let mut only = Vec::new();
        for entity in VERSIONS {
            let scans: BTreeSet<Vec<Option<&str>>> = left.iter().map(|name| scan_of(name)).collect();
            if scans.len() == left.len() {
                break;
            }
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for name in &left {
                *counts.entry(name.get(entity).unwrap_or_default()).or_default() += 1;
            }
            let most = counts.iter().filter(|(label, _)| !label.is_empty());
            let Some((label, _)) = most.max_by_key(|(label, count)| (**count, std::cmp::Reverse(**label)))
            else {
                continue;
            };
            if counts.len() > 1 {
                let others = counts.keys().filter(|other| *other != label && !other.is_empty());
                let others: Vec<String> = others.map(|other| format!("`{entity}-{other}`")).collect();
                self.found.push(format!(
                    "of several versions `{entity}-{label}` is used; there are also {}",
                    others.join(", ")
                ));
                only.push(format!("{entity} = {}", json!(label)));
                let label = (*label).to_owned();
                left.retain(|name| name.get(entity) == Some(&label));
            }
        }
        if !only.is_empty() {
            self.lines.push(format!("only         = {{ {} }}", only.join(", ")));
        }
    }

    /// Adds the table of people and the repetition time.
    fn finish(mut self, request: &InitRequest) -> Result<DatasetLines, InitError> {
        match people(request) {
            Some(table) => {
                self.found.push(format!("people in `{}`", table.display()));
                self.lines.push(format!("participants = {}", json!(absolute(&table))));
            }
            None if has_people(&request.folder) => {
                self.found.push("people in the folder's participants table".to_owned())
            }
            None => self
                .found
                .push("no table of people; name one with --participants to ask about them".to_owned()),
        }
        if let Some(tr) = request.tr {
            self.lines.push(format!("tr           = {tr:?}"));
        }
        Ok(DatasetLines { lines: self.lines, found: self.found })
    }
}

/// Finds the pattern of files that are not named as in BIDS: what differs between them is the subject.
fn guessed(folder: &Path, files: &[PathBuf]) -> Result<String, InitError> {
    let is_other =
        |file: &&PathBuf| is_signal(file) && !is_people(&folder.join(file)) && !stem(file).contains("_dseg");
    let mut of_extension: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in files.iter().filter(is_other) {
        if let (Some(extension), Some(path)) = (file.extension().and_then(|e| e.to_str()), file.to_str()) {
            of_extension.entry(extension).or_default().push(path);
        }
    }
    let Some((_, paths)) =
        of_extension.into_iter().max_by_key(|(_, paths)| paths.len()).filter(|(_, paths)| paths.len() > 1)
    else {
        return Err(refused(format!(
            "nothing in `{}` looks like scans: there are neither images `..._desc-preproc_bold.nii.gz` nor several files \
             .{} of time series",
            folder.display(),
            SIGNALS.join(", .")
        )));
    };
    let (start, end) = (common(&paths, false), common(&paths, true));
    let (prefix, suffix) = (&paths[0][..start], &paths[0][paths[0].len() - end..]);
    let labels: Vec<&str> = paths.iter().filter_map(|path| path.get(start..path.len() - end)).collect();
    let is_plain = |label: &&str| !label.is_empty() && label.chars().all(char::is_alphanumeric);
    if let Some(unclear) = labels.iter().find(|label| !is_plain(label)) {
        return Err(refused(format!(
            "`{prefix}{unclear}{suffix}` and {} other files differ in more than one word, so it is not clear what names a \
             person; write it with --pattern, such as --pattern \"{{subject}}_{{run}}.csv\"",
            paths.len() - 1
        )));
    }
    Ok(format!("{prefix}{{subject}}{suffix}"))
}

/// Bytes that all paths begin with, or end with, up to a mark between words.
fn common(paths: &[&str], at_end: bool) -> usize {
    let letters = |path: &str| -> Vec<u8> {
        if at_end { path.bytes().rev().collect() } else { path.bytes().collect() }
    };
    let first = letters(paths[0]);
    let shared =
        paths.iter().map(|path| first.iter().zip(letters(path)).take_while(|(a, b)| **a == *b).count());
    let shared = shared.min().unwrap_or(0);
    let is_mark = |byte: &u8| matches!(byte, b'_' | b'-' | b'.' | b'/');
    first[..shared].iter().rposition(is_mark).map_or(0, |place| place + 1)
}

/// The table of people that the dataset does not find by itself.
fn people(request: &InitRequest) -> Option<PathBuf> {
    if request.participants.is_some() || has_people(&request.folder) {
        return request.participants.clone();
    }
    let folder = absolute(&request.folder);
    let tables = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut tables: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|path| is_people(path)).collect();
        tables.sort();
        tables
    };
    for above in folder.ancestors().take(3) {
        let found = tables(above);
        let usual = found.iter().find(|path| stem(path) == "participants");
        if let Some(table) = usual.or(found.first().filter(|_| found.len() == 1)) {
            return Some(table.clone());
        }
    }
    None
}

fn has_people(folder: &Path) -> bool {
    ["participants.tsv", "participants.csv"].iter().any(|file| folder.join(file).is_file())
}

/// Whether a file is a table with one row per person.
fn is_people(path: &Path) -> bool {
    let is_table = path.extension().is_some_and(|extension| extension == "tsv" || extension == "csv");
    if !is_table || !path.is_file() {
        return false;
    }
    let head = fs::File::open(path).and_then(|file| {
        let mut head = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(file, 4096), &mut head).map(|_| head)
    });
    let head = head.unwrap_or_default();
    let mut cells = head.lines().next().unwrap_or_default().split([',', '\t', ';']);
    cells.any(|cell| ID_COLUMNS.contains(&cell.trim().trim_matches('"')))
}

fn walk(root: &Path, below: &Path, deepest: usize, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root.join(below)).into_iter().flatten().flatten() {
        let path = below.join(entry.file_name());
        if files.len() >= MOST || entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && deepest > 1 => walk(root, &path, deepest - 1, files),
            Ok(kind) if !kind.is_dir() => files.push(path),
            _ => {}
        }
    }
}

fn is_image(name: &Name) -> bool {
    let is_volume = matches!(name.extension.as_str(), "nii.gz" | "nii" | "dtseries.nii");
    name.suffix == "bold"
        && is_volume
        && (name.get("desc") == Some("preproc") || name.extension == "dtseries.nii")
}

fn is_series(name: &Name) -> bool {
    name.suffix == "timeseries" && name.get("sub").is_some() && SIGNALS.contains(&name.extension.as_str())
}

fn is_signal(file: &Path) -> bool {
    file.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| SIGNALS.contains(&extension))
}

/// Whether a name consists of labels alone, such as `sub-01_ses-2`.
fn is_labels(stem: &str) -> bool {
    stem.split('_').all(|part| {
        part.split_once('-').is_some_and(|(entity, label)| !entity.is_empty() && !label.is_empty())
    })
}

fn scan_of(name: &Name) -> Vec<Option<&str>> {
    ["sub", "ses", "task", "acq", "ce", "rec", "dir", "run"].iter().map(|entity| name.get(entity)).collect()
}

fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn refused(message: String) -> InitError {
    InitError::Refused(message)
}
