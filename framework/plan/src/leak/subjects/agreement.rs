//! Compares what tables say about people with similar labels: whether they are the same people.

use std::collections::BTreeSet;

use boldface::ScanInfo;
use serde::Serialize;

use super::super::cuts::number;
use crate::label::{numbered, plain};

/// Largest probability that different people agree so well.
const CHANCE: f64 = 1e-3;

/// The same for ages that are nearly equal. Groups of alike people may have alike numbers in two studies.
const NEAR_CHANCE: f64 = 1e-6;

/// Years in which a person's scans may lie apart.
const YEARS: f64 = 3.0;

/// ColumnAgreement of pairs of people in a column that distinguishes people.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ColumnAgreement<'a> {
    pub column: &'a str,
    /// Number of pairs with the same value, or about the same age.
    pub equal: usize,
    /// Number of pairs in which both have a value.
    pub both: usize,
    /// Whether ages are compared in years, as visits of one person lie apart.
    pub about: bool,
    /// Upper bound on the probability that different people agree as often.
    pub chance: f64,
}

/// What the tables say about pairs of people.
#[derive(Clone, Debug)]
pub(super) enum IdentityVerdict<'a> {
    /// They are the same people.
    Same(ColumnAgreement<'a>),
    /// They are different people.
    Other(ColumnAgreement<'a>),
    /// No column tells.
    Unknown,
}

impl ColumnAgreement<'_> {
    fn is_same(&self) -> bool {
        if self.about {
            self.chance < NEAR_CHANCE && 5 * self.equal >= 4 * self.both
        } else {
            self.chance < CHANCE
        }
    }

    /// States the agreement in words.
    pub fn said(&self) -> String {
        let ColumnAgreement { column, equal, both, .. } = self;
        if self.about {
            format!("{equal} of {both} agree in `{column}` within {YEARS} years")
        } else {
            format!("{equal} of {both} agree in `{column}`")
        }
    }
}

/// Judges pairs of people with similar labels by the column that tells most.
pub(super) fn verdict<'a>(columns: &[ColumnAgreement<'a>]) -> IdentityVerdict<'a> {
    let best = |about: bool| {
        let columns = columns.iter().filter(|column| column.about == about);
        columns.min_by(|a, b| a.chance.total_cmp(&b.chance)).cloned()
    };
    let (exact, near) = (best(false), best(true));
    match (exact, near) {
        (Some(exact), _) if exact.is_same() => IdentityVerdict::Same(exact),
        (_, Some(near)) if near.is_same() => IdentityVerdict::Same(near),
        (Some(exact), _) => IdentityVerdict::Other(exact),
        (None, _) => IdentityVerdict::Unknown,
    }
}

/// Compares every column that both people of each pair have and that distinguishes people, such as age.
/// A column that repeats the label is skipped.
pub(super) fn agreement<'a>(pairs: &[(&'a ScanInfo, &'a ScanInfo)]) -> Vec<ColumnAgreement<'a>> {
    let columns: BTreeSet<&'a String> = pairs.iter().flat_map(|(one, _)| one.phenotype.keys()).collect();
    let mut found = Vec::new();
    for column in columns {
        let value = |scan: &'a ScanInfo| scan.phenotype.get(column).map(String::as_str);
        let mut both = Vec::new();
        for (one, other) in pairs {
            both.extend(value(one).zip(value(other)).map(|(a, b)| (one.id.subject.as_str(), a, b)));
        }
        let distinct: BTreeSet<&str> = both.iter().map(|(_, value, _)| *value).collect();
        let is_label = both.iter().all(|(label, value, _)| names(label, value));
        if distinct.len() < 5.max(both.len() / 4) || is_label {
            continue;
        }
        let mut compare = |about: bool, is_alike: &dyn Fn(&str, &str) -> bool| {
            let equal = both.iter().filter(|(_, a, b)| is_alike(a, b)).count();
            let strangers =
                both.iter().map(|(_, a, _)| both.iter().filter(|(_, _, b)| is_alike(a, b)).count());
            let strangers = strangers.sum::<usize>() as f64 / (both.len() * both.len()) as f64;
            let chance = bound(equal as f64 / both.len() as f64, strangers).powi(both.len() as i32);
            found.push(ColumnAgreement { column: column.as_str(), equal, both: both.len(), about, chance });
        };
        compare(false, &alike);
        if is_age(column) {
            compare(true, &|a, b| number(a).zip(number(b)).is_some_and(|(a, b)| (a - b).abs() <= YEARS));
        }
    }
    found
}

/// Returns Chernoff's bound per event. Of n independent events with probability `p`, a share of at least
/// `q` occurs with a probability of at most the n-th power of the bound.
pub fn bound(q: f64, p: f64) -> f64 {
    if q <= p || p <= 0.0 {
        return 1.0;
    }
    let term = |q: f64, p: f64| if q > 0.0 { (p / q).powf(q) } else { 1.0 };
    term(q, p) * term(1.0 - q, 1.0 - p)
}

/// Whether two values are equal as numbers or as words.
fn alike(a: &str, b: &str) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.eq_ignore_ascii_case(b),
    }
}

/// Whether a value is the label in another form, such as `sub-01` or 1.
pub(super) fn names(label: &str, value: &str) -> bool {
    let (label, value) = (plain(label), plain(value.strip_prefix("sub-").unwrap_or(value)));
    let digits = |text: &str| numbered(text).map(|(_, number)| number.to_owned());
    label == value || digits(&label).is_some_and(|number| Some(number) == digits(&value))
}

/// Whether a column holds ages, by its name: `age`, `age_at_scan`, `AgeYears`.
fn is_age(column: &str) -> bool {
    let lower = column.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphabetic());
    words.any(|word| word == "age") || lower.starts_with("age") && column.contains("Age")
}
