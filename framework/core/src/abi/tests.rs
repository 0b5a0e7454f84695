//! Both sides of the edge in one image: what crosses comes out as it went in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::series::Series;
use super::{Library, Listed, Made, Message, Request, SentMetric, Status};
use crate::{
    Answer, Example, Fact, JsonSchema, Metric, Outcome, Prediction, Problem, Regions, Result, Scan, ScanId,
    ScanInfo, Task, TimeSeries, Window,
};

/// Does what its table says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Odd {
    /// What to do.
    does: String,
}

crate::register!(Task "odd" => Odd);

impl Task for Odd {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let value = match self.does.as_str() {
            "panic" => panic!("region {} of 2", scan.regions.names[1]),
            "fail" => return Err("no question comes to mind".into()),
            "nan" => f64::NAN,
            _ => f64::from(scan.series.values()[3]),
        };
        let fact = Fact { feature: "last".to_owned(), value: Some(value), z: None, band: String::new() };
        let answer = Answer::Text { reference: scan.regions.names.join(" "), facts: vec![fact] };
        Ok(vec![Example {
            window: Window::first(scan.series.trs()),
            question: scan.info.id.to_string(),
            answer,
        }])
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        let sum = |outcome: &&Outcome| match &outcome.prediction {
            Prediction::Series { predicted, actual } => {
                let pairs = predicted.values().iter().zip(actual.values());
                pairs.map(|(a, b)| f64::from(a - b)).sum()
            }
            _ => 0.0,
        };
        let sum = outcomes.iter().map(sum).sum();
        Ok(vec![Metric::higher_is_better("sum", sum), Metric::neutral("undefined", f64::NAN)])
    }
}

fn scan() -> Scan {
    let id = ScanId {
        dataset: "d".into(),
        subject: "1".into(),
        session: None,
        task: None,
        run: None,
        by_run: false,
    };
    let info = ScanInfo {
        id,
        tr: 0.72,
        trs: 2,
        rois: 2,
        phenotype: BTreeMap::new(),
        events: Vec::new(),
        cuts: Vec::new(),
    };
    let regions = Regions { names: vec!["a".into(), "b".into()], networks: vec!["n".into(); 2] };
    // 0.1 and the NaN show that numbers cross as they are, not as JSON.
    let series = TimeSeries::new(2, 2, 0.72, vec![0.1, f32::NAN, -0.0, 4.0]).unwrap();
    Scan { info: Arc::new(info), series, regions: Arc::new(regions), descriptors: Vec::new() }
}

fn ask(request: &Request, series: Series) -> (Status, Value) {
    let message = Message { json: serde_json::to_vec(request).unwrap(), series: series.0 };
    let (status, answer) = Library::THIS.call(&message);
    (status, serde_json::from_slice(&answer.json).unwrap())
}

fn make(does: &str) -> u64 {
    let table = json!({ "does": does });
    let request = Request::Make { kind: "task".into(), name: "odd".into(), table };
    let (status, made) = ask(&request, Series::default());
    assert_eq!(status, Status::Done);
    let made: std::result::Result<Made, Problem> = serde_json::from_value(made).unwrap();
    let made = made.unwrap();
    assert_eq!((made.config, made.version), (json!({ "does": does }), 1));
    made.object
}

fn examples(object: u64) -> (Status, Value) {
    let mut series = Series::default();
    let scan = Box::new(series.put_scan(&scan()));
    ask(&Request::Examples { object, scan }, series)
}

#[test]
fn plugins_are_listed_with_their_schemas() {
    let (status, listed) = ask(&Request::Plugins, Series::default());
    let listed: Vec<Listed> = serde_json::from_value(listed).unwrap();
    let odd = listed.iter().find(|plugin| plugin.name == "odd").unwrap();
    assert_eq!((status, odd.kind.as_str()), (Status::Done, "task"));
    assert_eq!(odd.schema["description"], "Does what its table says.");
}

#[test]
fn a_bad_table_is_a_problem_at_its_key() {
    let request = Request::Make { kind: "task".into(), name: "odd".into(), table: json!({ "does": 3 }) };
    let (status, made) = ask(&request, Series::default());
    let made: std::result::Result<Made, Problem> = serde_json::from_value(made).unwrap();
    assert_eq!((status, made.unwrap_err().key), (Status::Done, "does".to_owned()));
}

#[test]
fn a_scan_arrives_as_it_was() {
    let (status, answer) = examples(make("tell"));
    assert_eq!(status, Status::Done);
    let examples: Vec<Example> = serde_json::from_value(answer).unwrap();
    let Answer::Text { reference, facts } = &examples[0].answer else { panic!("{examples:?}") };
    assert_eq!((examples[0].question.as_str(), reference.as_str()), ("d/sub-1", "a b"));
    assert_eq!((examples[0].window, facts[0].value), (Window::first(2), Some(4.0)));
}

#[test]
fn errors_panics_and_numbers_that_are_not_finite_are_told() {
    assert_eq!(examples(make("fail")), (Status::Failed, json!(["no question comes to mind"])));
    let (status, said) = examples(make("panic"));
    assert_eq!(status, Status::Panicked);
    assert!(said[0].as_str().unwrap().contains("region b of 2"), "{said}");
    let refused = "`d/sub-1`: the value of `last` is NaN; what cannot be computed is `None`";
    assert_eq!(examples(make("nan")), (Status::Failed, json!([refused])));
    assert_eq!(examples(1 << 40), (Status::Failed, json!(["the library has no object 1099511627776"])));
}

#[test]
fn an_object_is_dropped_once() {
    let object = make("tell");
    assert_eq!(ask(&Request::Drop { object }, Series::default()).0, Status::Done);
    assert_eq!(examples(object).0, Status::Failed);
}

#[test]
fn outcomes_cross_with_their_series_and_undefined_scores_are_missing() {
    let series = |values: Vec<f32>| TimeSeries::new(2, 1, 2.0, values).unwrap();
    let outcome = |predicted: Vec<f32>| Outcome {
        scan: scan().info.id.clone(),
        example: Example {
            window: Window::first(2),
            question: String::new(),
            answer: Answer::Series { trs: 2 },
        },
        prediction: Prediction::Series { predicted: series(predicted), actual: series(vec![1.0, 1.0]) },
    };
    let mut sent = Series::default();
    // (3 - 1) + (5 - 1) + (1 - 1) + (2 - 1) = 7
    let outcomes = [outcome(vec![3.0, 5.0]), outcome(vec![1.0, 2.0])];
    let outcomes = outcomes.iter().map(|outcome| sent.put_outcome(outcome)).collect();
    let (status, metrics) = ask(&Request::Score { object: make("tell"), outcomes }, sent);
    assert_eq!(status, Status::Done);
    let metrics: Vec<SentMetric> = serde_json::from_value(metrics).unwrap();
    let metrics: Vec<Metric> = metrics.into_iter().map(Metric::from).collect();
    assert_eq!((metrics[0].name.as_str(), metrics[0].value), ("sum", 7.0));
    assert!(metrics[1].value.is_nan());
}

#[test]
fn a_request_of_a_newer_host_is_refused_in_words() {
    let message = Message { json: br#"{"pool":{"object":1}}"#.to_vec(), series: Vec::new() };
    let (status, answer) = Library::THIS.call(&message);
    let words = String::from_utf8(answer.json).unwrap();
    assert_eq!(status, Status::Failed);
    assert!(words.contains("the request is not understood: unknown variant `pool`"), "{words}");
}
