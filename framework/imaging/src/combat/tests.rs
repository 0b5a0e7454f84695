//! ComBat matches neuroCombat's numbers, refuses unusable input, and does not depend on the scans it is
//! applied to.

use boldface::serde_json::{self, Value};
use expect_test::{Expect, expect};

use super::*;

/// Written by `tests/python/combat_golden.py`, which names the package versions.
const GOLDEN: &str = include_str!("../../../../tests/golden/combat.json");

fn how(preserve: &[&str]) -> Harmonization {
    let preserve = preserve.iter().map(|column| (*column).to_owned()).collect();
    Harmonization { kind: HarmonizationKind::Combat, batch: "site".to_owned(), preserve }
}

fn matrix(rows: &Value) -> Matrix {
    let rows: Vec<Vec<f64>> = serde_json::from_value(rows.clone()).unwrap();
    Matrix { rows: rows.len(), columns: rows[0].len(), values: rows.concat() }
}

fn first(matrix: &Matrix, rows: usize) -> Matrix {
    Matrix { rows, columns: matrix.columns, values: matrix.values[..rows * matrix.columns].to_vec() }
}

/// The golden file, the values, the origin of each scan, and the number of fitted scans.
fn golden(preserve: &[&str]) -> (Value, Matrix, Vec<BatchMembership>, usize) {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let text = |column: &str, scan: usize| golden[column][scan].as_str().unwrap().to_owned();
    let values = matrix(&golden["values"]);
    let origin = |scan| BatchMembership {
        batch: text("site", scan),
        preserved: preserve.iter().map(|column| text(column, scan)).collect(),
    };
    let origins = (0..values.rows).map(origin).collect();
    let n = golden["fitted_on"].as_u64().unwrap() as usize;
    (golden, values, origins, n)
}

fn assert_near(ours: &Matrix, theirs: &Matrix, limit: f64) {
    assert_eq!((ours.rows, ours.columns), (theirs.rows, theirs.columns));
    for (place, (a, b)) in ours.values.iter().zip(&theirs.values).enumerate() {
        assert!((a - b).abs() < limit, "scan {}: {a} is not {b}", place / ours.columns);
    }
}

#[test]
fn numbers_are_neurocombats_and_neuroharmonizes() {
    for (preserve, theirs) in [(&[][..], "plain"), (&["sex", "age"][..], "kept")] {
        let (golden, values, origins, n) = golden(preserve);
        let combat = Combat::fit(&first(&values, n), &origins[..n], &how(preserve)).unwrap();
        // The last four scans were not part of the fit.
        assert_near(&combat.apply(&values, &origins).unwrap(), &matrix(&golden[theirs]), 1e-6);
        if theirs == "kept" {
            for (place, feature) in combat.features.iter().enumerate() {
                let Feature::Fitted { shifts, scales, .. } = feature else { panic!("{feature:?}") };
                for batch in 0..3 {
                    let (gamma, delta) =
                        (&golden["gamma_star"][batch][place], &golden["delta_star"][batch][place]);
                    assert!((shifts[batch] - gamma.as_f64().unwrap()).abs() < 1e-6);
                    assert!((scales[batch].powi(2) - delta.as_f64().unwrap()).abs() < 1e-6);
                }
            }
        }
    }
}

#[test]
fn what_was_saved_harmonises_to_the_same_bits() {
    let (_, values, origins, n) = golden(&["sex", "age"]);
    let combat = Combat::fit(&first(&values, n), &origins[..n], &how(&["sex", "age"])).unwrap();
    let text = serde_json::to_string(&combat).unwrap();
    let again: Combat = serde_json::from_str(&text).unwrap();
    assert_eq!(again, combat);
    assert_eq!(again.apply(&values, &origins).unwrap(), combat.apply(&values, &origins).unwrap());
    assert_eq!(combat.batches().collect::<Vec<_>>(), [("A", 9), ("B", 7), ("C", 12)]);
    let old = text.replacen("\"version\":1", "\"version\":0", 1);
    let old: Combat = serde_json::from_str(&old).unwrap();
    let error = old.apply(&values, &origins).unwrap_err().to_string();
    assert_eq!(error, "the harmonisation has version 0, expected 1");
}

#[test]
fn each_scan_is_harmonised_by_itself() {
    let (_, values, origins, n) = golden(&["age"]);
    let combat = Combat::fit(&first(&values, n), &origins[..n], &how(&["age"])).unwrap();
    let all = combat.apply(&values, &origins).unwrap();
    for scan in 0..values.rows {
        let row = Matrix { rows: 1, columns: values.columns, values: values.row(scan).to_vec() };
        let alone = combat.apply(&row, &origins[scan..=scan]).unwrap();
        assert_eq!(alone.values, all.row(scan));
    }
}

#[test]
fn constant_and_missing_features_leave_the_others_alone() {
    let (_, values, origins, n) = golden(&[]);
    let (train, columns) = (first(&values, n), values.columns);
    let combat = Combat::fit(&train, &origins[..n], &how(&[])).unwrap();
    let alone = combat.apply(&values, &origins).unwrap();
    // Add a constant feature, one without values at site A, and one that is constant within each site.
    let widened: Vec<f64> = (0..values.rows)
        .flat_map(|scan| {
            let a = origins[scan].batch == "A";
            let own = [0.1, if a { f64::NAN } else { values.at(scan, 0) }, if a { 1.0 } else { 2.0 }];
            values.row(scan).iter().copied().chain(own).collect::<Vec<f64>>()
        })
        .collect();
    let widened = Matrix { rows: values.rows, columns: columns + 3, values: widened };
    let combat = Combat::fit(&first(&widened, n), &origins[..n], &how(&[])).unwrap();
    assert_eq!((combat.fitted(), columns), (12, 12));
    let harmonised = combat.apply(&widened, &origins).unwrap();
    for scan in 0..values.rows {
        let row = harmonised.row(scan);
        assert_eq!(row[..columns], *alone.row(scan));
        assert_eq!(row[columns], 0.1);
        assert!(row[columns + 1].is_nan() && row[columns + 2].is_nan());
    }
    // A missing value stays missing. It changes the fit of other features only through the prior.
    let mut gap = train.clone();
    gap.values[3] = f64::NAN;
    let fitted = Combat::fit(&gap, &origins[..n], &how(&[])).unwrap();
    let filled = fitted.apply(&gap, &origins[..n]).unwrap();
    assert!(filled.values[3].is_nan());
    assert_eq!(filled.values.iter().filter(|value| value.is_nan()).count(), 1);
}

fn refused(train: &Matrix, origins: &[BatchMembership], preserve: &[&str], message: &Expect) {
    message.assert_eq(&Combat::fit(train, origins, &how(preserve)).unwrap_err().to_string());
}

#[test]
fn what_cannot_be_harmonised_is_said() {
    let (_, values, origins, n) = golden(&["age"]);
    let train = first(&values, n);
    let with = |change: &dyn Fn(usize, &mut BatchMembership)| {
        let mut changed = origins[..n].to_vec();
        changed.iter_mut().enumerate().for_each(|(scan, origin)| change(scan, origin));
        changed
    };
    refused(
        &train,
        &with(&|scan, origin| {
            if scan == 0 {
                origin.batch = "D".to_owned()
            }
        }),
        &["age"],
        &expect![
            "`site` is `D` in only one training scan, but a batch needs two; leave that scan out, or join batches in another column"
        ],
    );
    refused(
        &train,
        &with(&|_, origin| origin.batch = "A".to_owned()),
        &["age"],
        &expect!["`site` is `A` in every training scan: there is nothing to harmonise"],
    );
    refused(
        &train,
        &with(&|_, origin| origin.preserved[0] = if origin.batch == "A" { "20" } else { "30" }.to_owned()),
        &["age"],
        &expect![
            "the training scans cannot tell `age` from `site` and the columns before it: removing the one would remove the other; take `age` out of `preserve`, or train on scans where it varies within the batches"
        ],
    );
    refused(
        &train,
        &with(&|_, origin| origin.preserved[0] = "20".to_owned()),
        &["age"],
        &expect![
            "`age` is `20` in every training scan: there is nothing to preserve; remove it from `preserve`"
        ],
    );
    refused(
        &train,
        &with(&|scan, origin| origin.preserved[0] = format!("level {scan}")),
        &["age"],
        &expect![
            "28 training scans are too few for 3 batches and 27 covariates; ComBat needs more scans than these"
        ],
    );
    refused(
        &Matrix { rows: n, columns: 1, values: train.column(0).collect() },
        &origins[..n],
        &["age"],
        &expect![
            "ComBat shrinks each feature towards the others of its batch, so it needs two or more that vary within the batches"
        ],
    );
    refused(&train, &origins, &["age"], &expect!["there are 28 scans and batches of 32"]);

    let combat = Combat::fit(&train, &origins[..n], &how(&["age"])).unwrap();
    let mut strange = origins[..n].to_vec();
    let apply = |origins: &[BatchMembership]| combat.apply(&train, origins).unwrap_err().to_string();
    strange[5].preserved[0] = "old".to_owned();
    expect!["`age` is a number in every training scan, but `old` is not"].assert_eq(&apply(&strange));
    strange[4].batch = "D".to_owned();
    expect![
        "no training scan is from batch `D`, so its effect is unknown; the training scans have `A`, `B`, `C`"
    ]
    .assert_eq(&apply(&strange));
    let narrow = Matrix { rows: n, columns: 1, values: train.column(0).collect() };
    let error = combat.apply(&narrow, &origins[..n]).unwrap_err().to_string();
    assert_eq!(error, "the harmonisation was fitted on 12 features, there are 1");
}

#[test]
fn an_unknown_category_is_named() {
    let (_, values, mut origins, n) = golden(&["sex"]);
    let combat = Combat::fit(&first(&values, n), &origins[..n], &how(&["sex"])).unwrap();
    origins[30].preserved[0] = "X".to_owned();
    expect!["`sex` is `X`, which no training scan has; they have `F`, `M`"]
        .assert_eq(&combat.apply(&values, &origins).unwrap_err().to_string());
}
