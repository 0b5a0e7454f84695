//! Forms of subject labels: what one person may be called in two tables, and which labels are visits.

/// Words that name one of a few visits, without a number.
const MOMENTS: [&str; 15] = [
    "pre",
    "post",
    "baseline",
    "followup",
    "before",
    "after",
    "bl",
    "base",
    "fu",
    "scr",
    "screening",
    "test",
    "retest",
    "first",
    "second",
];

/// Words before the number of a visit.
const VISITS: [&str; 24] = [
    "ses",
    "session",
    "visit",
    "v",
    "run",
    "r",
    "t",
    "tp",
    "time",
    "timepoint",
    "wave",
    "w",
    "wk",
    "week",
    "y",
    "yr",
    "year",
    "m",
    "mo",
    "month",
    "scan",
    "d",
    "day",
    "fu",
];

/// Most digits in the number of a visit.
const VISIT_DIGITS: usize = 3;

/// Most letters after a number that stand for a visit or for one of several people, as in `01a`.
const LETTERS: usize = 3;

/// Words of more than four letters that many studies put before a number.
const COMMON: [&str; 14] = [
    "subject",
    "participant",
    "patient",
    "patients",
    "control",
    "controls",
    "healthy",
    "person",
    "volunteer",
    "adult",
    "child",
    "young",
    "older",
    "infant",
];

/// Largest number that a study may give to its people by counting, even if it has few people.
const COUNTED: u64 = 999;

/// A label without its visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The rest of the label, in its plain form.
    pub person: String,
    /// The visit, in its plain form.
    pub visit: String,
    /// Whether a word says that it is a visit. Letters may also stand for one of several people.
    pub is_sure: bool,
}

/// Returns a label in lower case, without separators and leading zeros: `0050003` is `50003`, `S-01` is
/// `s1`.
pub fn plain(label: &str) -> String {
    let mut plain = String::new();
    let mut zeros = 0;
    for c in label.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase) {
        let follows_digit = plain.ends_with(|last: char| last.is_ascii_digit());
        match c {
            '0' if !follows_digit => zeros += 1,
            c => {
                if zeros > 0 && !c.is_ascii_digit() {
                    plain.push('0');
                }
                zeros = 0;
                plain.push(c);
            }
        }
    }
    if zeros > 0 {
        plain.push('0');
    }
    plain
}

/// Returns the plain form of a label, without the visit if the rest is too unusual to be anything but a
/// person: `002S4000m12` is `2s4000`.
pub fn person(label: &str) -> String {
    match visit(label).filter(|visit| visit.is_sure) {
        Some(Visit { person, .. }) if is_telling(&person, 0) => person,
        _ => plain(label),
    }
}

/// Splits a plain form that is a number after some letters: `p1` into `p` and `1`. Returns `None` for
/// other labels.
pub fn numbered(plain: &str) -> Option<(&str, &str)> {
    let number = plain.trim_start_matches(|c: char| c.is_alphabetic());
    let is_number = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
    is_number.then(|| (&plain[..plain.len() - number.len()], number))
}

/// Whether two studies would not both give a label. Small numbers with a few letters before them are
/// common; `people` is the number of people of the larger study.
pub fn is_telling(label: &str, people: usize) -> bool {
    let plain = plain(label);
    let rest = plain.trim_start_matches(|c: char| c.is_alphabetic());
    let largest = (20 * people as u64).max(COUNTED);
    let letters = &plain[..plain.len() - rest.len()];
    if letters.chars().count() > 4 && !COMMON.contains(&letters) {
        return true;
    }
    match rest.parse::<u64>() {
        Ok(number) => number > largest,
        // Digits and letters mixed, or so many digits that no number holds them.
        Err(_) => rest.len() > 4,
    }
}

/// Splits a label into a person and a visit: `012v2`, `12pre`, `pre12`, `001Sm12`, `v1s05` and `01a`. The
/// person must have a number.
pub fn visit(label: &str) -> Option<Visit> {
    let lower: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    let lower = lower.to_ascii_lowercase();
    let split = |person: &str, visit: &str, is_sure: bool| {
        let has_number = person.bytes().any(|c| c.is_ascii_digit());
        has_number.then(|| Visit { person: plain(person), visit: plain(visit), is_sure })
    };
    let longest = |words: &[&'static str], fits: &dyn Fn(&str) -> bool| {
        words.iter().copied().filter(|word| fits(word)).max_by_key(|word| word.len())
    };
    if let Some(word) = longest(&MOMENTS, &|word| lower.ends_with(word)) {
        let (person, visit) = lower.split_at(lower.len() - word.len());
        return split(person, visit, true);
    }
    let before = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    if (1..=VISIT_DIGITS).contains(&(lower.len() - before.len()))
        && let Some(word) = longest(&VISITS, &|word| before.ends_with(word))
        && let Some(found) = {
            let (person, visit) = lower.split_at(before.len() - word.len());
            split(person, visit, true)
        }
    {
        return Some(found);
    }
    if let Some(word) = longest(&MOMENTS, &|word| lower.starts_with(word)) {
        let (visit, person) = lower.split_at(word.len());
        return person.starts_with(|c: char| c.is_ascii_digit()).then(|| split(person, visit, true))?;
    }
    if let Some(word) = longest(&VISITS, &|word| lower.starts_with(word)) {
        let after = &lower[word.len()..];
        let person = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = after.len() - person.len();
        let (visit, person) = lower.split_at(word.len() + digits);
        if (1..=VISIT_DIGITS).contains(&digits) && person.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return split(person, visit, true);
        }
    }
    let person = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_letters = (1..=LETTERS).contains(&(lower.len() - person.len()));
    is_letters.then(|| split(person, &lower[person.len()..], false))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_capitals_and_separators_name_nobody_else() {
        let same = [
            ["0050003", "50003"],
            ["S1", "s01"],
            ["NDAR_INV0A1", "ndarinv0a1"],
            ["A01B002", "a1b2"],
            ["000", "0"],
            ["sub-10", "sub010"],
        ];
        for [one, other] in same {
            assert_eq!(plain(one), plain(other));
        }
        for [one, other] in [["10", "100"], ["a10", "a1"], ["p1", "1"], ["101", "11"]] {
            assert_ne!(plain(one), plain(other));
        }
    }

    #[test]
    fn visits_are_known_at_both_ends() {
        let cases = [
            ("012v2", "12", "v2"),
            ("12pre", "12", "pre"),
            ("pre12", "12", "pre"),
            ("001Sbl", "1s", "bl"),
            ("002S4000m12", "2s4000", "m12"),
            ("v1s05", "s5", "v1"),
            ("03-ses-02", "3", "ses2"),
            ("07followup", "7", "followup"),
        ];
        for (label, person, visit) in cases {
            let found = super::visit(label).unwrap();
            assert_eq!((&*found.person, &*found.visit, found.is_sure), (person, visit, true), "{label}");
        }
        assert!(!super::visit("01a").unwrap().is_sure);
        for label in ["01", "A01", "pre", "T01", "S4000", "anna", ""] {
            assert_eq!(super::visit(label), None, "{label}");
        }
        assert_eq!(super::person("002S4000m12"), "2s4000");
        assert_eq!(super::person("01v2"), "1v2");
    }

    #[test]
    fn labels_that_every_study_gives_tell_nothing() {
        for common in ["01", "P01", "subject12", "control003", "120", "x"] {
            assert!(!is_telling(common, 30), "{common}");
        }
        for own in ["50003", "NDARINV0A1B2C", "002S4000", "annasmith", "UM4711", "NDARAB084"] {
            assert!(is_telling(own, 30), "{own}");
        }
        assert_eq!(
            (numbered("p1"), numbered("1"), numbered("1a")),
            (Some(("p", "1")), Some(("", "1")), None)
        );
    }
}
