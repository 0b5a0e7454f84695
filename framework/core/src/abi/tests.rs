//! Both sides of the edge in one image: messages arrive as they were sent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::series::Series;
use super::{
    CallStatus, CreatedPlugin, EdgeMessage, Library, ListedPlugin, Request, SentCohort, SentMetric,
    SentRecorded,
};
use crate::{
    Answer, CheckContext, Cohort, CorpusGenerator, Dataset, Describer, Descriptor, Event, Example, Exclusion,
    Fact, JsonSchema, Metric, Outcome, Prediction, Problem, Quality, Recorded, Regions, Result, Scan, ScanId,
    ScanInfo, Task, TimeSeries, TrainScans, Window,
};

/// Does what its table says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Odd {
    /// Behaviour of the task.
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
        let fact = Fact { feature: "last".to_owned(), value: Some(value), ..Fact::default() };
        let answer = Answer::Text {
            reference: scan.regions.names.join(" "),
            facts: vec![fact],
            decoding: crate::Decoding::Free,
        };
        Ok(vec![Example {
            window: Window::first(scan.series.trs()),
            question: scan.info.id.to_string(),
            answer,
        }])
    }

    fn cautions(&self, cx: &CheckContext<'_>) -> Vec<String> {
        vec![format!("{} scan of {} volumes", cx.scans.len(), cx.trs)]
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

/// A dataset of one scan with an event and quality measures, and one excluded scan.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Measured {
    /// Onset of the event. `None` makes it undefined.
    onset: Option<f64>,
}

crate::register!(Dataset "measured" => Measured);

impl Dataset for Measured {
    fn files(&self, _root: &Path) -> Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    fn cohort(&self, _root: &Path, name: &str) -> Result<Cohort> {
        let Scan { info, regions, .. } = scan();
        let onset = self.onset.unwrap_or(f64::NAN);
        let events = vec![Event { onset, duration: 2.0, trial_type: Some("face".into()) }];
        let reason = format!("`{name}` does not want it");
        let excluded = vec![Exclusion { scan: ScanId { subject: "2".into(), ..info.id.clone() }, reason }];
        let info = ScanInfo { events, ..(*info).clone() };
        Ok(Cohort { excluded, ..Cohort::new(vec![info], (*regions).clone()) })
    }

    fn load(&self, _root: &Path, _scan: &ScanInfo) -> Result<TimeSeries> {
        Ok(scan().series)
    }

    fn record(&self, root: &Path, scan: &ScanInfo) -> Result<Recorded> {
        let (fd, kept) = (vec![0.0, f32::NAN], vec![true, false]);
        Ok(Recorded { series: self.load(root, scan)?, quality: Quality { fd, kept, ..Quality::default() } })
    }
}

/// A generator that reports its seed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Teller {
    /// Columns it reveals.
    columns: Vec<String>,
    /// Seed it was fitted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

crate::register!(CorpusGenerator "teller" => Teller);

impl CorpusGenerator for Teller {
    fn fit(&self, train: &TrainScans<'_>, seed: u64) -> Result<Box<dyn Describer>> {
        assert_eq!(train.len(), 1);
        Ok(Box::new(Teller { seed: Some(seed), ..self.clone() }))
    }

    fn load(&self, _dir: &Path) -> Result<Box<dyn Describer>> {
        Ok(Box::new(self.clone()))
    }

    fn tells(&self) -> Vec<String> {
        assert!(!self.columns.is_empty(), "nothing to tell");
        self.columns.clone()
    }
}

impl Describer for Teller {
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>> {
        let fact = Fact { feature: "age".into(), reason: Some("nobody knows".into()), ..Fact::default() };
        let text = format!("Fitted with {:?}.", self.seed);
        let said = Descriptor::new(&scan.info.id, text, fact);
        let norm = "teller-1-00ff".to_owned();
        Ok(vec![Descriptor { norm_scans: 4, norm_people: 3, norm, window: Window::first(2), ..said }])
    }

    fn read(&self, _text: &str) -> Result<Vec<Fact>> {
        Ok(Vec::new())
    }

    fn save(&self, _dir: &Path) -> Result<()> {
        Ok(())
    }
}

fn scan() -> Scan {
    let id = ScanId::new("d", "1");
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
    // 0.1 and the NaN show that values do not travel as JSON.
    let series = TimeSeries::new(2, 2, 0.72, vec![0.1, f32::NAN, -0.0, 4.0]).unwrap();
    Scan { info: Arc::new(info), series, regions: Arc::new(regions), descriptors: Vec::new() }
}

fn ask(request: &Request, series: Series) -> (CallStatus, Value) {
    let message = EdgeMessage { json: serde_json::to_vec(request).unwrap(), series: series.0 };
    let (status, answer) = Library::THIS.call(&message);
    (status, serde_json::from_slice(&answer.json).unwrap())
}

fn make(does: &str) -> u64 {
    make_of("task", "odd", json!({ "does": does }))
}

fn make_of(kind: &str, name: &str, table: Value) -> u64 {
    let request = Request::Make { kind: kind.into(), name: name.into(), table: table.clone() };
    let (status, made) = ask(&request, Series::default());
    assert_eq!(status, CallStatus::Done);
    let made: std::result::Result<CreatedPlugin, Problem> = serde_json::from_value(made).unwrap();
    let made = made.unwrap();
    assert_eq!((made.config, made.version), (table, 1));
    made.object
}

fn examples(object: u64) -> (CallStatus, Value) {
    let mut series = Series::default();
    let scan = Box::new(series.put_scan(&scan()));
    ask(&Request::Examples { object, scan }, series)
}

#[test]
fn plugins_are_listed_with_their_schemas() {
    let (status, listed) = ask(&Request::Plugins, Series::default());
    let listed: Vec<ListedPlugin> = serde_json::from_value(listed).unwrap();
    let odd = listed.iter().find(|plugin| plugin.name == "odd").unwrap();
    assert_eq!((status, odd.kind.as_str()), (CallStatus::Done, "task"));
    assert_eq!(odd.schema["description"], "Does what its table says.");
}

#[test]
fn a_bad_table_is_a_problem_at_its_key() {
    let request = Request::Make { kind: "task".into(), name: "odd".into(), table: json!({ "does": 3 }) };
    let (status, made) = ask(&request, Series::default());
    let made: std::result::Result<CreatedPlugin, Problem> = serde_json::from_value(made).unwrap();
    assert_eq!((status, made.unwrap_err().key), (CallStatus::Done, "does".to_owned()));
}

#[test]
fn a_scan_arrives_as_it_was() {
    let (status, answer) = examples(make("tell"));
    assert_eq!(status, CallStatus::Done);
    let examples: Vec<Example> = serde_json::from_value(answer).unwrap();
    let Answer::Text { reference, facts, .. } = &examples[0].answer else { panic!("{examples:?}") };
    assert_eq!((examples[0].question.as_str(), reference.as_str()), ("d/sub-1", "a b"));
    assert_eq!((examples[0].window, facts[0].value), (Window::first(2), Some(4.0)));
}

#[test]
fn errors_panics_and_numbers_that_are_not_finite_are_told() {
    assert_eq!(examples(make("fail")), (CallStatus::Failed, json!(["no question comes to mind"])));
    let (status, said) = examples(make("panic"));
    assert_eq!(status, CallStatus::Panicked);
    assert!(said[0].as_str().unwrap().contains("region b of 2"), "{said}");
    let refused = "`d/sub-1`: the value of `last` is NaN; use `None` for a missing number";
    assert_eq!(examples(make("nan")), (CallStatus::Failed, json!([refused])));
    assert_eq!(examples(1 << 40), (CallStatus::Failed, json!(["the library has no object 1099511627776"])));
}

#[test]
fn an_object_is_dropped_once() {
    let object = make("tell");
    assert_eq!(ask(&Request::Drop { object }, Series::default()).0, CallStatus::Done);
    assert_eq!(examples(object).0, CallStatus::Failed);
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
    assert_eq!(status, CallStatus::Done);
    let metrics: Vec<SentMetric> = serde_json::from_value(metrics).unwrap();
    let metrics: Vec<Metric> = metrics.into_iter().map(Metric::from).collect();
    assert_eq!((metrics[0].name.as_str(), metrics[0].value), ("sum", 7.0));
    assert!(metrics[1].value.is_nan());
}

fn cohort_of(onset: Option<f64>) -> (CallStatus, Value) {
    let object = make_of("dataset", "measured", json!({ "onset": onset }));
    ask(&Request::Cohort { object, root: PathBuf::new(), name: "d".into() }, Series::default())
}

#[test]
fn excluded_scans_events_and_quality_cross() {
    let (status, answer) = cohort_of(Some(-1.5));
    assert_eq!(status, CallStatus::Done);
    let cohort: Cohort = serde_json::from_value::<SentCohort>(answer).unwrap().into();
    assert_eq!(cohort.excluded[0].scan.subject, "2");
    assert_eq!(cohort.excluded[0].reason, "`d` does not want it");
    assert_eq!(cohort.scans[0].events[0].trial_type.as_deref(), Some("face"));

    let object = make_of("dataset", "measured", json!({ "onset": 0.0 }));
    let info = (*scan().info).clone();
    let request = Request::Record { object, root: PathBuf::new(), scan: Box::new(info) };
    let message = EdgeMessage { json: serde_json::to_vec(&request).unwrap(), series: Vec::new() };
    let (status, answer) = Library::THIS.call(&message);
    assert_eq!(status, CallStatus::Done);
    let sent: SentRecorded = serde_json::from_slice(&answer.json).unwrap();
    let recorded = Series(answer.series).take_recorded(sent).unwrap();
    assert!(recorded.series.values()[1].is_nan() && recorded.quality.fd[1].is_nan());
    assert_eq!(recorded.quality.kept, [true, false]);
}

#[test]
fn columns_seeds_reasons_and_norms_cross() {
    let object = make_of("corpus", "teller", json!({ "columns": ["age", "sex"] }));
    assert_eq!(ask(&Request::Tells { object }, Series::default()), (CallStatus::Done, json!(["age", "sex"])));
    let mute = make_of("corpus", "teller", json!({ "columns": [] }));
    assert_eq!(ask(&Request::Tells { object: mute }, Series::default()).0, CallStatus::Panicked);

    let mut series = Series::default();
    let train = vec![series.put_scan(&scan())];
    let (status, object) = ask(&Request::Fit { object, train, seed: u64::MAX }, series);
    assert_eq!(status, CallStatus::Done);
    let object = serde_json::from_value(object).unwrap();
    let mut series = Series::default();
    let scan = Box::new(series.put_scan(&scan()));
    let (status, said) = ask(&Request::Describe { object, scan }, series);
    assert_eq!(status, CallStatus::Done);
    let said: Vec<Descriptor> = serde_json::from_value(said).unwrap();
    assert_eq!(said[0].text, format!("Fitted with Some({}).", u64::MAX));
    assert_eq!(said[0].fact.reason.as_deref(), Some("nobody knows"));
    assert_eq!((said[0].norm_scans, said[0].norm_people, said[0].norm.as_str()), (4, 3, "teller-1-00ff"));
    assert_eq!(said[0].window, Window::first(2));
}

#[test]
fn cautions_of_a_task_cross() {
    let cautions = |does: &str| {
        let scans = vec![(*scan().info).clone()];
        ask(&Request::Cautions { object: make(does), scans, trs: 2, patch: 1 }, Series::default())
    };
    assert_eq!(cautions("tell"), (CallStatus::Done, json!(["1 scan of 2 volumes"])));
}

#[test]
fn an_event_without_a_time_is_refused_in_words() {
    let refused = "`d/sub-1`: an event has an onset of NaN s and a duration of 2 s";
    assert_eq!(cohort_of(None), (CallStatus::Failed, json!([refused])));
}

#[test]
fn a_request_of_a_newer_host_is_refused_in_words() {
    let message = EdgeMessage { json: br#"{"pool":{"object":1}}"#.to_vec(), series: Vec::new() };
    let (status, answer) = Library::THIS.call(&message);
    let words = String::from_utf8(answer.json).unwrap();
    assert_eq!(status, CallStatus::Failed);
    assert!(words.contains("the request is invalid: unknown variant `pool`"), "{words}");
}
