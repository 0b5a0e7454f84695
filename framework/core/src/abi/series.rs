//! Scans and outcomes as they cross the edge. Their values travel beside the JSON, as views.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Descriptor, Example, Outcome, Prediction, Quality, Recorded, Regions, Result, Scan, ScanId, ScanInfo,
    TimeSeries,
};

/// The values of a message, series by series.
#[derive(Debug, Default)]
pub struct Series(pub Vec<Vec<f32>>);

/// A [`TimeSeries`] whose values are stored elsewhere in the message.
#[derive(Debug, Serialize, Deserialize)]
pub struct SentSeries {
    trs: usize,
    rois: usize,
    tr: f64,
    index: usize,
}

/// A [`Scan`] as it crosses the edge.
#[derive(Debug, Serialize, Deserialize)]
pub struct SentScan {
    info: ScanInfo,
    regions: Regions,
    descriptors: Vec<Descriptor>,
    series: SentSeries,
}

impl SentScan {
    /// Returns the scan with these columns of its tables and no others.
    #[must_use]
    pub fn with_columns(mut self, columns: &BTreeSet<String>) -> SentScan {
        self.info.phenotype.retain(|column, _| columns.contains(column));
        self
    }
}

/// A [`Recorded`] as it crosses the edge.
#[derive(Debug, Serialize, Deserialize)]
pub struct SentRecorded {
    series: SentSeries,
    quality: Quality,
}

/// An [`Outcome`] as it crosses the edge.
#[derive(Debug, Serialize, Deserialize)]
pub struct SentOutcome {
    scan: ScanId,
    example: Example,
    prediction: SentPrediction,
}

/// A [`Prediction`] as it crosses the edge.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SentPrediction {
    /// Predicted and actual volumes.
    Series {
        /// The predicted volumes.
        predicted: SentSeries,
        /// The actual volumes.
        actual: SentSeries,
    },
    /// Any other prediction.
    Other(Prediction),
}

impl Series {
    /// Moves a copy of a series beside the JSON.
    pub fn put(&mut self, series: &TimeSeries) -> SentSeries {
        self.0.push(series.values().to_vec());
        let index = self.0.len() - 1;
        SentSeries { trs: series.trs(), rois: series.rois(), tr: series.tr(), index }
    }

    /// Takes a series out of the message.
    ///
    /// # Errors
    /// If the series is missing or has another size.
    pub fn take(&mut self, sent: &SentSeries) -> Result<TimeSeries> {
        let values = self.0.get_mut(sent.index).ok_or("a series is missing from the message")?;
        TimeSeries::new(sent.trs, sent.rois, sent.tr, std::mem::take(values))
    }

    /// Puts a scan's series beside the message.
    pub fn put_scan(&mut self, scan: &Scan) -> SentScan {
        SentScan {
            info: (*scan.info).clone(),
            regions: (*scan.regions).clone(),
            descriptors: scan.descriptors.clone(),
            series: self.put(&scan.series),
        }
    }

    /// Rebuilds a scan with its series.
    ///
    /// # Errors
    /// As [`Series::take`].
    pub fn take_scan(&mut self, sent: SentScan) -> Result<Scan> {
        let series = self.take(&sent.series)?;
        let (info, regions) = (Arc::new(sent.info), Arc::new(sent.regions));
        Ok(Scan { info, series, regions, descriptors: sent.descriptors })
    }

    /// Puts the series of a recording beside the message.
    pub fn put_recorded(&mut self, recorded: Recorded) -> SentRecorded {
        SentRecorded { series: self.put(&recorded.series), quality: recorded.quality }
    }

    /// Rebuilds a recording with its series.
    ///
    /// # Errors
    /// As [`Series::take`].
    pub fn take_recorded(&mut self, sent: SentRecorded) -> Result<Recorded> {
        Ok(Recorded { series: self.take(&sent.series)?, quality: sent.quality })
    }

    /// Puts an outcome's series beside the message.
    pub fn put_outcome(&mut self, outcome: &Outcome) -> SentOutcome {
        let prediction = match &outcome.prediction {
            Prediction::Series { predicted, actual } => {
                SentPrediction::Series { predicted: self.put(predicted), actual: self.put(actual) }
            }
            other => SentPrediction::Other(other.clone()),
        };
        SentOutcome { scan: outcome.scan.clone(), example: outcome.example.clone(), prediction }
    }

    /// Rebuilds an outcome with its series.
    ///
    /// # Errors
    /// As [`Series::take`].
    pub fn take_outcome(&mut self, sent: SentOutcome) -> Result<Outcome> {
        let prediction = match sent.prediction {
            SentPrediction::Series { predicted, actual } => {
                Prediction::Series { predicted: self.take(&predicted)?, actual: self.take(&actual)? }
            }
            SentPrediction::Other(other) => other,
        };
        Ok(Outcome { scan: sent.scan, example: sent.example, prediction })
    }
}
