//! The corpus: its size, one scan's sentences beside their numbers, and what is not available.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Descriptor, Part, ScanId};

use crate::report::document::{Align, Block, ReportTable, TableCell, plain};
use crate::report::number;
use crate::report::stored::StoredRun;
use crate::store::corpus::is_missing;

/// Number of sentences shown per generator.
const SHOWN: usize = 16;

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    if stored.descriptors.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Section("Corpus".into()), Block::Table(generators(stored))];
    blocks.extend(one_scan(stored));
    blocks.extend(missing(stored));
    blocks
}

/// Groups descriptors by generator, in the order of the corpus.
fn by_generator<'a>(
    descriptors: impl IntoIterator<Item = &'a Descriptor>,
) -> Vec<(&'a str, Vec<&'a Descriptor>)> {
    let mut found: Vec<(&str, Vec<&Descriptor>)> = Vec::new();
    for descriptor in descriptors {
        match found.iter_mut().find(|(name, _)| *name == descriptor.corpus) {
            Some((_, own)) => own.push(descriptor),
            None => found.push((&descriptor.corpus, vec![descriptor])),
        }
    }
    found
}

/// Makes a table of each generator's output and what its norms rest on.
fn generators(stored: &StoredRun) -> ReportTable {
    let names =
        ["corpus", "sentences", "features", "scans", "not available", "norm scans", "norm people", "norm"];
    let right = |name: &str| !matches!(name, "corpus" | "norm");
    let align = |name: &str| if right(name) { Align::Right } else { Align::Left };
    let columns = names.map(|name| (name.to_owned(), align(name))).into();
    let row = |(name, own): (&str, Vec<&Descriptor>)| {
        let features: BTreeSet<&str> = own.iter().map(|one| one.fact.feature.as_str()).collect();
        let norms: BTreeSet<&str> =
            own.iter().map(|one| one.norm.as_str()).filter(|norm| !norm.is_empty()).collect();
        let norms: Vec<&str> = norms.into_iter().collect();
        let cells = [
            name.to_owned(),
            own.len().to_string(),
            features.len().to_string(),
            scans(&own).len().to_string(),
            own.iter().filter(|one| is_missing(&one.fact)).count().to_string(),
            range(own.iter().map(|one| one.norm_scans)),
            range(own.iter().map(|one| one.norm_people)),
            if norms.is_empty() { number::DASH.to_owned() } else { norms.join(", ") },
        ];
        cells.map(TableCell::new).into()
    };
    let caption = "Output of each generator; norms come from training scans only".to_owned();
    ReportTable { caption, columns, rows: by_generator(&stored.descriptors).into_iter().map(row).collect() }
}

fn scans<'a>(descriptors: &[&'a Descriptor]) -> BTreeSet<&'a ScanId> {
    descriptors.iter().map(|descriptor| &descriptor.scan).collect()
}

/// Formats a range of counts: `27`, or `25–27` if they differ.
fn range(counts: impl Iterator<Item = usize> + Clone) -> String {
    match (counts.clone().min(), counts.max()) {
        (Some(least), Some(most)) if least != most => format!("{least}–{most}"),
        (Some(only), _) if only > 0 => only.to_string(),
        _ => number::DASH.to_owned(),
    }
}

/// Shows the sentences about one held-out scan, each beside its number.
fn one_scan(stored: &StoredRun) -> Vec<Block> {
    let Some((split, _)) = &stored.split else { return Vec::new() };
    let of_part = |part: Part| {
        let mut ids: Vec<&ScanId> = stored.scans.iter().map(|info| &info.id).collect();
        ids.retain(|id| split.part(id).is_ok_and(|of| of == part));
        ids.into_iter().min().map(|id| (part, id))
    };
    let Some((part, scan)) = of_part(Part::Test).or_else(|| of_part(Part::Validation)) else {
        return Vec::new();
    };
    let own = by_generator(stored.descriptors.iter().filter(|descriptor| descriptor.scan == *scan));
    let mut blocks = vec![
        Block::Subsection("One scan in words".into()),
        Block::Text(vec![plain(format!(
            "{scan}, the first {} scan in BIDS order, not selected for its sentences.",
            part.name()
        ))]),
    ];
    for (name, own) in own {
        let names = ["feature", "value", "z", "band", "n", "sentence"];
        let align = |name: &str| if matches!(name, "value" | "z" | "n") { Align::Right } else { Align::Left };
        let columns = names.map(|name| (name.to_owned(), align(name))).into();
        let left = own.len().saturating_sub(SHOWN);
        let rows = own.iter().take(SHOWN).map(|descriptor| sentence(descriptor)).collect();
        let caption =
            format!("{name}: {} about {scan}; n: norm scans/people", number::count(own.len(), "sentence"));
        blocks.push(Block::Table(ReportTable { caption, columns, rows }));
        if left > 0 {
            blocks.push(Block::Text(vec![plain(format!("and {} more", number::count(left, "sentence")))]));
        }
    }
    blocks
}

fn sentence(descriptor: &Descriptor) -> Vec<TableCell> {
    let fact = &descriptor.fact;
    let [value, z] = [fact.value, fact.z]
        .map(|value| TableCell::new(number::score(value.filter(|value| value.is_finite()))));
    vec![
        TableCell::new(fact.feature.as_str()),
        value,
        z,
        TableCell::new(fact.band.as_str()),
        // Generators do not have to report how many people they learned from.
        TableCell::new(match descriptor.norm_people {
            0 => format!("{}/{}", descriptor.norm_scans, number::DASH),
            people => format!("{}/{people}", descriptor.norm_scans),
        }),
        TableCell::new(descriptor.text.as_str()),
    ]
}

/// Lists the features that are not available and why, by generator.
fn missing(stored: &StoredRun) -> Vec<Block> {
    let mut counts: BTreeMap<(&str, &str), Vec<&Descriptor>> = BTreeMap::new();
    for descriptor in stored.descriptors.iter().filter(|descriptor| is_missing(&descriptor.fact)) {
        let reason = descriptor.fact.reason.as_deref().unwrap_or("nobody said why");
        counts.entry((&descriptor.corpus, reason)).or_default().push(descriptor);
    }
    let heading = Block::Subsection("Not available".into());
    if counts.is_empty() {
        return vec![heading, Block::Text(vec![plain("Every feature of every scan could be compared.")])];
    }
    let columns =
        [("corpus", Align::Left), ("why", Align::Left), ("sentences", Align::Right), ("scans", Align::Right)];
    let columns = columns.map(|(name, align)| (name.to_owned(), align)).into();
    let row = |((corpus, reason), own): ((&str, &str), Vec<&Descriptor>)| {
        let counts = [own.len().to_string(), scans(&own).len().to_string()].map(TableCell::new);
        [TableCell::new(corpus), TableCell::new(reason)].into_iter().chain(counts).collect()
    };
    let caption =
        "Features that could not be measured or compared, and why; no number replaces them".to_owned();
    let rows = counts.into_iter().map(row).collect();
    vec![heading, Block::Table(ReportTable { caption, columns, rows })]
}
