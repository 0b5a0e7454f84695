//! Data, split, stages, versions and the spec: everything needed to run it again.

use boldface::Part;

use crate::report::document::{Align, Block, ReportTable, TableCell, TextSpan, code, plain};
use crate::report::number;
use crate::report::stored::StoredRun;
use crate::store::DatasetDescription;

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let mut blocks = vec![Block::Section("Data and split".into())];
    blocks.extend(split(stored));
    for (name, description) in &stored.descriptions {
        blocks.push(Block::Subsection(format!("Dataset {name}")));
        blocks.push(Block::Pairs(dataset(description)));
    }
    blocks.push(Block::Section("To run it again".into()));
    blocks.push(stages(stored));
    let versions = stored.record.versions.iter();
    let mut pairs: Vec<(String, Vec<TextSpan>)> =
        versions.map(|(name, version)| (name.clone(), vec![code(version.clone())])).collect();
    pairs.push(("spec".into(), vec![code(stored.record.spec.display().to_string())]));
    pairs.extend(
        stored
            .record
            .libraries()
            .into_iter()
            .map(|(plugin, hash)| (format!("library of {plugin}"), vec![code(hash)])),
    );
    blocks.push(Block::Pairs(pairs));
    blocks.extend(gone(stored).map(|gone| Block::Text(vec![plain(gone)])));
    let summary = "The resolved spec: every default filled in".to_owned();
    blocks.push(Block::Details { summary, code: stored.resolved.clone() });
    blocks
}

/// Names the artefacts that the report lacks. `None` if it is whole.
pub fn gone(stored: &StoredRun) -> Option<String> {
    let gone: Vec<String> = stored.gone.iter().map(|path| path.display().to_string()).collect();
    (!gone.is_empty()).then(|| {
        let gone = gone.join(", ");
        format!("Not shown, because it is no longer in the store (the same command makes it again): {gone}.")
    })
}

fn split(stored: &StoredRun) -> Vec<Block> {
    let Some((split, hash)) = &stored.split else {
        return vec![Block::Text(vec![plain("This run has no split.")])];
    };
    let row = |part: Part| {
        let subjects = split.parts.values().filter(|of| **of == part).count();
        let scans =
            stored.scans.iter().filter(|scan| split.parts.get(&scan.id.person()) == Some(&part)).count();
        let scans = if stored.scans.is_empty() { number::DASH.to_owned() } else { scans.to_string() };
        vec![TableCell::new(part.name()), TableCell::new(subjects.to_string()), TableCell::new(scans)]
    };
    let names = [("part", Align::Left), ("{subject}s", Align::Right), ("scans", Align::Right)];
    vec![
        Block::Table(ReportTable {
            caption: "No {subject} is in two parts".into(),
            columns: names.map(|(name, align)| (name.to_owned(), align)).into(),
            rows: Part::ALL.map(row).into(),
        }),
        Block::Text(vec![plain("BLAKE3 of the split: "), code(hash.clone())]),
    ]
}

fn dataset(description: &DatasetDescription) -> Vec<(String, Vec<TextSpan>)> {
    let mut pairs = Vec::new();
    let texts = [
        ("Name", &description.name),
        ("Licence", &description.license),
        ("Please cite", &description.how_to_acknowledge),
        ("DOI", &description.dataset_doi),
    ];
    for (name, text) in texts {
        pairs.extend(text.as_ref().map(|text| (name.to_owned(), vec![plain(text.clone())])));
    }
    for source in description.source_datasets.iter().filter_map(|source| source.url.as_ref()) {
        pairs.push(("Source".to_owned(), vec![TextSpan::Link(source.clone())]));
    }
    pairs
}

fn stages(stored: &StoredRun) -> Block {
    let names =
        [("stage", Align::Left), ("plugin", Align::Left), ("key", Align::Left), ("seed", Align::Right)];
    let row = |stage: &crate::store::StageRecord| {
        vec![
            TableCell::new(stage.stage.name()),
            TableCell::new(stage.stage.plugin.clone()),
            TableCell::new(stage.stage.key.short()),
            TableCell::new(stage.stage.seed.to_string()),
        ]
    };
    Block::Table(ReportTable {
        caption: "Stages, in order".into(),
        columns: names.map(|(name, align)| (name.to_owned(), align)).into(),
        rows: stored.record.stages.iter().map(row).collect(),
    })
}
