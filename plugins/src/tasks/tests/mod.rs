//! Scans, outcomes and checks for the tests of the tasks.

mod captioning;
mod classification;
mod events;
mod facts;
mod forecasting;
mod regression;

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{
    Answer, CheckContext, Example, Metric, Outcome, PluginKind, Prediction, Problem, Regions, Scan, ScanId,
    ScanInfo, Task, TimeSeries, Window, serde_json::Value,
};

/// Creates the task `name` from this table, as a spec does.
fn task(name: &str, table: &Value) -> Box<dyn Task> {
    (<dyn Task>::find(name).unwrap().parse)(table).unwrap()
}

fn id(subject: &str) -> ScanId {
    ScanId::new("pain", subject)
}

/// Information about a scan of `subject` with these phenotypes.
fn info(subject: &str, phenotype: &[(&str, &str)]) -> ScanInfo {
    let entries = phenotype.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned()));
    ScanInfo {
        id: id(subject),
        tr: 2.0,
        trs: 12,
        rois: 1,
        phenotype: entries.collect(),
        events: Vec::new(),
        cuts: Vec::new(),
    }
}

/// A scan of 12 volumes and one region.
fn scan(info: ScanInfo) -> Scan {
    let regions = Regions { names: vec!["A".to_owned()], networks: vec!["Vis".to_owned()] };
    Scan {
        info: Arc::new(info),
        series: TimeSeries::new(12, 1, 2.0, vec![0.0; 12]).unwrap(),
        regions: Arc::new(regions),
        descriptors: Vec::new(),
    }
}

fn outcome(subject: &str, answer: Answer, prediction: Prediction) -> Outcome {
    let example = Example { window: Window::first(12), question: String::new(), answer };
    Outcome { scan: id(subject), example, prediction }
}

fn score(task: &dyn Task, outcomes: &[Outcome]) -> BTreeMap<String, f64> {
    let metrics = task.score(&outcomes.iter().collect::<Vec<_>>()).unwrap();
    metrics.into_iter().map(|Metric { name, value, .. }| (name, value)).collect()
}

/// Lists the problems of a task over these scans, cropped to 12 volumes, with patches of 4.
fn check(task: &dyn Task, scans: &[ScanInfo]) -> String {
    let problems = task.check(&CheckContext { scans, trs: 12, patch: 4 });
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}
