//! Quality of recordings: measures of a scan besides its signal, and reasons for exclusion.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ScanId, TimeSeries};

/// Quality measures of a scan, taken while it is read. Empty if the dataset cannot measure them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Framewise displacement (Power 2012) in mm, one value per volume on disk. The first is 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "numbers")]
    pub fd: Vec<f32>,
    /// DVARS in percent of the mean signal, one value per volume on disk. The first is 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "numbers")]
    pub dvars: Vec<f32>,
    /// Whether each volume on disk was kept. Empty without scrubbing, when all volumes are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<bool>,
    /// Temporal signal-to-noise ratio: a voxel's mean over its standard deviation; median over the
    /// voxels read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tsnr: Option<f32>,
    /// Share of each region's voxels that have a signal, 0 to 1, in the order of the regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "numbers")]
    pub coverage: Vec<f32>,
    /// Warnings for the reader, each a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Quality {
    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        *self == Quality::default()
    }

    /// Mean framewise displacement in mm, without the first volume.
    pub fn mean_fd(&self) -> Option<f64> {
        mean(moves(&self.fd))
    }

    /// Largest framewise displacement in mm.
    pub fn max_fd(&self) -> Option<f64> {
        moves(&self.fd).reduce(f64::max)
    }

    /// Mean DVARS in percent, without the first volume.
    pub fn mean_dvars(&self) -> Option<f64> {
        mean(moves(&self.dvars))
    }

    /// Share of the volumes on disk that scrubbing removed. `None` without scrubbing.
    pub fn censored(&self) -> Option<f64> {
        let out = self.kept.iter().filter(|kept| !**kept).count();
        (!self.kept.is_empty()).then(|| out as f64 / self.kept.len() as f64)
    }

    /// Mean coverage over the regions, 0 to 1.
    pub fn mean_coverage(&self) -> Option<f64> {
        mean(self.coverage.iter().map(|&share| f64::from(share)).filter(|share| share.is_finite()))
    }
}

/// Finite differences between volumes. The first entry is skipped, because no volume precedes it.
fn moves(values: &[f32]) -> impl Iterator<Item = f64> {
    values.iter().skip(1).map(|&value| f64::from(value)).filter(|value| value.is_finite())
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// A scan's signal and its quality measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The whole signal. A region that the scan does not cover is NaN throughout.
    pub series: TimeSeries,
    /// Quality measures of the scan.
    pub quality: Quality,
}

/// A scan that exists in the dataset but is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// The excluded scan.
    pub scan: ScanId,
    /// Reason, such as `96 s are left after scrubbing, 240 s are asked for`.
    pub reason: String,
}

/// Serialises undefined numbers as `null`, because JSON cannot express NaN.
mod numbers {
    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| Some(*value).filter(|value| value.is_finite())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
        let values = Vec::<Option<f32>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|value| value.unwrap_or(f32::NAN)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_volume_moved_from_nowhere() {
        let fd = vec![0.0, 0.25, f32::NAN, 0.75];
        let kept = vec![true, true, false, false];
        let quality = Quality { fd, kept, coverage: vec![1.0, 0.5], ..Quality::default() };
        // (0.25 + 0.75) / 2; the first and the undefined value are left out.
        assert_eq!((quality.mean_fd(), quality.max_fd()), (Some(0.5), Some(0.75)));
        assert_eq!((quality.censored(), quality.mean_coverage()), (Some(0.5), Some(0.75)));
        let nothing = Quality { fd: vec![0.0], ..Quality::default() };
        assert_eq!((nothing.mean_fd(), nothing.censored(), nothing.mean_dvars()), (None, None, None));
        assert!(Quality::default().is_empty() && !nothing.is_empty());
    }

    #[test]
    fn an_undefined_number_survives_json() {
        let quality =
            Quality { dvars: vec![0.0, f32::NAN, 1.5], coverage: vec![f32::INFINITY], ..Quality::default() };
        let text = serde_json::to_string(&quality).unwrap();
        assert_eq!(text, r#"{"dvars":[0.0,null,1.5],"coverage":[null]}"#);
        let read: Quality = serde_json::from_str(&text).unwrap();
        assert!(read.dvars[1].is_nan() && read.coverage[0].is_nan() && read.fd.is_empty());
        assert_eq!(read.dvars[2], 1.5);
    }
}
