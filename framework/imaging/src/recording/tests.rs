//! Signal files in every form, and what is wrong with others.

use expect_test::{Expect, expect};

use super::*;

const PLAIN: SignalFormat = SignalFormat { layout: SignalLayout::TimeByRegion, header: Some(true) };
const BARE: SignalFormat = SignalFormat { layout: SignalLayout::TimeByRegion, header: Some(false) };
const TURNED: SignalFormat = SignalFormat { layout: SignalLayout::RegionByTime, header: Some(false) };

fn regions() -> Regions {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Regions { names: names(&["A", "B", "C"]), networks: names(&["Vis", "Vis", "CER"]) }
}

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn array(rows: usize, cols: usize, values: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {cols}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    bytes
}

fn check(name: &str, bytes: &[u8], form: SignalFormat, message: Expect) {
    let (dir, path) = file(name, bytes);
    let error = read(&path, form, &regions(), 2.0).unwrap_err().to_string();
    message.assert_eq(&error.replace(&format!("{}/", dir.path().display()), ""));
}

#[test]
fn every_form_gives_the_same_series() {
    let expected = TimeSeries::new(2, 3, 2.0, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.5]).unwrap();
    for (name, bytes, form) in [
        ("x.npy", array(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.5]), PLAIN),
        ("x.npy", array(3, 2, &[1.0, 4.0, 2.0, 5.0, 3.0, 6.5]), TURNED),
        ("x.tsv", b"A\tB\tC\n1\t2\t3\n4\t5\t6.5\n".to_vec(), PLAIN),
        ("x.csv", b"\xef\xbb\xbfA,B,C\r\n1,2,3\r\n4,5,6.5\r\n\r\n".to_vec(), PLAIN),
        ("x.tsv", b"1\t2\t3\n4\t5\t6.5".to_vec(), BARE),
        ("x.csv", b"1,4\n2,5\n3,6.5\n".to_vec(), TURNED),
    ] {
        let (_dir, path) = file(name, &bytes);
        assert_eq!(volumes(&path, form, &regions()).unwrap(), 2, "{name} {form:?}");
        assert_eq!(read(&path, form, &regions(), 2.0).unwrap(), expected, "{name} {form:?}");
    }
}

#[test]
fn regions_must_be_those_of_the_table() {
    check(
        "x.npy",
        &array(2, 2, &[0.0; 4]),
        PLAIN,
        expect![
            "file `x.npy`: 2 regions, but the region table has 3; series and table must come from the same parcellation"
        ],
    );
    check(
        "x.npy",
        &array(3, 2, &[0.0; 6]),
        PLAIN,
        expect![[
            r#"file `x.npy`: 2 regions, but the region table has 3; its other side has 3: set `layout = "region-by-time"`"#
        ]],
    );
    check("x.npy", &array(0, 3, &[]), PLAIN, expect!["file `x.npy`: it has no volumes"]);
    check(
        "x.tsv",
        b"A\tC\tB\n1\t2\t3\n",
        PLAIN,
        expect![
            "file `x.tsv`: column 2 is `C`, but region 2 of the region table is `B`; bring both into one order"
        ],
    );
    check(
        "x.tsv",
        b"A\tB\tX\n1\t2\t3\n",
        PLAIN,
        expect!["file `x.tsv`: column `X` is not in the region table"],
    );
    check(
        "x.tsv",
        b"A\tB\n1\t2\n",
        PLAIN,
        expect!["file `x.tsv`: region `C` of the region table has no column"],
    );
    check(
        "x.tsv",
        b"A\tB\tC\tC\n1\t2\t3\t3\n",
        PLAIN,
        expect!["file `x.tsv`: a region has two columns: 4 for 3 regions"],
    );
    check(
        "x.tsv",
        b"1\t2\t4\n1.5\t2.5\t3.5\n",
        PLAIN,
        expect![
            "file `x.tsv`: the first line holds numbers such as `1`, not the names of the region table such as `A`; name the columns, or set `header = false` if that line is the first volume"
        ],
    );
    check(
        "x.tsv",
        b"A\tB\tC\n1\t2\t3\n",
        BARE,
        expect!["file `x.tsv`: the first line is not numbers; with names in it, set `header = true`"],
    );
    let turned = SignalFormat { header: Some(true), ..TURNED };
    check(
        "x.tsv",
        b"A\tB\tC\n1\t2\t3\n",
        turned,
        expect![
            "file `x.tsv`: a table with a header is time by region; set `header = false` or transpose it"
        ],
    );
}

#[test]
fn a_region_without_any_value_is_missing() {
    for (name, bytes) in [
        ("x.tsv", b"A\tB\tC\n1\tn/a\t3\n4\tn/a\t6\n".to_vec()),
        ("x.npy", array(2, 3, &[1.0, f32::NAN, 3.0, 4.0, f32::NAN, 6.0])),
    ] {
        let (_dir, path) = file(name, &bytes);
        let series = read(&path, PLAIN, &regions(), 2.0).unwrap();
        assert_eq!(series.roi(0).chain(series.roi(2)).collect::<Vec<_>>(), [1.0, 4.0, 3.0, 6.0]);
        assert!(series.roi(1).all(f32::is_nan), "{name}");
    }
    let nothing = b"A\tB\tC\nn/a\tn/a\tn/a\n";
    check("x.tsv", nothing, PLAIN, expect!["file `x.tsv`: no region has a value"]);
}

#[test]
fn bad_values_are_placed() {
    check(
        "x.npy",
        &array(2, 3, &[1.0, 2.0, 3.0, 4.0, f32::NAN, f32::INFINITY]),
        PLAIN,
        expect![
            "file `x.npy`: 2 of 6 values are missing, NaN or infinite, the first in region `B` at volume 1 (from 0); interpolate them, write `n/a` in every volume for a region without a signal, or move the scan out of the folder"
        ],
    );
    check(
        "x.tsv",
        b"A\tB\tC\n1\tn/a\t3\n4\t5\t6\n",
        PLAIN,
        expect![
            "file `x.tsv`: 1 of 6 values are missing, NaN or infinite, the first in region `B` at volume 0 (from 0); interpolate them, write `n/a` in every volume for a region without a signal, or move the scan out of the folder"
        ],
    );
    check(
        "x.tsv",
        b"A\tB\tC\n1\t2,5\t3\n",
        PLAIN,
        expect!["file `x.tsv`: `2,5` on line 2, column 2 is not a number"],
    );
    check(
        "x.tsv",
        b"A\tB\tC\n1\t2\n",
        PLAIN,
        expect!["file `x.tsv`: line 2 has 2 cells, but the header has 3"],
    );
    check(
        "x.tsv",
        b"\n",
        PLAIN,
        expect!["file `x.tsv`: the table is empty; its first line names the columns"],
    );
    check(
        "x.npy",
        &array(2, 3, &[0.0; 5]),
        PLAIN,
        expect![
            "file `x.npy`: 2 x 3 values of float32 take 24 bytes, but 20 follow the header; the file is damaged or its copy was cut short"
        ],
    );
}
