//! What a recording is cleaned of, as a spec says it.

use boldface::{Deserialize, JsonSchema, Problem, Result, Serialize};

use super::butterworth::{self, Section};

/// What regional series are cleaned of, in the terms and order of nilearn's `signal.clean`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub struct Cleaning {
    /// Whether the mean and the linear trend over time are removed, of signal and confounds alike.
    pub detrend: bool,
    /// Frequencies above this are removed, in Hz; below the Nyquist frequency, `0.5 / TR`.
    pub low_pass: Option<f64>,
    /// Frequencies below this (slow drifts) are removed, in Hz.
    pub high_pass: Option<f64>,
    /// How frequencies are removed.
    pub filter: Filter,
    /// How each region is scaled at the end.
    pub standardize: Standardization,
    /// Whether confounds are z-scored before they are removed. Without it and without `detrend`, the mean of a
    /// confound takes part in what is removed.
    pub standardize_confounds: bool,
}

/// How unwanted frequencies are removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub enum Filter {
    /// Butterworth filter of order 5, run forward and backward: no delay, half the power (-6 dB) at the cut-off.
    /// Censored volumes are interpolated for the filter. Does nothing without `low-pass` or `high-pass`.
    #[default]
    Butterworth,
    /// Cosines slower than `high-pass` are removed together with the confounds, as SPM and fMRIPrep do it.
    /// Needs `high-pass`; cannot do `low-pass`. When a confound correlates above 0.9 with one of the
    /// cosines, the confounds are taken to hold the drift already and no cosine is added (nilearn's rule).
    Cosine,
}

/// How each region is scaled at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub enum Standardization {
    /// As it is, in the units of the scanner.
    #[default]
    None,
    /// Mean 0 and standard deviation 1 of the sample (ddof 1): nilearn's `zscore_sample`.
    ZscoreSample,
    /// Mean 0 and standard deviation 1 of the population (ddof 0): nilearn's former `zscore`.
    Zscore,
    /// Percent signal change: `100 (x - mean) / |mean|`, the mean being the one before cleaning where cleaning
    /// removed it. A region whose mean is zero becomes zeros.
    Psc,
}

/// A filter that fits a TR.
#[derive(Debug)]
pub(super) enum Filtering {
    /// No cut-off, no filter.
    None,
    /// Second-order sections.
    Butterworth(Vec<Section>),
    /// Cosines slower than `high_pass` (Hz) as regressors.
    Cosine { high_pass: f64 },
}

impl Default for Cleaning {
    /// Mean and trend are removed, nothing else; confounds, where there are any, are z-scored.
    fn default() -> Cleaning {
        Cleaning {
            detrend: true,
            low_pass: None,
            high_pass: None,
            filter: Filter::Butterworth,
            standardize: Standardization::None,
            standardize_confounds: true,
        }
    }
}

impl Cleaning {
    /// Nothing at all is done, as in nilearn's maskers unless told otherwise.
    #[must_use]
    pub fn nothing() -> Cleaning {
        Cleaning { detrend: false, ..Cleaning::default() }
    }

    /// What is wrong with these settings whatever the recording, each at its key.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, cut) in [("low-pass", self.low_pass), ("high-pass", self.high_pass)] {
            if let Some(cut) = cut.filter(|cut| !(cut.is_finite() && *cut > 0.0)) {
                let help = "leave it out for no such filter";
                problems.push(Problem::at(key, format!("`{cut}` is no frequency above 0 Hz")).help(help));
            }
        }
        if let (Some(low), Some(high)) = (self.low_pass, self.high_pass)
            && low <= high
        {
            let message = format!("`{low}` Hz is not above `high-pass`, `{high}` Hz: nothing would pass");
            let help = "`low-pass` is the highest frequency kept, `high-pass` the lowest";
            problems.push(Problem::at("low-pass", message).help(help));
        }
        if self.filter == Filter::Cosine {
            if self.high_pass.is_none() {
                let help = "such as high-pass = 0.008";
                problems.push(Problem::at("high-pass", "the `cosine` filter needs a cut-off").help(help));
            }
            if let Some(low) = self.low_pass {
                let message =
                    format!("the `cosine` filter removes slow drifts only, not what is above `{low}` Hz");
                problems.push(
                    Problem::at("low-pass", message).help("use filter = \"butterworth\", or drop the key"),
                );
            }
        }
        problems
    }

    /// The filter for recordings of this TR, in seconds.
    pub(super) fn filtering(&self, tr: f64) -> Result<Filtering> {
        if let Some(problem) = self.problems().first() {
            return Err(problem.to_string().into());
        }
        if !(tr.is_finite() && tr > 0.0) {
            return Err(format!("a TR of `{tr}` s is no time between volumes").into());
        }
        let nyquist = 0.5 / tr;
        for (key, cut) in [("low-pass", self.low_pass), ("high-pass", self.high_pass)] {
            if let Some(cut) = cut.filter(|&cut| cut >= nyquist) {
                return Err(format!(
                    "`{key}` = {cut} Hz is not below the Nyquist frequency, {nyquist:.4} Hz at a TR of {tr} s: \
                     lower it, or leave it out"
                )
                .into());
            }
        }
        Ok(match (self.filter, self.high_pass) {
            (Filter::Cosine, Some(high_pass)) => Filtering::Cosine { high_pass },
            _ => match butterworth::Band::of(self.high_pass, self.low_pass) {
                Some(band) => Filtering::Butterworth(butterworth::design(band, tr)),
                None => Filtering::None,
            },
        })
    }
}
