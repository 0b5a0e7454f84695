//! Measures how long it takes to index a study of 1,000 subjects with 4 runs each. All files are empty.
//!
//! `cargo bench -p boldface-tests --bench index`

use std::fs;
use std::path::Path;
use std::time::Instant;

use boldface::{Dataset, PluginKind};
use boldface_plugins as _;
use serde_json::json;

/// Number of subjects, and of runs per subject.
const SIZE: (usize, usize) = (1000, 4);

/// Files per run from fMRIPrep, both relevant and irrelevant ones.
const FILES: [&str; 6] = [
    "space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz",
    "space-MNI152NLin2009cAsym_desc-preproc_bold.json",
    "space-MNI152NLin2009cAsym_desc-brain_mask.nii.gz",
    "space-MNI152NLin2009cAsym_boldref.nii.gz",
    "desc-confounds_timeseries.tsv",
    "desc-confounds_timeseries.json",
];

fn study(root: &Path, is_flat: bool) {
    for subject in 0..SIZE.0 {
        let folder = root.join(if is_flat { String::new() } else { format!("sub-{subject:04}/func") });
        fs::create_dir_all(&folder).expect("a folder can be made");
        for (run, file) in (1..=SIZE.1).flat_map(|run| FILES.map(|file| (run, file))) {
            let name = format!("sub-{subject:04}_task-rest_run-{run}_{file}");
            fs::write(folder.join(name), "").expect("a file can be written");
        }
    }
    for table in ["atlas.nii.gz", "participants.tsv"] {
        fs::write(root.join(table), "").expect("a file can be written");
    }
}

fn main() {
    let table = json!({ "parcellation": { "volume": "atlas.nii.gz" } });
    let dataset = <dyn Dataset>::find("bids").expect("it ships").parse;
    let dataset = dataset(&table).expect("its table is right");
    for (name, is_flat) in [("4,000 runs in folders:   ", false), ("4,000 runs in one folder:", true)] {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        study(dir.path(), is_flat);
        let once = || {
            let begun = Instant::now();
            let files = dataset.files(dir.path()).expect("all names are BIDS").len();
            assert_eq!(files, 2 + SIZE.0 * SIZE.1 * 5);
            begun.elapsed()
        };
        // The fastest of ten, because other load only makes it slower.
        println!("{name} {:?}", (0..10).map(|_| once()).min().unwrap_or_default());
    }
}
