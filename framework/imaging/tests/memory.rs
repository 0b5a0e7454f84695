//! Checks that memory does not grow with the number of volumes. It is the only test here, as it measures
//! its process.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use boldface_imaging::bold::Bold;
use boldface_imaging::nifti::Datatype;
use boldface_imaging::testing::{Image, gzip};

/// Peak resident memory of this process in KiB; `None` if the system does not report it.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Writes 64 x 64 x 36 voxels of int16, with value t throughout volume t, and one gzip member per
/// volume.
fn write(path: &Path, trs: i16) {
    let image = Image { datatype: Datatype::I16, ..Image::new(&[64, 64, 36, 1], Vec::new()) };
    let image = Image { dims: vec![64, 64, 36, i64::from(trs)], ..image };
    let mut file = BufWriter::new(File::create(path).unwrap());
    file.write_all(&gzip(&image.bytes())).unwrap();
    for t in 0..trs {
        file.write_all(&gzip(&t.to_le_bytes().repeat(64 * 64 * 36))).unwrap();
    }
    file.flush().unwrap();
}

/// Returns peak memory after reading a whole file.
fn read(path: &Path, trs: i16) -> Option<u64> {
    let mut bold = Bold::open(path).unwrap();
    let mut volume = Vec::new();
    for t in 0..trs {
        assert!(bold.read(&mut volume).unwrap());
        assert!(volume.iter().all(|&value| value == f32::from(t)), "volume {t}");
    }
    assert!(!bold.read(&mut volume).unwrap());
    peak()
}

#[test]
fn four_hundred_volumes_take_the_memory_of_four() {
    let dir = tempfile::tempdir().unwrap();
    let (short, long) = (dir.path().join("short"), dir.path().join("long"));
    write(&short, 4);
    write(&long, 400);
    // 400 volumes are 118 MB as int16.
    if let (Some(short), Some(long)) = (read(&short, 4), read(&long, 400)) {
        assert!(long < short + 2048, "{} KiB more", long - short);
    }
}
