//! Regional time series, and the features and codes that a tokenizer computes from them.
//!
//! All of them are time-major: index `t * rois + roi`.

use serde::{Deserialize, Serialize};

use crate::Result;

/// BOLD signal per region: `trs` volumes of `rois` regions, `values[t * rois + roi]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeSeries {
    trs: usize,
    rois: usize,
    tr: f64,
    values: Vec<f32>,
}

/// A stretch of a scan: `trs` volumes, beginning with volume `start`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    /// First volume, counted from the start of the cropped scan.
    pub start: usize,
    /// Length in volumes.
    pub trs: usize,
}

impl Window {
    /// The first `trs` volumes.
    pub fn first(trs: usize) -> Window {
        Window { start: 0, trs }
    }
}

impl TimeSeries {
    /// Creates a series of `trs` volumes by `rois` regions with a repetition time of `tr` seconds.
    ///
    /// # Errors
    /// If `values` does not have `trs * rois` entries.
    pub fn new(trs: usize, rois: usize, tr: f64, values: Vec<f32>) -> Result<TimeSeries> {
        if trs.checked_mul(rois) != Some(values.len()) {
            return Err(format!("{} values cannot be {trs} volumes of {rois} regions", values.len()).into());
        }
        Ok(TimeSeries { trs, rois, tr, values })
    }

    /// Number of volumes.
    pub fn trs(&self) -> usize {
        self.trs
    }

    /// Number of regions.
    pub fn rois(&self) -> usize {
        self.rois
    }

    /// Repetition time in seconds.
    pub fn tr(&self) -> f64 {
        self.tr
    }

    /// All values, time-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Values of all regions at volume `t`.
    pub fn volume(&self, t: usize) -> &[f32] {
        &self.values[t * self.rois..(t + 1) * self.rois]
    }

    /// Values of one region over time.
    pub fn roi(&self, roi: usize) -> impl Iterator<Item = f32> + Clone + '_ {
        self.values.iter().skip(roi).step_by(self.rois.max(1)).copied()
    }

    /// Copies the volumes of `window`.
    ///
    /// # Errors
    /// If the window reaches past the end.
    pub fn window(&self, window: Window) -> Result<TimeSeries> {
        let end = window.start.checked_add(window.trs).filter(|&end| end <= self.trs);
        let end = end.ok_or_else(|| {
            format!(
                "the window has volumes {}..{}, but the series only {}",
                window.start,
                window.start.saturating_add(window.trs),
                self.trs
            )
        })?;
        let values = self.values[window.start * self.rois..end * self.rois].to_vec();
        TimeSeries::new(window.trs, self.rois, self.tr, values)
    }

    /// Replaces the values, for example by a cleaned or predicted series of the same shape.
    ///
    /// # Errors
    /// If the number of values differs.
    pub fn with_values(&self, values: Vec<f32>) -> Result<TimeSeries> {
        TimeSeries::new(self.trs, self.rois, self.tr, values)
    }

    /// Appends `next` in time.
    ///
    /// # Errors
    /// If the numbers of regions differ.
    pub fn followed_by(&self, next: &TimeSeries) -> Result<TimeSeries> {
        if self.rois != next.rois {
            return Err(format!("{} regions cannot be followed by {} regions", self.rois, next.rois).into());
        }
        let values = [self.values.as_slice(), &next.values].concat();
        TimeSeries::new(self.trs + next.trs, self.rois, self.tr, values)
    }
}

/// Continuous vectors, one per row: `values[row * width + column]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// Number of vectors.
    pub rows: usize,
    /// Length of each.
    pub width: usize,
    /// `rows * width` numbers, row after row.
    pub values: Vec<f32>,
}

impl Features {
    /// Creates `values.len() / width` rows.
    ///
    /// # Errors
    /// If `width` does not divide the number of values.
    pub fn new(width: usize, values: Vec<f32>) -> Result<Features> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return Err(format!("{} values cannot be split into rows of {width}", values.len()).into());
        }
        Ok(Features { rows: values.len() / width, width, values })
    }

    /// Returns one vector.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// Copies the first `rows` vectors.
    #[must_use]
    pub fn first(&self, rows: usize) -> Features {
        Features { rows, width: self.width, values: self.values[..rows * self.width].to_vec() }
    }
}

/// Discrete codes of a scan, time-major: `codes[patch * rois + roi]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    /// Time patches.
    pub patches: usize,
    /// Regions.
    pub rois: usize,
    /// `patches * rois` indices into the codebook.
    pub codes: Vec<u32>,
}

impl Codes {
    /// Returns the code of `roi` in `patch`.
    pub fn at(&self, patch: usize, roi: usize) -> u32 {
        self.codes[patch * self.rois + roi]
    }

    /// Copies the first `patches` patches.
    #[must_use]
    pub fn first(&self, patches: usize) -> Codes {
        Codes { patches, rois: self.rois, codes: self.codes[..patches * self.rois].to_vec() }
    }
}
