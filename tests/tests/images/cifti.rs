//! Compares CIFTI-2 reading with nibabel, on files written by code and on those of `../shared/data`.

use std::fs;
use std::path::Path;

use boldface_imaging::bold::{Bold, Space};
use boldface_imaging::cifti::{Label, StructurePlaces, read_labels, read_scalars};
use boldface_imaging::testing::{Image, gzip};
use boldface_tests::{Sandbox, shared, told};
use serde_json::Value;

use super::{assert_equal, numbers};

/// 3 of 5 vertices on the left, 2 voxels of a 2 mm volume.
const MODELS: &str = r#"IndicesMapToDataType="CIFTI_INDEX_TYPE_BRAIN_MODELS">
<Volume VolumeDimensions="4,5,6"><TransformationMatrixVoxelIndicesIJKtoXYZ MeterExponent="-3">
-2 0 0 90 0 2 0 -126 0 0 2 -72 0 0 0 1</TransformationMatrixVoxelIndicesIJKtoXYZ></Volume>
<BrainModel IndexOffset="0" IndexCount="3" ModelType="CIFTI_MODEL_TYPE_SURFACE"
 BrainStructure="CIFTI_STRUCTURE_CORTEX_LEFT" SurfaceNumberOfVertices="5"><VertexIndices>0 2 4</VertexIndices></BrainModel>
<BrainModel IndexOffset="3" IndexCount="2" ModelType="CIFTI_MODEL_TYPE_VOXELS"
 BrainStructure="CIFTI_STRUCTURE_THALAMUS_RIGHT"><VoxelIndicesIJK>1 2 3 3 4 5</VoxelIndicesIJK></BrainModel>"#;

const SERIES: &str = r#"IndicesMapToDataType="CIFTI_INDEX_TYPE_SERIES" NumberOfSeriesPoints="4"
 SeriesExponent="-3" SeriesStart="0" SeriesStep="720" SeriesUnit="SECOND">"#;

const PARCELS: &str = r#"IndicesMapToDataType="CIFTI_INDEX_TYPE_PARCELS">
<Surface BrainStructure="CIFTI_STRUCTURE_CORTEX_LEFT" SurfaceNumberOfVertices="9"/>
<Parcel Name="Vis &amp; more"><Vertices BrainStructure="CIFTI_STRUCTURE_CORTEX_LEFT">0 1</Vertices></Parcel>
<Parcel Name="Default"><Vertices BrainStructure="CIFTI_STRUCTURE_CORTEX_LEFT">4 7</Vertices></Parcel>"#;

const LABELS: &str = r#"IndicesMapToDataType="CIFTI_INDEX_TYPE_LABELS"><NamedMap><MapName>parcels</MapName><LabelTable>
<Label Key="7" Red="0.5" Green="0.25" Blue="1" Alpha="1">7Networks_LH_Vis_1</Label>
<Label Key="0" Red="1" Green="1" Blue="1" Alpha="0">???</Label></LabelTable></NamedMap>"#;

const SCALARS: &str = r#"IndicesMapToDataType="CIFTI_INDEX_TYPE_SCALARS">
<NamedMap><MapName>thickness</MapName></NamedMap><NamedMap><MapName>myelin</MapName></NamedMap>"#;

fn cifti(intent: i16, along: (&str, usize), down: (&str, usize), values: Vec<f64>) -> Image {
    let dimension = |number: usize, map: &str| {
        format!("<MatrixIndicesMap AppliesToMatrixDimension=\"{number}\" {map}</MatrixIndicesMap>")
    };
    let maps = dimension(0, along.0) + &dimension(1, down.0);
    let xml = format!("<?xml version=\"1.0\"?>\n<CIFTI Version=\"2\"><Matrix>{maps}</Matrix></CIFTI>\n");
    Image::cifti(intent, &xml, [along.1, down.1], values)
}

fn counted(count: u32) -> Vec<f64> {
    (0..count).map(f64::from).collect()
}

/// Reads the volumes of a recording in turn.
fn volumes(bold: &mut Bold) -> Vec<f32> {
    let (mut all, mut volume) = (Vec::new(), Vec::new());
    while bold.read(&mut volume).unwrap() {
        all.extend(&volume);
    }
    all
}

fn assert_space(name: &str, space: &Space, axis: &Value) {
    match space {
        Space::Volume(_) => panic!("{name}: a CIFTI file has no grid"),
        Space::Parcels(parcels) => assert_eq!(serde_json::json!(parcels), axis["names"], "{name}"),
        Space::Grayordinates(models) => {
            let theirs = axis["models"].as_array().unwrap();
            assert_eq!(models.len(), theirs.len(), "{name}");
            for (model, theirs) in models.iter().zip(theirs) {
                assert_eq!(model.structure, theirs["structure"], "{name}");
                assert_eq!(model.first, theirs["first"], "{name}");
                let indices: Vec<f64> = match &model.places {
                    StructurePlaces::Surface { vertices, indices } => {
                        assert_eq!(*vertices, theirs["vertices"], "{name}");
                        indices.iter().map(|&vertex| f64::from(vertex)).collect()
                    }
                    StructurePlaces::Voxels { grid, indices } => {
                        assert_eq!(grid.affine.0.as_flattened(), &numbers(&axis["affine"])[..12], "{name}");
                        assert_eq!(serde_json::json!(grid.shape), axis["volume"], "{name}");
                        indices.iter().flatten().map(|&index| f64::from(index)).collect()
                    }
                };
                assert_eq!(indices, numbers(&theirs["indices"]), "{name}");
            }
        }
    }
}

fn assert_table(table: &[Label], theirs: &Value) {
    assert_eq!(table.len(), theirs.as_object().unwrap().len());
    for label in table {
        let theirs = &theirs[label.key.to_string()];
        assert_eq!(label.name, theirs[0]);
        let near = |(a, b): (&f32, f64)| (f64::from(*a) - b).abs() < 1e-6;
        assert!(label.rgba.iter().zip(numbers(&theirs[1])).all(near), "{label:?}");
    }
}

/// Compares all of a file with nibabel's output.
fn assert_same(path: &Path, theirs: &Value, values: &Path) {
    let name = path.display().to_string();
    let axis = |kind: &str| theirs["axes"].as_array().unwrap().iter().find(|axis| axis["kind"] == kind);
    let places = axis("models").or(axis("parcels")).unwrap();
    if let Some(series) = axis("series") {
        let mut bold = Bold::open(path).unwrap();
        assert_eq!(bold.trs(), series["points"], "{name}");
        assert!((bold.tr().unwrap() - series["step"].as_f64().unwrap()).abs() < 1e-12, "{name}");
        assert_space(&name, bold.space(), places);
        assert_equal(&name, &volumes(&mut bold), values);
    } else if let Some(labels) = axis("labels") {
        let map = read_labels(path).unwrap();
        assert_space(&name, &map.space, places);
        assert_eq!(map.name, labels["names"][0]);
        assert_table(&map.table, &labels["tables"][0]);
        let keys: Vec<f32> = map.values.iter().map(|&key| key as f32).collect();
        assert_equal(&name, &keys, values);
    } else {
        let maps = read_scalars(path).unwrap();
        assert_space(&name, &maps.space, places);
        let names: Vec<&str> = maps.maps.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(serde_json::json!(names), axis("scalars").unwrap()["names"], "{name}");
        let all: Vec<f32> = maps.maps.into_iter().flat_map(|(_, map)| map).collect();
        assert_equal(&name, &all, values);
    }
}

#[test]
fn every_kind_is_read_as_nibabel_reads_it() {
    let sandbox = Sandbox::new();
    let files = [
        ("made.dtseries.nii", cifti(3002, (SERIES, 4), (MODELS, 5), counted(20))),
        ("made.ptseries.nii", cifti(3004, (SERIES, 4), (PARCELS, 2), counted(8))),
        ("made.dlabel.nii", cifti(3007, (LABELS, 1), (MODELS, 5), vec![0.0, 7.0, 7.0, 0.0, 7.0])),
        ("made.dscalar.nii", cifti(3006, (SCALARS, 2), (MODELS, 5), counted(10))),
        ("made.pscalar.nii", cifti(3008, (SCALARS, 2), (PARCELS, 2), counted(4))),
    ];
    let mut paths = Vec::new();
    for (name, image) in files {
        fs::write(sandbox.path(name), image.bytes()).unwrap();
        paths.push(sandbox.path(name));
    }
    // Of the real files, one has labels and one has a series. The third is a matrix, which this test
    // does not need.
    if let (Some(images), Some(atlas)) = (shared("nifti/cifti"), shared("atlas450")) {
        paths.push(images.join("sample_cifti.dtseries.nii"));
        paths.push(atlas.join("Schaefer2018_400Parcels_7Networks_order_Tian_Subcortex_S3.dlabel.nii"));
        let matrix = images.join("row_major.dconn.nii");
        let message = Bold::open(&matrix).err().unwrap().to_string();
        assert!(message.contains("a CIFTI file of grayordinates x grayordinates"), "{message}");
    }
    let mut arguments = vec![sandbox.path("").display().to_string()];
    arguments.extend(paths.iter().map(|path| path.display().to_string()));
    let Some(theirs) = told("read_images.py", &arguments) else { return };
    for (number, (path, theirs)) in paths.iter().zip(&theirs).enumerate() {
        assert_same(path, theirs, &sandbox.path(&format!("{number}.f32")));
    }
}

#[test]
fn both_orders_of_dimensions_hold_the_same_numbers() {
    let sandbox = Sandbox::new();
    // Grayordinate g at volume t is 4 g + t, which is the storage order if time runs along a row.
    let along = cifti(3002, (SERIES, 4), (MODELS, 5), counted(20));
    let turned = (0..4).flat_map(|t| (0..5).map(move |g| f64::from(4 * g + t))).collect();
    let down = cifti(3002, (MODELS, 5), (SERIES, 4), turned);
    let expected: Vec<f32> = (0..4).flat_map(|t| (0..5).map(move |g| (4 * g + t) as f32)).collect();
    let files = [("along", along.bytes()), ("down", down.bytes()), ("packed", gzip(&along.bytes()))];
    for (name, bytes) in files {
        fs::write(sandbox.path(name), bytes).unwrap();
        let mut bold = Bold::open(&sandbox.path(name)).unwrap();
        assert_eq!((bold.trs(), bold.tr(), bold.space().len()), (4, Some(0.72), 5), "{name}");
        assert_eq!(volumes(&mut bold), expected, "{name}");
    }
}
