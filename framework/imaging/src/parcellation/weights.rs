//! A parcellation on the grid of one scan: the voxels to add up for each region.

use std::ops::Range;

use boldface::Result;

use crate::bold::Space;

/// A sparse matrix, regions x voxels of a scan.
///
/// Made by [`Parcellation::on`](super::Parcellation::on) and valid for every scan of the same space and
/// mask. Labels, maps, dlabels and single voxels all become such a matrix, so signals of each are
/// computed by the same code.
#[derive(Clone, Debug)]
pub struct ParcellationWeights {
    /// Warnings about how the parcellation fits scans of this grid, each a sentence.
    pub warnings: Vec<String>,
    pub(super) space: Space,
    /// Name of each region.
    pub(super) names: Vec<String>,
    /// Index in a volume of each voxel that belongs to any region.
    pub(super) voxels: Vec<u32>,
    pub(super) rows: Rows,
    /// Sum of each region's weights if the scan covered all of it; coverage is a share of this.
    pub(super) whole: Vec<f64>,
}

/// The voxels of each region.
#[derive(Clone, Debug)]
pub(super) enum Rows {
    /// Region `r` has the voxels `starts[r]..starts[r + 1]`, each with weight 1; regions do not overlap.
    Blocks(Vec<usize>),
    /// Region `r` has the entries `starts[r]..starts[r + 1]`, each an index into the list of voxels and
    /// a weight.
    Maps { starts: Vec<usize>, entries: Vec<(u32, f32)> },
}

impl ParcellationWeights {
    /// Number of regions.
    pub fn rois(&self) -> usize {
        self.names.len()
    }

    /// Number of voxels that belong to any region.
    pub fn voxels(&self) -> usize {
        self.voxels.len()
    }

    /// Fails if a scan has other voxels than these weights.
    pub(super) fn fits(&self, space: &Space) -> Result<()> {
        let fits = match (&self.space, space) {
            (Space::Volume(a), Space::Volume(b)) => a.is_same(b),
            (a, b) => a == b,
        };
        if fits { Ok(()) } else { Err("the parcellation was placed on the voxels of another scan".into()) }
    }

    /// Adds up the voxels of each region. `values` holds the voxels that belong to any region, in the
    /// order of the list.
    ///
    /// Every region is added up in a fixed order, so its sum does not depend on threads or on other
    /// regions.
    pub(super) fn sums(&self, values: &[f32], out: &mut Vec<f64>) {
        match &self.rows {
            Rows::Blocks(starts) => out.extend(ranges(starts).map(|range| sum(&values[range]))),
            Rows::Maps { starts, entries } => out.extend(ranges(starts).map(|range| {
                let weighted =
                    |&(voxel, weight): &(u32, f32)| f64::from(weight) * f64::from(values[voxel as usize]);
                entries[range].iter().map(weighted).sum::<f64>()
            })),
        }
    }

    /// Returns the share of each region that is covered, by weight.
    pub(super) fn coverage(&self, covered: &[bool]) -> Vec<f32> {
        let covered_weight: Vec<f64> = match &self.rows {
            Rows::Blocks(starts) => {
                ranges(starts).map(|range| covered[range].iter().filter(|&&is| is).count() as f64).collect()
            }
            Rows::Maps { starts, entries } => ranges(starts)
                .map(|range| {
                    let there = entries[range].iter().filter(|(voxel, _)| covered[*voxel as usize]);
                    there.map(|(_, weight)| f64::from(weight.abs())).sum()
                })
                .collect(),
        };
        covered_weight.iter().zip(&self.whole).map(|(covered, whole)| (covered / whole) as f32).collect()
    }
}

/// Returns the consecutive ranges between these boundaries.
pub(super) fn ranges(starts: &[usize]) -> impl Iterator<Item = Range<usize>> {
    starts.windows(2).map(|pair| pair[0]..pair[1])
}

/// Adds up in 64 bits, in eight partial sums, so that the compiler vectorises the loop.
fn sum(values: &[f32]) -> f64 {
    let mut partial = [0.0; 8];
    let eights = values.chunks_exact(8);
    let rest: f64 = eights.remainder().iter().map(|&value| f64::from(value)).sum();
    for eight in eights {
        partial.iter_mut().zip(eight).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    partial.iter().sum::<f64>() + rest
}
