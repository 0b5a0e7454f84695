//! Defects of an image are named together with the file, and its voxels are not read.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::{Affine, Datatype, Grid, files_of, read_labels, read_maps, read_volume};
use crate::bold::Bold;
use crate::testing::{Image, gzip};

/// An image of 2 x 3 x 2 int16 voxels in 3 volumes, with increasing values.
fn image() -> Image {
    Image { datatype: Datatype::I16, ..Image::new(&[2, 3, 2, 3], (0..36).map(f64::from).collect()) }
}

fn write(bytes: &[u8]) -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.nii");
    fs::write(&path, bytes).unwrap();
    (dir, path)
}

/// Reads all volumes.
fn read(path: &Path) -> boldface::Result<usize> {
    let mut bold = Bold::open(path)?;
    let (mut volume, mut trs) = (Vec::new(), 0);
    while bold.read(&mut volume)? {
        trs += 1;
    }
    Ok(trs)
}

/// The error message, without the folder.
fn said<T>(path: &Path, result: boldface::Result<T>) -> String {
    let message = result.err().expect("it fails").to_string();
    message.replace(&format!("{}/", path.parent().unwrap().display()), "")
}

fn check(bytes: &[u8], message: Expect) {
    let (_dir, path) = write(bytes);
    message.assert_eq(&said(&path, read(&path)));
}

#[test]
fn what_is_cut_short_is_named() {
    let bytes = image().bytes();
    check(&[], expect!["`image.nii`: 0 bytes are too few for a NIfTI header, which has at least 348"]);
    check(
        &bytes[..200],
        expect!["`image.nii`: 200 bytes are too few for a NIfTI header, which has at least 348"],
    );
    check(
        &bytes[..351],
        expect![
            "`image.nii`: an image of 2 x 3 x 2 x 3 takes 72 bytes from byte 352 on, but the file has 351 bytes; the file is damaged or its copy was cut short"
        ],
    );
    check(
        &bytes[..bytes.len() - 1],
        expect![
            "`image.nii`: an image of 2 x 3 x 2 x 3 takes 72 bytes from byte 352 on, but the file has 423 bytes; the file is damaged or its copy was cut short"
        ],
    );
    let packed = gzip(&bytes);
    check(
        &packed[..12],
        expect![
            "`image.nii`: the header cannot be read (the file ends early); the file is damaged or its copy was cut short"
        ],
    );
    // 20 bytes from the end, voxels are missing; 4 bytes from the end, only a part of the gzip trailer is.
    check(
        &packed[..packed.len() - 20],
        expect![
            "`image.nii`: volume 3 of 3 cannot be read (the file ends early); the file is damaged or its copy was cut short"
        ],
    );
    check(
        &packed[..packed.len() - 4],
        expect![
            "`image.nii`: the end of the file cannot be read (the file ends early); the file is damaged or its copy was cut short"
        ],
    );
    let mut wrong = packed.clone();
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    check(
        &wrong,
        expect![
            "`image.nii`: the end of the file cannot be read (corrupt gzip stream does not have a matching checksum); the file is damaged or its copy was cut short"
        ],
    );
    check(
        &gzip(&bytes[..bytes.len() - 30]),
        expect![
            "`image.nii`: volume 2 of 3 cannot be read (the file ends early); the file is damaged or its copy was cut short"
        ],
    );
}

#[test]
fn a_header_that_lies_is_refused_before_anything_is_allocated() {
    let lies = |image: Image| image.bytes();
    check(
        &lies(Image { dims: vec![30_000, 30_000, 30_000, 30_000], ..image() }),
        expect![
            "`image.nii`: an image of 30000 x 30000 x 30000 x 30000 takes 1620000000000000000 bytes from byte 352 on, but the file has 424 bytes; the file is damaged or its copy was cut short"
        ],
    );
    check(
        &gzip(&lies(Image { dims: vec![30_000, 30_000, 30_000], ..image() })),
        expect![
            "`image.nii`: an image of 30000 x 30000 x 30000 takes 54000000000000 bytes from byte 352 on, but 148 compressed bytes cannot hold that; the file is damaged or its copy was cut short"
        ],
    );
    let huge = vec![1 << 40, 1 << 40, 1 << 40];
    check(
        &lies(Image { dims: huge, version: 2, ..image() }),
        expect![
            "`image.nii`: an image of 1099511627776 x 1099511627776 x 1099511627776; that is too large for this machine"
        ],
    );
    check(
        &lies(Image { dims: vec![2, 3, 2, 2], ..image() }),
        expect![
            "`image.nii`: the header says 2 x 3 x 2 x 2, but 24 bytes follow the last volume (one volume is 24); correct the header or save the image again"
        ],
    );
    check(
        &gzip(&lies(Image { dims: vec![2, 3, 2, 1], ..image() })),
        expect![
            "`image.nii`: the header says 2 x 3 x 2 x 1, but 48 bytes follow the last volume (one volume is 24); correct the header or save the image again"
        ],
    );
    check(
        &lies(Image { dims: vec![2, 0, 2, 3], ..image() }),
        expect!["`image.nii`: an image of 2 x 0 x 2 x 3 voxels; every dimension has at least 1"],
    );
    check(
        &lies(Image { dims: vec![2, 3, 2, 3, 2], ..image() }),
        expect!["`image.nii`: an image of 2 x 3 x 2 x 3 x 2; only space and time (4 dimensions) can be read"],
    );
    check(
        &lies(Image { offset: Some(100.0), ..image() }),
        expect![
            "`image.nii`: the voxels start at byte 100, within the header of 352 bytes; the header is damaged"
        ],
    );
    check(
        &lies(Image { offset: Some(f64::NAN), ..image() }),
        expect!["`image.nii`: the voxels start at byte NaN; the header is damaged"],
    );
    check(
        &lies(Image { offset: Some(1e12), version: 2, ..image() }),
        expect![
            "`image.nii`: an image of 2 x 3 x 2 x 3 takes 72 bytes from byte 1000000000000 on, but the file has 616 bytes; the file is damaged or its copy was cut short"
        ],
    );
    check(
        &gzip(&lies(Image { offset: Some(9000.0), ..image() })),
        expect![
            "`image.nii`: the file ends before byte 9000, where its voxels start; it is damaged or its copy was cut short"
        ],
    );
    check(
        &lies(Image { code: Some(32), ..image() }),
        expect![
            "`image.nii`: its voxels are complex numbers; save the magnitude or the real part as float32 (datatype 32)"
        ],
    );
    check(
        &lies(Image { code: Some(77), ..image() }),
        expect!["`image.nii`: unknown datatype 77; the header is damaged"],
    );
    check(
        &lies(Image { slope: 2.0, intercept: f64::INFINITY, ..image() }),
        expect!["`image.nii`: its slope is 2, but its intercept is inf; the header is damaged"],
    );
    check(
        b"\x1f\x8bnot gzip at all",
        expect![
            "`image.nii`: the header cannot be read (invalid gzip header); the file is damaged or its copy was cut short"
        ],
    );
    check(
        &[b'x'; 400],
        expect![
            "`image.nii`: not a NIfTI file: its header has none of the marks `n+1`, `ni1`, `n+2` and `ni2`"
        ],
    );
}

#[test]
fn labels_are_rounded_by_as_much_as_their_storage_rounds() {
    let labels = |image: Image| {
        let (_dir, path) = write(&Image { dims: vec![2, 1, 1], ..image }.bytes());
        read_labels(&path).map(|labels| labels.values).map_err(|error| error.to_string())
    };
    // One unit in the last place above 3, and the background of nilearn.
    assert_eq!(labels(Image::new(&[2], vec![3.000_000_238_418_579, f64::NAN])).unwrap(), [3, 0]);
    assert!(labels(Image::new(&[2], vec![3.01, 0.0])).is_err());
    let scaled = |slope, stored| labels(Image { datatype: Datatype::I16, slope, ..Image::new(&[2], stored) });
    // 93 steps of 0.0107 are 0.9951; half a step is 0.00535.
    assert_eq!(scaled(0.0107, vec![93.0, 0.0]).unwrap(), [1, 0]);
    // 5 steps of 0.3 are 1.5; half a step is 0.15.
    assert!(scaled(0.3, vec![5.0, 0.0]).unwrap_err().contains("and labels are whole numbers"));
    assert!(scaled(0.7, vec![1.0, 0.0]).is_err());
}

#[test]
fn zeros_after_a_gzip_member_are_padding_and_other_bytes_are_named() {
    let packed = gzip(&image().bytes());
    for padded in [[packed.as_slice(), &[0; 700]].concat(), [packed.as_slice(), &[0; 9], &gzip(b"")].concat()]
    {
        let (_dir, path) = write(&padded);
        assert_eq!(read(&path).unwrap(), 3);
    }
    check(
        &[packed.as_slice(), b"<html>"].concat(),
        expect![
            "`image.nii`: the end of the file cannot be read (other bytes follow the compressed image); copy the file again"
        ],
    );
}

#[test]
fn a_pair_has_two_files() {
    let dir = tempfile::tempdir().unwrap();
    let [header, image, single] = ["a.hdr.gz", "a.img", "a.nii"].map(|name| dir.path().join(name));
    for file in [&header, &image, &single] {
        std::fs::write(file, "").unwrap();
    }
    assert_eq!(files_of(&header), [header.clone(), image.clone()]);
    assert_eq!(files_of(&image), [image.clone(), header.clone()]);
    assert_eq!(files_of(&single), std::slice::from_ref(&single));
    // Without the other file, opening the pair says what is missing.
    assert_eq!(files_of(&dir.path().join("b.hdr")), [dir.path().join("b.hdr")]);
}

#[test]
fn what_was_not_fetched_is_named() {
    check(
        b"/annex/objects/MD5E-s9--0.nii.gz\n",
        expect!["`image.nii`: not the image but a pointer to it; `datalad get` or `git lfs pull` fetches it"],
    );
    check(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        expect!["`image.nii`: not the image but a pointer to it; `datalad get` or `git lfs pull` fetches it"],
    );
    #[cfg(unix)]
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("image.nii");
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        expect![
            "`image.nii`: a link to a file that is not here; in a DataLad dataset, `datalad get` fetches it"
        ]
        .assert_eq(&said(&path, read(&path)));
    }
}

#[test]
fn voxels_without_a_place_are_refused() {
    let flat = Affine([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]);
    check(
        &Image { sform: (1, flat), ..image() }.bytes(),
        expect![
            "`image.nii`: its sform ([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]) has determinant zero or is not finite, so voxels have no position; correct the header"
        ],
    );
    let none = Image { sform: (0, Affine::IDENTITY), ..image() };
    check(
        &Image { zooms: [1.0, 0.0, 1.0], ..none.clone() }.bytes(),
        expect![
            "`image.nii`: its voxel size ([[-1.0, 0.0, 0.0, 0.5], [0.0, 0.0, 0.0, -0.0], [0.0, 0.0, 1.0, -0.5]]) has determinant zero or is not finite, so voxels have no position; correct the header"
        ],
    );
    check(
        &Image { qform: (1, 1.0, [0.9, 0.9, 0.0, 0.0, 0.0, 0.0]), ..none }.bytes(),
        expect![
            "`image.nii`: its qform has a quaternion longer than 1 (0.8999999761581421, 0.8999999761581421, 0); correct the header"
        ],
    );
}

#[test]
fn labels_are_whole_numbers_of_one_volume() {
    let labels = Image {
        dims: vec![2, 3, 2],
        datatype: Datatype::F32,
        ..Image::new(&[2, 3, 2], (0..12).map(f64::from).collect())
    };
    let (_dir, path) = write(&gzip(&labels.bytes()));
    let read = read_labels(&path).unwrap();
    assert_eq!(read.values, (0..12).collect::<Vec<_>>());
    assert_eq!(read.grid, Grid { shape: [2, 3, 2], affine: Affine::IDENTITY });
    // Index 9 is voxel (1, 1, 1): 1 + 2 (1 + 3 * 1) = 9.
    for (value, message) in [
        (
            2.5,
            expect![
                "`image.nii`: voxel (1, 1, 1) is 2.5, and labels are whole numbers; was the image resampled without nearest neighbour, or is it a map?"
            ],
        ),
        (f64::INFINITY, expect!["`image.nii`: voxel (1, 1, 1) is inf, and the largest label is 2147483647"]),
        (3e9, expect!["`image.nii`: voxel (1, 1, 1) is 3000000000, and the largest label is 2147483647"]),
    ] {
        let mut wrong = labels.clone();
        wrong.values[9] = value;
        let (_dir, path) = write(&wrong.bytes());
        message.assert_eq(&said(&path, read_labels(&path)));
    }
    let (_dir, path) = write(&image().bytes());
    expect!["`image.nii`: 3 volumes; a label image has one, probabilistic maps have several"]
        .assert_eq(&said(&path, read_labels(&path)));
    expect!["`image.nii`: 3 volumes; an image of one volume is needed here"]
        .assert_eq(&said(&path, read_volume(&path)));
    let (grid, maps) = read_maps(&path).unwrap();
    assert_eq!((grid.shape, maps.len(), maps[2][0]), ([2, 3, 2], 3, 24.0));
}

#[test]
fn damage_is_named_by_its_volume_and_what_came_before_is_read() {
    let values = (0..64 * 64 * 9 * 3).map(|at| f64::from(at * 7919 % 30_011)).collect();
    let large = Image { datatype: Datatype::I16, ..Image::new(&[64, 64, 9, 3], values) };
    let packed = gzip(&large.bytes());
    let (_dir, path) = write(&packed[..packed.len() / 2]);
    let mut bold = Bold::open(&path).unwrap();
    let mut volume = Vec::new();
    assert!(bold.read(&mut volume).unwrap());
    expect!["`image.nii`: volume 2 of 3 cannot be read (the file ends early); the file is damaged or its copy was cut short"].assert_eq(&said(&path, bold.read(&mut volume)));
    let single = Image { dims: vec![64, 64, 27], ..large };
    let (_dir, path) = write(&gzip(&single.bytes())[..20_000]);
    expect!["`image.nii`: the image cannot be read (the file ends early); the file is damaged or its copy was cut short"].assert_eq(&said(&path, read_volume(&path)));
    expect!["`image.nii`: plane 2 of the label image cannot be read (the file ends early); the file is damaged or its copy was cut short"].assert_eq(&said(&path, read_labels(&path)));
}
