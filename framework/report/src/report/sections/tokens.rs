//! What the tokens keep: codebook use, error, and one scan encoded and decoded.

use boldface::Part;

use crate::report::document::{Align, Block, Figure, ReportTable, TableCell, metric_label, plain};
use crate::report::number;
use crate::report::plot::{Chart, Ink, PlotLine};
use crate::report::stored::StoredRun;
use crate::store::Reconstruction;
use crate::store::StageKind;

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let mut blocks: Vec<Block> = kept(stored).into_iter().collect();
    if let Some(shown) = &stored.reconstruction {
        blocks.push(Block::Subsection("One scan, encoded and decoded".into()));
        blocks.push(Block::Text(vec![plain(format!(
            "The first {} scan, {}, in regions spread evenly over the parcellation; in units of each region's own scale.",
            shown.part.name(),
            shown.scan
        ))]));
        blocks.push(Block::Figures(reconstruction(shown)));
    }
    if !blocks.is_empty() {
        blocks.insert(0, Block::Section("Tokens".into()));
    }
    blocks
}

/// Tabulates the final metrics of the codes, with one column per part.
fn kept(stored: &StoredRun) -> Option<Block> {
    let stage = StageKind::Codes.to_string();
    let finals: Vec<_> = stored.rows.iter().filter(|row| row.stage == stage && row.step.is_none()).collect();
    let mut metrics: Vec<&str> = Vec::new();
    for row in &finals {
        if !metrics.contains(&row.metric.as_str()) {
            metrics.push(&row.metric);
        }
    }
    if metrics.is_empty() {
        return None;
    }
    let mut columns = vec![("codes".to_owned(), Align::Left)];
    columns.extend(Part::ALL.map(|part| (part.name().to_owned(), Align::Right)));
    let row = |metric: &&str| {
        let value = |part: Part| {
            let row = finals.iter().find(|row| row.metric == *metric && row.split == part.name());
            TableCell::new(number::score(row.and_then(|row| row.value)))
        };
        std::iter::once(TableCell::new(metric_label(metric))).chain(Part::ALL.map(value)).collect()
    };
    let rows = metrics.iter().map(row).collect();
    let size = stored.record.experiment.tokenizer.get("codebook-size").and_then(serde_json::Value::as_u64);
    let caption = match size {
        Some(size) => format!("What the codes keep and how the codebook of {size} codes is used"),
        None => "What the codes keep and how the codebook is used".to_owned(),
    };
    Some(Block::Table(ReportTable { caption, columns, rows }))
}

fn reconstruction(shown: &Reconstruction) -> Vec<Figure> {
    let over_time = |values: &[f32]| -> Vec<(f64, f64)> {
        values.iter().enumerate().map(|(t, value)| (t as f64 * shown.tr, f64::from(*value))).collect()
    };
    let figure = |place: usize| {
        let (region, actual, decoded) = (&shown.regions[place], &shown.actual[place], &shown.decoded[place]);
        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<f64>>();
        let r = boldface::scores::pearson_r(&wide(actual), &wide(decoded));
        let chart = Chart {
            title: format!("Actual and decoded signal of {region}"),
            x: "seconds".into(),
            y: String::new(),
            lines: vec![
                PlotLine { name: "actual".into(), ink: Ink::Actual, points: over_time(actual) },
                PlotLine { name: "decoded".into(), ink: Ink::Nth(1), points: over_time(decoded) },
            ],
        };
        Figure {
            slug: format!("reconstruction-{}", place + 1),
            caption: format!("{region}, r = {}", number::score(Some(r).filter(|r| r.is_finite()))),
            svg: chart.svg(),
        }
    };
    let regions = shown.regions.len().min(shown.actual.len()).min(shown.decoded.len());
    (0..regions).map(figure).collect()
}
