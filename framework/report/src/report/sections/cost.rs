//! What each stage cost.

use crate::report::document::{Align, Block, ReportTable, TableCell, plain};
use crate::report::number;
use crate::report::stored::StoredRun;
use crate::store::StageRecord;

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    if stored.record.stages.is_empty() {
        return Vec::new();
    }
    let names = [
        ("stage", Align::Left),
        ("steps", Align::Right),
        ("tokens", Align::Right),
        ("time", Align::Right),
        ("peak memory", Align::Right),
        ("this run", Align::Left),
    ];
    let dash = || number::DASH.to_owned();
    let row = |stage: &StageRecord| {
        let name = stage.stage.name();
        let steps = stored.rows.iter().filter(|row| row.stage == name).filter_map(|row| row.step).max();
        let how = if stage.cached { "looked up" } else { "computed" };
        vec![
            TableCell::new(name),
            TableCell::new(steps.filter(|&steps| steps > 0).map_or_else(dash, number::grouped)),
            TableCell::new(stage.tokens.map_or_else(dash, number::grouped)),
            TableCell::new(number::duration(stage.seconds)),
            TableCell::new(stage.peak_memory.map_or_else(dash, number::megabytes)),
            TableCell::new(how),
        ]
    };
    let words = "Time and memory are those of the run that made a stage, and differ between runs and machines; memory \
                 is that of the whole process. Tokens are those that the language model read while it learned: fMRI and \
                 text, a scan once for all questions about it in a row.";
    vec![
        Block::Section("Cost".into()),
        Block::Table(ReportTable {
            caption: "What each stage cost".into(),
            columns: names.map(|(name, align)| (name.to_owned(), align)).into(),
            rows: stored.record.stages.iter().map(row).collect(),
        }),
        Block::Text(vec![plain(words)]),
    ]
}
