//! What the names in the tables of results stand for.

use std::collections::BTreeSet;

use crate::report::document::{Block, plain};
use crate::report::results::Results;

/// Controls and baselines by name. A name ends with `-` if any method may follow.
const MEANINGS: [(&str, &str); 18] = [
    ("values", "the model, told the scan's facts as numbers instead of seeing the scan"),
    (
        "shuffled",
        "the model, shown the scan's volumes in random order: connectivity stays, the order in time is lost",
    ),
    (
        "surrogate",
        "the model, shown the scan with random phases: each region's spectrum stays, connectivity is lost",
    ),
    ("swap", "the model, shown other people's scans instead, with its answers averaged"),
    ("text-only", "the model, asked without any scan"),
    ("without-prior", "the model's own answers, before they correct the prior"),
    ("without-frequencies", "the model's own answers, before bands get natural or equal frequencies"),
    (
        "another-person",
        "the true answers for another person: what perfect reading of a wrong scan would score",
    ),
    ("fc-flat-", "a linear model of the correlation matrix with flattened eigenvalues"),
    ("fc-", "a linear model of the regions' correlations"),
    ("tangent-", "a linear model of the regions' covariances, in tangent space"),
    ("facts", "a linear model of the corpus' facts as numbers"),
    ("motion-only", "a linear model of head motion alone"),
    ("site-only", "a linear model of the site alone"),
    ("ar", "a linear forecast from each region's own past"),
    ("persistence", "each region's last value, for all time"),
    ("majority", "the most frequent answer of training scans"),
    ("mean", "the mean of training scans"),
];

/// Explains every control and baseline that answered. `None` if there is none.
pub(super) fn block<'a>(results: impl Iterator<Item = &'a Results>) -> Option<Block> {
    let named: BTreeSet<&str> = results
        .flat_map(|results| results.answerers.iter().filter(|name| Some(*name) != results.model.as_ref()))
        .filter_map(|name| Some(family(name)?.0))
        .collect();
    let row = |(name, meaning): &(&str, &str)| {
        let shown = if name.ends_with('-') { format!("{name}…") } else { (*name).to_owned() };
        (shown, vec![plain(*meaning)])
    };
    let rows = MEANINGS.iter().filter(|(name, _)| named.contains(name)).map(row);
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then_some(Block::Pairs(rows))
}

/// Returns what a control or baseline is. `None` for names that only a plugin knows.
pub fn meaning(name: &str) -> Option<&'static str> {
    Some(family(name)?.1)
}

fn family(name: &str) -> Option<&'static (&'static str, &'static str)> {
    let stands_for = |known: &str| match known.strip_suffix('-') {
        Some(_) => name.starts_with(known),
        // `facts-logistic` and `facts (graph)` are facts too.
        None => name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '-'])),
    };
    let exact = MEANINGS.iter().find(|(known, _)| *known == name);
    exact.or_else(|| MEANINGS.iter().find(|(known, _)| stands_for(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_baselines_have_a_meaning_and_other_names_none() {
        let of = |name: &str| family(name).map(|(known, _)| *known);
        assert_eq!(of("fc-flat-ridge"), Some("fc-flat-"));
        assert_eq!(of("fc-logistic"), Some("fc-"));
        assert_eq!(of("facts (graph)"), Some("facts"));
        assert_eq!([of("ar-4"), of("ar")], [Some("ar"); 2]);
        assert_eq!(of("gpt"), None);
        for control in crate::score::CONTROLS {
            assert_eq!(of(control), Some(control));
        }
    }
}
