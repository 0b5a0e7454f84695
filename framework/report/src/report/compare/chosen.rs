//! The arms that validation chose, each beside the baseline that validation chose.

use boldface::Part;
use boldface_tables::leaderboard::{self, Choice};
use boldface_tables::summary::{Verdict, verdict};

use super::beside::Intervals;
use super::board::{Board, LeaderboardRow};
use super::groups::RunGroup;
use super::marks;
use super::paired::{mean, over};
use super::scores::Bench;
use super::standing::Standing;
use crate::report::document::{Align, Block, ReportTable, TableCell, plain, strong};
use crate::report::number;

impl Board<'_> {
    /// Reports which arm validation chose in each of the `divisions` and how it scores on test.
    pub(super) fn chosen(
        &self,
        bench: &mut Bench<'_>,
        choices: &[Choice],
        rows: &[LeaderboardRow],
        divisions: usize,
    ) -> Vec<Block> {
        let name = |choice: &Choice| rows[choice.entry].group.label.clone();
        let mut blocks = vec![Block::Section("Chosen by validation".into())];
        match choices {
            [] => return Vec::new(),
            [one] if divisions == 1 => {
                let row = &rows[one.entry];
                let ties =
                    rows.iter().filter(|other| other.entry.validation.mean == Some(one.validation)).count();
                let best = match ties {
                    1 => "was best on validation".to_owned(),
                    many => format!("is the first of {many} that are equally good on validation"),
                };
                let words = format!(" {best}; on test it scores {}.", marks::value(&row.test).line());
                blocks.push(Block::Text(vec![strong(name(one)), plain(words)]));
            }
            many => {
                let columns = [("division", Align::Left), ("chosen", Align::Left)].into_iter();
                let numbers = ["validation", "test", "best baseline", "test minus best baseline"];
                let columns = columns.chain(numbers.map(|name| (name, Align::Right)));
                let mut standing = |choice: &Choice| {
                    let group = RunGroup { label: name(choice), runs: choice.trials.clone() };
                    bench.standing(&group, &self.measure(Part::Test), Intervals::Stored)
                };
                let standings: Vec<Standing> = many.iter().map(&mut standing).collect();
                let row = |(choice, standing): (&Choice, &Standing)| {
                    let values = [Some(choice.validation), choice.test].map(number::score);
                    let first = [choice.division.clone(), name(choice)].into_iter().chain(values);
                    first.map(TableCell::new).chain(standing.best_cells()).collect()
                };
                blocks.push(Block::Table(ReportTable {
                    caption: format!(
                        "{}: each division of the {{subject}}s chooses for itself",
                        self.label()
                    ),
                    columns: columns.map(|(name, align)| (name.to_owned(), align)).collect(),
                    rows: many.iter().zip(&standings).map(row).collect(),
                }));
                let summary = leaderboard::summary(many.iter().map(|choice| choice.test));
                let spread =
                    summary.sd.map_or_else(String::new, |sd| format!(" (SD {})", number::score(Some(sd))));
                blocks.push(Block::Text(vec![
                    plain("Nested selection: the arms chosen by validation have the mean test value "),
                    strong(number::score(summary.mean)),
                    plain(format!("{spread} over {}.", counted(summary.n, divisions))),
                    plain(self.nested(bench, many, &standings)),
                ]));
            }
        }
        blocks
    }

    /// Says how the chosen arms stand against the chosen baselines: the mean over divisions of the paired
    /// differences.
    fn nested(&self, bench: &mut Bench<'_>, choices: &[Choice], standings: &[Standing]) -> String {
        let measure = self.measure(Part::Test);
        let (mut values, mut series, mut subjects) = (Vec::new(), Vec::new(), usize::MAX);
        for (choice, standing) in choices.iter().zip(standings) {
            let Some((best, found)) = standing.best() else { continue };
            let Some(difference) = found.score.difference else { continue };
            values.push(Some(difference.value));
            let paired = |run: &usize| bench.stored_difference(*run, best, &measure).is_some();
            let runs: Vec<usize> = choice.trials.iter().copied().filter(paired).collect();
            let of_runs: Option<Vec<Vec<f64>>> =
                runs.iter().map(|&run| bench.difference_series(run, best, &measure)).collect();
            series.push(of_runs.map(|of_runs| mean(&of_runs)));
            subjects = subjects.min(bench.subjects(&runs, &self.task, Part::Test));
        }
        let summary = leaderboard::summary(values.into_iter());
        let Some(value) = summary.mean else { return " No baseline can be subtracted.".to_owned() };
        let series: Option<Vec<Vec<f64>>> = series.into_iter().collect();
        let interval = series.and_then(|series| over(&series, subjects));
        let (by, shown) = number::difference(Some(value), interval);
        let shown = shown.map_or_else(|| " without an interval".to_owned(), |shown| format!(" {shown}"));
        let words = match verdict(interval, self.higher_is_better) {
            Verdict::Better => "They beat their best baselines",
            Verdict::Worse => "They lose to their best baselines",
            Verdict::NotBetter => "They do not beat their best baselines",
            Verdict::Unknown => "They are not shown to beat their best baselines",
        };
        format!(
            " {words}: the mean difference is {by}{shown}, over {}.",
            number::count(summary.n, "division")
        )
    }
}

/// Counts the divisions with a value, and says if others have none.
fn counted(n: usize, divisions: usize) -> String {
    if n == divisions {
        return number::count(n, "division");
    }
    format!(
        "{n} of {}, as validation or test is undefined in the others",
        number::count(divisions, "division")
    )
}
