//! Flags that say how series are cleaned.

use boldface_imaging::clean::{Cleaning, Filter, Standardization};
use boldface_imaging::confounds::{Confounds, DummyScans, Scrub};
use boldface_imaging::recipe::{Recipe, TrHeader};
use clap::builder::{PossibleValue, PossibleValuesParser};

/// Cleaning flags. A step without its flag is skipped.
#[derive(clap::Args)]
#[command(next_help_heading = "Cleaning")]
pub struct CleaningArguments {
    /// Regress out these columns of --confounds.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', conflicts_with = "strategy")]
    columns: Vec<String>,
    /// Regress out a named set of confounds: 6p, 9p, 12p, 24p, 36p, acompcor and others.
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Remove volumes with a framewise displacement above this, in mm.
    #[arg(long, value_name = "MM")]
    scrub_fd: Option<f64>,
    /// Remove volumes with a standardised DVARS above this.
    #[arg(long, value_name = "X")]
    scrub_dvars: Option<f64>,
    /// When scrubbing, also remove runs of kept volumes shorter than this.
    #[arg(long, value_name = "VOLUMES", default_value_t = 5)]
    scrub_shortest: usize,
    /// Remove this many volumes at the start. Default: those that the confounds mark as non-steady
    /// states.
    #[arg(long, value_name = "VOLUMES")]
    dummy_scans: Option<usize>,
    /// Remove mean and linear trend.
    #[arg(long)]
    detrend: bool,
    /// Remove frequencies above this, in Hz.
    #[arg(long, value_name = "HZ")]
    low_pass: Option<f64>,
    /// Remove frequencies below this, in Hz.
    #[arg(long, value_name = "HZ")]
    high_pass: Option<f64>,
    /// Filter: butterworth (order 5, forward and backward), or cosine (high-pass only).
    #[arg(long, value_name = "FILTER", default_value = "butterworth", value_parser = ["butterworth", "cosine"])]
    filter: String,
    /// Scaling of regions: zscore_sample (ddof 1), zscore (ddof 0), psc (percent), none.
    #[arg(long, value_name = "HOW", default_value = "none",
          value_parser = scalings())]
    standardize: String,
    /// Repetition time in seconds, if neither header nor .json gives it. If they do, they must agree
    /// with it.
    #[arg(long, value_name = "S")]
    tr: Option<f64>,
    /// Ignore the header's repetition time, and use only --tr or the .json.
    #[arg(long)]
    ignore_header_tr: bool,
    /// Resample to this repetition time in seconds, without aliasing.
    #[arg(long, value_name = "S")]
    resample_tr: Option<f64>,
    /// Smooth every volume first, with this full width at half maximum in mm.
    #[arg(long, value_name = "MM")]
    smoothing: Option<f64>,
    /// Smallest share of a region's voxels that must have a signal; below it, the region is n/a.
    #[arg(long, value_name = "F", default_value_t = 0.5)]
    minimum_coverage: f64,
}

/// Names of scalings as nilearn spells them. The hyphenated names of specs work too.
fn scalings() -> PossibleValuesParser {
    let sample = PossibleValue::new("zscore_sample").alias("zscore-sample");
    [sample, "zscore".into(), "psc".into(), "none".into()].into()
}

impl CleaningArguments {
    /// Builds the recipe. Every error names a flag.
    pub fn recipe(&self, has_confounds: bool) -> Result<Recipe, String> {
        let needs = [
            ("--columns", !self.columns.is_empty()),
            ("--strategy", self.strategy.is_some()),
            ("--scrub-fd", self.scrub_fd.is_some()),
            ("--scrub-dvars", self.scrub_dvars.is_some()),
        ];
        if let Some((flag, _)) = needs.iter().find(|(_, is_given)| *is_given).filter(|_| !has_confounds) {
            return Err(format!(
                "{flag} needs the tables of confounds: give --confounds FILE, or --confounds auto"
            ));
        }
        if has_confounds && needs.iter().all(|(_, is_given)| !is_given) && self.dummy_scans.is_some() {
            return Err(
                "--confounds has no use: give --strategy, --columns, --scrub-fd or --scrub-dvars".to_owned()
            );
        }
        let confounds = match (&self.strategy, self.columns.is_empty()) {
            (Some(name), _) => {
                let named = name.parse().map_err(|error| format!("--strategy: {error}"))?;
                Some(Confounds::Named(named))
            }
            (None, false) => Some(Confounds::Columns(self.columns.clone())),
            (None, true) => None,
        };
        let is_scrubbed = self.scrub_fd.is_some() || self.scrub_dvars.is_some();
        let recipe = Recipe {
            tr: self.tr,
            tr_header: if self.ignore_header_tr { TrHeader::Ignore } else { TrHeader::Agree },
            smoothing: self.smoothing,
            minimum_coverage: self.minimum_coverage,
            confounds,
            dummy_scans: self.dummy_scans.map_or(DummyScans::Detected, DummyScans::Count),
            scrub: is_scrubbed.then_some(Scrub {
                fd: self.scrub_fd,
                dvars: self.scrub_dvars,
                shortest: self.scrub_shortest,
            }),
            cleaning: Cleaning {
                detrend: self.detrend,
                low_pass: self.low_pass,
                high_pass: self.high_pass,
                filter: if self.filter == "cosine" { Filter::Cosine } else { Filter::Butterworth },
                standardize: match self.standardize.as_str() {
                    "zscore_sample" | "zscore-sample" => Standardization::ZscoreSample,
                    "zscore" => Standardization::Zscore,
                    "psc" => Standardization::Psc,
                    _ => Standardization::None,
                },
                ..Cleaning::nothing()
            },
            resample_tr: self.resample_tr,
        };
        match recipe.problems().first() {
            None => Ok(recipe),
            Some(problem) => {
                let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
                Err(format!("--{}: {}{help}", problem.key.replace('.', "-"), problem.message))
            }
        }
    }
}

/// Replaces the keys of specs in a message by the flags of this command.
pub fn in_flags(message: &str) -> String {
    const FLAGS: [(&str, &str); 14] = [
        ("`tr-header = \"ignore\"`", "--ignore-header-tr"),
        ("`tr`", "--tr"),
        ("`resample-tr`", "--resample-tr"),
        ("`low-pass`", "--low-pass"),
        ("`high-pass`", "--high-pass"),
        ("filter = \"cosine\"", "--filter cosine"),
        ("filter = \"butterworth\"", "--filter butterworth"),
        ("`smoothing`", "--smoothing"),
        ("`minimum-coverage`", "--minimum-coverage"),
        ("`dummy-scans`", "--dummy-scans"),
        ("`dummy-scans = ", "`--dummy-scans "),
        ("`scrub.fd`", "--scrub-fd"),
        ("`scrub.dvars`", "--scrub-dvars"),
        ("`scrub`", "--scrub-fd or --scrub-dvars"),
    ];
    FLAGS.iter().fold(message.to_owned(), |message, (key, flag)| message.replace(key, flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_speak_of_flags() {
        let message = "the header says a TR of 2000 s; write `tr` in seconds and `tr-header = \"ignore\"`";
        assert_eq!(
            in_flags(message),
            "the header says a TR of 2000 s; write --tr in seconds and --ignore-header-tr"
        );
    }
}
