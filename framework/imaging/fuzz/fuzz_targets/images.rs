//! Feeds arbitrary bytes to every image reader: none may panic, hang or allocate much memory.
//!
//! Run `cargo install cargo-fuzz`, then in `framework/imaging`, with the stable compiler:
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run images -s none fuzz/corpus ../../../shared/data/nifti -- -rss_limit_mb=512`
//! `-s none` disables the sanitizers, as the readers are safe Rust. The two folders hold the starting
//! files.
#![no_main]

use std::path::PathBuf;

use boldface_imaging::bold::Bold;
use boldface_imaging::cifti;
use boldface_imaging::nifti::{Header, read_labels, read_maps, read_volume};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Readers take paths; files in shared memory are fast.
    let folder = if cfg!(target_os = "linux") { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
    let path = folder.join(format!("boldface-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("a temporary file can be written");
    let _ = Header::read(&path);
    let _ = read_volume(&path);
    let _ = read_labels(&path);
    let _ = read_maps(&path);
    let _ = cifti::read_labels(&path);
    let _ = cifti::read_scalars(&path);
    if let Ok(mut bold) = Bold::open(&path) {
        let mut volume = Vec::new();
        while bold.read(&mut volume).is_ok_and(|there_is_more| there_is_more) {
            assert_eq!(volume.len(), bold.space().len());
        }
    }
});
