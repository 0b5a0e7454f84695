//! What the test subjects can show, independently of the result.

use boldface::Part;

use crate::report::document::{Align, Block, ReportTable, TableCell, plain, strong};
use crate::report::number;
use crate::report::stored::StoredRun;
use crate::score::power::{AnswerScale, Power};

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let powers: Vec<Power> = powers(stored);
    let shown: Vec<&Power> = powers.iter().filter(|power| power.form != AnswerScale::Other).collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Section("What this number of {subject}s can show".into()), table(&shown)];
    for caution in powers.iter().filter_map(Power::caution) {
        blocks
            .push(Block::Text(vec![strong("Too few for a claim. "), plain(caution.replace('`', "") + ".")]));
    }
    blocks.push(Block::Text(vec![plain(
        "The smallest effect that can be told from chance with 80% power at the two-sided 5% level: accuracy by \
         the exact binomial test against the share of the most common class, AUROC of the class that is hardest \
         to tell from the rest by the standard errors of Hanley and McNeil (1982), correlation by Fisher's z. \
         {Subject}s count, not scans. Smaller true effects will mostly be missed; k-fold cross-validation (folds \
         in the split) tests every {subject} once.",
    )]));
    blocks
}

/// Returns the power of every task's test part.
pub fn powers(stored: &StoredRun) -> Vec<Power> {
    let of = |asked: &crate::report::stored::TaskAnswers| {
        let plugin =
            asked.model.as_ref().or_else(|| asked.answered.first().map(|answered| &answered.plugin))?;
        let outcomes = asked.answers(Part::Test, plugin).map(|answered| &answered.outcome);
        Power::compute(&asked.name, outcomes.map(|outcome| (&outcome.scan, &outcome.example.answer)))
    };
    stored.tasks.iter().filter_map(of).collect()
}

fn table(powers: &[&Power]) -> Block {
    let names =
        ["task", "test {subject}s", "with each class", "majority", "accuracy from", "AUROC from", "r from"];
    let columns = names.iter().enumerate().map(|(place, name)| {
        ((*name).to_owned(), if matches!(place, 0 | 2) { Align::Left } else { Align::Right })
    });
    let row = |power: &&Power| {
        let (counts, majority) = match &power.form {
            AnswerScale::Classes { counts, majority } => {
                let each: Vec<String> =
                    counts.iter().map(|(class, with, _)| format!("{class} {with}")).collect();
                (each.join(", "), number::score(Some(*majority)))
            }
            _ => (number::DASH.to_owned(), number::DASH.to_owned()),
        };
        let of_classes = |found: Option<f64>| match (&power.form, found) {
            (AnswerScale::Classes { .. }, None) => "none".to_owned(),
            (_, found) => number::score(found),
        };
        vec![
            TableCell::new(power.task.clone()),
            TableCell::new(power.subjects.to_string()),
            TableCell::new(counts),
            TableCell::new(majority),
            TableCell::new(of_classes(power.accuracy())),
            TableCell::new(of_classes(power.auroc())),
            TableCell::new(number::score(power.correlation())),
        ]
    };
    let caption =
        "Smallest effects that the test part can tell from chance; “none”: not even a perfect score"
            .to_owned();
    Block::Table(ReportTable { caption, columns: columns.collect(), rows: powers.iter().map(row).collect() })
}
