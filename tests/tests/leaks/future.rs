//! Forecasts whose context knows what comes after it.

use std::fs;

use boldface::{Prediction, TimeSeries};
use boldface_imaging::testing::{Image, gzip};
use boldface_runner::run::OutcomeLine;
use boldface_tests::{Sandbox, Seen};

use super::{SPEC, assert_finds, said, study, with};

/// Images of four voxels, each a region.
const SCANNER: &str = r#"
[datasets.study]
type = "bids"
path = "data"
pattern = "{subject}/func/{subject}_task-rest_desc-preproc_bold.nii.gz"
parcellation = { volume = "../mask.nii.gz", kind = "voxels" }
mask = "none"
SETTINGS

[signal]
trs = 60

[split]
validation = 0.25
test = 0.25

[tokenizer]
type = "quantile"
patch = 10
codebook-size = 8

[backbone]
type = "bigram"

[tasks.forecasting]
context = 40
horizon = 20

[evaluation]
resamples = 40
longest-answer = 20
"#;

fn spec(settings: &str) -> String {
    SCANNER.replace("SETTINGS", settings)
}

/// Writes twelve scans with drift. In that of `changed`, the volumes to predict are others.
fn scanner(changed: Option<&str>) -> Sandbox {
    let sandbox = Sandbox::new();
    let write = |name: &str, image: &Image| {
        let path = sandbox.write(name, "");
        fs::write(path, gzip(&image.bytes())).unwrap();
    };
    write("mask.nii.gz", &Image::new(&[2, 2, 1], vec![1.0; 4]));
    let mut people = "participant_id\tcondition\n".to_owned();
    for person in 1..=12 {
        let label = format!("{person:02}");
        let mut values = Vec::new();
        for volume in 0..60 {
            for voxel in 0..4 {
                let (t, voxel) = (f64::from(volume), f64::from(voxel));
                let wave = (0.3 * t + voxel * f64::from(person)).sin() + (0.71 * t * (voxel + 1.0)).cos();
                let is_changed = changed == Some(&*label) && volume >= 40;
                values.push(1000.0 + 5.0 * wave + if is_changed { 3.0 * t } else { 0.2 * t });
            }
        }
        let name = format!("data/sub-{label}/func/sub-{label}_task-rest_desc-preproc_bold.nii.gz");
        write(&name, &Image::new(&[2, 2, 1, 60], values));
        people += &format!("sub-{label}\t{}\n", ["low", "high"][person as usize % 2]);
    }
    sandbox.write("data/participants.tsv", &people);
    sandbox
}

/// A forecast: the person, who made it, and the predicted and true volumes.
type Forecast = (String, String, TimeSeries, TimeSeries);

fn forecasts(sandbox: &Sandbox, spec: &str) -> Vec<Forecast> {
    sandbox.write("spec.toml", spec);
    let run = sandbox.run("spec.toml", &Seen::default()).unwrap();
    let mut forecasts = Vec::new();
    for name in ["baseline.forecasting", "evaluation.forecasting"] {
        let stage = run.stages.iter().find(|found| found.stage.name() == name).unwrap();
        let path = sandbox.path("runs").join(&stage.artefact).join("outcomes.jsonl");
        for line in fs::read_to_string(path).unwrap().lines() {
            let answered: OutcomeLine = serde_json::from_str(line).unwrap();
            let Prediction::Series { predicted, actual } = answered.outcome.prediction else {
                panic!("{line}")
            };
            forecasts.push((answered.outcome.scan.subject, answered.plugin, predicted, actual));
        }
    }
    forecasts
}

/// Counts the forecasts of a held-out person, and those that move with the volumes to predict.
fn moved(settings: &str) -> (usize, usize) {
    let before = forecasts(&scanner(None), &spec(settings));
    let person = before.last().unwrap().0.clone();
    let after = forecasts(&scanner(Some(&person)), &spec(settings));
    let own: Vec<_> = before.iter().zip(&after).filter(|(before, _)| before.0 == person).collect();
    // The change itself is seen.
    assert!(own.iter().all(|(before, after)| before.3 != after.3));
    (own.len(), own.iter().filter(|(before, after)| before.2 != after.2).count())
}

#[test]
fn only_volumes_before_a_forecast_move_it() {
    let (all, moved_by_future) = moved("detrend = false");
    assert_eq!((all, moved_by_future), (6, 0), "persistence, AR, the model and its controls");
    // Accepted as it is, the trend of the whole run shows the future.
    let accept = "[leakage]\naccept = { \"tasks.forecasting.future.study\" = \"a test\" }\n";
    let (_, moved_by_future) = moved(&format!("detrend = true\n\n{accept}"));
    assert!(moved_by_future > 0);
}

#[test]
fn steps_over_the_whole_run_are_refused_for_forecasts() {
    let sandbox = scanner(None);
    assert_eq!(said(&sandbox, &spec("detrend = false")), "no problem\n");
    assert_finds(&said(&sandbox, &spec("")), "`detrend` fits a trend to the whole run");
    let all = "low-pass = 0.1\nhigh-pass = 0.01\nstandardize = \"zscore\"\nresample-tr = 2.5";
    let shorter = spec(all).replace("trs = 60", "trs = 40").replace("context = 40", "context = 20");
    assert_finds(&said(&sandbox, &shorter), "`low-pass` filters the whole run");
    // Nobody else needs to know.
    let forecasting = "[tasks.forecasting]\ncontext = 40\nhorizon = 20";
    let condition =
        "[tasks.condition]\ntype = \"classification\"\ntarget = \"condition\"\nclasses = [\"low\", \"high\"]";
    let other =
        spec("").replace(forecasting, condition).replace("[split]", "[split]\nstratify = [\"condition\"]");
    assert_eq!(said(&sandbox, &other), "no problem\n");
}

#[test]
fn a_plugin_may_say_that_it_forecasts() {
    let forecasting = "[tasks.forecasting]\ncontext = 40\nhorizon = 20";
    let spec = |later: bool| spec("").replace(forecasting, &format!("[tasks.prophet]\nlater = {later}"));
    assert_eq!(said(&scanner(None), &spec(false)), "no problem\n");
    assert!(said(&scanner(None), &spec(true)).contains("leak `tasks.prophet.future.study`"));
}

#[test]
fn series_remember_how_they_were_made() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    let forecast = with("[tasks.forecasting]\ncontext = 20\nhorizon = 20\n");
    assert_eq!(said(&sandbox, &forecast), "no problem\n");
    let made_of = |cleaning: &str| {
        let settings =
            format!("{{\"kind\": \"labels\", \"networks\": \"network\", \"cleaning\": {cleaning}}}");
        sandbox.write("data/timeseries.json", &format!("{{\"MadeOf\": {{\"Settings\": {settings}}}}}"));
        said(&sandbox, &forecast)
    };
    assert_eq!(made_of("{\"detrend\": false}"), "no problem\n");
    assert_finds(
        &made_of("{\"detrend\": false, \"high-pass\": 0.01}"),
        "leak `tasks.forecasting.future.files`",
    );
    assert_eq!(said(&sandbox, SPEC), "no problem\n");
}
