//! Builds the region table of an atlas from its label file, its region names and its volume.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::Result;

use super::confirm::{moved, same_networks};
use super::{Hemisphere, LabelEntry, LabelLocation, fingerprint, hemisphere, hex, network};
use crate::regions::NO_NETWORK;

/// A row of a region table.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogRow {
    /// Value of the region's voxels in the atlas.
    pub index: i32,
    /// Name of the region.
    pub name: String,
    /// Side of the brain, if known.
    pub hemisphere: Option<Hemisphere>,
    /// Source of the side.
    pub hemisphere_source: AttributeSource,
    /// Network of the region; [`NO_NETWORK`] if unknown.
    pub network: String,
    /// Source of the network.
    pub network_source: AttributeSource,
    /// Location of the region in the volume.
    pub place: LabelLocation,
    /// Colour, if the label file has one.
    pub rgb: Option<[u8; 3]>,
}

/// Source of a side or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeSource {
    /// A column of the label file.
    Table,
    /// The region's name.
    Name,
    /// The position of its voxels.
    Voxels,
    /// No source: unknown.
    None,
}

/// The region table of an atlas.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    /// The regions, sorted by index.
    pub rows: Vec<CatalogRow>,
    /// Warnings that a user should check, each a sentence.
    pub warnings: Vec<String>,
}

impl Catalog {
    /// Joins the entries of a label file with the places of a volume.
    ///
    /// Labels without a voxel in the volume and places without a name are left out, with warnings.
    /// `volume` is the path of the volume.
    ///
    /// # Errors
    /// If a list of names without numbers has another length than the volume has labels, if no label has a
    /// voxel, or the label file is in another order of regions than the volume. That
    /// is detected by the names of both, or if over a quarter of the centroids in the label file are far
    /// from those in the volume.
    pub fn new(
        entries: Vec<LabelEntry>,
        places: &BTreeMap<i32, LabelLocation>,
        volume: &Path,
    ) -> Result<Catalog> {
        if entries.iter().any(|entry| entry.is_numbered_by_line) && entries.len() != places.len() {
            return Err(format!(
                "a list of {} without numbers, but `{}` has {}: which name belongs to which label is unknown; write \
                 the columns `index` and `name` into a .tsv",
                count(entries.len(), "name"),
                volume.display(),
                count(places.len(), "label")
            )
            .into());
        }
        let mut warnings = Vec::new();
        let (there, lost): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| places.contains_key(&entry.index));
        let shown = |entry: &LabelEntry| format!("{} `{}`", entry.index, entry.name);
        if !lost.is_empty() {
            warnings.push(format!(
                "{} of the label file without a voxel in the volume, left out: {}",
                count(lost.len(), "label"),
                few(lost.iter().map(shown))
            ));
        }
        let unnamed: Vec<i32> =
            places.keys().copied().filter(|label| there.iter().all(|e| e.index != *label)).collect();
        if !unnamed.is_empty() {
            warnings.push(format!(
                "{} of the volume without a name in the label file, left out: {}",
                count(unnamed.len(), "label"),
                few(unnamed.iter().map(ToString::to_string))
            ));
        }
        if there.is_empty() {
            return Err(format!(
                "none of the labels of the label file is in `{}`, which holds {}: the two files belong to different atlases",
                volume.display(),
                few(places.keys().map(ToString::to_string))
            )
            .into());
        }
        warnings.extend(moved(&there, places)?);
        let rows: Vec<CatalogRow> =
            there.into_iter().map(|entry| row(&entry, places[&entry.index].clone())).collect();
        let catalog = Catalog { rows, warnings: Vec::new() };
        warnings.extend(catalog.other_side());
        same_networks(&catalog.names(), volume)?;
        let unknown = catalog.rows.iter().filter(|row| row.network == NO_NETWORK).count();
        if unknown > 0 {
            warnings.push(format!(
                "neither the name nor the label file gives the network of {}: it is `{NO_NETWORK}`",
                count(unknown, "region")
            ));
        }
        Ok(Catalog { warnings, ..catalog })
    }

    /// Region names, in order.
    pub fn names(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.name.clone()).collect()
    }

    /// Fingerprint of the order of regions.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.rows.iter().map(|row| (i64::from(row.index), row.name.as_str())))
    }

    /// Formats the table as tab-separated text; a missing value is `n/a`.
    pub fn to_tsv(&self) -> String {
        let on_surface = self.rows.iter().any(|row| row.place.vertices > 0);
        let in_cifti = self.rows.iter().any(|row| !row.place.structures.is_empty());
        let mut columns = vec!["index", "name", "hemisphere", "network", "x", "y", "z", "voxels"];
        columns.extend(on_surface.then_some("vertices"));
        columns.extend(in_cifti.then_some("structure"));
        columns.extend(["color", "hemisphere_source", "network_source"]);
        let missing = || "n/a".to_owned();
        let mut text = columns.join("\t") + "\n";
        for row in &self.rows {
            let place = &row.place;
            let mut cells = vec![
                row.index.to_string(),
                cell(&row.name),
                row.hemisphere.map_or_else(missing, |side| side.to_string()),
                cell(&row.network),
            ];
            match place.centroid {
                // Adding 0.0 removes the sign of a negative zero.
                Some(at) => cells.extend(at.map(|x| format!("{:.1}", (x * 10.0).round() / 10.0 + 0.0))),
                None => cells.extend([missing(), missing(), missing()]),
            }
            cells.push(place.voxels.to_string());
            cells.extend(on_surface.then(|| place.vertices.to_string()));
            cells.extend(in_cifti.then(|| place.structures.join("+")));
            cells.push(row.rgb.map_or_else(missing, hex));
            cells.extend([row.hemisphere_source, row.network_source].map(|source| source.word().to_owned()));
            text += &(cells.join("\t") + "\n");
        }
        text
    }

    /// Returns a warning if voxels are on another side than the name or the label file says.
    fn other_side(&self) -> Option<String> {
        let opposite = |row: &&CatalogRow| {
            let sides = (row.hemisphere, row.place.hemisphere);
            let both = [Hemisphere::Left, Hemisphere::Right];
            row.hemisphere_source != AttributeSource::Voxels
                && sides.0 != sides.1
                && sides.0.is_some_and(|side| both.contains(&side))
                && sides.1.is_some_and(|side| both.contains(&side))
        };
        let rows: Vec<&CatalogRow> = self.rows.iter().filter(opposite).collect();
        let first = rows.first()?;
        Some(format!(
            "{} on the other side than named, first `{}` (mean x {}): the labels are of another volume, or its \
             affine is mirrored",
            count(rows.len(), "region") + if rows.len() == 1 { " lies" } else { " lie" },
            first.name,
            first.place.centroid.map_or("unknown".to_owned(), |at| format!("{:.1} mm", at[0]))
        ))
    }
}

impl AttributeSource {
    fn word(self) -> &'static str {
        match self {
            AttributeSource::Table => "table",
            AttributeSource::Name => "name",
            AttributeSource::Voxels => "voxels",
            AttributeSource::None => "n/a",
        }
    }
}

fn row(entry: &LabelEntry, place: LabelLocation) -> CatalogRow {
    let by_name = hemisphere(&entry.name);
    let (side, hemisphere_source) = match (entry.hemisphere, by_name, place.hemisphere) {
        (Some(side), _, _) => (Some(side), AttributeSource::Table),
        (None, Some(side), _) => (Some(side), AttributeSource::Name),
        (None, None, Some(side)) => (Some(side), AttributeSource::Voxels),
        (None, None, None) => (None, AttributeSource::None),
    };
    let (network, network_source) = match (&entry.network, network(&entry.name)) {
        (Some(network), _) => (network.clone(), AttributeSource::Table),
        (None, Some(network)) => (network, AttributeSource::Name),
        (None, None) => (NO_NETWORK.to_owned(), AttributeSource::None),
    };
    CatalogRow {
        index: entry.index,
        name: entry.name.clone(),
        hemisphere: side,
        hemisphere_source,
        network,
        network_source,
        place,
        rgb: entry.rgb,
    }
}

/// Formats a cell of a tab-separated table: tabs and line breaks become spaces.
fn cell(text: &str) -> String {
    text.replace(['\t', '\n', '\r'], " ")
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Lists the first few items and counts the rest.
fn few(names: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<String> = names.collect();
    let rest = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - rest].join(", ");
    if rest == 0 { shown } else { format!("{shown} and {rest} more") }
}
