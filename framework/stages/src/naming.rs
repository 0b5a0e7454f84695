//! Finds the class that a sentence names, by whole words.

/// Returns the one option that `text` names. `None` if it names none or several.
///
/// Options match as whole words, regardless of case, the longest first: `male` does not match in
/// `female`, nor `control` in `control group` if both are options. A hyphen joins words, so
/// `non-control` names nothing. Negations such as "not control" are not understood.
pub fn named(text: &str, options: &[String]) -> Option<usize> {
    let text = lower(text);
    let mut wanted: Vec<(usize, Vec<char>)> =
        options.iter().map(|option| lower(option)).enumerate().collect();
    wanted.retain(|(_, option)| !option.is_empty());
    wanted.sort_by_key(|(index, option)| (std::cmp::Reverse(option.len()), *index));
    let mut found: Option<usize> = None;
    let mut place = 0;
    while place < text.len() {
        let here = wanted.iter().find(|(_, option)| stands(&text, option, place));
        let Some((index, option)) = here else {
            place += 1;
            continue;
        };
        if found.is_some_and(|earlier| earlier != *index) {
            return None;
        }
        found = Some(*index);
        place += option.len();
    }
    found
}

/// Converts to lower case, with a single space for any run of white space.
fn lower(text: &str) -> Vec<char> {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().flat_map(char::to_lowercase).collect()
}

/// Whether `option` is at `place` as whole words.
fn stands(text: &[char], option: &[char], place: usize) -> bool {
    let end = place + option.len();
    if text.get(place..end) != Some(option) {
        return false;
    }
    let before = place.checked_sub(1).map(|before| text[before]);
    let joins = |outer: Option<char>, inner: Option<&char>| {
        outer.is_some_and(is_word) && inner.copied().is_some_and(is_word)
    };
    // `1` is not a word in `1.5`, because a point between digits joins them.
    let digit =
        |place: Option<usize>| place.and_then(|place| text.get(place)).is_some_and(char::is_ascii_digit);
    let point =
        |place: Option<usize>| place.and_then(|place| text.get(place)).is_some_and(|&c| c == '.' || c == ',');
    let decimal_before = digit(Some(place)) && point(place.checked_sub(1)) && digit(place.checked_sub(2));
    let decimal_after = digit(Some(end - 1)) && point(Some(end)) && digit(Some(end + 1));
    let joined = joins(before, option.first()) || joins(text.get(end).copied(), option.last());
    !(joined || decimal_before || decimal_after)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_longest_first_and_only_one() {
        let sexes = ["male", "female"].map(str::to_owned);
        let groups = ["control", "control group", "patient"].map(str::to_owned);
        let codes = ["0", "1", "1.5"].map(str::to_owned);
        let cases: [(&str, &[String], Option<usize>); 18] = [
            ("The sex is female.", &sexes, Some(1)),
            ("The sex is male.", &sexes, Some(0)),
            ("MALE", &sexes, Some(0)),
            ("females", &sexes, None),
            ("a male, and again: male", &sexes, Some(0)),
            ("male or female", &sexes, None),
            ("", &sexes, None),
            ("no idea", &sexes, None),
            ("the control\n  group", &groups, Some(1)),
            ("a control of the group", &groups, Some(0)),
            ("non-control", &groups, None),
            ("patient_2", &groups, None),
            ("It is 1.", &codes, Some(1)),
            ("It is 1.5.", &codes, Some(2)),
            ("It is 10.", &codes, None),
            ("It is 2.1", &codes, None),
            ("(0)", &codes, Some(0)),
            ("Größe: 1, sicher", &codes, Some(1)),
        ];
        for (text, options, expected) in cases {
            assert_eq!(named(text, options), expected, "`{text}`");
        }
    }
}
