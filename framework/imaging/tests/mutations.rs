//! Thousands of damaged files are either refused or read, without panics and without much memory.
//!
//! The same readers are under `fuzz/` for `cargo fuzz`, which searches longer and deeper. This is the
//! only test here, as it measures the memory of its process.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::cell::Cell;
use std::fs;
use std::path::Path;

use boldface_imaging::bold::Bold;
use boldface_imaging::cifti;
use boldface_imaging::nifti::{ByteOrder, Datatype, ImageHeader, read_labels, read_maps, read_volume};
use boldface_imaging::testing::{Image, gzip};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Files to damage.
fn seeds() -> Vec<Vec<u8>> {
    let values: Vec<f64> = (0..120).map(f64::from).collect();
    let small = Image { datatype: Datatype::I16, ..Image::new(&[3, 4, 5, 2], values.clone()) };
    let labels = Image { dims: vec![4, 5, 6], datatype: Datatype::U8, ..small.clone() };
    let second =
        Image { version: 2, order: ByteOrder::Big, extensions: vec![(6, vec![1; 40])], ..small.clone() };
    let xml = r#"<CIFTI Version="2"><Matrix><MatrixIndicesMap AppliesToMatrixDimension="0"
 IndicesMapToDataType="CIFTI_INDEX_TYPE_SERIES" NumberOfSeriesPoints="24" SeriesExponent="0" SeriesStart="0"
 SeriesStep="2" SeriesUnit="SECOND"/><MatrixIndicesMap AppliesToMatrixDimension="1"
 IndicesMapToDataType="CIFTI_INDEX_TYPE_BRAIN_MODELS"><Volume VolumeDimensions="4,5,6">
<TransformationMatrixVoxelIndicesIJKtoXYZ MeterExponent="-3">2 0 0 0 0 2 0 0 0 0 2 0 0 0 0 1
</TransformationMatrixVoxelIndicesIJKtoXYZ></Volume><BrainModel IndexOffset="0" IndexCount="3"
 ModelType="CIFTI_MODEL_TYPE_SURFACE" BrainStructure="CIFTI_STRUCTURE_CORTEX_LEFT" SurfaceNumberOfVertices="9">
<VertexIndices>0 2 4</VertexIndices></BrainModel><BrainModel IndexOffset="3" IndexCount="2"
 ModelType="CIFTI_MODEL_TYPE_VOXELS" BrainStructure="CIFTI_STRUCTURE_OTHER"><VoxelIndicesIJK>1 2 3 3 4 5
</VoxelIndicesIJK></BrainModel></MatrixIndicesMap></Matrix></CIFTI>"#;
    let series = Image::cifti(3002, xml, [24, 5], values.clone());
    let table = r#"IndicesMapToDataType="CIFTI_INDEX_TYPE_LABELS"><NamedMap><MapName>a</MapName><LabelTable>
<Label Key="1" Red="0" Green="1" Blue="0.5" Alpha="1">one</Label></LabelTable></NamedMap></MatrixIndicesMap>"#;
    let (_, models) = xml.split_once("SeriesUnit=\"SECOND\"/>").unwrap();
    let start = r#"<CIFTI Version="2"><Matrix><MatrixIndicesMap AppliesToMatrixDimension="0" "#;
    let keys = Image::cifti(3007, &format!("{start}{table}{models}"), [1, 5], vec![1.0; 5]);
    let plain = [small, labels, second, series, keys].map(|image| image.bytes());
    plain.iter().cloned().chain(plain.iter().map(|bytes| gzip(bytes))).collect()
}

/// A kind of damage to a file.
#[derive(Clone, Debug)]
enum Damage {
    /// One byte is replaced.
    Byte(prop::sample::Index, u8),
    /// A number in the header is replaced by an extreme value.
    Word(usize, u64, usize),
    /// The end is cut off.
    Cut(prop::sample::Index),
    /// A part is duplicated.
    Twice(prop::sample::Index, prop::sample::Index),
    /// A part is removed.
    Gap(prop::sample::Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let worst = prop::sample::select(vec![
        0,
        1,
        7,
        255,
        0x7fff,
        0x8000,
        0xffff,
        0x7fff_ffff,
        0x7fc0_0000,
        u64::MAX,
        u64::MAX / 2,
        1 << 40,
    ]);
    prop_oneof![
        4 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        4 => (0..544usize, worst, prop::sample::select(vec![2usize, 4, 8])).prop_map(|(at, word, size)| Damage::Word(at, word, size)),
        1 => any::<prop::sample::Index>().prop_map(Damage::Cut),
        1 => any::<[prop::sample::Index; 2]>().prop_map(|[from, to]| Damage::Twice(from, to)),
        1 => (any::<prop::sample::Index>(), 1..40u8).prop_map(|(at, length)| Damage::Gap(at, length)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    match damage {
        Damage::Byte(at, byte) => *at.get_mut(bytes.as_mut_slice()) = *byte,
        Damage::Word(at, word, size) => {
            let word = &word.to_le_bytes()[..*size];
            bytes.iter_mut().skip(*at).zip(word).for_each(|(to, &byte)| *to = byte);
        }
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Twice(from, to) => {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let part = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.splice(to..to, part);
        }
        Damage::Gap(at, length) => {
            let at = at.index(bytes.len());
            bytes.drain(at..bytes.len().min(at + usize::from(*length)));
        }
    }
}

/// Whether any reader accepts the file. Each of them must return.
fn read_all(path: &Path) -> bool {
    let header = ImageHeader::read(path).is_ok();
    let whole = [read_volume(path).is_ok(), read_labels(path).is_ok(), read_maps(path).is_ok()];
    let maps = [cifti::read_labels(path).is_ok(), cifti::read_scalars(path).is_ok()];
    let recording = || -> boldface::Result<()> {
        let mut bold = Bold::open(path)?;
        let (expected, mut volume) = (bold.space().len(), Vec::new());
        while bold.read(&mut volume)? {
            assert_eq!(volume.len(), expected);
        }
        Ok(())
    };
    header | whole.contains(&true) | maps.contains(&true) | recording().is_ok()
}

/// Peak virtual memory of this process in KiB, including reserved memory; `None` if the system does not
/// report it.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmPeak:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn damaged_files_are_refused_without_panic_and_without_much_memory() {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = dir.path().join("damaged.nii");
    let seeds = seeds();
    for seed in &seeds {
        fs::write(&path, seed).unwrap();
        assert!(read_all(&path), "what is damaged is read before it is damaged");
    }
    let before = peak();
    // Deterministic damage; `PROPTEST_CASES=1000000` runs longer.
    let cases = Config::default().cases.max(6000);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (0..2 * seeds.len(), prop::collection::vec(damage(), 1..5));
    let (good, bad) = (Cell::new(0), Cell::new(0));
    let result = runner.run(&strategy, |(seed, damages)| {
        // Half of the compressed files are damaged before compression; otherwise the checksum shields
        // the reader.
        let is_packed_later = seed >= seeds.len();
        let mut bytes = seeds[seed % seeds.len() % if is_packed_later { 5 } else { seeds.len() }].clone();
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        fs::write(&path, if is_packed_later { gzip(&bytes) } else { bytes }).unwrap();
        let count = if read_all(&path) { &good } else { &bad };
        count.set(count.get() + 1);
        Ok(())
    });
    result.unwrap();
    let (good, bad) = (good.get(), bad.get());
    assert!(good > 300 && bad > 1000, "{good} were read, {bad} were refused: the damage is one-sided");
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after < before + 64 * 1024, "{} MiB were asked for", (after - before) / 1024);
    }
}
