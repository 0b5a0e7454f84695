//! The first page: a summary of the run and the table of each part.

use boldface::Part;

use super::legend;
use crate::report::document::{Block, code, plain, strong};
use crate::report::number;
use crate::report::results::{Results, results};
use crate::report::stored::StoredRun;
use crate::score::intervals::FEWEST;

/// Intervals of fewer subjects than this are widened; see `stages::intervals`.
const FEW: usize = 20;

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let test = results(stored, Part::Test);
    let validation = results(stored, Part::Validation);
    let mut blocks = vec![Block::Lead(vec![plain(summary(stored, &test))]), facts(stored)];
    blocks.push(Block::Section("Results".into()));
    if test.is_empty() && validation.is_empty() {
        blocks.push(Block::Text(vec![plain("No task was scored in this run.")]));
        return blocks;
    }
    let legend = legend::block(test.iter().chain(&validation));
    for (part, results) in [(Part::Test, &test), (Part::Validation, &validation)] {
        if results.is_empty() {
            continue;
        }
        let meaning = match part {
            Part::Test => "Test: {subject}s that nothing was fitted on or chosen by",
            _ => "Validation: {subject}s for choices, not for claims",
        };
        blocks.push(Block::Subsection(meaning.into()));
        for one in results {
            // Validation is drawn only if there is nothing else to show.
            if part == Part::Test || test.is_empty() {
                blocks.extend(one.forest(best_baseline(&validation, &one.task)).map(Block::Forest));
            }
            blocks.extend(one.sentences(usize::MAX).into_iter().map(|said| Block::Text(vec![plain(said)])));
            let summary = format!("Every score of {}", one.task);
            blocks.push(Block::Folded { summary, table: one.by_answerer() });
        }
        blocks.extend(caution(results));
    }
    blocks.push(Block::Text(vec![
        plain("Brackets: 95% bootstrap interval over {subject}s; differences are paired by {subject}. "),
        strong("Bold"),
        plain(": the interval of the difference excludes zero. ↑ higher is better, ↓ lower is better. – undefined."),
    ]));
    if let Some(legend) = legend {
        blocks.push(Block::Text(vec![plain("The rows beside the model, on the same questions:")]));
        blocks.push(legend);
    }
    blocks
}

/// Returns the baseline of a task that is best on validation.
fn best_baseline<'a>(validation: &'a [Results], task: &str) -> Option<&'a str> {
    validation.iter().find(|one| one.task == task)?.best_baseline()
}

/// Summarises the run in one clause per task.
fn summary(stored: &StoredRun, test: &[Results]) -> String {
    let size = size(stored).unwrap_or_else(|| "This run".to_owned());
    if test.is_empty() {
        return format!("{size}; no task was scored on test {{subject}}s.");
    }
    let tasks: Vec<String> = test.iter().filter_map(Results::in_short).collect();
    format!("{size}. On test {{subject}}s: {}.", tasks.join("; "))
}

fn size(stored: &StoredRun) -> Option<String> {
    let (split, _) = stored.split.as_ref()?;
    let subjects = number::count(split.parts.len(), "{subject}");
    if stored.scans.is_empty() {
        return Some(subjects);
    }
    Some(format!("{} of {subjects}", number::count(stored.scans.len(), "scan")))
}

fn facts(stored: &StoredRun) -> Block {
    let record = &stored.record;
    let name = |table: &crate::spec::Table| {
        table.get("type").and_then(|name| name.as_str()).unwrap_or("–").to_owned()
    };
    let experiment = &record.experiment;
    let total: f64 = record.stages.iter().map(|stage| stage.seconds).sum();
    let mut facts = vec![
        (
            "Model".to_owned(),
            vec![
                code(name(&experiment.tokenizer)),
                plain(" tokenizer, "),
                code(name(&experiment.backbone)),
                plain(" language model, engine "),
                code(experiment.engine.clone()),
            ],
        ),
        ("Data".to_owned(), vec![plain(experiment.datasets.keys().cloned().collect::<Vec<_>>().join(", "))]),
        ("Seed".to_owned(), vec![plain(experiment.seed.to_string())]),
        (
            "Computing".to_owned(),
            vec![plain(format!(
                "{} in {}",
                number::duration(total),
                number::count(record.stages.len(), "stage")
            ))],
        ),
    ];
    if !stored.run.is_empty() {
        facts.push(("Run".to_owned(), vec![code(stored.run.clone())]));
    }
    Block::Pairs(facts)
}

fn caution(results: &[Results]) -> Option<Block> {
    // A table without intervals says so itself.
    let with_intervals = results.iter().filter(|results| results.without_intervals().is_none());
    let fewest = with_intervals.filter_map(|results| results.subjects).min()?;
    let text = match fewest {
        FEWEST..FEW => format!(
            "Read with care: intervals over {fewest} {{subject}}s are widened, so that they contain the true \
             value 95 times in 100; less often for scores close to 0 or 1, or if a few {{subject}}s have much \
             larger errors than the others."
        ),
        // Only runs of older versions have these.
        0..FEWEST => format!(
            "Read with care: a bootstrap over {fewest} {{subject}}s tends to give intervals that are too narrow."
        ),
        _ => return None,
    };
    Some(Block::Text(vec![plain(text)]))
}
