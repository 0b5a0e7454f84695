//! `boldface regions`: makes the region table of an atlas from its volume and its label file.

use std::path::PathBuf;

use boldface_imaging::export::replace;
use boldface_imaging::labels::{Atlas, Catalog, atlas, read_label_file, recognize};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface regions`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  boldface regions --volume atlas.nii.gz --labels atlas_labels.txt --out atlas_dseg.tsv

The table has one row per label of the volume. Its columns are index (the number in the volume), name, hemisphere
(L, R, or B for both), network, x, y and z (the mean of the region's voxel centres in mm, by the volume's affine;
it may be outside of a curved region), voxels, color, and the sources of hemisphere and network: the label file
(table), the name, or the side with nine in ten of the voxels (voxels). A .json beside it describes the columns.
`[datasets.*] parcellation` and `boldface parcellate --regions` read this table.")]
pub struct RegionsArguments {
    /// Atlas: a NIfTI image of labels on any grid, or a CIFTI .dlabel.nii.
    #[arg(long, value_name = "FILE")]
    volume: PathBuf,
    /// Label file: text of FSL, Workbench, FreeSurfer or ITK-SNAP, lines of `index name`, one name per
    /// line, .tsv, .csv, or the .xml of FSL and AAL. Default: the label table of the CIFTI file.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Table to write, ending in .tsv.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Writes the table and its sidecar.
pub fn execute(arguments: &RegionsArguments) -> Result<(), Failure> {
    if arguments.out.extension().is_none_or(|extension| extension != "tsv") {
        let out = arguments.out.display();
        return Err(Failure::Usage(format!("--out `{out}` must end in .tsv")));
    }
    let catalog = catalog(arguments)?;
    for warning in &catalog.warnings {
        say::aside(format_args!("warning: {warning}"));
    }
    let out = &arguments.out;
    let written = replace(out, catalog.to_tsv().as_bytes())
        .and_then(|()| replace(&out.with_extension("json"), sidecar(arguments, &catalog).as_bytes()));
    written.map_err(|error| Failure::Run(format!("--out `{}`: {error}", out.display())))?;
    let order = recognize(&catalog.names()).words().map(|order| format!(", {order}")).unwrap_or_default();
    say::out(format_args!("{}: {} regions{order}\n", out.display(), catalog.rows.len()));
    Ok(())
}

fn catalog(arguments: &RegionsArguments) -> Result<Catalog, Failure> {
    let flag = |flag: &'static str| move |error: boldface::Error| Failure::Run(format!("{flag}: {error}"));
    let volume = &arguments.volume;
    let Atlas { places, entries: own } = atlas(volume).map_err(flag("--volume"))?;
    let entries = match (&arguments.labels, own) {
        (Some(labels), _) => read_label_file(labels).map_err(flag("--labels"))?,
        (None, Some(own)) => own,
        (None, None) => {
            return Err(Failure::Usage(format!(
                "`{}` contains no region names; give its label file with --labels",
                volume.display()
            )));
        }
    };
    Catalog::new(entries, &places, volume).map_err(flag("--labels"))
}

/// Describes the columns and sources of the table, in the terms of BIDS.
fn sidecar(arguments: &RegionsArguments, catalog: &Catalog) -> String {
    let described = |words: &str| json!({ "Description": words });
    let millimetres = |axis: &str| {
        let words = format!("{axis} of the region's centroid: the mean of its voxels' centres");
        json!({ "Description": words, "Units": "mm" })
    };
    let sources = [Some(&arguments.volume), arguments.labels.as_ref()];
    let sources: Vec<String> = sources.into_iter().flatten().map(|path| path.display().to_string()).collect();
    let names = catalog.names();
    let side: Value = json!({
        "index": described("number of the region in the atlas's volume"),
        "hemisphere": {
            "Description": "side of the brain",
            "Levels": { "L": "left", "R": "right", "B": "both, or the midline" },
        },
        "x": millimetres("left to right"),
        "y": millimetres("back to front"),
        "z": millimetres("bottom to top"),
        "voxels": described("voxels of the region in the atlas's own volume"),
        "hemisphere_source": described("table: the label file says it; name: the name; voxels: where they lie"),
        "network_source": described("table: the label file says it; name: the name; n/a: nothing"),
        "Sources": sources,
        "RegionOrder": {
            "Name": recognize(&names).words(),
            "Fingerprint": catalog.fingerprint(),
        },
        "Warnings": catalog.warnings,
        "GeneratedBy": [{ "Name": "boldface", "Version": env!("CARGO_PKG_VERSION") }],
    });
    format!("{side:#}\n")
}
