//! Parses one line of a plain-text label file, by the form of its file.

use super::LabelEntry;

/// `name` and then a line `index r g b a`.
pub fn pair_entry(name: &str, numbers: &str) -> Option<LabelEntry> {
    let words: Vec<&str> = numbers.split_whitespace().collect();
    let [index, r, g, b, alpha] = words[..] else { return None };
    alpha.parse::<f64>().ok()?;
    Some(LabelEntry { rgb: Some(rgb(&[r, g, b])?), ..LabelEntry::new(index.parse().ok()?, name) })
}

/// `index name r g b a`; some files omit alpha.
pub fn colours_entry(line: &str) -> Option<LabelEntry> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let has = |colours: usize| {
        let at = words.len().checked_sub(colours).filter(|&at| at >= 2)?;
        words[at..].iter().all(|word| word.parse::<u16>().is_ok()).then_some(at)
    };
    let at = has(4).or_else(|| has(3))?;
    let entry = LabelEntry::new(words[0].parse().ok()?, unquoted(&words[1..at].join(" ")));
    Some(LabelEntry { rgb: Some(rgb(&words[at..at + 3])?), ..entry })
}

/// `index r g b name` with colours from 0 to 1.
pub fn shares_entry(line: &str) -> Option<LabelEntry> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [index, r, g, b, name @ ..] = &words[..] else { return None };
    let share = |word: &str| {
        let share = word.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share))?;
        Some((share * 255.0).round() as u8)
    };
    let name = name.join(" ");
    let entry = LabelEntry::new(index.parse().ok()?, unquoted(&name));
    let rgb = Some([share(r)?, share(g)?, share(b)?]);
    (!has_number(&name) && !entry.name.is_empty()).then_some(LabelEntry { rgb, ..entry })
}

/// `index r g b a visible mesh "name"`.
pub fn snap_entry(line: &str) -> Option<LabelEntry> {
    let (numbers, name) = line.strip_suffix('"')?.split_once('"')?;
    let words: Vec<&str> = numbers.split_whitespace().collect();
    let [index, r, g, b, _alpha, _visible, _mesh] = words[..] else { return None };
    Some(LabelEntry { rgb: Some(rgb(&[r, g, b])?), ..LabelEntry::new(index.parse().ok()?, name) })
}

/// `index name code`, where the name is one word and the code a whole number.
pub fn coded_entry(line: &str) -> Option<LabelEntry> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [index, name, code] = words[..] else { return None };
    code.parse::<u32>().ok()?;
    (!is_number(name)).then_some(LabelEntry::new(index.parse().ok()?, unquoted(name)))
}

/// `index name`. A name with tabs, or with several numbers or one at its start, is several columns.
pub fn numbered_entry(line: &str) -> Option<LabelEntry> {
    let (index, rest) = match line.strip_prefix('"') {
        Some(line) => line.split_once('"')?,
        None => line.split_at(line.find(|c: char| c.is_whitespace() || c == ',' || c == ';')?),
    };
    let index = index.trim_end_matches([':', '.', ')']).parse().ok()?;
    let rest = rest.trim();
    let name = unquoted(rest.trim_start_matches([',', ';']).trim());
    let numbers = name.split_whitespace().filter(|word| is_number(word)).count();
    let starts_with_number = name.split_whitespace().next().is_none_or(is_number);
    // A comma in a name has a blank after it: `Gyrus, anterior`.
    let has_columns = rest.starts_with([',', ';']) && has_narrow_separator(name);
    let is_name = !name.contains('\t') && numbers < 2 && !starts_with_number && !has_columns;
    is_name.then(|| LabelEntry::new(index, name))
}

/// `name,index`, `name;index` or, with tabs, `name index` or `abbreviation name index`.
pub fn last_entry(line: &str) -> Option<LabelEntry> {
    let delimiter = ['\t', ';', ','].into_iter().find(|&delimiter| line.contains(delimiter))?;
    let cells: Vec<&str> = line.split(delimiter).map(|cell| unquoted(cell.trim())).collect();
    let (name, index) = match cells[..] {
        [name, index] => (name, index),
        [abbreviation, name, index] if delimiter == '\t' && !is_number(abbreviation) => (name, index),
        _ => return None,
    };
    (!name.is_empty() && !is_number(name)).then_some(LabelEntry::new(index.parse().ok()?, name))
}

/// Whether a word of the line is a number, or a tab divides it, so that it is not a plain name.
pub fn has_number(line: &str) -> bool {
    let words = || line.split(|c: char| c.is_whitespace() || ",;:=\"'()".contains(c));
    line.contains('\t') || words().any(is_number)
}

/// Removes the quotes around a name.
pub fn unquoted(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}

/// Whether a word is a number. `Inf` and `nan` are words here, although they can be parsed.
fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && word.parse::<f64>().is_ok()
}

fn has_narrow_separator(name: &str) -> bool {
    let narrow = |(at, _): (usize, &str)| !name[at + 1..].starts_with(' ');
    name.match_indices([',', ';']).any(narrow)
}

fn rgb(words: &[&str]) -> Option<[u8; 3]> {
    let [r, g, b] = words else { return None };
    Some([r.parse().ok()?, g.parse().ok()?, b.parse().ok()?])
}
