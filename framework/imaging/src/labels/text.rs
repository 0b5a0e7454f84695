//! Reads plain-text label files: Workbench, FSL, FSLeyes, FreeSurfer, ITK-SNAP, AAL, numbered names and
//! plain names.

use std::collections::BTreeSet;

use boldface::Result;

use super::text_lines::{
    coded_entry, colours_entry, has_number, last_entry, numbered_entry, pair_entry, shares_entry, snap_entry,
    unquoted,
};
use super::{LabelEntry, table};
use crate::regions::BACKGROUND;

/// Formats of text files, recognised by the first two lines or, where a number at the end of a line may
/// belong to the name, by all lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Pairs of lines: a name, then `index r g b a`.
    Pairs,
    /// `index name r g b a`, as in FreeSurfer and, with tabs, in Schaefer's own files.
    Colours,
    /// `index r g b name` with colours from 0 to 1, as in FSLeyes.
    Shares,
    /// `index r g b a visible mesh "name"`, as in ITK-SNAP.
    Snap,
    /// `index name code`, as in AAL's `aal.nii.txt`; the code is not used.
    Coded,
    /// `index name`.
    Numbered,
    /// `name,index` or, with tabs, `abbreviation name index`, as in AAL's `ROI_MNI_V4.txt`.
    Last,
    /// One name per line, numbered from 1, or from 0 if the first is the background.
    Names,
}

/// Parses a text file into entries, in the order of the file.
///
/// A number is never guessed: a list of plain names is numbered by its lines only if no line has a
/// number or a tab that could tell otherwise.
///
/// # Errors
/// If the file is empty, or a line does not match the format of the first lines.
pub fn parse(text: &str) -> Result<Vec<LabelEntry>> {
    if text.trim_start().starts_with(['{', '[']) {
        return Err("it is JSON; write index and name into a .tsv".into());
    }
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let mut lines: Vec<(usize, &str)> =
        lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect();
    let Some(&(_, first)) = lines.first() else { return Err("it is empty".into()) };
    let is_pair = lines.get(1).is_some_and(|(_, second)| pair_entry(first, second).is_some());
    if is_header(first) && !is_pair {
        if let Some(delimiter) = ['\t', ','].into_iter().find(|&delimiter| first.contains(delimiter)) {
            return table::parse(without_comments(text).as_bytes(), delimiter as u8);
        }
        lines.remove(0);
    }
    if lines.is_empty() {
        return Err("it names no region".into());
    }
    entries(&lines, form(&lines))
}

fn entries(lines: &[(usize, &str)], form: Form) -> Result<Vec<LabelEntry>> {
    let line = |entry: fn(&str) -> Option<LabelEntry>| -> Result<Vec<LabelEntry>> {
        lines.iter().map(|&line| parsed(line, form, entry(line.1))).collect()
    };
    match form {
        Form::Pairs => {
            let pairs = lines.chunks(2).map(|pair| match *pair {
                [(_, name), numbers] => parsed(numbers, form, pair_entry(name, numbers.1)),
                _ => parsed(pair[0], form, None),
            });
            pairs.collect()
        }
        Form::Names => {
            // nilearn's lists begin with the background, which has index 0.
            let first = usize::from(!is_background(lines[0].1));
            let named = lines.iter().enumerate().map(|(at, &line)| {
                let index = i32::try_from(at + first).ok().filter(|_| !has_number(line.1));
                let named = |index| LabelEntry {
                    is_numbered_by_line: true,
                    ..LabelEntry::new(index, unquoted(line.1))
                };
                parsed(line, form, index.map(named))
            });
            named.collect()
        }
        Form::Colours => line(colours_entry),
        Form::Shares => line(shares_entry),
        Form::Snap => line(snap_entry),
        Form::Coded => line(coded_entry),
        Form::Numbered => line(numbered_entry),
        Form::Last => line(last_entry),
    }
}

fn parsed((number, line): (usize, &str), form: Form, entry: Option<LabelEntry>) -> Result<LabelEntry> {
    entry.ok_or_else(|| format!("line {number} is `{line}`, not {}", described(form)).into())
}

/// Determines the format. A later line that differs from the first is then an error.
fn form(lines: &[(usize, &str)]) -> Form {
    let first = lines[0].1;
    match lines.get(1) {
        Some((_, second)) if pair_entry(first, second).is_some() && numbered_entry(first).is_none() => {
            Form::Pairs
        }
        _ if snap_entry(first).is_some() => Form::Snap,
        _ if colours_entry(first).is_some() => Form::Colours,
        _ if shares_entry(first).is_some() => Form::Shares,
        _ if have_distinct_names(lines, coded_entry) => Form::Coded,
        _ if numbered_entry(first).is_some() => Form::Numbered,
        _ if have_distinct_names(lines, last_entry) => Form::Last,
        _ => Form::Names,
    }
}

/// Whether all lines match and their names differ. In `BA 4` and `BA 6` the numbers are part of the name.
fn have_distinct_names(lines: &[(usize, &str)], entry: fn(&str) -> Option<LabelEntry>) -> bool {
    let names: Option<BTreeSet<String>> = lines.iter().map(|(_, line)| Some(entry(line)?.name)).collect();
    names.is_some_and(|names| names.len() == lines.len())
}

fn described(form: Form) -> &'static str {
    match form {
        Form::Pairs => "a name followed by a line `index red green blue alpha`",
        Form::Colours => "`index name red green blue alpha` as the first line",
        Form::Shares => "`index red green blue name` as the first line",
        Form::Snap => "`index red green blue alpha visible mesh \"name\"` as the first line",
        Form::Coded => "`index name code` as the first line",
        Form::Numbered => "`index name` as the first line",
        Form::Last => "a name and then its index, as the first line",
        Form::Names => {
            "a name; a file without numbers has one name per line, and any other is clearest as a .tsv with the \
             columns `index` and `name`"
        }
    }
}

/// Whether the line names columns: one of the index and one of the name.
fn is_header(line: &str) -> bool {
    let words: Vec<String> =
        line.split([' ', '\t', ',']).map(|word| unquoted(word).to_ascii_lowercase()).collect();
    let places = |names: &[&str]| -> Vec<usize> {
        (0..words.len()).filter(|&at| names.contains(&words[at].as_str())).collect()
    };
    let (index, name) = (places(&table::INDEX), places(&table::NAME));
    // Without a delimiter, only the usual order can be told.
    let is_first = |at: &usize| *at == 0 || line.contains(['\t', ',']);
    index.iter().any(|at| is_first(at) && name.iter().any(|other| other != at))
}

/// Returns the text with comment lines emptied, so that lines keep their numbers.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| if line.trim_start().starts_with('#') { "" } else { line });
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn is_background(name: &str) -> bool {
    BACKGROUND.contains(&unquoted(name).to_lowercase().as_str())
}
