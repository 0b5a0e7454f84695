//! Coupling between networks.

use boldface::{Deserialize, JsonSchema, Regions, Serialize, TimeSeries};

use super::shrunk::LEAST_TRS;
use super::{Fc, fc, partial, shrunk};
use crate::{Feature, Measurement, Missing, Networks, PairOfNetworks};

/// How to measure the coupling of two regions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "boldface::serde")]
#[schemars(crate = "boldface::schemars")]
pub enum ConnectivityKind {
    /// Pearson correlation, averaged and compared as Fisher z, reported as a correlation.
    #[default]
    FisherZ,
    /// Pearson correlation, averaged directly.
    Pearson,
    /// Partial correlation given all other regions, from the inverse of the Ledoit-Wolf covariance of
    /// the z-scored series.
    Partial,
    /// Pearson correlation from the Ledoit-Wolf covariance of the z-scored series: shrunk towards zero
    /// if the scan is short for its number of regions.
    LedoitWolf,
}

impl ConnectivityKind {
    /// Returns the name of the measure in features.
    pub fn measure(self) -> &'static str {
        match self {
            ConnectivityKind::FisherZ | ConnectivityKind::Pearson => "coupling",
            ConnectivityKind::Partial => "partial-coupling",
            ConnectivityKind::LedoitWolf => "shrunk-coupling",
        }
    }

    /// Converts an averaged coupling to a correlation.
    pub fn correlation(self, coupling: f64) -> f64 {
        if self == ConnectivityKind::FisherZ { coupling.tanh() } else { coupling }
    }

    fn matrix(self, series: &TimeSeries) -> Result<Fc, Missing> {
        if series.trs() < LEAST_TRS {
            return Err(Missing::Short);
        }
        match self {
            ConnectivityKind::FisherZ | ConnectivityKind::Pearson => Ok(fc(series)),
            ConnectivityKind::Partial => partial(series),
            ConnectivityKind::LedoitWolf => shrunk(series).map(|shrunk| shrunk.fc),
        }
    }
}

/// Measures the coupling of every pair of networks, in alphabetical order: the mean over the pairs of
/// regions between them, or of different regions within one network. Pairs with a region without a
/// signal are left out; if they are more than half, the coupling is [`Missing::Dead`]. A network of one
/// region has no coupling with itself: [`Missing::Alone`]. With fewer than 4 volumes, every other
/// coupling is [`Missing::Short`].
///
/// # Panics
/// If series and `regions` differ in their number of regions.
pub fn network_pairs(series: &TimeSeries, regions: &Regions, kind: ConnectivityKind) -> Vec<Measurement> {
    assert_eq!(series.rois(), regions.networks.len(), "one network a region");
    let matrix = kind.matrix(series);
    let measured = |PairOfNetworks { names: [a, b], edges }: PairOfNetworks| {
        let value = match &matrix {
            _ if edges.is_empty() => Err(Missing::Alone),
            Ok(fc) => mean(fc, &edges, kind),
            Err(missing) => Err(*missing),
        };
        Feature::new(kind.measure(), &[&a, &b]).is(value)
    };
    Networks::group(regions).pairs().into_iter().map(measured).collect()
}

fn mean(fc: &Fc, edges: &[(usize, usize)], kind: ConnectivityKind) -> Result<f64, Missing> {
    let there = || edges.iter().map(|&(i, j)| fc.at(i, j)).filter(|r| !r.is_nan());
    if 2 * there().count() < edges.len() {
        return Err(Missing::Dead);
    }
    let (sum, count) = match kind {
        ConnectivityKind::FisherZ => sum_of_fisher_z(there()),
        _ => there().fold((0.0, 0), |(sum, count), r| (sum + r, count + 1)),
    };
    if 2 * count < edges.len() { Err(Missing::Undefined) } else { Ok(sum / count as f64) }
}

/// Returns the sum of `atanh r = ln((1 + r) / (1 - r)) / 2`, and the number of terms. Pairs of equal
/// regions are skipped: their Fisher z is infinite, and they say nothing about coupling.
fn sum_of_fisher_z(correlations: impl Iterator<Item = f64>) -> (f64, usize) {
    // One logarithm per 16 terms: `1 - r` is at least 1e-16, so the product stays far above the smallest
    // number.
    let (mut sum, mut count) = (0.0, 0);
    let (mut above, mut below) = (1.0, 1.0);
    for r in correlations.filter(|r| r.abs() < 1.0) {
        above *= 1.0 + r;
        below *= 1.0 - r;
        count += 1;
        if count % 16 == 0 {
            sum += f64::ln(above / below) / 2.0;
            (above, below) = (1.0, 1.0);
        }
    }
    (sum + f64::ln(above / below) / 2.0, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    fn regions(networks: &[&str]) -> Regions {
        let own = |&network: &&str| network.to_owned();
        Regions {
            names: (0..networks.len()).map(|roi| format!("r{roi}")).collect(),
            networks: networks.iter().map(own).collect(),
        }
    }

    fn series(rows: &[[f32; 4]]) -> TimeSeries {
        let values = (0..4).flat_map(|t| rows.iter().map(move |row| row[t])).collect();
        TimeSeries::new(4, rows.len(), 2.0, values).unwrap()
    }

    #[test]
    fn means_of_the_golden_scan_equal_the_golden_file() {
        let Some(golden) = golden::file() else { return };
        let names: Vec<String> = (0..golden::ROIS).map(|roi| (roi % 7).to_string()).collect();
        let regions = regions(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for (place, kind) in [ConnectivityKind::Pearson, ConnectivityKind::FisherZ].into_iter().enumerate() {
            let measured = network_pairs(&golden::series(), &regions, kind);
            assert_eq!(measured.len(), 28);
            for Measurement { feature, value } in measured {
                assert_eq!(feature.measure, "coupling");
                let expected = &golden["network_mean_fc (mean r, mean atanh r)"][feature.of.join("-")][place];
                // The scan is in 32 bits.
                assert!((value.unwrap() - expected.as_f64().unwrap()).abs() < 1e-6, "{feature}");
            }
        }
    }

    #[test]
    fn what_is_missing_has_its_reason_and_the_features_stay() {
        let (a, b) = ([1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0]);
        let c = [1.0, 0.0, 0.0, -1.0];
        let dead = [7.0; 4];
        let of = regions(&["A", "B", "B", "B"]);
        let values = |rows: &[[f32; 4]], kind| -> Vec<Result<f64, Missing>> {
            let measured = network_pairs(&series(rows), &of, kind);
            let names: Vec<String> = measured.iter().map(|one| one.feature.of.join("-")).collect();
            assert_eq!(names, ["A-A", "A-B", "B-B"]);
            measured.into_iter().map(|one| one.value).collect()
        };
        let half = 0.5_f64.sqrt();
        // Correlations with a: 1 (equal), 0 and .7071; within B: 0, .7071 and .7071. Fisher z leaves the
        // equal pair out.
        let pearson = values(&[a, a, b, c], ConnectivityKind::Pearson);
        assert_eq!(pearson[0], Err(Missing::Alone));
        assert!((pearson[1].unwrap() - (1.0 + half) / 3.0).abs() < 1e-7);
        let z = values(&[a, a, b, c], ConnectivityKind::FisherZ);
        assert!((z[1].unwrap() - half.atanh() / 2.0).abs() < 1e-6);
        assert_eq!(values(&[a, a, a, a], ConnectivityKind::FisherZ)[1..], [Err(Missing::Undefined); 2]);
        // One of three regions of B is dead: two of three pairs with A remain, but only one of three
        // within B.
        for kind in [ConnectivityKind::FisherZ, ConnectivityKind::LedoitWolf, ConnectivityKind::Partial] {
            let some = values(&[a, dead, b, c], kind);
            assert!(some[1].is_ok());
            assert_eq!((some[0], some[2]), (Err(Missing::Alone), Err(Missing::Dead)));
        }
        let dead = values(&[dead; 4], ConnectivityKind::LedoitWolf);
        assert_eq!(dead, [Err(Missing::Alone), Err(Missing::Dead), Err(Missing::Dead)]);
        let three = TimeSeries::new(3, 4, 2.0, (0..12).map(|i| (i * i % 7) as f32).collect()).unwrap();
        let short = network_pairs(&three, &of, ConnectivityKind::Pearson);
        assert_eq!(short[1].value, Err(Missing::Short));
        assert_eq!(short[0].value, Err(Missing::Alone));
    }
}
