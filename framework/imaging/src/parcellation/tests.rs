//! Whole scans of a few voxels, with every number worked out by hand.

use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::*;
use crate::bold::Bold;
use crate::nifti::{Affine, Datatype};
use crate::testing::{Image, gzip};

/// A folder with a scan, a label image and other files of a test.
struct Files {
    dir: TempDir,
}

impl Files {
    fn new() -> Files {
        Files { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Writes an image that is a line of 1 mm voxels, the first at `origin` mm, with the volumes in
    /// order.
    fn line(&self, name: &str, length: usize, origin: f64, values: &[f64]) -> PathBuf {
        let affine = Affine([[1.0, 0.0, 0.0, origin], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);
        let dims = [length, 1, 1, values.len() / length];
        let image = Image { sform: (1, affine), ..Image::new(&dims, values.to_vec()) };
        std::fs::write(self.path(name), gzip(&image.bytes())).unwrap();
        self.path(name)
    }

    fn files(&self, volume: &str, regions: Option<&str>) -> ParcellationFiles {
        let regions = regions.map(|text| self.text("regions.tsv", text));
        ParcellationFiles {
            volume: self.path(volume),
            regions,
            networks: "network".to_owned(),
            kind: ParcellationKind::Labels,
        }
    }
}

fn made(
    atlas: &Parcellation,
    scan: &Path,
    mask: Option<&Path>,
    options: &ParcellateOptions,
) -> Result<Parcellated> {
    let bold = Bold::open(scan)?;
    let weights = atlas.on(bold.space(), mask)?;
    parcellate(bold, &weights, options)
}

fn columns(made: &Parcellated) -> Vec<Vec<f64>> {
    (0..made.signal.columns).map(|roi| made.signal.column(roi).collect()).collect()
}

fn check_error<T>(result: Result<T>, files: &Files, message: Expect) {
    let error = result.err().map_or_else(String::new, |error| error.to_string());
    message.assert_eq(&error.replace(&format!("{}/", files.dir.path().display()), ""));
}

#[test]
fn regions_come_in_the_order_of_the_table_and_a_missing_one_shifts_no_column() {
    let files = Files::new();
    files.line("atlas.nii.gz", 5, 0.0, &[30.0, 30.0, 0.0, 10.0, 99.0]);
    let scan = files.line("bold.nii.gz", 5, 0.0, &[2.0, 4.0, 50.0, 8.0, 7.0, 4.0, 6.0, 50.0, 9.0, 7.0]);
    // Region `C` has label 30 and comes first; label 20 is not in the image.
    let table =
        "index\tlabel\tname\tnetwork\n3\t10\tA\tVis\n2\t20\tB\tVis\n1\t30\tC\tDMN\n0\t0\tBackground\tnone\n";
    let atlas = Parcellation::read(&files.files("atlas.nii.gz", Some(table))).unwrap();
    assert_eq!((atlas.regions().names.join(""), atlas.labels()), ("CBA".to_owned(), [30, 20, 10].as_slice()));
    expect![[r#"
        [
            "1 region of the table is not in the image and missing in every scan: `B`",
            "1 label of the image is not in the region table and left out: `99`",
        ]
    "#]]
    .assert_debug_eq(&atlas.warnings);
    let made = made(&atlas, &scan, None, &ParcellateOptions::default()).unwrap();
    let columns = columns(&made);
    assert_eq!((&columns[0], &columns[2]), (&vec![3.0, 5.0], &vec![8.0, 9.0]));
    assert!(columns[1].iter().all(|value| value.is_nan()));
    assert_eq!(made.coverage, [1.0, 0.0, 1.0]);
    assert_eq!(made.warnings, ["1 region is below 50% coverage and missing: `B` (0%)"]);
}

#[test]
fn voxels_without_a_signal_do_not_count_and_coverage_says_so() {
    let files = Files::new();
    files.line("atlas.nii.gz", 8, 0.0, &[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0]);
    let nan = f64::NAN;
    // Region 1 has a voxel that is always 0, one that is 0 once and one not finite once; region 2 keeps
    // one voxel of three; region 3 is complete.
    let scan = [6.0, 0.0, 0.0, 8.0, nan, 0.0, 5.0, 1.0, 9.0, 0.0, 3.0, f64::INFINITY, nan, 0.0, 7.0, 2.0];
    let scan = files.line("bold.nii.gz", 8, 0.0, &scan);
    let atlas = Parcellation::read(&files.files("atlas.nii.gz", None)).unwrap();
    assert_eq!(atlas.regions().names, ["1", "2", "3"]);
    let all = ParcellateOptions { minimum_coverage: 0.0, ..ParcellateOptions::default() };
    let whole = made(&atlas, &scan, None, &all).unwrap();
    // Region 1 keeps voxels 0 and 2: (6 + 0) / 2 and (9 + 3) / 2. Voxel 3 is left out although its first
    // value is 8.
    assert_eq!(columns(&whole), [[3.0, 6.0], [5.0, 7.0], [1.0, 2.0]]);
    assert_eq!(whole.coverage, [0.5, 1.0 / 3.0, 1.0]);
    let half = made(&atlas, &scan, None, &ParcellateOptions::default()).unwrap();
    assert_eq!(columns(&half)[0], [3.0, 6.0]);
    assert!(half.signal.column(1).all(f64::is_nan));
    assert_eq!(half.warnings, ["1 region is below 50% coverage and missing: `2` (33%)"]);
}

#[test]
fn whether_a_voxel_is_finite_is_asked_of_the_volumes_that_stay() {
    let files = Files::new();
    files.line("atlas.nii.gz", 3, 0.0, &[1.0, 1.0, 2.0]);
    let nan = f64::NAN;
    // Volume 1 has no finite voxel; voxel 1 is not finite in volume 2 either.
    let scan = files.line("bold.nii.gz", 3, 0.0, &[4.0, 8.0, 5.0, nan, nan, nan, 6.0, nan, 7.0]);
    let atlas = Parcellation::read(&files.files("atlas.nii.gz", None)).unwrap();
    let options = ParcellateOptions::default();
    let kept = |kept: &[bool]| {
        let bold = Bold::open(&scan).unwrap();
        let weights = atlas.on(bold.space(), None).unwrap();
        parcellate_kept(bold, &weights, &options, Some(kept))
    };
    let scrubbed = kept(&[true, false, true]).unwrap();
    // Region 1 keeps voxel 0; volume 1 has the values of volume 0.
    assert_eq!(columns(&scrubbed), [[4.0, 4.0, 6.0], [5.0, 5.0, 7.0]]);
    assert_eq!(scrubbed.coverage, [0.5, 1.0]);
    assert_eq!(kept(&[true, false, false]).unwrap().coverage, [1.0, 1.0]);
    check_error(
        made(&atlas, &scan, None, &options),
        &files,
        expect![
            "`bold.nii.gz`: it holds no signal in any region: no voxel is finite in volume 1 (from 0); scrub that volume, or save the image without it"
        ],
    );
}

#[test]
fn dvars_and_tsnr_by_hand() {
    let files = Files::new();
    files.line("atlas.nii.gz", 3, 0.0, &[1.0, 2.0, 0.0]);
    // Voxel 0: 100, 104, 102; voxel 1: 200, 200, 206; voxel 2 is in no region.
    let scan = files.line("bold.nii.gz", 3, 0.0, &[100.0, 200.0, 9.0, 104.0, 200.0, 0.0, 102.0, 206.0, 7.0]);
    let atlas = Parcellation::read(&files.files("atlas.nii.gz", None)).unwrap();
    let made = made(&atlas, &scan, None, &ParcellateOptions::default()).unwrap();
    // The mean is (102 + 202) / 2 = 152. Changes are sqrt((16 + 0) / 2) and sqrt((4 + 36) / 2).
    let expected = [0.0, 100.0 * 8.0_f32.sqrt() / 152.0, 100.0 * 20.0_f32.sqrt() / 152.0];
    assert!(made.dvars.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{:?}", made.dvars);
    // Variances are 8/3 and 8. The median of two is their mean: (102 / 1.632993 + 202 / 2.828427) / 2.
    let expected = (102.0 / 1.632_993_2 + 202.0 / 2.828_427) / 2.0;
    assert!((made.tsnr.unwrap() - expected).abs() < 1e-4);
}

#[test]
fn a_centred_signal_has_no_percent() {
    let files = Files::new();
    files.line("atlas.nii.gz", 2, 0.0, &[1.0, 2.0]);
    let scan = files.line("bold.nii.gz", 2, 0.0, &[-1.0, 1.0, 1.0, -1.0]);
    let atlas = Parcellation::read(&files.files("atlas.nii.gz", None)).unwrap();
    let made = made(&atlas, &scan, None, &ParcellateOptions::default()).unwrap();
    assert_eq!((made.dvars, made.tsnr), (vec![], None));
    assert_eq!(made.warnings, ["its signal is centred at 0, so it has no DVARS in percent and no tSNR"]);
}

#[test]
fn a_region_outside_the_field_of_view_or_the_mask_is_not_covered() {
    let files = Files::new();
    // The atlas spans 0 to 7 mm, the scan 2 to 5 mm, the mask 3 to 9 mm.
    files.line("atlas.nii.gz", 8, 0.0, &[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    let scan = files.line("bold.nii.gz", 4, 2.0, &[1.0, 2.0, 3.0, 5.0, 2.0, 3.0, 4.0, 6.0]);
    let mask = files.line("mask.nii.gz", 7, 3.0, &[1.0; 7]);
    let atlas = Parcellation::read(&files.files("atlas.nii.gz", None)).unwrap();
    let all = ParcellateOptions { minimum_coverage: 0.0, ..ParcellateOptions::default() };
    let made = made(&atlas, &scan, Some(&mask), &all).unwrap();
    // Region 1 has 2 of 4 voxels in view and 1 of them in the mask.
    assert_eq!(columns(&made)[..2], [[2.0, 3.0], [4.0, 5.0]]);
    assert_eq!(made.coverage, [0.25, 1.0, 0.0]);
    let weights = atlas.on(Bold::open(&scan).unwrap().space(), Some(&mask)).unwrap();
    expect![[r#"
        [
            "2 regions lie partly outside the scan's field of view: `1` (50% inside), `3` (0% inside)",
        ]
    "#]]
    .assert_debug_eq(&weights.warnings);
    // Weights cannot be used on another grid.
    let other = Bold::open(&files.line("other.nii.gz", 4, 9.0, &[1.0; 4])).unwrap();
    check_error(
        parcellate(other, &weights, &all),
        &files,
        expect!["`other.nii.gz`: the parcellation was placed on the voxels of another scan"],
    );
}

#[test]
fn every_voxel_of_a_mask_is_a_region_named_by_its_index() {
    let files = Files::new();
    let values = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 2.0];
    let image = Image::new(&[2, 2, 2], values.to_vec());
    std::fs::write(files.path("vt.nii"), image.bytes()).unwrap();
    let image =
        Image { datatype: Datatype::I16, ..Image::new(&[2, 2, 2, 1], (10..18).map(f64::from).collect()) };
    std::fs::write(files.path("bold.nii"), image.bytes()).unwrap();
    let voxels = ParcellationFiles { kind: ParcellationKind::Voxels, ..files.files("vt.nii", None) };
    let atlas = Parcellation::read(&voxels).unwrap();
    // Voxels 1, 2, 4 and 7 are (1, 0, 0), (0, 1, 0), (0, 0, 1) and (1, 1, 1).
    assert_eq!(atlas.regions().names, ["0-0-1", "0-1-0", "1-0-0", "1-1-1"]);
    let made = made(&atlas, &files.path("bold.nii"), None, &ParcellateOptions::default()).unwrap();
    assert_eq!(columns(&made), [[14.0], [12.0], [11.0], [17.0]]);
}

#[test]
fn smoothing_fills_no_voxel_that_has_no_signal() {
    let files = Files::new();
    files.line("atlas.nii.gz", 4, 0.0, &[1.0, 1.0, 0.0, 2.0]);
    let smooth = ParcellateOptions { smoothing: Some(1.5), minimum_coverage: 0.0 };
    let atlas = Parcellation::read(&files.files("atlas.nii.gz", None)).unwrap();
    let of =
        |values: &[f64]| made(&atlas, &files.line("bold.nii.gz", 4, 0.0, values), None, &smooth).unwrap();
    // Voxel 1 is empty, so region 1 is voxel 0 alone, smoothed with a neighbour of 0.
    let empty = of(&[8.0, 0.0, 4.0, 6.0, 8.0, 0.0, 4.0, 6.0]);
    let alone = columns(&empty)[0][0];
    assert_eq!(empty.coverage, [0.5, 1.0]);
    // The same scan, but voxel 1 is empty at first only. The scan is read again, and the voxel counts.
    let late = of(&[8.0, 0.0, 4.0, 6.0, 8.0, 0.0, 4.0, 6.0, 8.0, 1.0, 4.0, 6.0]);
    assert_eq!(late.coverage, [1.0, 1.0]);
    assert!(columns(&late)[0][0] != alone && columns(&late)[1][0] == columns(&empty)[1][0]);
}

#[test]
fn what_is_wrong_is_named() {
    let files = Files::new();
    let read = |values: &[f64], table| {
        files.line("atlas.nii.gz", values.len(), 0.0, values);
        Parcellation::read(&files.files("atlas.nii.gz", table))
    };
    check_error(
        read(&[0.0, 0.0], None),
        &files,
        expect!["parcellation `atlas.nii.gz`: an empty parcellation: every voxel is 0"],
    );
    check_error(
        read(&[1.0, -2.0], None),
        &files,
        expect![
            "parcellation `atlas.nii.gz`: a voxel has the label -2; labels are positive, and 0 is background"
        ],
    );
    check_error(
        read(&[1.0, 2.0], Some("index\tname\n7\tA\n8\tB\n")),
        &files,
        expect![
            "parcellation `atlas.nii.gz`: none of the region table's labels is in the image, whose labels are `1`, `2`; is it the table of another atlas, or is a column `label` missing?"
        ],
    );
    check_error(
        read(&[1.0, 2.0], Some("index\tlabel\tname\n1\t5\tA\n2\t5\tB\n")),
        &files,
        expect!["region table `regions.tsv`: `A` and `B` both have label 5"],
    );
    check_error(
        read(&[1.0, 2.0], Some("index\tname\n0\tA\n1\tB\n")),
        &files,
        expect![
            "region table `regions.tsv`: `A` has label 0, but labels are positive whole numbers and 0 is the background; a column `label` says which label a region has where `index` does not"
        ],
    );
    let many: Vec<f64> = (0..70_000).map(f64::from).collect();
    let image = Image { datatype: Datatype::I32, ..Image::new(&[70_000, 1, 1], many) };
    std::fs::write(files.path("many.nii"), Image { version: 2, ..image }.bytes()).unwrap();
    check_error(
        Parcellation::read(&files.files("many.nii", None)),
        &files,
        expect!["parcellation `many.nii`: more than 65536 labels; is it a label image?"],
    );
    let voxels = ParcellationFiles { kind: ParcellationKind::Voxels, ..files.files("many.nii", None) };
    check_error(
        Parcellation::read(&voxels),
        &files,
        expect!["parcellation `many.nii`: 69999 voxels; at most 20000 can be regions of their own"],
    );
}

#[test]
fn a_scan_or_mask_that_does_not_fit_is_named() {
    let files = Files::new();
    files.line("atlas.nii.gz", 2, 0.0, &[1.0, 2.0]);
    let atlas = Parcellation::read(&files.files("atlas.nii.gz", None)).unwrap();
    let options = ParcellateOptions::default();
    let far = files.line("far.nii.gz", 2, 50.0, &[1.0; 4]);
    check_error(
        made(&atlas, &far, None, &options),
        &files,
        expect![
            "parcellation `atlas.nii.gz`: no region lies on a voxel of the scan; are both in the same space (MNI, native)?"
        ],
    );
    let scan = files.line("bold.nii.gz", 2, 0.0, &[0.0, f64::NAN, 0.0, f64::NAN]);
    check_error(
        made(&atlas, &scan, None, &options),
        &files,
        expect!["`bold.nii.gz`: it holds no signal in any region: every voxel is 0 or not finite"],
    );
    let mask = files.line("mask.nii.gz", 2, 0.0, &[0.0, 0.0]);
    check_error(
        made(&atlas, &scan, Some(&mask), &options),
        &files,
        expect!["parcellation `atlas.nii.gz`: mask `mask.nii.gz`: it is empty"],
    );
    check_error(
        made(&atlas, &scan, None, &ParcellateOptions { smoothing: Some(0.0), ..options }),
        &files,
        expect!["`bold.nii.gz`: `smoothing` is 0 mm; give a positive width, or none"],
    );
}

fn surface(structure: &str, first: usize, vertices: usize, indices: &[u32]) -> BrainModel {
    let places = crate::cifti::StructurePlaces::Surface { vertices, indices: indices.to_vec() };
    BrainModel { structure: structure.to_owned(), first, places }
}

fn named(names: &[&str], places: Places) -> Parcellation {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let labels = (1..).take(names.len()).collect();
    let regions = Regions { networks: vec!["Vis".to_owned(); names.len()], names };
    Parcellation { warnings: Vec::new(), path: "atlas".into(), regions, labels, places }
}

#[test]
fn grayordinates_are_matched_by_structure_and_vertex() {
    let own = vec![surface("LEFT", 0, 10, &[0, 3, 4, 9]), surface("RIGHT", 4, 10, &[1, 2])];
    let atlas = named(&["A", "B", "C"], Places::Grayordinates(own, vec![1, 1, 0, 2, 3, 2]));
    // The scan lists the right side first and only a part of the left.
    let scan = vec![surface("RIGHT", 0, 10, &[2, 1, 5]), surface("LEFT", 3, 10, &[4, 3])];
    let weights = atlas.on(&Space::Grayordinates(scan), None).unwrap();
    // A: vertex 3 of the left side, row 4 of the scan, one of two. B: row 0, one of two. C: row 1.
    assert_eq!(weights.voxels, [4, 0, 1]);
    assert_eq!(weights.coverage(&[true; 3]), [0.5, 0.5, 1.0]);
    let mut sums = Vec::new();
    weights.sums(&[7.0, 8.0, 9.0], &mut sums);
    assert_eq!(sums, [7.0, 8.0, 9.0]);

    let other = Space::Grayordinates(vec![surface("LEFT", 0, 12, &[0])]);
    expect!["parcellation `atlas`: `LEFT` has 10 vertices in it and 12 in the scan; both have to be on one surface mesh"]
        .assert_eq(&atlas.on(&other, None).unwrap_err().to_string());
}

#[test]
fn parcels_are_found_by_name() {
    let atlas = named(&["A", "B", "C"], Places::Parcels);
    let parcels = |names: &[&str]| Space::Parcels(names.iter().map(|&name| name.to_owned()).collect());
    let weights = atlas.on(&parcels(&["C", "X", "A"]), None).unwrap();
    assert_eq!((&weights.voxels, weights.coverage(&[true; 2])), (&vec![2, 0], vec![1.0, 0.0, 1.0]));
    assert_eq!(weights.warnings, ["1 parcel of the scan matches no region, left out: `X`"]);
    expect!["parcellation `atlas`: no region has the name of a parcel of the scan; its parcels are `X`, `Y`"]
        .assert_eq(&atlas.on(&parcels(&["X", "Y"]), None).unwrap_err().to_string());
    expect!["parcellation `atlas`: two parcels of the scan are named `A`, so regions cannot be told apart"]
        .assert_eq(&atlas.on(&parcels(&["A", "A"]), None).unwrap_err().to_string());
}

#[test]
fn maps_are_fitted_together() {
    let files = Files::new();
    // Two maps that share voxel 1, and an empty one.
    let maps = [1.0, 1.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 0.0];
    files.line("maps.nii.gz", 3, 0.0, &maps);
    // x = 3 a + 5 b: 3, 3 + 10, 10.
    let scan = files.line("bold.nii.gz", 3, 0.0, &[3.0, 13.0, 10.0]);
    let maps = ParcellationFiles {
        kind: ParcellationKind::Maps,
        ..files.files("maps.nii.gz", Some("index\tname\n2\tB\n3\tC\n1\tA\n"))
    };
    let atlas = Parcellation::read(&maps).unwrap();
    assert_eq!(atlas.warnings, ["1 region of the table is not in the image and missing in every scan: `C`"]);
    let made = made(&atlas, &scan, None, &ParcellateOptions::default()).unwrap();
    let row = made.signal.row(0);
    assert!((row[0] - 3.0).abs() < 1e-12 && (row[1] - 5.0).abs() < 1e-12 && row[2].is_nan(), "{row:?}");
}
