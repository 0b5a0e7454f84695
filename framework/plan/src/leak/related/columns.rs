//! Tells which columns group people who are related, or one person under several labels, by name and by
//! content.

use std::collections::BTreeMap;

use crate::label::is_telling;
use crate::leak::cuts::number;
use crate::leak::missing;
use crate::leak::words::plain;
use crate::spelled::words;

/// Words for people who belong together.
const KIN: [&str; 26] = [
    "family",
    "families",
    "fam",
    "household",
    "home",
    "twin",
    "twins",
    "pair",
    "pairs",
    "sibling",
    "siblings",
    "sib",
    "sibship",
    "mother",
    "father",
    "mom",
    "dad",
    "parent",
    "parents",
    "maternal",
    "paternal",
    "dyad",
    "couple",
    "pedigree",
    "kinship",
    "kin",
];

/// Words for the person behind a label.
const PERSON: [&str; 8] = ["alias", "person", "subjectkey", "guid", "original", "source", "master", "global"];

/// Those of them that say so without a further word.
const ALONE: [&str; 4] = ["alias", "person", "subjectkey", "guid"];

/// Words for an identifier.
const ID: [&str; 9] = ["id", "ids", "key", "code", "nr", "no", "num", "number", "uid"];

/// Words that make an identifier of something else: a place, a machine, a visit.
const ELSE: [&str; 20] = [
    "site", "center", "centre", "scanner", "session", "run", "task", "batch", "protocol", "station", "rater",
    "device", "coil", "visit", "study", "project", "group", "scan", "school", "class",
];

/// Words for a number of something.
const COUNT: [&str; 6] = ["number", "num", "n", "nr", "no", "of"];

/// Several relatives, who may be counted.
const MANY: [&str; 5] = ["twins", "siblings", "parents", "families", "pairs"];

/// Words after a relative's that make it a fact about them, such as a mother's age.
const FACT: [&str; 30] = [
    "age",
    "ages",
    "history",
    "education",
    "edu",
    "income",
    "occupation",
    "job",
    "status",
    "size",
    "count",
    "years",
    "iq",
    "weight",
    "height",
    "bmi",
    "score",
    "type",
    "ethnicity",
    "race",
    "language",
    "diagnosis",
    "total",
    "t",
    "conflict",
    "support",
    "relationship",
    "smoking",
    "depression",
    "risk",
];

/// Most people per value, on average, of a column that groups relatives.
const RELATIVES: usize = 6;

/// Largest group of people in a column of ids that no word names.
const LARGEST: usize = 6;

/// How a column was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// By its name, and its values are those of an id.
    Name,
    /// By its values alone.
    Values,
}

/// Returns how a column is known to group relatives, from its name and the value of each person.
pub(super) fn recognise(column: &str, people: &BTreeMap<String, &str>) -> Option<Known> {
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for value in people.values() {
        *groups.entry(value).or_default() += 1;
    }
    let words = words(column);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let is_fact = has(&FACT) && !has(&ID) || has(&COUNT) && has(&MANY);
    let is_id = has(&ID);
    let joined = words.concat();
    let with_id =
        |known: &[&str]| known.iter().any(|word| ID.iter().any(|id| joined == format!("{word}{id}")));
    let is_alone = words.len() == 1 && has(&ALONE);
    let names_person = is_alone || has(&PERSON) && (is_id || joined.contains("subject")) || with_id(&PERSON);
    // `yes` and `no`, and a few categories, are no ids. Neither is what each has of their own.
    let is_grouping = people.len() <= RELATIVES * groups.len() && !is_answer(groups.keys().copied());
    let is_kin = has(&KIN) || with_id(&KIN);
    if (is_kin && !is_fact || names_person) && is_grouping {
        return Some(Known::Name);
    }
    let shared: usize = groups.values().filter(|count| **count > 1).sum();
    let is_small = groups.values().all(|count| *count <= LARGEST) && 5 * shared >= people.len() && shared > 2;
    let is_code = groups.keys().filter(|value| is_code(value)).count() * 10 >= 9 * groups.len();
    (is_small && is_id && !has(&ELSE) && !is_fact && is_code).then_some(Known::Values)
}

/// Whether a value of `size` people is missing, although it was written down. `largest_other` people have
/// another value.
pub(super) fn is_missing(value: &str, size: usize, largest_other: usize) -> bool {
    // Nobody's family is called `none` or numbered below zero.
    let is_negative = number(value).is_some_and(|x| x < 0.0);
    let is_missing = is_negative || missing::is_word(value) || plain(value).trim() == "none";
    let may_be_missing = number(value).is_some_and(|x| x == 0.0 || missing::is_code(x));
    is_missing && size > 2 || may_be_missing && size > 2 * largest_other.max(3)
}

/// Whether all values are answers to a question that has few.
fn is_answer<'a>(mut values: impl Iterator<Item = &'a str>) -> bool {
    let answers = ["yes", "no", "y", "n", "true", "false", "mz", "dz", "1", "0", "2"];
    values.all(|value| answers.contains(&value.to_ascii_lowercase().as_str()))
}

/// Whether a value is an id and no measurement, date or word.
fn is_code(value: &str) -> bool {
    let has_letters = value.bytes().any(|c| c.is_ascii_alphabetic());
    let has_digits = value.bytes().any(|c| c.is_ascii_digit());
    let is_whole = value.bytes().all(|c| c.is_ascii_digit());
    has_letters && has_digits && value.len() > 2 || is_whole && is_telling(value, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(column: &str, value: impl Fn(usize) -> String) -> Option<Known> {
        let values: Vec<String> = (0..40).map(value).collect();
        let people = values.iter().enumerate().map(|(i, value)| (format!("d/sub-{i}"), value.as_str()));
        recognise(column, &people.collect())
    }

    #[test]
    fn relatives_are_known_by_many_names() {
        let names = [
            "family_id",
            "rel_family_id",
            "Mother_ID",
            "FatherID",
            "twin_pair",
            "household",
            "sibshipID",
            "familyid",
            "subjectkey",
            "alias",
            "original_subject",
            "source_subject_id",
            "personid",
            "pair",
            "FAMILY",
            "guid",
        ];
        for name in names {
            assert_eq!(recognised(name, |i| (i / 3).to_string()), Some(Known::Name), "{name}");
        }
    }

    #[test]
    fn facts_about_relatives_and_answers_are_no_ids() {
        for name in ["mother_age", "family_income", "ParentEducation", "familyHistory", "num_siblings"] {
            assert_eq!(recognised(name, |i| (30 + i / 3).to_string()), None, "{name}");
        }
        assert_eq!(recognised("twin", |i| ["yes", "no"][i % 2].to_owned()), None);
        assert_eq!(recognised("household", |i| ["city", "country", "n"][i % 3].to_owned()), None);
        assert_eq!(recognised("age", |i| (20 + i / 3).to_string()), None);
    }

    #[test]
    fn ids_are_known_by_their_values() {
        assert_eq!(recognised("study_code", |i| format!("AX{}", 1000 + i / 2)), None, "it names a study");
        assert_eq!(recognised("rel_code", |i| format!("AX{}", 1000 + i / 2)), Some(Known::Values));
        assert_eq!(recognised("record_id", |i| (70_000 + i / 2).to_string()), Some(Known::Values));
        assert_eq!(recognised("record_id", |i| (70_000 + i).to_string()), None, "one each");
        assert_eq!(recognised("record_id", |i| (i / 2).to_string()), None, "small numbers");
        assert_eq!(recognised("volume", |i| (70_000 + i / 2).to_string()), None, "a measure");
    }
}
