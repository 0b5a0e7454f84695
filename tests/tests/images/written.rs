//! Writes every form of NIfTI by code and compares with recorded numbers and with nibabel itself.

use std::collections::BTreeMap;
use std::fs;

use boldface_imaging::bold::Bold;
use boldface_imaging::nifti::{Affine, ByteOrder, Datatype};
use boldface_imaging::testing::{Image, gzip};
use boldface_tests::{Sandbox, repository, told};
use serde_json::Value;

use super::{assert_equal, assert_same, read};

const GOLDEN: &str = "tests/golden/images.json";

const TYPES: [Datatype; 10] = [
    Datatype::U8,
    Datatype::I8,
    Datatype::I16,
    Datatype::U16,
    Datatype::I32,
    Datatype::U32,
    Datatype::I64,
    Datatype::U64,
    Datatype::F32,
    Datatype::F64,
];

/// An image of 3 x 4 x 5 voxels and 6 volumes with whole numbers from 0 to 100.
fn image() -> Image {
    Image::new(&[3, 4, 5, 6], (0..360).map(|at| f64::from(at * 37 % 101)).collect())
}

/// An affine with oblique axes and 2.5 mm voxels.
fn oblique() -> Affine {
    Affine([[-2.4, 0.3, 0.1, 90.5], [0.2, 2.3, -0.9, -126.25], [0.3, 0.8, 2.2, -72.0]])
}

/// All test images by the name of their first file.
fn images() -> BTreeMap<String, Image> {
    let mut images = BTreeMap::new();
    for (version, order, datatype) in both_versions_and_orders() {
        // Includes negative numbers unless the type is unsigned.
        let shift = if matches!(datatype, Datatype::U8 | Datatype::U16 | Datatype::U32 | Datatype::U64) {
            0.0
        } else {
            50.0
        };
        let values = image().values.iter().map(|value| value - shift).collect();
        let name = format!("v{version}-{order:?}-{datatype}.nii").to_lowercase();
        images.insert(name, Image { version, order, datatype, values, ..image() });
    }
    for version in [1, 2] {
        let mut add = |name: &str, image: Image| {
            images.insert(format!("v{version}-{name}"), Image { version, ..image })
        };
        let scaled = Image { datatype: Datatype::I16, slope: 0.37, intercept: -12.5, ..image() };
        add("scaled.nii.gz", scaled.clone());
        add("scaled-f32.nii.gz", Image { datatype: Datatype::F32, ..scaled.clone() });
        add("scaled-f64-big.nii", Image { datatype: Datatype::F64, order: ByteOrder::Big, ..scaled.clone() });
        add("no-slope.nii", Image { slope: 0.0, intercept: 7.0, ..scaled.clone() });
        add("nan-slope.nii", Image { slope: f64::NAN, intercept: 7.0, ..scaled.clone() });
        add("infinite-slope.nii", Image { slope: f64::INFINITY, intercept: f64::NAN, ..scaled });
        add("far.nii", Image { padding: 100_000, ..image() });
        add(
            "extended.nii.gz",
            Image { extensions: vec![(6, b"a comment".to_vec()), (4, vec![7; 99])], ..image() },
        );
        add("sform.nii", Image { sform: (2, oblique()), qform: (1, 1.0, [0.0; 6]), ..image() });
        let quaternion = [0.1, -0.3, 0.8, 12.0, -30.5, 7.25];
        let qform = Image { sform: (0, Affine::IDENTITY), zooms: [2.0, 2.5, 3.5], ..image() };
        add("qform.nii", Image { qform: (1, 1.0, quaternion), ..qform.clone() });
        add("qform-mirrored.nii", Image { qform: (3, -1.0, quaternion), ..qform.clone() });
        add("qform-without-sign.nii", Image { qform: (1, 0.0, quaternion), ..qform.clone() });
        add("half-turn.nii", Image { qform: (1, 1.0, [0.0, 1.0, 0.0, 90.0, 0.0, 0.0]), ..qform.clone() });
        add("no-form.nii", qform.clone());
        add("no-form-plane.nii", Image { dims: vec![12, 30], ..qform });
        add("milliseconds.nii", Image { tr: 720.0, units: 2 + 16, ..image() });
        add("microseconds.nii", Image { tr: 735_000.0, units: 2 + 24, ..image() });
        add("no-unit.nii", Image { tr: 1.35, units: 0, ..image() });
        add("wrong-unit.nii", Image { tr: 2000.0, units: 2 + 8, ..image() });
        add("hertz.nii", Image { units: 2 + 32, ..image() });
        add("one.nii", Image { tr: 1.0, units: 0, ..image() });
        let mut holes = image();
        (holes.values[3], holes.values[77], holes.values[300]) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY);
        add("holes.nii.gz", holes);
        add("volume.nii.gz", Image { dims: vec![3, 8, 15], ..image() });
        add("trailing-ones.nii", Image { dims: vec![3, 4, 5, 6, 1, 1], ..image() });
        add("pair.hdr", Image { datatype: Datatype::I32, order: ByteOrder::Big, ..image() });
        add("pair-far.hdr", Image { padding: 64, extensions: vec![(6, vec![1; 20])], ..image() });
        add("pair-packed.hdr.gz", image());
    }
    images
}

fn both_versions_and_orders() -> impl Iterator<Item = (u8, ByteOrder, Datatype)> {
    let forms = [(1, ByteOrder::Little), (1, ByteOrder::Big), (2, ByteOrder::Little), (2, ByteOrder::Big)];
    forms.into_iter().flat_map(|(version, order)| TYPES.map(|datatype| (version, order, datatype)))
}

fn write(sandbox: &Sandbox, name: &str, image: &Image) {
    let packed = |bytes: Vec<u8>| if name.ends_with(".gz") { gzip(&bytes) } else { bytes };
    if !name.contains(".hdr") {
        return fs::write(sandbox.path(name), packed(image.bytes())).unwrap();
    }
    let (header, voxels) = image.pair();
    fs::write(sandbox.path(name), packed(header)).unwrap();
    fs::write(sandbox.path(&name.replace(".hdr", ".img")), packed(voxels)).unwrap();
}

#[test]
fn every_form_has_the_numbers_of_nibabel() {
    let sandbox = Sandbox::new();
    let images = images();
    images.iter().for_each(|(name, image)| write(&sandbox, name, image));
    let golden = repository(GOLDEN);
    let mut arguments = vec![sandbox.path("").display().to_string()];
    arguments.extend(images.keys().map(|name| sandbox.path(name).display().to_string()));
    let live = told("read_images.py", &arguments);
    if std::env::var_os("UPDATE").is_some() {
        let live = live.as_ref().expect("nibabel makes the golden numbers");
        let lines: Vec<String> =
            images.keys().zip(live).map(|(name, told)| format!("  \"{name}\": {told}")).collect();
        fs::write(&golden, format!("{{\n{}\n}}\n", lines.join(",\n"))).unwrap();
    }
    let golden: BTreeMap<String, Value> = serde_json::from_str(&fs::read_to_string(golden).unwrap()).unwrap();
    assert_eq!(
        golden.keys().collect::<Vec<_>>(),
        images.keys().collect::<Vec<_>>(),
        "UPDATE=1 makes {GOLDEN}"
    );
    for (number, name) in images.keys().enumerate() {
        let ours = read(&sandbox.path(name)).unwrap();
        assert_same(name, &ours, &golden[name]);
        if let Some(live) = &live {
            assert_same(name, &ours, &live[number]);
            assert_equal(name, &ours.values, &sandbox.path(&format!("{number}.f32")));
        }
    }
}

#[test]
fn the_content_decides_and_not_the_name() {
    let sandbox = Sandbox::new();
    let bytes = image().bytes();
    let expected = image().values.iter().map(|&value| value as f32).collect::<Vec<_>>();
    // Two gzip members, cut anywhere, as `cat a.gz b.gz` and parallel compressors produce them.
    let members = |at: usize| [gzip(&bytes[..at]), gzip(&bytes[at..])].concat();
    let many: Vec<u8> = bytes.chunks(50).flat_map(gzip).collect();
    let files = [
        ("plain.nii.gz", bytes.clone()),
        ("packed.nii", gzip(&bytes)),
        // nibabel mistakes the padding for a third extension and fails.
        ("padded.nii", Image { extensions: vec![(6, vec![1; 999])], padding: 4096, ..image() }.bytes()),
        ("noname", bytes.clone()),
        ("in-header.nii.gz", members(100)),
        ("in-voxels.nii.gz", members(500)),
        ("with-empty.nii.gz", [gzip(&[]), members(352), gzip(&[])].concat()),
        ("many.nii.gz", many),
    ];
    for (name, bytes) in files {
        fs::write(sandbox.path(name), bytes).unwrap();
        assert_eq!(read(&sandbox.path(name)).unwrap().values, expected, "{name}");
    }
    // Each file of a pair may be compressed, and either one may be given.
    let (header, voxels) = image().pair();
    fs::write(sandbox.path("pair.hdr.gz"), gzip(&header)).unwrap();
    fs::write(sandbox.path("pair.img"), &voxels).unwrap();
    for name in ["pair.hdr.gz", "pair.img"] {
        assert_eq!(read(&sandbox.path(name)).unwrap().values, expected, "{name}");
        assert_eq!(Bold::open(&sandbox.path(name)).unwrap().path(), sandbox.path(name));
    }
}
