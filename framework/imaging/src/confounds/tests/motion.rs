//! Displacement and scrubbing, computed by hand.

use expect_test::expect;
use proptest::prelude::*;

use super::files;
use crate::confounds::{DummyScans, Scrub, clean_seconds, framewise_displacement, kept_volumes};

const SIX: &str = "trans_x\ttrans_y\ttrans_z\trot_x\trot_y\trot_z\n";

#[test]
fn displacement_by_hand() {
    // |0.1| + |-0.2| + |0| + 50 (|0.001| + |0| + |-0.002|) = 0.3 + 0.15 = 0.45; the way back is the same.
    let rows = "0\t0\t1\t0\t0\t0\n0.1\t-0.2\t1\t0.001\t0\t-0.002\n0\t0\t1\t0\t0\t0\n";
    let table = files(&[("a.tsv", &format!("{SIX}{rows}"))]).read().unwrap();
    let fd = framewise_displacement(&table).unwrap();
    assert_eq!(fd[0], 0.0);
    assert!((fd[1] - 0.45).abs() < 1e-12 && (fd[2] - 0.45).abs() < 1e-12, "{fd:?}");
    // HCP's rotations are in degrees: one degree is 50 mm x pi / 180 = 0.8727 mm.
    let table = files(&[("Movement_Regressors.txt", "0 0 0 0 0 0\n0 0 0 1 0 0\n")]).read().unwrap();
    assert!((framewise_displacement(&table).unwrap()[1] - 0.872_664_6).abs() < 1e-7);
    let table = files(&[("a.tsv", "trans_x\n0\n1\n")]).read().unwrap();
    assert_eq!(framewise_displacement(&table), None);
}

#[test]
fn a_written_displacement_counts() {
    let text = format!("FramewiseDisplacement\t{SIX}n/a\t0\t0\t0\t0\t0\t0\n0.25\t9\t9\t9\t9\t9\t9\n");
    let table = files(&[("a.tsv", &text)]).read().unwrap();
    assert_eq!(framewise_displacement(&table), Some(vec![0.0, 0.25]));
}

fn kept(scrub: &Scrub, outliers: &str) -> String {
    let fd: Vec<f64> = outliers.chars().map(|volume| if volume == 'x' { 1.0 } else { 0.1 }).collect();
    scrub.kept(&fd, &[]).into_iter().map(|kept| if kept { '.' } else { 'x' }).collect()
}

#[test]
fn short_runs_go_at_both_ends_and_in_between() {
    let scrub = Scrub { fd: Some(0.5), ..Scrub::default() };
    assert_eq!(kept(&scrub, "....x.....x....x.....x...."), "xxxxx.....xxxxxx.....xxxxx");
    // Without an outlier, a short scan is kept whole.
    assert_eq!(kept(&scrub, "..."), "...");
    assert_eq!(kept(&scrub, "..x"), "xxx");
    assert_eq!(kept(&Scrub { shortest: 0, ..scrub }, ".x..x"), ".x..x");
}

#[test]
fn a_volume_goes_by_either_measure_and_a_missing_one_stays() {
    let scrub = Scrub { fd: Some(0.5), dvars: Some(1.5), shortest: 0 };
    let kept = scrub.kept(&[f64::NAN, 0.5, 0.6, 0.1], &[9.0, 1.5, 1.0, f64::NAN]);
    assert_eq!(kept, [false, true, false, true]);
}

proptest! {
    #[test]
    fn what_is_kept_is_long_enough(outliers in "[x.]{1,80}", shortest in 0usize..8) {
        let scrub = Scrub { fd: Some(0.5), dvars: None, shortest };
        let kept = kept(&scrub, &outliers);
        for (before, after) in outliers.chars().zip(kept.chars()) {
            prop_assert!(before == '.' || after == 'x');
        }
        if outliers.contains('x') {
            let runs = kept.split('x').filter(|run| !run.is_empty());
            prop_assert!(runs.map(str::len).all(|length| length >= shortest));
            prop_assert_eq!(self::kept(&scrub, &kept), kept);
        }
    }
}

#[test]
fn dummy_scans_end_no_run() {
    let rows: String = (0..8).map(|volume| format!("{}\t0.1\n", u8::from(volume == 3))).collect();
    let table = files(&[("a.tsv", &format!("non_steady_state_outlier00\tframewise_displacement\n{rows}"))]);
    let table = table.read().unwrap();
    let scrub = Scrub { fd: Some(0.5), ..Scrub::default() };
    let kept = |dummy| kept_volumes(Some(&table), Some(&scrub), dummy, 8).unwrap();
    let count = |kept: Vec<bool>| kept.into_iter().filter(|&kept| kept).count();
    assert_eq!(count(kept(DummyScans::Detected)), 7);
    assert_eq!(count(kept(DummyScans::Count(2))), 6);
    assert_eq!(count(kept(DummyScans::Count(0))), 8);
    assert_eq!(count(kept_volumes(None, None, DummyScans::Detected, 8).unwrap()), 8);
    expect!["`dummy-scans = 8` leaves nothing of a scan of 8 volumes"]
        .assert_eq(&kept_volumes(None, None, DummyScans::Count(8), 8).unwrap_err().to_string());
    expect!["`scrub` needs a confounds file, and the scan has none"]
        .assert_eq(&kept_volumes(None, Some(&scrub), DummyScans::Detected, 8).unwrap_err().to_string());
    assert_eq!(clean_seconds(&kept(DummyScans::Detected), 2.5), 17.5);
}

#[test]
fn a_measure_that_is_not_there_is_said() {
    let files = files(&[("a.tsv", "csf\tstd_dvars\n1\tn/a\n2\t\n")]);
    let table = files.read().unwrap();
    let said = |scrub: Scrub| files.said(&scrub.kept_volumes(&table).unwrap_err());
    expect!["confounds `a.tsv` have neither `framewise_displacement` nor the six motion parameters it is computed from; remove `scrub.fd`"]
        .assert_eq(&said(Scrub { fd: Some(0.5), ..Scrub::default() }));
    expect!["confounds `a.tsv`: line 3, column `std_dvars`: the value is missing"]
        .assert_eq(&said(Scrub { dvars: Some(1.5), ..Scrub::default() }));
    let other = super::files(&[("b.tsv", "csf\n1\n2\n")]);
    let scrub = Scrub { dvars: Some(1.5), ..Scrub::default() };
    expect!["confounds `b.tsv` have no `std_dvars`; remove `scrub.dvars` and scrub by `fd` alone"]
        .assert_eq(&other.said(&scrub.kept_volumes(&other.read().unwrap()).unwrap_err()));
}

#[test]
fn thresholds_that_make_no_sense_are_problems() {
    let said = |scrub: Scrub| scrub.check().iter().map(|problem| format!("{problem}\n")).collect::<String>();
    assert_eq!(said(Scrub { fd: Some(0.5), ..Scrub::default() }), "");
    expect![[r#"
        fd: a threshold of 0 removes every volume; 0.5 (mm) for `fd` and 1.5 for `dvars` are usual
        dvars: a threshold of NaN removes every volume; 0.5 (mm) for `fd` and 1.5 for `dvars` are usual
    "#]]
    .assert_eq(&said(Scrub { fd: Some(0.0), dvars: Some(f64::NAN), shortest: 5 }));
    expect![[r#"
        : no threshold is given, so nothing would be scrubbed; write `fd = 0.5`, `dvars = 1.5` or both, or remove `scrub`
    "#]]
    .assert_eq(&said(Scrub::default()));
}
