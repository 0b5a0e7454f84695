//! Formats values and differences of groups.

use boldface_tables::summary::Verdict;

use super::scores;
use crate::report::document::{TableCell, Tone};
use crate::report::number;

/// Explanation of the signs.
pub const LEGEND: &str = "Brackets: 95% bootstrap interval over {subject}s, and over seeds where there are \
    several; differences are paired by {subject} and by seed. Bold or *: the interval of the difference \
    excludes zero. ± standard deviation over seeds. ↑ higher is better, ↓ lower is better. – undefined.";

/// Returns the arrow behind a metric's name: which direction is better.
pub fn arrow(higher_is_better: Option<bool>) -> &'static str {
    higher_is_better.map_or("", |up| if up { " ↑" } else { " ↓" })
}

/// Formats a group's mean, its spread over runs and its interval.
pub fn value(cell: &scores::GroupScore) -> TableCell {
    let (text, interval) = number::with_interval(cell.summary.mean, cell.interval);
    let spread = cell.summary.sd.map(|sd| format!("± {}", number::score(Some(sd))));
    let note: Vec<String> = spread.into_iter().chain(interval).collect();
    TableCell { text, note: Some(note.join(" ")).filter(|note| !note.is_empty()), tone: Tone::Plain }
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
