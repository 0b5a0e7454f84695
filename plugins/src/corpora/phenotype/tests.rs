//! Tests of sentences about tables: norms by person, categories, ranges, missing values and bad tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::serde_json::{self, Value, json};
use boldface::{
    Cohort, CorpusGenerator, Describer, Descriptor, Part, Regions, Scan, ScanId, ScanInfo, Split, TimeSeries,
};
use expect_test::expect;

use super::Phenotype;

fn generator(table: Value) -> Phenotype {
    serde_json::from_value(table).unwrap()
}

/// Run `run` of a subject, with these columns.
fn scan(subject: &str, run: &str, columns: &[(&str, &str)]) -> Scan {
    let id = ScanId { run: Some(run.to_owned()), ..ScanId::new("made", subject) };
    let phenotype: BTreeMap<String, String> =
        columns.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let info = ScanInfo { id, tr: 2.0, trs: 2, rois: 1, phenotype, events: Vec::new(), cuts: Vec::new() };
    Scan {
        info: Arc::new(info),
        series: TimeSeries::new(2, 1, 2.0, vec![0.0, 1.0]).unwrap(),
        regions: Arc::new(Regions { names: vec!["a".into()], networks: vec!["A".into()] }),
        descriptors: Vec::new(),
    }
}

/// Ages 20, 30 and 40, the last with three runs; diastolic pressures; sexes as codes.
fn scans() -> Vec<Scan> {
    let person = |subject, run, age, dbp, sex| {
        scan(subject, run, &[("age", age), ("dbp_mm", dbp), ("sex", sex), ("smoker", "no")])
    };
    vec![
        person("1", "1", "20", "70", "1"),
        person("2", "1", "30", "80", "2"),
        person("3", "1", "40", "90", "1.0"),
        person("3", "2", "40", "90", "1"),
        person("3", "3", "40", "90", "1"),
    ]
}

fn table() -> Value {
    json!({
        "paraphrase": false,
        "columns": {
            "age": { "kind": "number", "unit": "years" },
            "dbp_mm": {
                "kind": "number", "label": "diastolic blood pressure", "unit": "mmHg", "decimals": 0,
                "missing": ["-999"],
                "bands": [
                    { "name": "low", "to": 60.0 },
                    { "name": "normal", "from": 60.0, "to": 80.0 },
                    { "name": "raised", "from": 80.0, "to": 90.0 },
                    { "name": "elevated", "from": 90.0 },
                ],
            },
            "sex": { "kind": "category", "names": { "1": "male", "2": "female" } },
            "smoker": { "kind": "category", "label": "smoking" },
        },
    })
}

fn fitted(table: Value) -> Box<dyn Describer> {
    let scans = scans();
    let parts = scans.iter().map(|scan| (scan.info.id.person(), Part::Train)).collect();
    generator(table).fit(&Split { parts }.train(&scans).unwrap(), 5).unwrap()
}

fn text(said: &[Descriptor]) -> String {
    said.iter().map(|descriptor| descriptor.text.clone() + "\n").collect()
}

#[test]
fn people_count_once_and_what_is_missing_is_said_to_be() {
    let describer = fitted(table());
    // By person, mean 30 and SD 10; by scan they would be 34 and 8.9.
    let said = describer
        .describe(&scan("9", "1", &[("age", "50"), ("dbp_mm", "89.6"), ("sex", "2"), ("smoker", "no")]))
        .unwrap();
    expect![[r#"
        The recorded age is somewhat higher than typical (value=50.0 years, z=+2.00).
        The recorded diastolic blood pressure is elevated (value=90 mmHg, z=+0.96).
        The recorded sex is female.
        The recorded smoking is no.
    "#]]
    .assert_eq(&text(&said));
    let age = &said[0];
    assert_eq!((age.fact.feature.as_str(), age.fact.value), ("phenotype.age", Some(50.0)));
    assert!((age.fact.z.unwrap() - 2.0).abs() < 1e-12, "{:?}", age.fact);
    assert_eq!((age.norm_scans, age.norm_people), (5, 3));
    assert!(age.norm.starts_with("phenotype-1-"), "{}", age.norm);

    let gaps = [("age", "NaN"), ("dbp_mm", "-999.0"), ("smoker", "sometimes")];
    let said = describer.describe(&scan("9", "1", &gaps)).unwrap();
    expect![[r#"
        The recorded age is not available: the tables have no value.
        The recorded diastolic blood pressure is not available: the tables have no value.
        The recorded sex is not available: the tables have no value.
        The recorded smoking is not available: it is not defined for this scan.
    "#]]
    .assert_eq(&text(&said));
    assert!(said.iter().all(|one| one.fact.band == "not available" && one.fact.reason.is_some()));
    assert!(said.iter().all(|one| one.fact.value.is_none() && one.fact.z.is_none()));

    let error = describer.describe(&scan("9", "1", &[("age", "old")])).unwrap_err().to_string();
    assert_eq!(
        error,
        "`made/sub-9_run-1` has `old` in the column `age`, which is not a number; list it in `missing`"
    );
}

#[test]
fn every_wording_of_everything_reads_back() {
    let mut drawn = table();
    drawn["paraphrase"] = json!(true);
    let describer = fitted(drawn);
    let mut wordings = std::collections::BTreeSet::new();
    for subject in 0..400 {
        let age = (10 + subject % 60).to_string();
        let columns = [("age", age.as_str()), ("dbp_mm", ["50", "65", "85", "95", "-999"][subject % 5])];
        let sex = [("sex", ["1", "2"][subject % 2]), ("smoker", "no")];
        let all = [&columns[..], &sex[..subject % 3]].concat();
        let said = describer.describe(&scan(&subject.to_string(), "1", &all)).unwrap();
        let read = describer.read(&text(&said)).unwrap();
        assert_eq!(read.len(), 4, "{}", text(&said));
        for (fact, meant) in read.iter().zip(&said) {
            assert!(fact.agrees(&meant.fact), "{} is read as {fact:?}", meant.text);
            assert_eq!(fact.value, meant.fact.value, "{}", meant.text);
        }
        wordings.extend(said.iter().filter(|one| one.fact.band == "male").map(|one| one.text.clone()));
    }
    // Out of 133 draws of one fact.
    assert!(wordings.len() >= 50, "{}", wordings.len());
}

#[test]
fn a_longer_label_is_not_read_as_a_shorter_one() {
    let scan = |subject: &str, age: &str| scan(subject, "1", &[("age", age), ("onset", age), ("group", "a")]);
    let scans = [scan("1", "20"), scan("2", "30"), scan("3", "50")];
    let parts = scans.iter().map(|scan| (scan.info.id.person(), Part::Train)).collect();
    let config = generator(json!({"columns": {
        "age": { "kind": "number" },
        "onset": { "kind": "number", "label": "age at onset" },
        "group": { "kind": "category", "label": "age at onset group" },
    }}));
    let describer = config.fit(&Split { parts }.train(&scans).unwrap(), 0).unwrap();
    for scan in &scans {
        let said = describer.describe(scan).unwrap();
        let read = describer.read(&text(&said)).unwrap();
        assert!(read.len() == 3 && read.iter().zip(&said).all(|(fact, meant)| fact.agrees(&meant.fact)));
    }
}

#[test]
fn saved_and_loaded_it_says_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let describer = fitted(table());
    describer.save(dir.path()).unwrap();
    let again = generator(table()).load(dir.path()).unwrap();
    assert!(scans().iter().all(|scan| describer.describe(scan).unwrap() == again.describe(scan).unwrap()));
    std::fs::write(dir.path().join("learned.json"), "{\"version\": 9, \"seed\": \"1\", \"categories\": {}}")
        .unwrap();
    let error = generator(table()).load(dir.path()).err().unwrap().to_string();
    assert!(error.ends_with("learned.json`: has version 9, expected 1; build the corpus again"), "{error}");
}

#[test]
fn it_tells_its_columns_and_those_it_adjusts_for() {
    let config = generator(json!({"columns": {"iq": { "kind": "number" }}, "adjust": ["age", "sex"]}));
    assert_eq!(config.tells(), ["age", "iq", "sex"]);
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let cohort = Cohort::new(
        scans().iter().map(|scan| scan.info.as_ref().clone()).collect(),
        scans()[0].regions.as_ref().clone(),
    );
    let of = |table: Value| {
        let problems = generator(table).check(&cohort);
        problems.iter().map(|problem| format!("{problem}\n")).collect::<String>()
    };
    assert_eq!(of(table()), "");
    let bands = |bands: Value| json!({"columns": {"age": {"kind": "number", "bands": bands}}});
    let all = [
        of(json!({"columns": {}})),
        of(json!({"columns": {"gender": {"kind": "category"}}})),
        of(json!({"columns": {"smoker": {"kind": "number"}}})),
        of(json!({"columns": {"sex": {"kind": "category"}}})),
        of(json!({"columns": {"sex": {"kind": "category", "names": {"1": "male"}}}})),
        of(
            json!({"columns": {"sex": {"kind": "category", "names": {"1": "male", "2": "female"}, "unit": "y"}}}),
        ),
        of(json!({"columns": {"age": {"kind": "number", "label": "sex"}, "sex": {"kind": "number"}}})),
        of(json!({"columns": {"age": {"kind": "number", "label": "{age}"}}})),
        of(json!({"columns": {"age": {"kind": "number"}}, "adjust": ["age"]})),
        of(bands(json!([{"name": "low", "to": 10.0}, {"name": "high", "from": 11.0}]))),
        of(bands(json!([{"name": "low", "from": 10.0}, {"name": "high"}]))),
    ];
    expect![[r#"
        columns: there is no column to describe; name one, such as `columns.age = { kind = "number", unit = "years" }`
        columns.gender: no scan has a value in a column `gender`; leave it out, or name one that the tables have: age, dbp_mm, sex, smoker
        columns.smoker.kind: `no` of `made/sub-1_run-1` is not a number, nor are 4 other cells; list values that mean no value in `missing`, or set `kind = "category"`
        columns.sex.names: the category `1` is a number, not a word; say what it stands for: `names = { "1" = "..." }`, or set `kind = "number"`
        columns.sex.names: `2` of `made/sub-2_run-1` has no name; name it, or list it in `missing`
        columns.sex.unit: a category cannot have this key; leave it out, or set `kind = "number"`
        columns.sex.label: the column `age` also has the label `sex`; give one of them another label
        columns.age.label: `{age}` cannot be a label: it has braces, or ends a sentence
        adjust[0]: `age` cannot be adjusted for itself; describe it in another corpus
        columns.age.bands[1]: it does not begin where the range before it ends; let each begin where the one before ends, the first without `from`, the last without `to`
        columns.age.bands[0]: nothing is below the first range; let each begin where the one before ends, the first without `from`, the last without `to`
    "#]].assert_eq(&all.concat());
}
