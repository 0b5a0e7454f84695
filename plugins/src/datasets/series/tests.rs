//! Tests of valid and broken folders.

mod excluded;
mod files;

use std::fs;
use std::time::Instant;

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::*;

const ARRAY: &str = "sub-01/func/sub-01_run-1_seg-A_timeseries.npy";

/// A valid folder: two runs of one subject, 4 volumes by 3 regions.
fn study() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "participants.tsv", "participant_id\tsex\tsite_tr\nsub-01\tF\t2.0\nsub-02\tM\t2.0\n");
    write(&dir, "scans.tsv", "participant_id\trun\tcondition\nsub-01\t1\tup\nsub-01\t2\tn/a\n");
    write(&dir, "seg-A_dseg.tsv", "index\tname\tnetwork\n1\tV1\tVis\n2\tV2\tVis\n3\tM1\tSomMot\n");
    write(&dir, "timeseries.json", r#"{"RepetitionTime": 2.0}"#);
    write(&dir, ARRAY, array("<f4", false, "(4, 3)", &bytes(&[0.5; 12])));
    write(&dir, "sub-01/func/sub-01_run-2_seg-A_timeseries.tsv", "V1\tV2\tM1\n1\t2\t3\n4\t5\t6\n");
    dir
}

fn write(dir: &TempDir, file: &str, content: impl AsRef<[u8]>) {
    let path = dir.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn array(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), data].concat()
}

fn series(spec: &str) -> Series {
    boldface::registry::parse(&serde_json::from_str(spec).unwrap()).unwrap()
}

fn load_all(series: &Series, root: &Path) -> Result<Vec<TimeSeries>> {
    let cohort = series.cohort(root, "study")?;
    cohort.scans.iter().map(|scan| series.load(root, scan)).collect()
}

/// Checks the error of reading the folder and all its signals.
fn check(dir: &TempDir, spec: &str, message: Expect) {
    let error = load_all(&series(spec), dir.path()).unwrap_err().to_string();
    message.assert_eq(
        &error
            .replace(&format!("{}/", dir.path().display()), "")
            .replace(dir.path().to_str().unwrap(), "ROOT"),
    );
}

/// Checks the error of the valid folder with one file replaced.
fn broken(file: &str, content: impl AsRef<[u8]>, message: Expect) {
    let dir = study();
    write(&dir, file, content);
    check(&dir, "{}", message);
}

#[test]
fn a_folder_just_works() {
    let (dir, series) = (study(), series("{}"));
    let cohort = series.cohort(dir.path(), "study").unwrap();
    assert_eq!(cohort.regions.names, ["V1", "V2", "M1"]);
    assert_eq!(cohort.regions.network_names(), ["SomMot", "Vis"]);
    let shown: Vec<_> = cohort.scans.iter().map(|s| (s.id.to_string(), s.tr, s.trs, s.rois)).collect();
    assert_eq!(shown, [("study/sub-01_run-1".into(), 2.0, 4, 3), ("study/sub-01_run-2".into(), 2.0, 2, 3)]);
    let known = |scan: usize| cohort.scans[scan].phenotype.get("condition").map(String::as_str);
    assert_eq!((known(0), known(1)), (Some("up"), None));
    let signals = load_all(&series, dir.path()).unwrap();
    assert_eq!(signals[1].values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let files = series.files(dir.path()).unwrap();
    let files: Vec<_> = files.iter().map(|f| f.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
    let table = "sub-01/func/sub-01_run-2_seg-A_timeseries.tsv";
    assert_eq!(files, ["participants.tsv", "scans.tsv", "seg-A_dseg.tsv", ARRAY, table, "timeseries.json"]);
    assert!(series.check(dir.path()).is_empty());
}

#[test]
fn memory_order_is_read_from_the_header() {
    let dir = study();
    // Volumes 0 1 2, 10 11 12 and so on, stored region by region.
    let stored: Vec<f32> = (0..3).flat_map(|roi| (0..4).map(move |t| (10 * t + roi) as f32)).collect();
    write(&dir, ARRAY, array("<f4", true, "(4, 3)", &bytes(&stored)));
    let signals = load_all(&series("{}"), dir.path()).unwrap();
    assert_eq!(signals[0].volume(0), [0.0, 1.0, 2.0]);
    assert_eq!(signals[0].volume(3), [30.0, 31.0, 32.0]);
    write(&dir, ARRAY, array("<f4", false, "(3, 4)", &bytes(&stored)));
    fs::remove_file(dir.path().join("sub-01/func/sub-01_run-2_seg-A_timeseries.tsv")).unwrap();
    let turned = load_all(&series(r#"{"layout": "region-by-time"}"#), dir.path()).unwrap();
    assert_eq!(turned[0], signals[0]);
}

#[test]
fn a_bad_array_names_itself() {
    let nan = [&[0.5; 7], [f32::NAN; 5].as_slice()].concat();
    broken(
        ARRAY,
        array("<f4", false, "(4, 3)", &bytes(&nan)),
        expect![
            "scan `study/sub-01_run-1`, file `sub-01/func/sub-01_run-1_seg-A_timeseries.npy`: 5 of 12 values are missing, NaN or infinite, the first in region `V2` at volume 2 (from 0); interpolate them, write `n/a` in every volume for a region without a signal, or move the scan out of the folder"
        ],
    );
    broken(
        ARRAY,
        array("<f4", false, "(4, 3)", &bytes(&[0.5; 11])),
        expect![
            "file `sub-01/func/sub-01_run-1_seg-A_timeseries.npy`: 4 x 3 values of float32 take 48 bytes, but 44 follow the header; the file is damaged or its copy was cut short"
        ],
    );
    broken(
        ARRAY,
        array("<f8", false, "(99999999999, 99999999999)", &[0; 8]),
        expect![
            "file `sub-01/func/sub-01_run-1_seg-A_timeseries.npy`: 99999999999 x 99999999999 values of float64 take 79999999998400000000008 bytes, but 8 follow the header; the file is damaged or its copy was cut short"
        ],
    );
    broken(
        ARRAY,
        array("<i4", false, "(4, 3)", &[0; 48]),
        expect![
            "file `sub-01/func/sub-01_run-1_seg-A_timeseries.npy`: values of type `<i4`; save it as float16, float32 or float64, little-endian (`x.astype('<f4')`)"
        ],
    );
    broken(
        ARRAY,
        array("<f4", false, "(4, 3, 1)", &bytes(&[0.5; 12])),
        expect![
            "file `sub-01/func/sub-01_run-1_seg-A_timeseries.npy`: an array of 3 dimensions; a time series has 2, time by region"
        ],
    );
    broken(
        ARRAY,
        array("<f4", false, "(6, 2)", &bytes(&[0.5; 12])),
        expect![
            "file `sub-01/func/sub-01_run-1_seg-A_timeseries.npy`: 2 regions, but the region table has 3; series and table must come from the same parcellation"
        ],
    );
    broken(
        ARRAY,
        array("<f4", false, "(3, 4)", &bytes(&[0.5; 12])),
        expect![[
            r#"file `sub-01/func/sub-01_run-1_seg-A_timeseries.npy`: 4 regions, but the region table has 3; its other side has 3: set `layout = "region-by-time"`"#
        ]],
    );
    broken(
        ARRAY,
        "",
        expect![
            "file `sub-01/func/sub-01_run-1_seg-A_timeseries.npy`: damaged .npy header: the file ends inside it"
        ],
    );
    broken(
        "sub-01/func/sub-01_run-2_seg-A_timeseries.tsv",
        "V2\tV1\tM1\n1\t2\t3\n",
        expect![
            "file `sub-01/func/sub-01_run-2_seg-A_timeseries.tsv`: column 1 is `V2`, but region 1 of the region table is `V1`; bring both into one order"
        ],
    );
}

#[test]
fn a_bad_table_names_itself() {
    broken(
        "participants.tsv",
        "participant_id\tsex\nsub-02\tM\n",
        expect![
            "`participants.tsv` has no row for scan `study/sub-01_run-1`; add one for `sub-01`, with `n/a` for what is not known (and 1 more of 2 scans have a problem)"
        ],
    );
    broken(
        "participants.tsv",
        "participant_id\tcondition\nsub-01\tdown\n",
        expect![
            "`condition` of scan `study/sub-01_run-1` is `down` in `participants.tsv` and `up` in `scans.tsv`; rename or remove one"
        ],
    );
    broken(
        "scans.tsv",
        "participant_id\trun\tcondition\nsub-01\t1\tup\n",
        expect![
            "`scans.tsv` has no row for scan `study/sub-01_run-2`; add one for `sub-01`, with `n/a` for what is not known"
        ],
    );
    broken(
        "seg-A_dseg.tsv",
        "index\tname\tyeo\n1\tV1\tVis\n",
        expect![
            "file `sub-01/func/sub-01_run-1_seg-A_timeseries.npy`: 3 regions, but the region table has 1; series and table must come from the same parcellation (and 1 more of 2 scans have a problem)"
        ],
    );
    broken(
        "seg-A_space-MNI_dseg.tsv",
        "",
        expect![
            "`seg-A_dseg.tsv` and `seg-A_space-MNI_dseg.tsv` may both be the region table; choose with `regions`"
        ],
    );
}

#[test]
fn tables_may_be_absent() {
    let dir = study();
    fs::remove_file(dir.path().join("participants.tsv")).unwrap();
    let cohort = series("{}").cohort(dir.path(), "study").unwrap();
    assert!(!cohort.scans[0].phenotype.contains_key("sex"));
    assert_eq!(cohort.scans[0].phenotype["condition"], "up");
    // The array has no names, and the table beside it has.
    fs::remove_file(dir.path().join("seg-A_dseg.tsv")).unwrap();
    let cohort = series("{}").cohort(dir.path(), "study").unwrap();
    assert_eq!(cohort.regions.names, ["V1", "V2", "M1"]);
    assert_eq!(cohort.regions.network_names(), ["unassigned"]);
    assert_eq!(load_all(&series("{}"), dir.path()).unwrap().len(), 2);
}

#[test]
fn two_files_of_one_scan_are_refused() {
    let sound = array("<f4", false, "(4, 3)", &bytes(&[0.5; 12]));
    broken(
        "sub-01/func/sub-01_run-1_seg-B_timeseries.npy",
        &sound,
        expect![[
            r#"`sub-01/func/sub-01_run-1_seg-A_timeseries.npy` and `sub-01/func/sub-01_run-1_seg-B_timeseries.npy` are both scan `study/sub-01_run-1`; choose, such as `only = { seg = "B" }`"#
        ]],
    );
    broken(
        "sub-01/func/sub-01_run-01_seg-A_timeseries.npy",
        &sound,
        expect![
            "`sub-01/func/sub-01_run-01_seg-A_timeseries.npy` and `sub-01/func/sub-01_run-1_seg-A_timeseries.npy` are both scan `study/sub-01_run-1`; keep one of them"
        ],
    );
    let dir = study();
    write(&dir, "sub-01/func/sub-01_run-1_seg-B_timeseries.npy", &sound);
    assert_eq!(load_all(&series(r#"{"only": {"seg": "A"}}"#), dir.path()).unwrap().len(), 2);
    check(
        &dir,
        r#"{"only": {"seg": "C"}}"#,
        expect![[
            r#"no scan in `ROOT`: looked for `sub-..._timeseries.tsv` or `sub-....csv` (.tsv, .csv, .npy, .txt, .1D or .mat) with `seg-C` there and below `sub-...`; no file has `seg-C`; present: `A` (2 files), `B` (1 file); for other names, write them as `pattern`, such as `pattern = "{subject}_rest.csv"`"#
        ]],
    );
    check(
        &dir,
        r#"{"suffix": "bold"}"#,
        expect![[
            r#"no scan in `ROOT`: looked for `sub-..._bold.tsv` (.tsv, .csv, .npy, .txt, .1D or .mat) there and below `sub-...`; no file has the suffix `_bold`; present: `timeseries` (3 files); for other names, write them as `pattern`, such as `pattern = "{subject}_rest.csv"`"#
        ]],
    );
}

#[test]
fn the_repetition_time_is_said_once_or_alike() {
    let dir = study();
    let tr = |spec: &str| series(spec).cohort(dir.path(), "study").map(|cohort| cohort.scans[0].tr);
    assert_eq!(tr(r#"{"tr-column": "site_tr"}"#).unwrap(), 2.0);
    check(
        &dir,
        r#"{"tr": 2.5}"#,
        expect![
            "scan `study/sub-01_run-1`: its repetition time is 2.5 s by `tr` of the spec and 2 s by `timeseries.json`; correct one of them (and 1 more of 2 scans have a problem)"
        ],
    );
    write(&dir, "timeseries.json", "{}");
    check(
        &dir,
        "{}",
        expect![[
            r#"scan `study/sub-01_run-1`: its repetition time is unknown; write `{"RepetitionTime": 2.0}` into a `timeseries.json`, or set `tr` or `tr-column` (and 1 more of 2 scans have a problem)"#
        ]],
    );
    assert_eq!(tr(r#"{"tr": 0.8}"#).unwrap(), 0.8);
    assert_eq!(tr(r#"{"tr-column": "site_tr"}"#).unwrap(), 2.0);
    check(
        &dir,
        r#"{"tr-column": "sex"}"#,
        expect![
            "scan `study/sub-01_run-1`: `sex` is `F`, not a number of seconds (and 1 more of 2 scans have a problem)"
        ],
    );
    write(&dir, "timeseries.json", r#"{"RepetitionTime": 2000}"#);
    check(
        &dir,
        "{}",
        expect![
            "scan `study/sub-01_run-1`: a repetition time of 2000 s looks like milliseconds, by `timeseries.json` (and 1 more of 2 scans have a problem)"
        ],
    );
    write(&dir, "sub-01/sub-01_timeseries.json", r#"{"RepetitionTime": 1.5}"#);
    assert_eq!(tr("{}").unwrap(), 1.5);
    write(&dir, "sub-01/seg-A_timeseries.json", r#"{"RepetitionTime": 1.6}"#);
    check(
        &dir,
        "{}",
        expect![
            "scan `study/sub-01_run-1`: its repetition time is 1.5 s by `sub-01/sub-01_timeseries.json` and 1.6 s by `sub-01/seg-A_timeseries.json`; correct one of them (and 1 more of 2 scans have a problem)"
        ],
    );
}

#[test]
fn a_file_that_goes_or_changes_is_an_error() {
    let (dir, series) = (study(), series("{}"));
    let scan = &series.cohort(dir.path(), "study").unwrap().scans[0];
    write(&dir, ARRAY, array("<f4", false, "(2, 3)", &bytes(&[0.5; 6])));
    let message = |error: boldface::Error| error.to_string().replace(dir.path().to_str().unwrap(), "ROOT");
    expect!["the file of scan `study/sub-01_run-1` has changed since the run began; run again"]
        .assert_eq(&message(series.load(dir.path(), scan).unwrap_err()));
    fs::remove_file(dir.path().join(ARRAY)).unwrap();
    expect!["the file of scan `study/sub-01_run-1` is gone from `ROOT`"]
        .assert_eq(&message(series.load(dir.path(), scan).unwrap_err()));
}

#[test]
fn a_config_is_checked_before_anything_is_read() {
    let dir = study();
    let spec = r#"{"suffix": "seg-A_timeseries", "tr": 2000, "regions": "atlas.tsv", "tr-column": "tr"}"#;
    let problems: Vec<_> = series(spec).check(dir.path()).iter().map(ToString::to_string).collect();
    expect![[r#"
        suffix: `seg-A_timeseries` is not a BIDS suffix; write the last word of the names alone, such as `timeseries`
        tr: a repetition time of 2000 s looks like milliseconds; write seconds, such as `tr = 2.0`
        regions: there is no file `ROOT/atlas.tsv`; a path is relative to the dataset's folder
        tr-column: no table has a column `tr`; choose one of `condition`, `sex`, `site_tr`"#]].assert_eq(&problems.join("\n").replace(dir.path().to_str().unwrap(), "ROOT"));
}

/// A folder of `../shared`; `None`, with a message, if it does not exist.
fn shared(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if root.is_dir() {
        return Some(root);
    }
    assert!(std::env::var("CI").is_err(), "CI needs ../shared, but there is no {}", root.display());
    eprintln!("skipped: no {}", root.display());
    None
}

#[test]
fn the_pain_data_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/data/pain");
    let series = series("{}");
    let cohort = series.cohort(&root, "pain").unwrap();
    assert_eq!((cohort.scans.len(), cohort.regions.names.len()), (98, 122));
    for scan in &cohort.scans {
        let is_passive = scan.phenotype["condition"] == "passive";
        assert_eq!((scan.tr, scan.trs), (2.0, if is_passive { 209 } else { 191 }), "{}", scan.id);
        assert_eq!(scan.phenotype["n_volumes"], scan.trs.to_string());
    }
    // numpy: x = load(sub-01, run 3); x[:3, :3] = .9683 .8833 1.394, .736 1.066 1.685, .11926 .957 1.33
    let signal = series.load(&root, &cohort.scans[0]).unwrap();
    assert_eq!(cohort.scans[0].id.to_string(), "pain/sub-01_task-pain_run-3");
    for (t, expected) in
        [[0.9683, 0.8833, 1.394], [0.736, 1.066, 1.685], [0.119_26, 0.957, 1.33]].iter().enumerate()
    {
        assert!(signal.volume(t).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3), "volume {t}");
    }
    assert_eq!(series.files(&root).unwrap().len(), 98 + 4);
}

#[test]
fn the_abide_data_are_read_fast() {
    let Some(root) = shared("abide") else { return };
    let series = series(r#"{"tr-column": "repetition_time"}"#);
    let start = Instant::now();
    let cohort = series.cohort(&root, "abide").unwrap();
    let listed = start.elapsed();
    assert_eq!((cohort.scans.len(), cohort.regions.names.len()), (828, 200));
    let trs = |scan: &ScanInfo| scan.trs.to_string() == scan.phenotype["n_volumes"];
    assert!(cohort.scans.iter().all(trs));
    let start = Instant::now();
    for scan in &cohort.scans {
        let signal = series.load(&root, scan).unwrap();
        let dead = (0..200).filter(|&roi| signal.roi(roi).all(|x| x == 0.0)).count();
        assert_eq!(dead.to_string(), scan.phenotype["n_dead_regions"], "{}", scan.id);
    }
    eprintln!("828 scans: cohort {listed:.1?}, signals {:.1?}", start.elapsed());
    assert!(listed.as_secs_f64() < 5.0, "the cohort of 828 scans took {listed:.1?}");
    let error = self::series("{}").cohort(&root, "abide").unwrap_err().to_string();
    assert!(error.contains("its repetition time is unknown"), "{error}");
}
