//! Strategies by name, lists of columns, and the errors for missing columns.

use boldface::serde_json::{self, json};
use boldface::{Deserialize, JsonSchema, schemars};
use expect_test::{Expect, expect};

use super::files;
use crate::confounds::{Confounds, DummyScans, Scrub, Strategy};

const SIX: &str = "trans_x\ttrans_y\ttrans_z\trot_x\trot_y\trot_z";

fn named(strategy: &str) -> Confounds {
    Confounds::Named(strategy.parse().unwrap())
}

fn table(columns: &str, rows: usize) -> String {
    let row = vec!["0.5"; columns.split('\t').count()].join("\t");
    format!("{columns}\n{}", format!("{row}\n").repeat(rows))
}

fn count(strategy: &str, columns: &str) -> usize {
    files(&[("a.tsv", &table(columns, 3))])
        .read()
        .map(|table| named(strategy).columns(&table).unwrap().len())
        .unwrap()
}

#[test]
fn strategies_have_as_many_columns_as_their_names_say() {
    let all = format!(
        "{SIX}\tcsf\twhite_matter\tglobal_signal\tcosine00\tcosine01\ta_comp_cor_00\ta_comp_cor_01\tt_comp_cor_00"
    );
    for (strategy, columns) in [
        ("6p", 6),
        ("8p", 8),
        ("9p", 9),
        ("12p", 12),
        ("24p", 24),
        ("36p", 36),
        ("6p-gsr", 7),
        ("24p-gsr", 25),
        // 24 motion parameters, two cosines, two components.
        ("acompcor", 28),
        ("acompcor-1", 27),
        ("acompcor-9-gsr", 29),
        ("tcompcor", 27),
        ("ica-aroma", 4),
        ("ica-aroma-gsr", 5),
    ] {
        assert_eq!(count(strategy, &all), columns, "{strategy}");
        assert_eq!(strategy.parse::<Strategy>().unwrap().to_string(), strategy);
    }
    // Old tables have one mask and no sidecar.
    assert_eq!(count("acompcor", &format!("{SIX}\taCompCor00\taCompCor01\tCosine00")), 27);
}

fn missing(confounds: &Confounds, columns: &str, message: &Expect) {
    let files = files(&[("a.tsv", &table(columns, 3))]);
    message.assert_eq(&files.said(&confounds.choose(&files.read().unwrap()).unwrap_err()));
}

#[test]
fn all_missing_columns_are_named_with_what_looks_like_them() {
    missing(
        &named("9p"),
        &format!("{SIX}\tCsf_\twhitematter"),
        &expect![
            "confounds `a.tsv` lack `csf`, `white_matter`, `global_signal`, which `9p` needs; the most similar names are `Csf_`, `whitematter`"
        ],
    );
    missing(
        &named("acompcor"),
        SIX,
        &expect![
            "confounds `a.tsv` lack `a_comp_cor_00`, which `acompcor` needs; there is no similar name among its 6 columns"
        ],
    );
    missing(
        &Confounds::Columns(vec!["trans_w".to_owned(), "trans_x_derivative1".to_owned()]),
        SIX,
        &expect![
            "confounds `a.tsv` lack `trans_w`, which the list of columns needs; the most similar names are `trans_x`, `trans_y`, `trans_z`"
        ],
    );
    missing(
        &named("acompcor"),
        &format!("{SIX}\ttrans_x_derivative1\ta_comp_cor_00"),
        &expect![
            "confounds `a.tsv`: the masks of its components are described in `a.json`, which is missing; copy it beside the table, or list columns"
        ],
    );
}

#[test]
fn a_gap_is_filled_in_the_first_volume_only() {
    let columns = Confounds::Columns(vec!["csf".to_owned()]);
    let choose = |text: &str| {
        let files = files(&[("a.tsv", text)]);
        let chosen = columns.choose(&files.read().unwrap());
        chosen.map_err(|error| files.said(&error)).map(|matrix| matrix.values)
    };
    assert_eq!(choose("csf\tx\nn/a\t0\n5\t0\n6\t0\n"), Ok(vec![5.0, 5.0, 6.0]));
    expect![
        "confounds `a.tsv`: line 4, column `csf`: the value is missing; only the first volume may lack one"
    ]
    .assert_eq(&choose("csf\tx\nn/a\t0\n5\t0\n\t0\n").unwrap_err());
    expect![
        "confounds `a.tsv`: line 3, column `csf`: the value is missing; only the first volume may lack one"
    ]
    .assert_eq(&choose("csf\tx\nn/a\t0\nn/a\t0\n6\t0\n").unwrap_err());
    assert!(choose("csf\tx\nn/a\t0\n").is_err());
}

#[test]
fn an_infinite_value_matters_only_in_a_column_that_is_regressed_out() {
    let files = files(&[("a.tsv", "csf\tstd_dvars\n1\tn/a\n2\tinf\n3\t1.1\n")]);
    let table = files.read().unwrap();
    let choose = |name: &str| Confounds::Columns(vec![name.to_owned()]).choose(&table);
    assert_eq!(choose("csf").unwrap().values, [1.0, 2.0, 3.0]);
    expect![
        "confounds `a.tsv`: line 3, column `std_dvars`: the value is infinite and cannot be regressed out"
    ]
    .assert_eq(&files.said(&choose("std_dvars").unwrap_err()));
    // It is above any threshold.
    let scrub = Scrub { dvars: Some(1.5), shortest: 0, ..Scrub::default() };
    assert_eq!(scrub.kept_volumes(&table).unwrap(), [true, false, true]);
}

#[test]
fn the_sidecar_says_which_components_there_are() {
    let columns = format!(
        "{SIX}\ta_comp_cor_00\ta_comp_cor_01\ta_comp_cor_02\ta_comp_cor_03\tt_comp_cor_00\tt_comp_cor_01"
    );
    let sidecar = json!({
        "a_comp_cor_00": { "Mask": "CSF", "Retained": true },
        "a_comp_cor_01": { "Mask": "combined", "Retained": true },
        "a_comp_cor_02": { "Mask": "combined", "Retained": false },
        "a_comp_cor_03": { "Mask": "combined" },
        "t_comp_cor_01": { "Retained": false },
        "csf": { "Method": "Mean" },
    });
    let chosen = |strategy: &str, sidecar: &serde_json::Value| {
        let files = files(&[("a.tsv", &table(&columns, 3)), ("a.json", &sidecar.to_string())]);
        let columns = named(strategy).columns(&files.read().unwrap());
        columns.map(|columns| columns[24..].join(" ")).map_err(|error| files.said(&error))
    };
    assert_eq!(chosen("acompcor", &sidecar).unwrap(), "a_comp_cor_01 a_comp_cor_03");
    assert_eq!(chosen("tcompcor", &sidecar).unwrap(), "t_comp_cor_00");
    let silent = json!({ "a_comp_cor_00": { "Mask": "CSF" }, "a_comp_cor_01": { "Method": "aCompCor" } });
    expect!["`a.json` does not say the `Mask` of `a_comp_cor_01`"]
        .assert_eq(&chosen("acompcor", &silent).unwrap_err());
}

#[derive(Debug, PartialEq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(crate = "boldface::serde")]
#[schemars(crate = "boldface::schemars")]
struct Keys {
    confounds: Confounds,
    #[serde(default)]
    dummy: DummyScans,
    #[serde(default)]
    scrub: Option<Scrub>,
}

#[test]
fn keys_are_read_written_and_refused() {
    for text in [
        r#"{"confounds":"acompcor-5-gsr","dummy":"detected","scrub":{"fd":0.5,"shortest":5}}"#,
        r#"{"confounds":["csf","X"],"dummy":4,"scrub":null}"#,
    ] {
        let keys: Keys = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&keys).unwrap(), text);
    }
    let error = |keys: serde_json::Value| serde_json::from_value::<Keys>(keys).unwrap_err().to_string();
    expect!["no strategy is named `24`; there are `6p`, `8p`, `9p`, `12p`, `24p`, `36p`, `acompcor`, `tcompcor`, `ica-aroma`, a number of components as in `acompcor-5`, and `-gsr` at the end of those without the global signal"]
        .assert_eq(&error(json!({ "confounds": "24" })));
    for wrong in ["36p-gsr", "9p-gsr", "acompcor-0", "acompcor-", "6p-5", "", "-gsr", "acompcor-gsr-5"] {
        assert!(error(json!({ "confounds": wrong })).starts_with(&format!("no strategy is named `{wrong}`")));
    }
    expect!["the list of columns is empty; leave the key out for no confounds"]
        .assert_eq(&error(json!({ "confounds": [] })));
    expect!["the column `a` is listed twice"].assert_eq(&error(json!({ "confounds": ["a", "a"] })));
    expect!["invalid type: integer `6`, expected the name of a strategy or a list of columns"]
        .assert_eq(&error(json!({ "confounds": 6 })));
    expect![[r#"invalid value: integer `-1`, expected `"detected"` or a number of volumes"#]]
        .assert_eq(&error(json!({ "confounds": "6p", "dummy": -1 })));
    let schema = schemars::schema_for!(Keys).to_value().to_string();
    assert!(schema.contains("acompcor-5") && schema.contains("detected"));
}
