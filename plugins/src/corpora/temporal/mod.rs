//! Says how networks fluctuate, and which states of coupling a scan goes through.

mod check;
#[cfg(test)]
mod tests;

use boldface::{
    Cohort, Deserialize, JsonSchema, Problem, Result, Scan, Serialize, TimeSeries, TrainScans, register,
};
use boldface_features::spectrum::Band;
use boldface_features::temporal::{
    Amplitude, Fluctuations, Shape, Sliding, States, Visits, Windowed, fluctuations, stretches,
};
use boldface_features::{Feature, Measured, Missing, Networks};
use rayon::prelude::*;

use super::described::Described;
use super::family::{Family, Telling};
use super::words::WordTable;

/// Sentences about the fluctuations of each network, and about states of coupling in sliding windows.
///
/// Of each network, as a mean over its regions: amplitude (SD over time, ddof 1), ALFF and fALFF (mean amplitude in
/// `band`, and its share of all frequencies above 0, as DPABI defines them, with the scan's own TR) and persistence
/// (lag-1 autocorrelation). Of the whole scan: share of time in each state, seconds from entering a state to leaving it,
/// and changes of state a minute.
///
/// States are k-means groups (Euclidean distance, k-means++, the best of twenty starts) of the training scans' windows;
/// a window is the mean correlation of every pair of networks in it, and every person weighs the same. They are in the
/// order of the time that the training people spend in them. A window of another scan is in the state that it is
/// nearest to.
///
/// Volumes that were cut out leave gaps. Spectra and persistence are of the longest stretch without one, which must be as
/// long as one cycle of the band's lower end, and no window reaches over a gap. A TR that is too long for the
/// band, a scan shorter than two windows and the like are `not available`, with the reason. Where the series were z-scored
/// over their runs, as nine of ten regions with an SD within 0.25 of 1 in every training scan tell, there is no
/// amplitude to compare: it does not vary in training.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Temporal {
    /// Lowest and highest frequency of ALFF and fALFF in Hz.
    band: [f64; 2],
    /// Unit of amplitudes.
    amplitude: Unit,
    /// Length of a sliding window in seconds: at least ten volumes.
    window: f64,
    /// Seconds from one window to the next, rounded to volumes, at least one.
    step: f64,
    /// How volumes count within a window.
    shape: WindowShape,
    /// How many states; 0 for no sentences about them.
    states: usize,
    /// Words of your own: the path of a TOML file, or the table itself. What it does not say stays as it is shipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<WordTable>,
    /// Whether the wording of each sentence is drawn from the grammar, by seed, scan and feature; if not, every sentence
    /// has the plain form.
    paraphrase: bool,
    /// Columns of the tables that are adjusted for before a scan is compared, such as `["age", "sex", "site"]`: numbers
    /// if every training scan has a number, else categories. Every scan needs a value. Never what a task asks for: it
    /// would be put into the text.
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
    /// That of the series.
    #[default]
    Series,
    /// Percent of a region's mean, for series with a level: where the mean is larger than the SD.
    Percent,
}

/// How volumes count within a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum WindowShape {
    /// Less towards both ends: a square folded with a Gaussian of an SD of three volumes.
    #[default]
    Tapered,
    /// All alike.
    Square,
}

register!(CorpusGenerator "temporal" => Described<Temporal>);

/// What is learned beside norms.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Learned {
    /// Whether all training scans were z-scored before.
    standardized: bool,
    /// None if there were fewer different windows than states.
    states: Option<States>,
}

impl Family for Temporal {
    const NAME: &'static str = "temporal";
    const VERSION: u32 = 1;
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
        let networks = Networks::of(&first.regions);
        let windows = scans.par_iter().filter_map(|scan| {
            let (_, windows) = self.windows(scan, &networks).ok()?;
            Some((scan.info.id.person(), windows))
        });
        let states = States::fit(&windows.collect::<Vec<_>>(), &networks, self.states, seed);
        Ok(Learned { standardized, states })
    }

    fn measure(&self, learned: &Learned, scan: &Scan, _seed: u64) -> Result<Vec<Measured>> {
        let networks = Networks::of(&scan.regions);
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

    /// A standardised window has an amplitude of 1 everywhere.
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
        let mut measured = self.fluctuations().measure(&empty, &Networks::of(&cohort.regions), &[]);
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
        Fluctuations { band: Band { low: self.band[0], high: self.band[1] }, amplitude }
    }

    /// Windows of a scan with its TR.
    fn sliding(&self, tr: f64) -> Result<Sliding, Missing> {
        let shape = match self.shape {
            WindowShape::Tapered => Shape::Tapered,
            WindowShape::Square => Shape::Square,
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
