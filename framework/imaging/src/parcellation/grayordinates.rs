//! Places the labels of a CIFTI dlabel on the grayordinates of a dtseries.

use std::collections::BTreeMap;

use boldface::Result;

use super::Parcellation;
use super::volume::{blocks, regions_of};
use super::weights::{ParcellationWeights, Rows};
use crate::bold::Space;
use crate::cifti::{BrainModel, StructurePlaces};

/// Computes the weights of labels on a scan. Grayordinates are matched by structure and by vertex or
/// voxel, so the two files may differ in order.
pub(super) fn labels(
    atlas: &Parcellation,
    models: &[BrainModel],
    labels: &[i32],
    scan: &[BrainModel],
) -> Result<ParcellationWeights> {
    let region = regions_of(atlas.labels());
    let names = atlas.regions().names.clone();
    let mut whole = vec![0.0; names.len()];
    labels.iter().filter_map(|&label| region(label)).for_each(|region| whole[region] += 1.0);
    let mut members = vec![Vec::new(); names.len()];
    for there in scan {
        let Some(model) = models.iter().find(|model| model.structure == there.structure) else { continue };
        let own = &labels[model.first..][..model.len()];
        let found = match (&model.places, &there.places) {
            (
                StructurePlaces::Surface { vertices: a, indices },
                StructurePlaces::Surface { vertices: b, indices: wanted },
            ) => {
                if a != b {
                    return Err(format!(
                        "`{}` has {a} vertices in it and {b} in the scan; both have to be on one surface mesh",
                        there.structure
                    )
                    .into());
                }
                matched(indices, own, wanted)
            }
            (
                StructurePlaces::Voxels { grid: a, indices },
                StructurePlaces::Voxels { grid: b, indices: wanted },
            ) => {
                if !a.is_same(b) {
                    return Err(format!(
                        "`{}` is on other voxels in it than in the scan; both have to be on one grid",
                        there.structure
                    )
                    .into());
                }
                matched(indices, own, wanted)
            }
            _ => {
                return Err(format!(
                    "`{}` is a surface in one of the files and voxels in the other",
                    there.structure
                )
                .into());
            }
        };
        for (place, label) in found {
            if let Some(region) = region(label) {
                let place =
                    u32::try_from(there.first + place).map_err(|_| "the scan has more than 2^32 rows")?;
                members[region].push(place);
            }
        }
    }
    let (voxels, starts) = blocks(&members);
    if voxels.is_empty() {
        return Err(
            "no region lies on a vertex or voxel of the scan; do both have the same structures?".into()
        );
    }
    // A region that is empty in the atlas gets coverage 0 of 1 rather than 0 / 0.
    whole.iter_mut().filter(|whole| **whole == 0.0).for_each(|whole| *whole = 1.0);
    let space = Space::Grayordinates(scan.to_vec());
    Ok(ParcellationWeights { warnings: Vec::new(), space, names, voxels, rows: Rows::Blocks(starts), whole })
}

/// Returns, for each wanted place that is known, its index among the wanted places and its label.
fn matched<P: Ord + Copy>(places: &[P], labels: &[i32], wanted: &[P]) -> Vec<(usize, i32)> {
    let known: BTreeMap<P, i32> = places.iter().copied().zip(labels.iter().copied()).collect();
    wanted.iter().enumerate().filter_map(|(at, place)| Some((at, *known.get(place)?))).collect()
}
