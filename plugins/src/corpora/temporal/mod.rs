//! Describes how networks fluctuate, and the states of coupling in a scan.

mod check;
#[cfg(test)]
mod tests;

use boldface::{
    Cohort, Deserialize, JsonSchema, Problem, Result, Scan, Serialize, TimeSeries, TrainScans, register,
};
use boldface_features::spectrum::FrequencyBand;
use boldface_features::temporal::{
    Amplitude, Fluctuations, Sliding, States, Visits, WindowTaper, Windowed, fluctuations, stretches,
};
use boldface_features::{Feature, Measurement, Missing, Networks};
use rayon::prelude::*;

use super::described::Described;
use super::family::{FeatureFamily, Telling};
use super::words::WordTable;

/// Sentences about the fluctuations of each network, and about states of coupling in sliding windows.
///
/// Measures of each network are means over its regions: amplitude (SD over time, ddof 1), ALFF and
/// fALFF (mean amplitude in `band`, and its share of all frequencies above 0, as in DPABI, at the
/// scan's own TR), and persistence (lag-1 autocorrelation). Measures of the whole scan are the share of
/// time in each state, the seconds from entering a state to leaving it, and the changes of state per
/// minute.
///
/// States are k-means clusters (Euclidean distance, k-means++, best of twenty starts) of the training
/// scans' windows. A window is represented by the mean correlation of every pair of networks, and every
/// person has the same weight. States are ordered by the time that the training people spend in them. A
/// window of another scan belongs to the nearest state.
///
/// Volumes that were cut out leave gaps. Spectra and persistence use the longest stretch without a gap,
/// which must be as long as one cycle of the band's lower end. No window reaches over a gap, because a
/// spectrum or correlation over one is meaningless. Facts are `not available`, with the reason, if the
/// TR is too long for the band, the scan is shorter than two windows, and so on. If the series were
/// z-scored over their runs, there is no amplitude to compare, because it does not vary in training.
/// This is assumed if nine of ten regions have an SD within 0.25 of 1 in every training scan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Temporal {
    /// Lowest and highest frequency of ALFF and fALFF in Hz.
    band: [f64; 2],
    /// Unit of amplitudes.
    amplitude: Unit,
    /// Length of a sliding window in seconds, which must cover at least ten volumes.
    window: f64,
    /// Seconds between the starts of consecutive windows, rounded to volumes, at least one.
    step: f64,
    /// Weights of volumes within a window.
    shape: WindowShape,
    /// Number of states; 0 for no sentences about them.
    states: usize,
    /// Your own words: the path of a TOML file, or the table itself. Built-in words apply to everything
    /// it leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<WordTable>,
    /// Whether the wording of each sentence is drawn from the grammar, by seed, scan and feature. If
    /// false, every sentence has the plain form.
    paraphrase: bool,
    /// Table columns to adjust for before a scan is compared, such as `["age", "sex", "site"]`. A
    /// column is numeric if every training scan has a number in it, else categorical. Every scan needs
    /// a value. Leave out columns that a task asks for, because adjustment puts them into the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjust: Vec<String>,
}

impl Default for Temporal {
    fn default() -> Temporal {
        Temporal {
            band: [0.01, 0.08],
            amplitude: Unit::default(),
            window: 60.0,
            step: 4.0,
            shape: WindowShape::default(),
            states: 4,
            words: None,
            paraphrase: true,
            adjust: Vec::new(),
        }
    }
}

/// Unit of amplitudes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Unit {
    /// Unit of the series.
    #[default]
    Series,
    /// Percent of a region's mean, for series with a level: a mean larger than the SD.
    Percent,
}

/// Weights of volumes within a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum WindowShape {
    /// Smaller weights towards both ends: a square convolved with a Gaussian with an SD of three
    /// volumes.
    #[default]
    Tapered,
    /// The same weight for all volumes.
    Square,
}

register!(CorpusGenerator "temporal" => Described<Temporal>);

/// Results learned besides norms.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Learned {
    /// Whether all training scans were z-scored already.
    standardized: bool,
    /// `None` if there were fewer different windows than states, or no states are described.
    states: Option<States>,
}

impl FeatureFamily for Temporal {
    const NAME: &'static str = "temporal";
    const VERSION: u32 = 1;
    const NEEDS_NETWORKS: bool = true;
    const WORDS: &'static str = include_str!("words.toml");
    type Learned = Learned;

    fn telling(&self) -> Telling<'_> {
        Telling { words: self.words.as_ref(), paraphrase: self.paraphrase, adjust: &self.adjust }
    }

    fn learn(&self, train: &TrainScans<'_>, seed: u64) -> Result<Learned> {
        let scans: Vec<&Scan> = train.iter().collect();
        let is_standardized = |scan: &&Scan| fluctuations::is_standardized(&scan.series);
        let standardized = !scans.is_empty() && scans.par_iter().all(is_standardized);
        let Some(first) = scans.first().filter(|_| self.states > 0) else {
            return Ok(Learned { standardized, states: None });
        };
        let networks = Networks::group(&first.regions);
        let windows = scans.par_iter().filter_map(|scan| {
            let (_, windows) = self.windows(scan, &networks).ok()?;
            Some((scan.info.id.person(), windows))
        });
        let states = States::fit(&windows.collect::<Vec<_>>(), &networks, self.states, seed);
        Ok(Learned { standardized, states })
    }

    fn measure(&self, learned: &Learned, scan: &Scan, _seed: u64) -> Result<Vec<Measurement>> {
        let networks = Networks::group(&scan.regions);
        let mut measured = self.fluctuations().measure(&scan.series, &networks, &scan.info.cuts);
        if learned.standardized {
            let amplitudes = measured.iter_mut().filter(|measured| measured.feature.measure == "amplitude");
            amplitudes.for_each(|measured| measured.value = measured.value.and(Err(Missing::NoSpread)));
        }
        let visits = self.windows(scan, &networks).and_then(|(sliding, windows)| {
            let states = learned.states.as_ref().ok_or(Missing::NoSpread)?;
            states.visits(&windows, sliding.step_seconds())
        });
        if self.states > 0 {
            measured.extend(Visits::measured(&visits, self.states));
        }
        Ok(measured)
    }

    /// Excludes amplitudes: every region of a standardised window has an amplitude of 1.
    fn shows(&self, feature: &Feature) -> bool {
        !matches!(feature.measure.as_str(), "amplitude" | "alff")
    }

    fn check(&self, cohort: &Cohort) -> Vec<Problem> {
        check::check(self, cohort)
    }

    fn features(&self, cohort: &Cohort) -> Vec<Feature> {
        let Ok(empty) = TimeSeries::new(0, cohort.regions.networks.len(), 1.0, Vec::new()) else {
            return Vec::new();
        };
        let mut measured = self.fluctuations().measure(&empty, &Networks::group(&cohort.regions), &[]);
        if self.states > 0 {
            measured.extend(Visits::measured(&Err(Missing::Short), self.states));
        }
        measured.into_iter().map(|measured| measured.feature).collect()
    }
}

impl Temporal {
    fn fluctuations(&self) -> Fluctuations {
        let amplitude = match self.amplitude {
            Unit::Series => Amplitude::Units,
            Unit::Percent => Amplitude::Percent,
        };
        Fluctuations { band: FrequencyBand { low: self.band[0], high: self.band[1] }, amplitude }
    }

    /// Returns the sliding windows for scans with this TR.
    fn sliding(&self, tr: f64) -> Result<Sliding, Missing> {
        let shape = match self.shape {
            WindowShape::Tapered => WindowTaper::Tapered,
            WindowShape::Square => WindowTaper::Square,
        };
        Sliding::new(self.window, self.step, shape, tr)
    }

    fn windows(&self, scan: &Scan, networks: &Networks) -> Result<(Sliding, Vec<Windowed>), Missing> {
        let (series, cuts) = (&scan.series, &scan.info.cuts);
        let sliding = self.sliding(series.tr())?;
        let uncut = stretches::stretches(cuts, series.trs(), series.tr());
        let windows = sliding.couplings(series, networks, &uncut)?;
        Ok((sliding, windows))
    }
}
