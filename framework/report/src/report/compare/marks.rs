//! Formats values and differences of groups.

use boldface_tables::leaderboard::Summary;
use boldface_tables::summary::Verdict;

use super::scores;
use crate::report::document::{TableCell, Tone};
use crate::report::number;

/// Explanation of the signs.
pub const LEGEND: &str = "Brackets: 95% bootstrap interval over {subject}s, and over seeds where there are \
    several; differences are paired by {subject} and by seed. Bold or *: the interval of the difference \
    excludes zero. ± standard deviation over runs; k of n runs: a score is undefined in the others (one class, \
    for example), and the mean leaves them out. The best baseline is that of validation. \
    ↑ higher is better, ↓ lower is better. – undefined.";

/// Returns the arrow behind a metric's name: which direction is better.
pub fn arrow(higher_is_better: Option<bool>) -> &'static str {
    higher_is_better.map_or("", |up| if up { " ↑" } else { " ↓" })
}

/// Formats a group's mean, its spread over runs and its interval.
pub fn value(cell: &scores::GroupScore) -> TableCell {
    let (text, interval) = number::with_interval(cell.summary.mean, cell.interval);
    let spread = cell.summary.sd.map(|sd| format!("± {}", number::score(Some(sd))));
    let note: Vec<String> = spread.into_iter().chain(interval).chain(defined(&cell.summary)).collect();
    TableCell { text, note: Some(note.join(" ")).filter(|note| !note.is_empty()), tone: Tone::Plain }
}

/// Formats a mean over runs.
pub fn mean(summary: &Summary) -> TableCell {
    TableCell::noted((number::score(summary.mean), defined(summary)), Tone::Plain)
}

/// Says how many of several runs have a value, if not all have.
pub fn defined(summary: &Summary) -> Option<String> {
    let Summary { n, total, .. } = *summary;
    (total > 1 && n < total).then(|| format!("{n} of {total} runs"))
}

/// Formats a cell's difference and its verdict. A dash without a difference.
pub fn difference(cell: &scores::GroupScore) -> TableCell {
    cell.difference.map_or_else(|| TableCell::new(number::DASH), |found| minus(&found))
}

/// Formats a difference.
pub fn minus(found: &scores::GroupDifference) -> TableCell {
    TableCell::noted(number::difference(Some(found.value), found.interval), tone(found.verdict))
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Better => Tone::Good,
        Verdict::Worse => Tone::Bad,
        Verdict::NotBetter | Verdict::Unknown => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use boldface_tables::leaderboard::summary;

    use super::*;

    #[test]
    fn a_mean_over_folds_says_over_how_many() {
        let shown = |values: &[Option<f64>]| {
            let summary = summary(values.iter().copied());
            value(&scores::GroupScore { summary, ..scores::GroupScore::default() }).line()
        };
        assert_eq!(shown(&[None, Some(0.5), None, Some(0.5), None]), "0.500 ± 0.000 2 of 5 runs");
        assert_eq!(shown(&[Some(0.5), Some(f64::NAN)]), "0.500 1 of 2 runs");
        assert_eq!(shown(&[None, None]), "– 0 of 2 runs");
        assert_eq!(shown(&[Some(0.5), Some(0.5)]), "0.500 ± 0.000");
        assert_eq!(shown(&[None]), "–");
    }
}
