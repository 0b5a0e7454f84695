//! Quality of the recordings: the cohort, the worst scans, and the excluded ones.

mod cohort;
mod scans;

use boldface::Exclusion;

use crate::report::document::{Align, Block, ReportTable, TableCell, code, plain};
use crate::report::number;
use crate::report::stored::StoredRun;

/// Most rows in a table of scans. The file has all.
const ROWS: usize = 50;

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let (excluded, measured) = (&stored.record.excluded, &stored.quality.measured);
    if excluded.is_empty() && measured.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Section("Scan quality".into())];
    if !measured.is_empty() {
        blocks.extend(cohort::blocks(&stored.quality, stored.regions.as_ref()));
        blocks.extend(scans::blocks(&stored.quality));
    }
    if !excluded.is_empty() {
        blocks.extend(left_out(excluded, stored.scans.len()));
    }
    blocks
}

fn left_out(excluded: &[Exclusion], used: usize) -> Vec<Block> {
    let count = excluded.len();
    let are = if count == 1 { "is" } else { "are" };
    let said = match used {
        0 => format!("{} {are} left out before anything else; all are in ", number::count(count, "scan")),
        used => format!("{count} of {} scans {are} left out before anything else; all are in ", used + count),
    };
    let row = |Exclusion { scan, reason }: &Exclusion| {
        vec![TableCell::new(scan.to_string()), TableCell::new(reason.replace('`', ""))]
    };
    let columns = ["scan", "reason"].map(|name| (name.to_owned(), Align::Left)).to_vec();
    let rows: Vec<Vec<TableCell>> = excluded.iter().take(ROWS).map(row).collect();
    let caption = match count > ROWS {
        true => format!("The first {ROWS} scans left out"),
        false => "Scans left out".to_owned(),
    };
    vec![
        Block::Subsection("Scans left out".into()),
        Block::Text(vec![
            plain(said),
            code("exclusions.tsv"),
            plain(". They count neither in the split nor in the power."),
        ]),
        Block::Table(ReportTable { caption, columns, rows }),
    ]
}
