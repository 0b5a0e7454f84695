//! Maps over the brain, or over parcels: labels (dlabel, plabel) and scalars (dscalar, pscalar).

use std::path::Path;

use boldface::Result;

use super::dimension::{Dimension, Label};
use super::file::Cifti;
use crate::bold::Space;
use crate::nifti::at;

/// A map with one label per place.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelMap {
    /// Locations of the places.
    pub space: Space,
    /// The map's name.
    pub name: String,
    /// The label key of every place.
    pub values: Vec<i32>,
    /// The label table, ascending by key. Key 0 is usually `???` and means no label.
    pub table: Vec<Label>,
}

/// Maps of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarMaps {
    /// Locations of the places.
    pub space: Space,
    /// Each map's name and its value at every place.
    pub maps: Vec<(String, Vec<f32>)>,
}

/// Reads the labels of a file with a single map (dlabel, plabel).
///
/// # Errors
/// If the file cannot be read, is damaged, is not a label file or holds several maps. The message names
/// the file.
pub fn read_labels(path: &Path) -> Result<LabelMap> {
    let file = Cifti::open(path)?;
    let (space, maps, is_along) = match (&file.along, &file.down) {
        (Dimension::Labels(maps), places) => (space(places), maps.clone(), true),
        (places, Dimension::Labels(maps)) => (space(places), maps.clone(), false),
        _ => (None, Vec::new(), true),
    };
    let Some(space) = space else {
        return at(
            path,
            Err(format!("a CIFTI file of {}; a label file (dlabel) is needed here", kinds(&file))),
        );
    };
    let [(name, table)] = maps.as_slice() else {
        let names: Vec<String> = maps.iter().map(|(name, _)| format!("`{name}`")).collect();
        let names = names.join(", ");
        return at(
            path,
            Err(format!("{} maps ({names}); save one of them as a file of its own", maps.len())),
        );
    };
    let (name, table) = (name.clone(), table.clone());
    let values = file.read_f64(is_along)?.pop().unwrap_or_default();
    let whole = |(place, &value): (usize, &f64)| {
        if value.fract() == 0.0 && value.abs() <= f64::from(i32::MAX) {
            return Ok(value as i32);
        }
        Err(format!("place {place} has label {value}, and labels are whole numbers"))
    };
    let values = at(path, values.iter().enumerate().map(whole).collect::<Result<_, String>>())?;
    Ok(LabelMap { space, name, values, table })
}

/// Reads the maps of a scalar file (dscalar, pscalar).
///
/// # Errors
/// If the file cannot be read, is damaged or is not a scalar file. The message names the file.
pub fn read_scalars(path: &Path) -> Result<ScalarMaps> {
    let file = Cifti::open(path)?;
    let (space, names, is_along) = match (&file.along, &file.down) {
        (Dimension::Scalars(names), places) => (space(places), names.clone(), true),
        (places, Dimension::Scalars(names)) => (space(places), names.clone(), false),
        _ => (None, Vec::new(), true),
    };
    let Some(space) = space else {
        return at(path, Err(format!("a CIFTI file of {}; scalars (dscalar) are needed here", kinds(&file))));
    };
    let maps = file.read_f64(is_along)?.into_iter();
    let maps = maps.map(|map| map.into_iter().map(|value| value as f32).collect());
    Ok(ScalarMaps { space, maps: names.into_iter().zip(maps).collect() })
}

/// Returns the locations of a dimension's places, or `None` for a dimension that is not spatial.
pub(crate) fn space(places: &Dimension) -> Option<Space> {
    match places {
        Dimension::BrainModels(models) => Some(Space::Grayordinates(models.clone())),
        Dimension::Parcels(names) => Some(Space::Parcels(names.clone())),
        _ => None,
    }
}

/// Describes both dimensions of a file, for messages.
pub(crate) fn kinds(file: &Cifti) -> String {
    format!("{} x {}", file.along.kind(), file.down.kind())
}
