//! A small simulated study as files: twelve people, six regions in three networks, forty volumes.

use boldface::TimeSeries;
use boldface_imaging::export;

use crate::Sandbox;

/// Names of the regions. The first letter is the network.
pub const NAMES: [&str; 6] = ["A1", "A2", "B1", "B2", "B3", "C1"];

/// Volumes per scan.
pub const TRS: usize = 40;

/// Number of people.
pub const PEOPLE: usize = 12;

/// An experiment on the study without any training.
pub const SPEC: &str = r#"
[datasets.pain]
type = "series"
path = "data"

[signal]
trs = 40

[corpora.connectivity]

[tokenizer]
type = "quantile"
patch = 10
codebook-size = 8

[backbone]
type = "bigram"

[tasks.captioning]

[evaluation]
resamples = 40
longest-answer = 5
"#;

/// Simulates `trs` volumes of person `subject` around 100, without a unit. Regions of a network share
/// part of their waves. A longer series begins with the same volumes.
pub fn signal(subject: usize, trs: usize) -> TimeSeries {
    let mut values = Vec::new();
    for t in 0..trs {
        for (roi, name) in NAMES.iter().enumerate() {
            let network = f64::from(name.as_bytes()[0] - b'A');
            let (t, roi, subject) = (t as f64, roi as f64, subject as f64);
            let shared = (0.31 * t * (1.0 + network) + subject).sin();
            let own =
                (0.83 * t + roi * (1.7 + 0.37 * subject)).sin() + (0.057 * t * (roi + 2.0) * subject).cos();
            values.push((100.0 + 3.0 * shared + 2.0 * own) as f32);
        }
    }
    TimeSeries::new(trs, NAMES.len(), 2.0, values).expect("every volume has every region")
}

/// Path of a person's series, relative to the project.
pub fn file(subject: &str) -> String {
    format!("data/sub-{subject}/func/sub-{subject}_task-rest_timeseries.tsv")
}

/// Creates a project with the study in `data`.
pub fn study() -> Sandbox {
    let sandbox = Sandbox::new();
    let names = NAMES.map(str::to_owned);
    let mut people = "participant_id\tage\tsex\n".to_owned();
    for subject in 1..=PEOPLE {
        let label = format!("{subject:02}");
        sandbox.write(&file(&label), &export::tsv(&signal(subject, TRS), &names));
        people += &format!("sub-{label}\t{}\t{}\n", 20 + 3 * subject, ["F", "M"][subject % 2]);
    }
    sandbox.write("data/participants.tsv", &people);
    sandbox.write("data/timeseries.json", r#"{"RepetitionTime": 2.0}"#);
    let rows: String =
        NAMES.iter().enumerate().map(|(at, name)| format!("{}\t{name}\t{}\n", at + 1, &name[..1])).collect();
    sandbox.write("data/seg-own_dseg.tsv", &format!("index\tname\tnetwork\n{rows}"));
    sandbox
}
