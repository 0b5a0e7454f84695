//! Reads the files of a parcellation and checks that they belong together.

use std::collections::BTreeSet;

use boldface::{Regions, Result};

use super::{Parcellation, ParcellationFiles, ParcellationKind, Places, told};
use crate::bold::{Bold, Space};
use crate::cifti;
use crate::labels::confirm;
use crate::nifti::{ImageSource, LabelImage, read_labels, read_maps, read_volume};
use crate::regions::{Labelled, NO_NETWORK, read_labelled};

/// Largest number of labels in an image. More labels mean that it is not a label image.
const MOST_LABELS: usize = 65_536;

/// Largest number of regions of one voxel each.
const MOST_VOXELS: usize = 20_000;

impl Parcellation {
    /// Reads a label image, maps or a mask, and the table with the regions' names.
    ///
    /// Regions are in the order of the table's `index`. Without a table they are in the order of their
    /// labels and are named by them, or by the label table inside a dlabel. [`Parcellation::warnings`]
    /// lists differences between the two files: a region without voxels is kept but missing in every
    /// scan, and a label without a region is left out.
    ///
    /// # Errors
    /// If a file cannot be read, the image is empty, has negative or more than 65,536 labels (20,000
    /// voxels), or shares no label with the table, or the table has another order of regions
    /// ([`confirm`]). The message names the file.
    pub fn read(files: &ParcellationFiles) -> Result<Parcellation> {
        let table = files.regions.as_ref().map(|path| read_labelled(path, &files.networks)).transpose()?;
        let read = match files.kind {
            ParcellationKind::Labels if ImageSource::open(&files.volume)?.fields.is_cifti() => {
                cifti(files, table)
            }
            ParcellationKind::Labels => labels(files, table),
            ParcellationKind::Maps => maps(files, table),
            ParcellationKind::Voxels => voxels(files),
        };
        let confirmed = read.and_then(|read| {
            let has_labels = matches!(read.places, Places::Labels(..) | Places::Grayordinates(..));
            if let Some(table) = files.regions.as_deref().filter(|_| has_labels) {
                confirm(&read.regions.names, &read.labels, &files.volume, table)?;
            }
            Ok(read)
        });
        confirmed.map_err(|error| {
            let (path, error) = (files.volume.display().to_string(), error.to_string());
            // The readers' own errors name the file already.
            if error.contains(&path) {
                error.into()
            } else {
                format!("parcellation `{path}`: {error}").into()
            }
        })
    }
}

fn labels(files: &ParcellationFiles, table: Option<Labelled>) -> Result<Parcellation> {
    let LabelImage { grid, values } = read_labels(&files.volume)?;
    let found = distinct(&values)?;
    let own = |labels: &[i32]| labels.iter().map(i32::to_string).collect();
    let (labelled, warnings) = joined(found, table, own)?;
    Ok(parcellation(files, labelled, warnings, Places::Labels(grid, values)))
}

/// Reads a dlabel, or takes the parcels of a ptseries as regions.
fn cifti(files: &ParcellationFiles, table: Option<Labelled>) -> Result<Parcellation> {
    if let Ok(Space::Parcels(names)) = Bold::open(&files.volume).map(|bold| bold.space().clone()) {
        return parcels(files, names, table);
    }
    let map = cifti::read_labels(&files.volume)?;
    let Space::Grayordinates(models) = map.space else {
        return Err("labels of parcels; labels of grayordinates (dlabel) are needed here".into());
    };
    let found = distinct(&map.values)?;
    let name = |key: &i32| {
        let label = map.table.iter().find(|label| label.key == *key);
        label.map_or_else(|| key.to_string(), |label| label.name.clone())
    };
    let (labelled, warnings) = joined(found, table, |labels| labels.iter().map(name).collect())?;
    Ok(parcellation(files, labelled, warnings, Places::Grayordinates(models, map.values)))
}

fn parcels(files: &ParcellationFiles, names: Vec<String>, table: Option<Labelled>) -> Result<Parcellation> {
    if names.len() > MOST_LABELS {
        return Err(format!("{} parcels; at most {MOST_LABELS} are taken", names.len()).into());
    }
    let Some(table) = table else {
        let labels = (1..).take(names.len()).collect();
        let regions = Regions { networks: vec![NO_NETWORK.to_owned(); names.len()], names };
        return Ok(parcellation(files, Labelled { regions, labels }, Vec::new(), Places::Parcels));
    };
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let absent: Vec<&str> =
        table.regions.names.iter().map(String::as_str).filter(|name| !known.contains(name)).collect();
    let warnings = if absent.is_empty() { Vec::new() } else { vec![told::absent(absent.into_iter())] };
    Ok(parcellation(files, table, warnings, Places::Parcels))
}

fn maps(files: &ParcellationFiles, table: Option<Labelled>) -> Result<Parcellation> {
    let (grid, mut maps) = read_maps(&files.volume)?;
    if maps.len() > MOST_LABELS {
        return Err(format!("{} maps; at most {MOST_LABELS} are taken", maps.len()).into());
    }
    let numbers = 1..=i32::try_from(maps.len()).expect("there are at most 65,536");
    let is_some = |map: &Vec<f32>| map.iter().any(|weight| weight.is_finite() && *weight != 0.0);
    let found: BTreeSet<i32> =
        numbers.zip(&maps).filter(|(_, map)| is_some(map)).map(|(number, _)| number).collect();
    if found.is_empty() {
        return Err("every map is 0 everywhere".into());
    }
    let own = |labels: &[i32]| labels.iter().map(i32::to_string).collect();
    let (labelled, warnings) = joined(found, table, own)?;
    let map = |&label: &i32| {
        let at = usize::try_from(label - 1).ok();
        at.and_then(|at| maps.get_mut(at)).map(std::mem::take).unwrap_or_default()
    };
    let in_order = labelled.labels.iter().map(map).collect();
    Ok(parcellation(files, labelled, warnings, Places::Maps(grid, in_order)))
}

fn voxels(files: &ParcellationFiles) -> Result<Parcellation> {
    if let Some(table) = &files.regions {
        return Err(format!("voxels are named by their index, so `{}` is not needed", table.display()).into());
    }
    let mask = read_volume(&files.volume)?;
    let [nx, ny, nz] = mask.grid.shape;
    let count = mask.values.iter().filter(|&&value| value != 0.0 && !value.is_nan()).count();
    if count == 0 {
        return Err("the mask is empty".into());
    }
    if count > MOST_VOXELS {
        return Err(format!("{count} voxels; at most {MOST_VOXELS} can be regions of their own").into());
    }
    let mut values = vec![0; mask.values.len()];
    let mut labelled =
        Labelled { regions: Regions { names: Vec::new(), networks: Vec::new() }, labels: Vec::new() };
    // The last axis varies fastest, as in the columns of nilearn's `NiftiMasker`.
    for (x, y, z) in (0..nx).flat_map(|x| (0..ny).flat_map(move |y| (0..nz).map(move |z| (x, y, z)))) {
        let at = x + nx * (y + ny * z);
        if mask.values[at] != 0.0 && !mask.values[at].is_nan() {
            values[at] = i32::try_from(labelled.labels.len() + 1).expect("there are at most 20,000");
            labelled.labels.push(values[at]);
            labelled.regions.names.push(format!("{x}-{y}-{z}"));
            labelled.regions.networks.push(NO_NETWORK.to_owned());
        }
    }
    Ok(parcellation(files, labelled, Vec::new(), Places::Labels(mask.grid, values)))
}

fn parcellation(
    files: &ParcellationFiles,
    labelled: Labelled,
    warnings: Vec<String>,
    places: Places,
) -> Parcellation {
    let Labelled { regions, labels } = labelled;
    Parcellation { warnings, path: files.volume.clone(), regions, labels, places }
}

/// Returns the distinct labels of an image, checked.
fn distinct(values: &[i32]) -> Result<BTreeSet<i32>> {
    let mut found = BTreeSet::new();
    let mut last = 0;
    // Neighbours mostly have the same label, so few lookups are needed.
    for &value in values.iter().filter(|&&value| value != 0) {
        if value != last {
            found.insert(value);
            last = value;
            if found.len() > MOST_LABELS {
                return Err(format!("more than {MOST_LABELS} labels; is it a label image?").into());
            }
        }
    }
    match found.first() {
        None => Err("an empty parcellation: every voxel is 0".into()),
        Some(least) if *least < 0 => {
            Err(format!("a voxel has the label {least}; labels are positive, and 0 is background").into())
        }
        Some(_) => Ok(found),
    }
}

/// Takes the regions of the table or, without one, of the image itself. Also returns warnings about
/// differences between the two.
fn joined(
    found: BTreeSet<i32>,
    table: Option<Labelled>,
    own: impl Fn(&[i32]) -> Vec<String>,
) -> Result<(Labelled, Vec<String>)> {
    let Some(table) = table else {
        let labels: Vec<i32> = found.into_iter().collect();
        let regions = Regions { names: own(&labels), networks: vec![NO_NETWORK.to_owned(); labels.len()] };
        return Ok((Labelled { regions, labels }, Vec::new()));
    };
    let mut warnings = Vec::new();
    let absent = table.labels.iter().zip(&table.regions.names).filter(|(label, _)| !found.contains(label));
    let absent: Vec<&str> = absent.map(|(_, name)| name.as_str()).collect();
    if absent.len() == table.labels.len() {
        return Err(format!(
            "none of the region table's labels is in the image, whose labels are {}; is it the table of another \
             atlas, or is a column `label` missing?",
            told::names(found.iter().map(i32::to_string).collect::<Vec<_>>().iter().map(String::as_str))
        )
        .into());
    }
    if !absent.is_empty() {
        warnings.push(told::absent(absent.into_iter()));
    }
    let known: BTreeSet<i32> = table.labels.iter().copied().collect();
    let unnamed: Vec<String> = found.difference(&known).map(i32::to_string).collect();
    if !unnamed.is_empty() {
        warnings.push(told::unnamed(unnamed.iter().map(String::as_str)));
    }
    Ok((table, warnings))
}
