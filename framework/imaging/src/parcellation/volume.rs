//! Places labels, maps and masks on the grid of a scan.

use std::path::Path;

use boldface::Result;

use super::weights::{ParcellationWeights, Rows};
use super::{Parcellation, resample, told};
use crate::bold::Space;
use crate::nifti::{Grid, read_volume};

/// Share of a parcellation in the field of view below which it is probably in another space than the
/// scan.
const OVERLAP: f64 = 0.5;

/// Share of a region in the field of view below which a warning names it.
const REGION_OVERLAP: f64 = 0.9;

/// Size of each region by weight, or in voxels for labels.
struct Extent {
    /// Size in the parcellation's own file.
    whole: Vec<f64>,
    /// The part of `whole` in the scan's field of view.
    inside: Vec<f64>,
    /// Size on the grid of the scan, before the mask.
    on_grid: Vec<f64>,
}

/// Computes the weights of labels on a scan.
pub(super) fn labels(
    atlas: &Parcellation,
    grid: &Grid,
    labels: &[i32],
    scan: &Grid,
    mask: Option<&Path>,
) -> Result<ParcellationWeights> {
    let regions = regions_of(atlas.labels());
    let mut extent = Extent::new(atlas.labels().len());
    let seen = view(grid, scan)?;
    for (voxel, &label) in labels.iter().enumerate() {
        if let Some(region) = regions(label) {
            extent.whole[region] += 1.0;
            extent.inside[region] += f64::from(u8::from(seen.as_ref().is_none_or(|seen| seen[voxel])));
        }
    }
    let on_scan = resample::nearest(grid, labels, scan, 0)?;
    let mask = mask.map(|path| inside_mask(path, scan)).transpose()?;
    let mut members = vec![Vec::new(); atlas.labels().len()];
    for (voxel, &label) in on_scan.iter().enumerate() {
        if let Some(region) = regions(label) {
            extent.on_grid[region] += 1.0;
            if mask.as_ref().is_none_or(|mask| mask[voxel]) {
                members[region].push(u32::try_from(voxel).map_err(|_| "the scan has more than 2^32 voxels")?);
            }
        }
    }
    let (voxels, starts) = blocks(&members);
    weights(atlas, scan, voxels, Rows::Blocks(starts), &extent)
}

/// Computes the weights of probabilistic maps on a scan.
pub(super) fn maps(
    atlas: &Parcellation,
    grid: &Grid,
    maps: &[Vec<f32>],
    scan: &Grid,
    mask: Option<&Path>,
) -> Result<ParcellationWeights> {
    let mask = mask.map(|path| inside_mask(path, scan)).transpose()?;
    let seen = view(grid, scan)?;
    let mut extent = Extent::new(maps.len());
    let mut members: Vec<Vec<(u32, f32)>> = Vec::new();
    for (region, map) in maps.iter().enumerate() {
        for (voxel, weight) in map.iter().enumerate().filter(|(_, weight)| weight.is_finite()) {
            let weight = f64::from(weight.abs());
            extent.whole[region] += weight;
            extent.inside[region] += if seen.as_ref().is_none_or(|seen| seen[voxel]) { weight } else { 0.0 };
        }
        let mut mine = Vec::new();
        for (voxel, weight) in resample::linear(grid, map, scan)?.into_iter().enumerate() {
            if weight != 0.0 && weight.is_finite() {
                extent.on_grid[region] += f64::from(weight.abs());
                if mask.as_ref().is_none_or(|mask| mask[voxel]) {
                    mine.push((
                        u32::try_from(voxel).map_err(|_| "the scan has more than 2^32 voxels")?,
                        weight,
                    ));
                }
            }
        }
        members.push(mine);
    }
    let mut voxels: Vec<u32> = members.iter().flatten().map(|&(voxel, _)| voxel).collect();
    voxels.sort_unstable();
    voxels.dedup();
    let mut starts = vec![0];
    let mut entries = Vec::with_capacity(members.iter().map(Vec::len).sum());
    for mine in members {
        entries.extend(mine.into_iter().map(|(voxel, weight)| {
            let place = voxels.partition_point(|&other| other < voxel);
            (u32::try_from(place).expect("a place in a list of u32s"), weight)
        }));
        starts.push(entries.len());
    }
    weights(atlas, scan, voxels, Rows::Maps { starts, entries }, &extent)
}

/// Returns a lookup from label to region; `labels` are in the order of the regions.
pub(super) fn regions_of(labels: &[i32]) -> impl Fn(i32) -> Option<usize> {
    let mut sorted: Vec<(i32, usize)> =
        labels.iter().enumerate().map(|(region, &label)| (label, region)).collect();
    sorted.sort_unstable();
    move |label| {
        // Most voxels are background.
        let at = (label != 0).then(|| sorted.binary_search_by_key(&label, |&(label, _)| label))?;
        at.ok().map(|at| sorted[at].1)
    }
}

/// Concatenates the members of all regions, and returns where each region begins.
pub(super) fn blocks(members: &[Vec<u32>]) -> (Vec<u32>, Vec<usize>) {
    let ends = members.iter().scan(0, |end, mine| {
        *end += mine.len();
        Some(*end)
    });
    let starts = std::iter::once(0).chain(ends).collect();
    (members.concat(), starts)
}

impl Extent {
    fn new(regions: usize) -> Extent {
        let zeros = || vec![0.0; regions];
        Extent { whole: zeros(), inside: zeros(), on_grid: zeros() }
    }

    /// Share of a region in the field of view.
    fn share(&self, region: usize) -> f64 {
        self.inside[region] / self.whole[region]
    }
}

fn weights(
    atlas: &Parcellation,
    scan: &Grid,
    voxels: Vec<u32>,
    rows: Rows,
    extent: &Extent,
) -> Result<ParcellationWeights> {
    let (whole, inside): (f64, f64) = (extent.whole.iter().sum(), extent.inside.iter().sum());
    if extent.on_grid.iter().all(|&weight| weight == 0.0) {
        return Err("no region lies on a voxel of the scan; are both in the same space (MNI, native)?".into());
    }
    if voxels.is_empty() {
        return Err("no region lies inside the mask; are both in the same space (MNI, native)?".into());
    }
    let names = atlas.regions().names.clone();
    let mut warnings = Vec::new();
    if inside < OVERLAP * whole {
        warnings.push(format!(
            "only {} of `{}` lies in the scan's field of view; are both in the same space (MNI, native)?",
            told::percent((inside / whole) as f32),
            atlas.path().display()
        ));
    }
    let regions = || (0..names.len()).filter(|&region| extent.whole[region] > 0.0);
    let cut: Vec<usize> = regions().filter(|&region| extent.share(region) < REGION_OVERLAP).collect();
    if !cut.is_empty() {
        let shares = cut.iter().map(|&region| (names[region].as_str(), extent.share(region) as f32));
        warnings.push(told::cut(shares));
    }
    let lost: Vec<&str> = regions()
        .filter(|&region| extent.on_grid[region] == 0.0 && extent.share(region) >= REGION_OVERLAP)
        .map(|region| names[region].as_str())
        .collect();
    if !lost.is_empty() {
        warnings.push(told::lost(lost.into_iter()));
    }
    // The part of a region outside the field of view has no voxels to count, so the part inside is
    // scaled up.
    let whole = |region: usize| match extent.on_grid[region] {
        0.0 => 1.0,
        // A region may have a voxel on the grid although all its centres are outside. That voxel is then
        // all of it.
        on_grid => on_grid / if extent.inside[region] > 0.0 { extent.share(region) } else { 1.0 },
    };
    let whole = (0..names.len()).map(whole).collect();
    Ok(ParcellationWeights { warnings, space: Space::Volume(scan.clone()), names, voxels, rows, whole })
}

/// Returns which voxels of a parcellation are in a scan's field of view; `None` if both have the same
/// grid.
fn view(grid: &Grid, scan: &Grid) -> Result<Option<Vec<bool>>> {
    if grid.is_same(scan) { Ok(None) } else { resample::inside(grid, scan).map(Some) }
}

/// Returns which voxels of a scan are inside a mask, that is, where the mask is neither 0 nor NaN.
fn inside_mask(path: &Path, scan: &Grid) -> Result<Vec<bool>> {
    let mask = read_volume(path)?;
    let inside: Vec<bool> = mask.values.iter().map(|&value| value != 0.0 && !value.is_nan()).collect();
    let on_scan = resample::nearest(&mask.grid, &inside, scan, false)
        .map_err(|error| format!("mask `{}`: {error}", path.display()))?;
    if on_scan.contains(&true) {
        return Ok(on_scan);
    }
    let reason = if inside.contains(&true) {
        "none of its voxels is in the scan's field of view; are both in the same space (MNI, native)?"
    } else {
        "it is empty"
    };
    Err(format!("mask `{}`: {reason}", path.display()).into())
}
