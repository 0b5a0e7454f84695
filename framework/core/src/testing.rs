//! Scans and outcomes for plugin tests.

use std::sync::Arc;

use crate::{Answer, Example, Outcome, Prediction, Regions, Scan, ScanId, ScanInfo, TimeSeries};

/// Creates a scan of subject `subject` with these phenotypes: 12 volumes, 2 s apart, of the regions
/// `Vis_1` and `Default_1`. The first region rises from 0 to 11, and the second falls from 11 to 0.
///
/// ```
/// let scan = boldface::testing::scan("01", &[("sex", "F")]);
/// assert_eq!(scan.info.phenotype["sex"], "F");
/// assert_eq!(scan.series.volume(3), [3.0, 8.0]);
/// ```
pub fn scan(subject: &str, phenotype: &[(&str, &str)]) -> Scan {
    let (trs, rois, tr) = (12, 2, 2.0);
    let id = ScanId::new("made", subject);
    let phenotype = phenotype.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned()));
    let values = (0..trs).flat_map(|t| [t as f32, (trs - 1 - t) as f32]).collect();
    Scan {
        info: Arc::new(ScanInfo {
            id,
            tr,
            trs,
            rois,
            phenotype: phenotype.collect(),
            events: Vec::new(),
            cuts: Vec::new(),
        }),
        series: TimeSeries::new(trs, rois, tr, values).expect("12 volumes of 2 regions are 24 values"),
        regions: Arc::new(Regions {
            names: vec!["Vis_1".to_owned(), "Default_1".to_owned()],
            networks: vec!["Vis".to_owned(), "Default".to_owned()],
        }),
        descriptors: Vec::new(),
    }
}

/// Creates the outcome in which `example` of `scan` is answered by option `chosen` with certainty.
pub fn chosen(scan: &Scan, example: &Example, chosen: usize) -> Outcome {
    let options = match &example.answer {
        Answer::Choice { options, .. } => options.len(),
        _ => 0,
    };
    let probabilities = (0..options).map(|option| if option == chosen { 1.0 } else { 0.0 }).collect();
    let prediction = Prediction::Choice { probabilities };
    Outcome { scan: scan.info.id.clone(), example: example.clone(), prediction }
}
