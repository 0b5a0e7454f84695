//! Reads plain-text label files: Workbench, FSL, FreeSurfer, ITK-SNAP, numbered names and plain names.

use boldface::Result;

use super::LabelEntry;
use crate::regions::BACKGROUND;

/// Formats of text files, recognised by the first two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Pairs of lines: a name, then `index r g b a`.
    Pairs,
    /// `index name r g b a`, as in FreeSurfer and, with tabs, in Schaefer's own files.
    Colours,
    /// `index r g b a visible mesh "name"`, as in ITK-SNAP.
    Snap,
    /// `index name`.
    Numbered,
    /// One name per line, numbered from 1, or from 0 if the first is the background.
    Names,
}

/// Parses a text file into entries, in the order of the file.
///
/// # Errors
/// If the file is empty, or a line does not match the format of the first lines.
pub fn parse(text: &str) -> Result<Vec<LabelEntry>> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let lines: Vec<(usize, &str)> =
        lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect();
    if lines.is_empty() {
        return Err("it is empty".into());
    }
    let form = form(&lines);
    let of = |(number, line): (usize, &str), entry: Option<LabelEntry>| {
        entry.ok_or_else(|| format!("line {number} is `{line}`, not {}", described(form)).into())
    };
    match form {
        Form::Pairs => {
            let pairs = lines.chunks(2).map(|pair| match *pair {
                [(_, name), numbers] => of(numbers, pair_entry(name, numbers.1)),
                _ => of(pair[0], None),
            });
            pairs.collect()
        }
        Form::Names => {
            // nilearn's lists begin with the background, which has index 0.
            let first = usize::from(!is_background(lines[0].1));
            let named = lines.iter().enumerate().map(|(at, &line)| {
                let index = i32::try_from(at + first).ok();
                let is_name = line.1.parse::<f64>().is_err();
                of(line, index.filter(|_| is_name).map(|index| LabelEntry::new(index, unquoted(line.1))))
            });
            named.collect()
        }
        Form::Colours => lines.iter().map(|&line| of(line, colours_entry(line.1))).collect(),
        Form::Snap => lines.iter().map(|&line| of(line, snap_entry(line.1))).collect(),
        Form::Numbered => lines.iter().map(|&line| of(line, numbered_entry(line.1))).collect(),
    }
}

/// Determines the format from the first two lines. A later line that differs is then an error.
fn form(lines: &[(usize, &str)]) -> Form {
    let first = lines[0].1;
    match lines.get(1) {
        Some((_, second)) if pair_entry(first, second).is_some() && numbered_entry(first).is_none() => {
            Form::Pairs
        }
        _ if snap_entry(first).is_some() => Form::Snap,
        _ if colours_entry(first).is_some() => Form::Colours,
        _ if numbered_entry(first).is_some() => Form::Numbered,
        _ => Form::Names,
    }
}

fn described(form: Form) -> &'static str {
    match form {
        Form::Pairs => "a name followed by a line `index red green blue alpha`",
        Form::Colours => "`index name red green blue alpha` as the first line",
        Form::Snap => "`index red green blue alpha visible mesh \"name\"` as the first line",
        Form::Numbered => "`index name` as the first line",
        Form::Names => "a name; a file without numbers has one name per line",
    }
}

fn pair_entry(name: &str, numbers: &str) -> Option<LabelEntry> {
    let words: Vec<&str> = numbers.split_whitespace().collect();
    let [index, r, g, b, alpha] = words[..] else { return None };
    alpha.parse::<f64>().ok()?;
    Some(LabelEntry { rgb: Some(rgb(&[r, g, b])?), ..LabelEntry::new(index.parse().ok()?, name) })
}

fn colours_entry(line: &str) -> Option<LabelEntry> {
    let words: Vec<&str> = line.split_whitespace().collect();
    // Some files omit alpha.
    let has = |colours: usize| {
        let at = words.len().checked_sub(colours).filter(|&at| at >= 2)?;
        words[at..].iter().all(|word| word.parse::<u16>().is_ok()).then_some(at)
    };
    let at = has(4).or_else(|| has(3))?;
    let entry = LabelEntry::new(words[0].parse().ok()?, unquoted(&words[1..at].join(" ")));
    Some(LabelEntry { rgb: Some(rgb(&words[at..at + 3])?), ..entry })
}

fn snap_entry(line: &str) -> Option<LabelEntry> {
    let (numbers, name) = line.strip_suffix('"')?.split_once('"')?;
    let words: Vec<&str> = numbers.split_whitespace().collect();
    let [index, r, g, b, _alpha, _visible, _mesh] = words[..] else { return None };
    Some(LabelEntry { rgb: Some(rgb(&[r, g, b])?), ..LabelEntry::new(index.parse().ok()?, name) })
}

fn numbered_entry(line: &str) -> Option<LabelEntry> {
    let (index, name) = line.split_once(|c: char| c.is_whitespace() || c == ',')?;
    let name = unquoted(name.trim());
    let index = index.trim_end_matches([':', '.', ')']).parse().ok()?;
    (!name.is_empty() && name.parse::<f64>().is_err()).then(|| LabelEntry::new(index, name))
}

fn rgb(words: &[&str]) -> Option<[u8; 3]> {
    let [r, g, b] = words else { return None };
    Some([r.parse().ok()?, g.parse().ok()?, b.parse().ok()?])
}

fn is_background(name: &str) -> bool {
    BACKGROUND.contains(&unquoted(name).to_lowercase().as_str())
}

fn unquoted(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}
