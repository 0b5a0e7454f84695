//! Tests `boldface regions` on atlases written by code and on the shared 450 regions, if present.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use boldface_imaging::nifti::Affine;
use boldface_imaging::table::TextTable;
use boldface_imaging::testing::Image;
use boldface_tests::{Sandbox, is_ci, repository};

/// Folder with the 450 regions. `None` if it is missing.
fn atlas450() -> Option<PathBuf> {
    let path = repository("../shared/data/atlas450");
    if path.is_dir() {
        return Some(path);
    }
    assert!(!is_ci(), "CI has no `{}`", path.display());
    eprintln!("skipped: there is no `{}`", path.display());
    None
}

fn regions(sandbox: &Sandbox, volume: &Path, labels: Option<&Path>) -> Output {
    let volume = volume.display().to_string();
    let labels = labels.map(|path| path.display().to_string());
    let mut arguments = vec!["regions", "--volume", &volume, "--out", "regions.tsv"];
    arguments.extend(labels.iter().flat_map(|labels| ["--labels", labels]));
    sandbox.boldface(&arguments)
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_atlas_written_by_code() {
    let sandbox = Sandbox::new();
    let affine = Affine([[-2.0, 0.0, 0.0, 2.0], [0.0, 2.0, 0.0, 10.0], [0.0, 0.0, 2.0, -4.0]]);
    // The x coordinates are 2, 0 and -2 mm.
    let image = Image { sform: (4, affine), ..Image::new(&[3, 1, 1], vec![12.0, 0.0, 1012.0]) };
    let volume = sandbox.write("aparc.nii", "");
    fs::write(&volume, image.bytes()).unwrap();
    let labels = sandbox.write(
        "LUT.txt",
        "#No. Label Name: R G B A\n0 Unknown 0 0 0 0\n12 Right-Putamen 236 13 176 0\n\
         1012 ctx-lh-lateralorbitofrontal 35 75 50 0\n2012 ctx-rh-lateralorbitofrontal 35 75 50 0\n",
    );
    let output = regions(&sandbox, &volume, Some(&labels));
    assert_eq!(said(&output.stdout), "regions.tsv: 2 regions\n");
    assert_eq!(
        said(&output.stderr),
        "warning: 1 label of the label file without a voxel in the volume, left out: 2012 \
         `ctx-rh-lateralorbitofrontal`\nwarning: neither the name nor the label file gives the network of 1 region: it is \
         `unassigned`\n"
    );
    assert_eq!(
        fs::read_to_string(sandbox.path("regions.tsv")).unwrap(),
        "index\tname\themisphere\tnetwork\tx\ty\tz\tvoxels\tcolor\themisphere_source\tnetwork_source\n\
         12\tRight-Putamen\tR\tSubcortical\t2.0\t10.0\t-4.0\t1\t#ec0db0\tname\tname\n\
         1012\tctx-lh-lateralorbitofrontal\tL\tunassigned\t-2.0\t10.0\t-4.0\t1\t#234b32\tname\tn/a\n"
    );
    let sidecar: serde_json::Value =
        serde_json::from_slice(&fs::read(sandbox.path("regions.json")).unwrap()).unwrap();
    assert_eq!(sidecar["x"]["Units"], "mm");
    assert_eq!(sidecar["RegionOrder"]["Fingerprint"].as_str().unwrap().len(), 32);

    let none = regions(&sandbox, &volume, None);
    assert_eq!(none.status.code(), Some(2));
    assert!(said(&none.stderr).contains("contains no region names; give its label file with --labels"));
    let gone = regions(&sandbox, &volume, Some(Path::new("gone.txt")));
    assert!(
        said(&gone.stderr).starts_with("error: --labels: label file `gone.txt`: "),
        "{}",
        said(&gone.stderr)
    );
}

#[test]
fn the_450_regions_have_the_centroids_and_sizes_that_their_table_says() {
    let Some(folder) = atlas450() else { return };
    let sandbox = Sandbox::new();
    let name = "Schaefer2018_400Parcels_7Networks_order_Tian_Subcortex_S3";
    let labels = folder.join(format!("{name}_label.txt"));
    let volume = folder.join(format!("{name}_MNI152NLin6Asym_2mm.nii.gz"));
    let output = regions(&sandbox, &volume, Some(&labels));
    assert_eq!(
        (said(&output.stdout), said(&output.stderr)),
        ("regions.tsv: 450 regions, Tian S3 + Schaefer-400, 7-network order\n".to_owned(), String::new())
    );
    let made = TextTable::read(&sandbox.path("regions.tsv")).unwrap();
    let shipped = TextTable::read(&folder.join("tianS3_schaefer400_7net_order_450_labels.tsv")).unwrap();
    for (row, expected) in made.rows().zip(shipped.rows()) {
        let ours =
            ["index", "name", "hemisphere", "network", "x", "y", "z", "voxels", "color"].map(|c| row.get(c));
        let columns =
            ["index", "name_7net", "hemisphere", "network7", "mni_x", "mni_y", "mni_z", "n_vox_2mm", "rgb"];
        let theirs = columns.map(|column| expected.get(column));
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            let number = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok());
            // The coordinates have one decimal, and halves may be rounded either way.
            let is_near = number(ours).zip(number(theirs)).is_some_and(|(a, b)| (a - b).abs() < 0.1001);
            assert!(is_near || ours == theirs, "line {}: {ours:?} and {theirs:?}", row.line);
        }
    }
    assert_eq!(made.rows().len(), 450);
}

#[test]
fn a_swap_of_the_450_regions_is_named() {
    let Some(folder) = atlas450() else { return };
    let sandbox = Sandbox::new();
    let seven = folder.join("Schaefer2018_400Parcels_7Networks_order_Tian_Subcortex_S3.dlabel.nii");
    let labels = folder.join("Schaefer2018_400Parcels_17Networks_order_Tian_Subcortex_S3_label.txt");
    let error = said(&regions(&sandbox, &seven, Some(&labels)).stderr);
    assert!(
        error.contains("swapped orders: the names are in the 17-network order of Schaefer's parcels, but `"),
        "{error}"
    );
    // Only the coordinates reveal the swap, because the volume's name says nothing.
    let plain = sandbox.path("plain.nii.gz");
    let volume = "Schaefer2018_400Parcels_7Networks_order_Tian_Subcortex_S3_MNI152NLin6Asym_2mm.nii.gz";
    fs::copy(folder.join(volume), &plain).unwrap();
    let table = folder.join("tianS3_schaefer400_17net_order_450_labels.tsv");
    let error = said(&regions(&sandbox, &plain, Some(&table)).stderr);
    assert!(
        error.contains("first 51 `17Networks_LH_VisCent_ExStr_1` by 21 mm: the label file has another order"),
        "{error}"
    );
    // A dlabel file contains its own names.
    let own = regions(&sandbox, &seven, None);
    assert_eq!(said(&own.stdout), "regions.tsv: 450 regions, Tian S3 + Schaefer-400, 7-network order\n");
}
