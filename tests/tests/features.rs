//! Tests `boldface features`: Python reads its long table and agrees with its couplings, and mistakes
//! are refused.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeSet;
use std::fs;
use std::process::Output;

use boldface::TimeSeries;
use boldface_imaging::export;
use boldface_tests::cohort::{NAMES, PEOPLE, TRS, file, signal, study};
use boldface_tests::{Sandbox, told};
use expect_test::{Expect, expect};

const REGIONS: &str = "data/seg-own_dseg.tsv";

fn features(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.boldface(&[&["features"], arguments, &["--regions", REGIONS]].concat())
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn write(sandbox: &Sandbox, name: &str, series: &TimeSeries) {
    sandbox.write(name, &export::tsv(series, &NAMES.map(str::to_owned)));
}

#[test]
fn python_reads_the_table_and_agrees_with_its_couplings() {
    let sandbox = study();
    let mut dead = signal(77, TRS).values().to_vec();
    dead.iter_mut().skip(5).step_by(6).for_each(|value| *value = f32::NAN);
    write(&sandbox, "dead.tsv", &TimeSeries::new(TRS, 6, 2.0, dead).unwrap());
    let all = ["data", "dead.tsv", "--families", "connectivity", "--tr", "2"];
    let mut scripts = Vec::new();
    for (table, threads) in [("one.parquet", "1"), ("two.parquet", "3"), ("t.tsv", "2"), ("c.csv", "2")] {
        let output = features(&sandbox, &[&all[..], &["--out", table, "--threads", threads]].concat());
        // Six couplings of thirteen scans. The one within C, a single region, is missing in all scans,
        // and the dead region's couplings with A and B in one.
        assert_eq!(said(&output), format!("{table}: 78 numbers of 13 scans, 15 of them not available\n"));
        scripts.push(sandbox.path(table));
    }
    assert_eq!(fs::read(&scripts[0]).unwrap(), fs::read(&scripts[1]).unwrap());
    for table in &scripts[1..] {
        let mut arguments = vec![table.display().to_string(), sandbox.path(REGIONS).display().to_string()];
        arguments.extend(
            (1..=PEOPLE).map(|subject| sandbox.path(&file(&format!("{subject:02}"))).display().to_string()),
        );
        arguments.push(sandbox.path("dead.tsv").display().to_string());
        let Some(rows) = told("features_table.py", &arguments) else { return };
        assert_eq!(rows.len(), 78);
        for row in &rows {
            let close = |value: f64, expected: f64| (value - expected).abs() < 1e-5;
            match (row["value"].as_f64(), row["expected"].as_f64()) {
                (Some(value), Some(expected)) => {
                    assert!(close(value, expected) && row["reason"].is_null(), "{row}")
                }
                (None, None) => {
                    assert!(row["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{row}")
                }
                _ => panic!("{row}"),
            }
        }
        let scans: BTreeSet<&str> = rows.iter().map(|row| row["scan"].as_str().unwrap()).collect();
        assert!(scans.contains("sub-01_task-rest") && scans.contains("dead"), "{scans:?}");
    }
}

#[test]
fn every_family_without_settings_is_measured() {
    let sandbox = study();
    said(&features(&sandbox, &["data", "--out", "all.csv"]));
    let table = fs::read_to_string(sandbox.path("all.csv")).unwrap();
    let families: BTreeSet<&str> = table.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert!(families.contains("connectivity") && !families.contains("phenotype"), "{families:?}");
    let scans: Vec<&str> = table.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert!(scans.is_sorted() && scans.len() == table.lines().count() - 1);
}

#[test]
fn settings_are_tables_of_a_spec() {
    let sandbox = study();
    sandbox.write("settings.toml", "[few]\ntype = \"connectivity\"\nstrongest = 1\n");
    said(&features(
        &sandbox,
        &["data", "--families", "few", "--config", "settings.toml", "--out", "few.tsv"],
    ));
    let table = fs::read_to_string(sandbox.path("few.tsv")).unwrap();
    assert_eq!(table.lines().count(), 1 + PEOPLE);
    assert!(table.lines().skip(1).all(|line| line.split('\t').nth(1) == Some("few")));

    sandbox.write("wrong.toml", "strong = 1\n[connectivity]\nstrongst = 1\n[grph]\n");
    let output = features(&sandbox, &["data", "--config", "wrong.toml", "--out", "x.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    for expected in [
        "error: `strong` is not a table with the settings of a family\n --> wrong.toml:1:10\n",
        "error: unknown field `strongst`, expected",
        " --> wrong.toml:3:1\n",
        "error: no corpus is named `grph`\n --> wrong.toml:4:2\n",
        "3 problems; nothing was run",
    ] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn what_cannot_be_measured_is_named() {
    let sandbox = study();
    let refused = |arguments: &[&str], expected: Expect| {
        let output = features(&sandbox, &[arguments, &["--families", "connectivity"]].concat());
        assert!(!output.status.success() && !sandbox.path("x.csv").exists());
        expected.assert_eq(&String::from_utf8(output.stderr).unwrap());
    };
    let five = TimeSeries::new(TRS, 5, 2.0, vec![0.5; TRS * 5]).unwrap();
    fs::write(sandbox.path("few.npy"), export::npy(&five)).unwrap();
    refused(
        &["data", "few.npy", "--tr", "2", "--out", "x.csv"],
        expect![[r#"
        error: `few.npy`: 5 regions, but --regions has 6
    "#]],
    );
    refused(
        &["few.npy", "gone.tsv", "--tr", "2", "--out", "x.csv"],
        expect![[r#"
        error: 2 of 2 scans cannot be used:
          `few.npy`: 5 regions, but --regions has 6
          `gone.tsv`: there is no such file
    "#]],
    );
    write(&sandbox, "b/sub-01_task-rest_desc-x_timeseries.tsv", &signal(1, TRS));
    let (one, other) = (file("01"), "b/sub-01_task-rest_desc-x_timeseries.tsv");
    refused(
        &[&one, other, "--tr", "2", "--out", "x.csv"],
        expect![[r#"
        error: `data/sub-01/func/sub-01_task-rest_timeseries.tsv` and `b/sub-01_task-rest_desc-x_timeseries.tsv` are both scan `sub-01_task-rest`; give one of them
    "#]],
    );
    fs::create_dir(sandbox.path("empty")).unwrap();
    refused(
        &["empty", "--out", "x.csv"],
        expect![[r#"
        error: no scan in `empty`: looked for `sub-..._timeseries.npy`, `.tsv`, `.csv` or `.parquet` there and below `sub-...`; files of other names are given one by one
    "#]],
    );
    refused(
        &["data", "--out", "x.xlsx"],
        expect![[r#"
        error: --out `x.xlsx` must end in .parquet, .tsv or .csv
    "#]],
    );
    let output = features(&sandbox, &["data", "--families", "conectivity", "--out", "x.csv"]);
    expect![[r#"
        error: --families: no family is named `conectivity`; did you mean `connectivity`?
    "#]]
    .assert_eq(&String::from_utf8(output.stderr).unwrap());
}
