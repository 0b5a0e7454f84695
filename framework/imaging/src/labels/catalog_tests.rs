//! Region tables of a small atlas: what names, volume and label file yield, and how conflicts are
//! reported.

use std::collections::BTreeMap;
use std::path::Path;

use expect_test::{Expect, expect};

use super::{Atlas, Catalog, Hemisphere, LabelEntry, LabelLocation, atlas, confirm, places};
use crate::nifti::{Affine, Grid, LabelImage};
use crate::testing::Image;

/// 8 x 1 x 1 voxels of 2 mm: x runs from 7 mm on the right to -7 mm on the left.
fn line(values: [i32; 8]) -> LabelImage {
    let affine = Affine([[-2.0, 0.0, 0.0, 7.0], [0.0, 2.0, 0.0, 10.0], [0.0, 0.0, 2.0, -4.0]]);
    LabelImage { grid: Grid { shape: [8, 1, 1], affine }, values: values.to_vec() }
}

fn catalog(entries: Vec<LabelEntry>, values: [i32; 8]) -> boldface::Result<Catalog> {
    Catalog::new(entries, &places(&line(values)), Path::new("atlas.nii.gz"))
}

fn check(catalog: &Catalog, expected: Expect) {
    expected.assert_eq(&(catalog.to_tsv() + &catalog.warnings.join("\n")));
}

#[test]
fn centroids_voxels_and_sides_by_hand() {
    // Label 3 has the voxels at 7 and 5 mm, label 5 those at -5 and -7 mm; label 9 spans 3 to -3 mm.
    let found = places(&line([3, 3, 9, 9, 9, 9, 5, 5]));
    let place = |voxels, x, side| LabelLocation {
        voxels,
        centroid: Some([x, 10.0, -4.0]),
        hemisphere: Some(side),
        ..LabelLocation::default()
    };
    let expected = [
        (3, place(2, 6.0, Hemisphere::Right)),
        (5, place(2, -6.0, Hemisphere::Left)),
        (9, place(4, 0.0, Hemisphere::Both)),
    ];
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn names_without_numbers_are_as_many_as_the_labels() {
    let listed = |index, name| LabelEntry { is_numbered_by_line: true, ..LabelEntry::new(index, name) };
    let names = vec![listed(1, "A"), listed(2, "B")];
    assert_eq!(catalog(names.clone(), [1, 1, 1, 1, 2, 2, 2, 2]).unwrap().names(), ["A", "B"]);
    expect!["a list of 2 names without numbers, but `atlas.nii.gz` has 3 labels: which name belongs to which label is unknown; write the columns `index` and `name` into a .tsv"]
        .assert_eq(&catalog(names, [1, 1, 1, 1, 2, 2, 3, 3]).unwrap_err().to_string());
}

#[test]
fn names_come_first_and_voxels_tell_the_rest() {
    let entries = vec![
        LabelEntry { rgb: Some([1, 2, 255]), ..LabelEntry::new(3, "RH_Vis_1") },
        LabelEntry::new(5, "Insula"),
        LabelEntry { network: Some("Own".to_owned()), ..LabelEntry::new(9, "Cingulum") },
        LabelEntry::new(77, "Lost"),
    ];
    check(
        &catalog(entries, [3, 3, 9, 9, 9, 9, 5, 4]).unwrap(),
        expect![[r#"
            index	name	hemisphere	network	x	y	z	voxels	color	hemisphere_source	network_source
            3	RH_Vis_1	R	Vis	6.0	10.0	-4.0	2	#0102ff	name	name
            5	Insula	L	unassigned	-5.0	10.0	-4.0	1	n/a	voxels	n/a
            9	Cingulum	B	Own	0.0	10.0	-4.0	4	n/a	voxels	table
            1 label of the label file without a voxel in the volume, left out: 77 `Lost`
            1 label of the volume without a name in the label file, left out: 4
            neither the name nor the label file gives the network of 1 region: it is `unassigned`"#]],
    );
}

#[test]
fn a_mirrored_volume_is_noticed() {
    let entries = vec![LabelEntry::new(3, "LH_Vis_1"), LabelEntry::new(5, "RH_Vis_1")];
    let warnings = catalog(entries, [3, 3, 0, 0, 0, 0, 5, 5]).unwrap().warnings;
    assert_eq!(
        warnings,
        [
            "2 regions lie on the other side than named, first `LH_Vis_1` (mean x 6.0 mm): the labels are of another \
          volume, or its affine is mirrored"
        ]
    );
}

#[test]
fn labels_of_another_atlas_are_refused() {
    let error = catalog(vec![LabelEntry::new(77, "A")], [3, 3, 0, 0, 0, 0, 5, 5]).unwrap_err().to_string();
    assert_eq!(
        error,
        "none of the labels of the label file is in `atlas.nii.gz`, which holds 3, 5: the two files belong to different atlases"
    );
    // The label file swaps labels 3 and 5, which are 12 mm apart.
    let at =
        |index, name: &str, x| LabelEntry { centroid: Some([x, 10.0, -4.0]), ..LabelEntry::new(index, name) };
    let entries = vec![at(3, "A", -6.0), at(5, "B", 6.0)];
    let error = catalog(entries, [3, 3, 0, 0, 0, 0, 5, 5]).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "of 2 regions with coordinates 2 are more than 8 mm away from where the label file puts \
                           them, first 3 `A` by 12 mm: the label file has another order"
        ),
        "{error}"
    );
    catalog(vec![at(3, "A", 6.0), at(5, "B", -6.0)], [3, 3, 0, 0, 0, 0, 5, 5]).unwrap();
}

/// A dlabel of vertices 0 to 2 of the left and the right cortex and two voxels of a putamen, with labels
/// 1, 2 and 3.
fn dlabel(names: [&str; 2]) -> Vec<u8> {
    let [one, two] = names;
    let xml = format!(
        r#"<CIFTI Version="2"><Matrix>
        <MatrixIndicesMap AppliesToMatrixDimension="0" IndicesMapToDataType="CIFTI_INDEX_TYPE_LABELS">
        <NamedMap><MapName>atlas</MapName><LabelTable>
        <Label Key="0" Red="1" Green="1" Blue="1" Alpha="0">???</Label>
        <Label Key="1" Red="1" Green="0.5" Blue="0" Alpha="1">{one}</Label>
        <Label Key="2" Red="0" Green="0" Blue="1" Alpha="1">{two}</Label>
        <Label Key="3" Red="0" Green="0" Blue="1" Alpha="1">PUT-lh</Label>
        </LabelTable></NamedMap></MatrixIndicesMap>
        <MatrixIndicesMap AppliesToMatrixDimension="1" IndicesMapToDataType="CIFTI_INDEX_TYPE_BRAIN_MODELS">
        <Volume VolumeDimensions="4,4,4"><TransformationMatrixVoxelIndicesIJKtoXYZ MeterExponent="-3">
        2 0 0 -8 0 2 0 0 0 0 2 0 0 0 0 1</TransformationMatrixVoxelIndicesIJKtoXYZ></Volume>
        <BrainModel IndexOffset="0" IndexCount="3" ModelType="CIFTI_MODEL_TYPE_SURFACE"
         BrainStructure="CIFTI_STRUCTURE_CORTEX_LEFT" SurfaceNumberOfVertices="9">
        <VertexIndices>0 1 2</VertexIndices></BrainModel>
        <BrainModel IndexOffset="3" IndexCount="3" ModelType="CIFTI_MODEL_TYPE_SURFACE"
         BrainStructure="CIFTI_STRUCTURE_CORTEX_RIGHT" SurfaceNumberOfVertices="9">
        <VertexIndices>0 1 2</VertexIndices></BrainModel>
        <BrainModel IndexOffset="6" IndexCount="2" ModelType="CIFTI_MODEL_TYPE_VOXELS"
         BrainStructure="CIFTI_STRUCTURE_PUTAMEN_LEFT">
        <VoxelIndicesIJK>0 0 0 1 0 0</VoxelIndicesIJK></BrainModel>
        </MatrixIndicesMap></Matrix></CIFTI>"#
    );
    // One label map along a row, 8 grayordinates down; 3007 is the intent of a dlabel.
    Image::cifti(3007, &xml, [1, 8], vec![1.0, 1.0, 0.0, 2.0, 2.0, 2.0, 3.0, 3.0]).bytes()
}

#[test]
fn a_dlabel_names_its_regions_itself() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("atlas.dlabel.nii");
    std::fs::write(&path, dlabel(["7Networks_LH_Vis_1", "7Networks_RH_Vis_1"])).unwrap();
    let Atlas { places, entries: own } = atlas(&path).unwrap();
    // Voxels (0, 0, 0) and (1, 0, 0) are at x = -8 and -6 mm.
    check(
        &Catalog::new(own.unwrap(), &places, &path).unwrap(),
        expect![[r#"
            index	name	hemisphere	network	x	y	z	voxels	vertices	structure	color	hemisphere_source	network_source
            1	7Networks_LH_Vis_1	L	Vis	n/a	n/a	n/a	0	2	CORTEX_LEFT	#ff8000	name	name
            2	7Networks_RH_Vis_1	R	Vis	n/a	n/a	n/a	0	3	CORTEX_RIGHT	#0000ff	name	name
            3	PUT-lh	L	Subcortical	-7.0	0.0	0.0	2	0	PUTAMEN_LEFT	#0000ff	name	name
        "#]],
    );
}

#[test]
fn a_table_of_the_other_order_is_named_by_the_dlabels_own_names() {
    let dir = tempfile::tempdir().unwrap();
    let (path, table) = (dir.path().join("atlas.dlabel.nii"), dir.path().join("regions.tsv"));
    std::fs::write(&path, dlabel(["7Networks_LH_Vis_1", "7Networks_RH_Vis_1"])).unwrap();
    let names = ["17Networks_LH_VisCent_1", "17Networks_RH_VisCent_1"].map(str::to_owned);
    std::fs::write(&table, format!("index\tname\n1\t{}\n2\t{}\n", names[0], names[1])).unwrap();
    let error = confirm(&names, &[1, 2], &path, &table).unwrap_err().to_string();
    assert!(error.starts_with("label 1 is `7Networks_LH_Vis_1` in `"), "{error}");
    assert!(
        error.contains(
            "and `17Networks_LH_VisCent_1` in the region table: the first is in the 7-network order"
        ),
        "{error}"
    );
    let own = ["7Networks_LH_Vis_1", "7Networks_RH_Vis_1"].map(str::to_owned);
    confirm(&own, &[1, 2], &path, &table).unwrap();
}
