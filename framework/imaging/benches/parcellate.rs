//! Times the steps of reading a scan: inflation, volumes, region signals.
//! `cargo bench -p boldface-imaging`.
//!
//! The scan is 64 x 64 x 36 x 50 int16, compressed, with 450 regions. `tests/python/bench_nilearn.py`
//! times the whole command against nilearn.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, copy, sink};
use std::path::Path;

use boldface_imaging::bold::Bold;
use boldface_imaging::nifti::Datatype;
use boldface_imaging::parcellation::{
    ParcellateOptions, Parcellation, ParcellationFiles, ParcellationKind, parcellate,
};
use boldface_imaging::testing::{Image, gzip};
use criterion::Criterion;
use flate2::read::GzDecoder;

const SHAPE: [usize; 3] = [64, 64, 36];
const TRS: usize = 50;

/// Writes a head of noise on a background of 0, and an atlas of 450 blocks inside it.
fn write(scan: &Path, atlas: &Path) {
    let [nx, ny, nz] = SHAPE;
    let places = (0..nz).flat_map(|z| (0..ny).flat_map(move |y| (0..nx).map(move |x| (x, y, z))));
    let share = |at: usize, length: usize| 2.0 * at as f64 / length as f64 - 1.0;
    let inside: Vec<bool> =
        places.clone().map(|(x, y, z)| share(x, nx).hypot(share(y, ny)).hypot(share(z, nz)) < 0.9).collect();
    let label = |(x, y, z): (usize, usize, usize)| 1 + (x / 6 + 11 * (y / 6 + 11 * (z / 4))) % 450;
    let labels = places.zip(&inside).map(|(place, inside)| if *inside { label(place) as f64 } else { 0.0 });
    let image = Image { datatype: Datatype::I16, ..Image::new(&SHAPE, labels.collect()) };
    std::fs::write(atlas, image.bytes()).expect("a temporary folder can be written to");
    // A Lehmer generator, so that the file does not compress to nothing.
    let mut state = 1_u64;
    let mut noise = || {
        state = state * 48_271 % 2_147_483_647;
        (state % 256) as f64
    };
    let values =
        (0..TRS).flat_map(|_| inside.iter()).map(|inside| if *inside { 8000.0 + noise() } else { 0.0 });
    let values = values.collect();
    let image = Image { datatype: Datatype::I16, ..Image::new(&[nx, ny, nz, TRS], values) };
    std::fs::write(scan, gzip(&image.bytes())).expect("a temporary folder can be written to");
}

fn costs(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let (scan, atlas) = (folder.path().join("bold.nii.gz"), folder.path().join("atlas.nii"));
    write(&scan, &atlas);
    let files = ParcellationFiles {
        volume: atlas,
        regions: None,
        networks: "network".to_owned(),
        kind: ParcellationKind::Labels,
    };
    let parcellation = Parcellation::read(&files).expect("the atlas was written above");
    let open = || Bold::open(&scan).expect("the scan was written above");
    let weights = parcellation.on(open().space(), None).expect("both have one grid");
    let mut group = criterion.benchmark_group("50 volumes");
    group.sample_size(10);
    group.bench_function("inflate", |bench| {
        bench.iter(|| {
            let mut bytes = Vec::new();
            File::open(&scan)
                .and_then(|mut file| file.read_to_end(&mut bytes))
                .expect("it was written above");
            copy(&mut GzDecoder::new(bytes.as_slice()), &mut sink()).expect("it is a gzip file")
        });
    });
    group.bench_function("read", |bench| {
        bench.iter(|| {
            let (mut bold, mut volume) = (open(), Vec::new());
            while bold.read(&mut volume).expect("the scan is whole") {
                black_box(&volume);
            }
        });
    });
    for (name, smoothing) in [("parcellate", None), ("smooth 6 mm and parcellate", Some(6.0))] {
        let options = ParcellateOptions { smoothing, ..ParcellateOptions::default() };
        group.bench_function(name, |bench| {
            bench.iter(|| parcellate(open(), &weights, &options).expect("the scan is whole"));
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    costs(&mut criterion);
    criterion.final_summary();
}
