//! Maps the grayordinates of a CIFTI file to vertices and voxels.

use super::dimension::{attribute, number};
use crate::nifti::{Affine, Grid, product};
use crate::xml::Element;

/// The grayordinates of one structure.
#[derive(Clone, Debug, PartialEq)]
pub struct BrainModel {
    /// The structure's name, such as `CIFTI_STRUCTURE_CORTEX_LEFT`.
    pub structure: String,
    /// Index of its first grayordinate within the file.
    pub first: usize,
    /// Locations of its grayordinates.
    pub places: StructurePlaces,
}

/// Locations of a structure's grayordinates, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum StructurePlaces {
    /// On a surface.
    Surface {
        /// Number of vertices of the whole surface, medial wall included.
        vertices: usize,
        /// Vertex of each grayordinate, from 0.
        indices: Vec<u32>,
    },
    /// In a volume.
    Voxels {
        /// The volume's grid.
        grid: Grid,
        /// Voxel (i, j, k) of each grayordinate, from 0.
        indices: Vec<[u32; 3]>,
    },
}

impl BrainModel {
    /// Number of grayordinates.
    pub fn len(&self) -> usize {
        match &self.places {
            StructurePlaces::Surface { indices, .. } => indices.len(),
            StructurePlaces::Voxels { indices, .. } => indices.len(),
        }
    }

    /// Whether it has no grayordinates.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Parses the models of a dimension, ordered by grayordinate, and checks that they cover it without
/// gaps.
pub(super) fn parse(map: &Element) -> Result<Vec<BrainModel>, String> {
    let grid = map.first("Volume").map(volume).transpose()?;
    let models = map.all("BrainModel").map(|element| model(element, grid.as_ref()));
    let mut models = models.collect::<Result<Vec<_>, String>>()?;
    models.sort_by_key(|model| model.first);
    let mut next = 0;
    for model in &models {
        if model.first != next {
            return Err(format!(
                "`{}` starts at grayordinate {} instead of {next}; its CIFTI XML is damaged",
                model.structure, model.first
            ));
        }
        next += model.len();
    }
    Ok(models)
}

fn model(element: &Element, grid: Option<&Grid>) -> Result<BrainModel, String> {
    let structure = attribute(element, "BrainStructure")?.to_owned();
    let places = match attribute(element, "ModelType")? {
        "CIFTI_MODEL_TYPE_SURFACE" => {
            let vertices = number(element, "SurfaceNumberOfVertices")?;
            let indices = indices(element, "VertexIndices")?;
            match indices.iter().find(|&&vertex| vertex as usize >= vertices) {
                Some(vertex) => {
                    return Err(format!("`{structure}` has vertex {vertex}, but only {vertices} vertices"));
                }
                None => StructurePlaces::Surface { vertices, indices },
            }
        }
        "CIFTI_MODEL_TYPE_VOXELS" => {
            let grid =
                grid.ok_or_else(|| format!("`{structure}` has voxels, but its CIFTI XML has no `Volume`"))?;
            let flat = indices(element, "VoxelIndicesIJK")?;
            let (voxels, rest) = flat.as_chunks();
            let is_outside = |voxel: &&[u32; 3]| (0..3).any(|axis| voxel[axis] as usize >= grid.shape[axis]);
            match voxels.iter().find(is_outside) {
                _ if !rest.is_empty() => {
                    return Err(format!("the voxels of `{structure}` are not three numbers each"));
                }
                Some(voxel) => {
                    let shape = product(&grid.shape);
                    return Err(format!(
                        "`{structure}` has voxel {voxel:?} outside of its volume of {shape}"
                    ));
                }
                None => StructurePlaces::Voxels { grid: grid.clone(), indices: voxels.to_vec() },
            }
        }
        other => return Err(format!("`{structure}` is of an unknown kind `{other}`")),
    };
    let model = BrainModel { structure, first: number(element, "IndexOffset")?, places };
    let count: usize = number(element, "IndexCount")?;
    if model.len() != count {
        return Err(format!("`{}` says {count} grayordinates and lists {}", model.structure, model.len()));
    }
    Ok(model)
}

fn indices(element: &Element, name: &str) -> Result<Vec<u32>, String> {
    let list =
        element.first(name).ok_or_else(|| format!("a brain model of its CIFTI XML has no `{name}`"))?;
    let numbers = list.text.split_ascii_whitespace();
    numbers
        .map(|text| text.parse().map_err(|_| format!("`{name}` of its CIFTI XML has `{text}`, no place")))
        .collect()
}

/// Parses the grid shared by the voxels of all structures.
fn volume(element: &Element) -> Result<Grid, String> {
    let damaged = |what: &str| format!("the `Volume` of its CIFTI XML has {what}");
    let shape: Vec<usize> = attribute(element, "VolumeDimensions")?
        .split(',')
        .map(|length| {
            length.trim().parse().ok().filter(|&length: &usize| length > 0 && length <= u32::MAX as usize)
        })
        .collect::<Option<_>>()
        .ok_or_else(|| damaged("dimensions that are no lengths"))?;
    let shape: [usize; 3] = shape.try_into().map_err(|_| damaged("not three dimensions"))?;
    shape
        .iter()
        .try_fold(1, |all: usize, &length| all.checked_mul(length))
        .ok_or_else(|| damaged("a size beyond this machine"))?;
    let matrix =
        element.first("TransformationMatrixVoxelIndicesIJKtoXYZ").ok_or_else(|| damaged("no affine"))?;
    let numbers = matrix.text.split_ascii_whitespace().map(|number| number.parse().ok());
    let numbers: Vec<f64> =
        numbers.collect::<Option<_>>().ok_or_else(|| damaged("an affine that is no numbers"))?;
    // The exponent of millimetres is -3.
    let exponent: i32 = number(matrix, "MeterExponent")?;
    let unit = 10f64.powi(exponent.saturating_add(3));
    let (rows, _) = numbers.as_chunks::<4>();
    let rows: [[f64; 4]; 4] = rows.try_into().map_err(|_| damaged("an affine that is not 4 x 4"))?;
    let affine = Affine([rows[0], rows[1], rows[2]].map(|row| row.map(|number| number * unit)));
    affine.inverse().ok_or_else(|| damaged("an affine of determinant zero"))?;
    Ok(Grid { shape, affine })
}
