//! Checks that a region table belongs to its volume, by names, coordinates and the names inside a
//! dlabel.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::Result;

use super::{
    Atlas, LabelEntry, LabelLocation, Recognized, atlas, networks_of_file, read_label_file, recognize, swap,
};

/// Centroids farther apart than this, in mm, belong to different regions.
const FAR: f64 = 8.0;

/// Checks that region names are in the order of their volume.
///
/// `labels` are the regions' values in the volume, and `table` is the file with the names. Compares the
/// order in the name of the volume's file, the centroids of the table, and the names inside a CIFTI
/// dlabel. Checks without data are skipped.
///
/// # Errors
/// If they differ, or the volume cannot be read. The message names the first region, and the swap if it
/// is one.
pub fn confirm(names: &[String], labels: &[i32], volume: &Path, table: &Path) -> Result<()> {
    same_networks(names, volume)?;
    let is_cifti = volume.to_string_lossy().contains(".dlabel.");
    let entries = read_label_file(table).unwrap_or_default();
    if !is_cifti && entries.iter().all(|entry| entry.centroid.is_none()) {
        return Ok(());
    }
    let Atlas { places, entries: own } = atlas(volume)?;
    moved(&entries, &places)?;
    let own: BTreeMap<i32, String> =
        own.unwrap_or_default().into_iter().map(|entry| (entry.index, entry.name)).collect();
    let own: Vec<String> = labels.iter().filter_map(|label| own.get(label).cloned()).collect();
    match swap(&own, names).filter(|_| own.len() == names.len()) {
        None => Ok(()),
        Some(swap) => {
            let at = own.iter().zip(names).position(|(own, name)| own != name).unwrap_or_default();
            Err(format!(
                "label {} is `{}` in `{}` and `{}` in the region table: {swap}",
                labels[at],
                own[at],
                volume.display(),
                names[at]
            )
            .into())
        }
    }
}

/// Checks that the names are not in one order of Schaefer's parcels while the volume's file is named for
/// the other.
///
/// # Errors
/// If they are. The message names the swap.
pub fn same_networks(names: &[String], volume: &Path) -> Result<()> {
    let Recognized::Known(order) = recognize(names) else { return Ok(()) };
    let of_names = order.networks;
    match networks_of_file(volume).filter(|&networks| networks != of_names) {
        None => Ok(()),
        Some(of_volume) => Err(format!(
            "swapped orders: the names are in the {of_names}-network order of Schaefer's parcels, but `{}` is named \
             for the {of_volume}-network order, so that parcels would get other parcels' names; take the table of \
             the {of_volume}-network order",
            volume.display()
        )
        .into()),
    }
}

/// Returns a warning about labels whose centroid in the label file is far from the one in the volume.
///
/// # Errors
/// If these are over a quarter of the labels with a centroid.
pub(super) fn moved(entries: &[LabelEntry], places: &BTreeMap<i32, LabelLocation>) -> Result<Option<String>> {
    let mut known = Vec::new();
    for entry in entries {
        let found = places.get(&entry.index).and_then(|place| place.centroid);
        if let (Some(said), Some(found)) = (entry.centroid, found) {
            let squares = said.iter().zip(found).map(|(a, b)| (a - b) * (a - b));
            known.push((entry, squares.sum::<f64>().sqrt()));
        }
    }
    let far: Vec<_> = known.iter().filter(|(_, mm)| *mm > FAR).collect();
    let Some((first, mm)) = far.first() else { return Ok(None) };
    let message = format!(
        "of {} regions with coordinates {} more than {FAR} mm away from where the label file puts them, first {} \
         `{}` by {mm:.0} mm",
        known.len(),
        if far.len() == 1 { "1 is".to_owned() } else { format!("{} are", far.len()) },
        first.index,
        first.name
    );
    if far.len() * 4 > known.len() {
        return Err(format!(
            "{message}: the label file has another order of regions, or belongs to another volume; if its coordinates do \
             not matter, remove those columns"
        )
        .into());
    }
    Ok(Some(message))
}
