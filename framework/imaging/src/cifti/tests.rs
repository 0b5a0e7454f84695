//! Defects of CIFTI files are named in the error.

use expect_test::{Expect, expect};

use super::{read_labels, read_scalars};
use crate::bold::Bold;
use crate::testing::Image;

const SERIES: &str = r#"IndicesMapToDataType="CIFTI_INDEX_TYPE_SERIES" NumberOfSeriesPoints="2" SeriesExponent="0" SeriesStart="0" SeriesStep="2" SeriesUnit="SECOND">"#;
const MODELS: &str = r#"IndicesMapToDataType="CIFTI_INDEX_TYPE_BRAIN_MODELS"><Volume VolumeDimensions="4,5,6"><TransformationMatrixVoxelIndicesIJKtoXYZ MeterExponent="-3">2 0 0 0 0 2 0 0 0 0 2 0 0 0 0 1</TransformationMatrixVoxelIndicesIJKtoXYZ></Volume><BrainModel IndexOffset="0" IndexCount="2" ModelType="CIFTI_MODEL_TYPE_SURFACE" BrainStructure="LEFT" SurfaceNumberOfVertices="5"><VertexIndices>0 2</VertexIndices></BrainModel><BrainModel IndexOffset="2" IndexCount="1" ModelType="CIFTI_MODEL_TYPE_VOXELS" BrainStructure="THALAMUS"><VoxelIndicesIJK>1 2 3</VoxelIndicesIJK></BrainModel>"#;
const LABELS: &str = r#"IndicesMapToDataType="CIFTI_INDEX_TYPE_LABELS"><NamedMap><MapName>a</MapName><LabelTable><Label Key="1" Red="1" Green="1" Blue="1" Alpha="1">one</Label></LabelTable></NamedMap>"#;

fn xml(along: &str, down: &str) -> String {
    let map = |number: u8, map: &str| {
        format!("<MatrixIndicesMap AppliesToMatrixDimension=\"{number}\" {map}</MatrixIndicesMap>")
    };
    format!("<CIFTI Version=\"2\"><Matrix>{}{}</Matrix></CIFTI>", map(0, along), map(1, down))
}

/// The error of a reader for a file of 3 rows of `along` numbers, with the folder removed.
fn said(
    read: fn(&std::path::Path) -> Option<boldface::Error>,
    xml: &str,
    along: usize,
    value: f64,
) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("brain.nii");
    std::fs::write(&path, Image::cifti(3002, xml, [along, 3], vec![value; 3 * along]).bytes()).unwrap();
    let message = read(&path).expect("it is refused").to_string();
    message.replace(&format!("{}/", dir.path().display()), "")
}

/// Checks the error for a series with `from` replaced by `to` in its XML.
fn check(from: &str, to: &str, message: Expect) {
    let right = xml(SERIES, MODELS);
    assert!(right.contains(from));
    message.assert_eq(&said(|path| Bold::open(path).err(), &right.replacen(from, to, 1), 2, 0.0));
}

#[test]
fn a_description_that_does_not_fit_is_refused() {
    check(
        "SeriesPoints=\"2\"",
        "SeriesPoints=\"3\"",
        expect![
            "`brain.nii`: its XML describes 3 places along dimension 0, but the header says 1 x 1 x 1 x 1 x 2 x 3; the file is damaged"
        ],
    );
    check(
        "SeriesPoints=\"2\"",
        "SeriesPoints=\"-2\"",
        expect!["`brain.nii`: `NumberOfSeriesPoints` of its CIFTI XML is `-2`, which is not a valid number"],
    );
    check("0 2</Vertex", "0 5</Vertex", expect!["`brain.nii`: `LEFT` has vertex 5, but only 5 vertices"]);
    check("0 2</Vertex", "0</Vertex", expect!["`brain.nii`: `LEFT` says 2 grayordinates and lists 1"]);
    check(
        "0 2</Vertex",
        "0 x</Vertex",
        expect!["`brain.nii`: `VertexIndices` of its CIFTI XML has `x`, no place"],
    );
    check(
        "1 2 3</Voxel",
        "1 2 6</Voxel",
        expect!["`brain.nii`: `THALAMUS` has voxel [1, 2, 6] outside of its volume of 4 x 5 x 6"],
    );
    check(
        "1 2 3</Voxel",
        "1 2</Voxel",
        expect!["`brain.nii`: the voxels of `THALAMUS` are not three numbers each"],
    );
    check(
        "IndexOffset=\"2\"",
        "IndexOffset=\"1\"",
        expect!["`brain.nii`: `THALAMUS` starts at grayordinate 1 instead of 2; its CIFTI XML is damaged"],
    );
    check(
        "2 0 0 0 0 2",
        "0 0 0 0 0 2",
        expect!["`brain.nii`: the `Volume` of its CIFTI XML has an affine of determinant zero"],
    );
    check(
        "Version=\"2\"",
        "Version=\"1\"",
        expect![
            "`brain.nii`: its XML is `CIFTI` version 1, not CIFTI version 2; `wb_command -file-convert -cifti-version-convert` converts older files"
        ],
    );
    check(
        "Dimension=\"1\"",
        "Dimension=\"2\"",
        expect!["`brain.nii`: its CIFTI XML does not describe dimension 1"],
    );
    check(
        "INDEX_TYPE_SERIES",
        "INDEX_TYPE_HOURS",
        expect!["`brain.nii`: its CIFTI XML has an unknown kind of dimension `CIFTI_INDEX_TYPE_HOURS`"],
    );
    check(
        "</Matrix>",
        "",
        expect![
            "`brain.nii`: its CIFTI XML is damaged: ill-formed document: expected `</Matrix>`, but `</CIFTI>` was found"
        ],
    );
}

#[test]
fn files_of_another_kind_are_refused() {
    let (series, labels) = (xml(SERIES, MODELS), xml(LABELS, MODELS));
    expect!["`brain.nii`: a CIFTI file of a series x grayordinates; a label file (dlabel) is needed here"]
        .assert_eq(&said(|path| read_labels(path).err(), &series, 2, 0.0));
    expect!["`brain.nii`: a CIFTI file of labels x grayordinates; scalars (dscalar) are needed here"]
        .assert_eq(&said(|path| read_scalars(path).err(), &labels, 1, 0.0));
    expect!["`brain.nii`: a CIFTI file of labels x grayordinates; a recording is a series of grayordinates or parcels"].assert_eq(&said(|path| Bold::open(path).err(), &labels, 1, 0.0));
    expect!["`brain.nii`: place 0 has label 0.5, and labels are whole numbers"].assert_eq(&said(
        |path| read_labels(path).err(),
        &labels,
        1,
        0.5,
    ));
    expect!["`brain.nii`: a CIFTI file; an image of voxels is needed here"].assert_eq(&said(
        |path| crate::nifti::read_volume(path).err(),
        &labels,
        1,
        0.0,
    ));
    let two = LABELS.split_once('>').map(|(start, map)| format!("{start}>{map}{map}")).unwrap();
    expect!["`brain.nii`: 2 maps (`a`, `a`); save one of them as a file of its own"].assert_eq(&said(
        |path| read_labels(path).err(),
        &xml(&two, MODELS),
        2,
        0.0,
    ));
    let twice = LABELS.replace("<Label ", "<Label Key=\"1\"/><Label ");
    expect!["`brain.nii`: key 1 occurs twice in its label table"].assert_eq(&said(
        |path| read_labels(path).err(),
        &xml(&twice, MODELS),
        1,
        0.0,
    ));
}
