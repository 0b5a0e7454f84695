//! Settings of cleaning, as written in a spec.

use boldface::{Deserialize, JsonSchema, Problem, Result, Serialize};

use super::butterworth::{self, Section};

/// How regional series are cleaned, in the terms and order of nilearn's `signal.clean`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub struct Cleaning {
    /// Whether the mean and the linear trend are removed from signal and confounds.
    pub detrend: bool,
    /// Removes frequencies above this, in Hz; must be below the Nyquist frequency, `0.5 / TR`.
    pub low_pass: Option<f64>,
    /// Removes frequencies below this (slow drifts), in Hz.
    pub high_pass: Option<f64>,
    /// How frequencies are removed.
    pub filter: Filter,
    /// How each region is scaled at the end.
    pub standardize: Standardization,
    /// Whether confounds are z-scored before they are removed. Without it and without `detrend`, the
    /// mean of a confound is removed as well.
    pub standardize_confounds: bool,
}

/// How unwanted frequencies are removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub enum Filter {
    /// Butterworth filter of order 5, run forward and backward: no delay, half the amplitude (-6 dB) at
    /// the cut-off. Censored volumes are interpolated for the filter. Does nothing without `low-pass` or
    /// `high-pass`.
    #[default]
    Butterworth,
    /// Cosines slower than `high-pass`, removed together with the confounds, as in SPM and fMRIPrep.
    /// Needs `high-pass` and cannot do `low-pass`. If a confound correlates above 0.9 with one of the
    /// cosines, the confounds count as holding the drift and no cosine is added (nilearn's rule).
    Cosine,
}

/// How each region is scaled at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub enum Standardization {
    /// No scaling: the signal stays in the units of the scanner.
    #[default]
    None,
    /// Mean 0 and standard deviation 1 of the sample (ddof 1): nilearn's `zscore_sample`.
    ZscoreSample,
    /// Mean 0 and standard deviation 1 of the population (ddof 0): nilearn's former `zscore`.
    Zscore,
    /// Percent signal change, `100 (x - mean) / |mean|`. If cleaning removed the mean, the mean before
    /// cleaning is used. A region whose mean is zero becomes zeros.
    Psc,
}

/// A filter designed for one TR.
#[derive(Debug)]
pub(super) enum Filtering {
    /// No filter, because there is no cut-off.
    None,
    /// Second-order sections.
    Butterworth(Vec<Section>),
    /// Cosines slower than `high_pass` (Hz) as regressors.
    Cosine { high_pass: f64 },
}

impl Default for Cleaning {
    /// Removes mean and trend only; confounds, if any, are z-scored.
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
    /// Settings that do nothing to the signal by themselves, as in nilearn's maskers by default.
    #[must_use]
    pub fn nothing() -> Cleaning {
        Cleaning { detrend: false, ..Cleaning::default() }
    }

    /// Returns the problems of these settings that do not depend on the recording, each at its key.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, cut) in [("low-pass", self.low_pass), ("high-pass", self.high_pass)] {
            if let Some(cut) = cut.filter(|cut| !(cut.is_finite() && *cut > 0.0)) {
                let help = "leave the key out to skip this filter";
                problems.push(Problem::at(key, format!("`{cut}` is not a frequency above 0 Hz")).help(help));
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

    /// Designs the filter for recordings of this TR, in seconds.
    pub(super) fn filtering(&self, tr: f64) -> Result<Filtering> {
        if let Some(problem) = self.problems().first() {
            return Err(problem.to_string().into());
        }
        if !(tr.is_finite() && tr > 0.0) {
            return Err(format!("the TR is `{tr}` s; it must be a positive number").into());
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
            _ => match butterworth::PassBand::from_limits(self.high_pass, self.low_pass) {
                Some(band) => Filtering::Butterworth(butterworth::design(band, tr)),
                None => Filtering::None,
            },
        })
    }
}
