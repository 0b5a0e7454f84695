//! Measures of the gradients of one scan.

use boldface::TimeSeries;

use super::{ConnectivityGradients, GradientTemplate, Steps, too_short};
use crate::{Feature, Measurement, Missing, Networks, fc};

/// Returns the features of [`measure`], gradient by gradient: `gradient-range.1`, `gradient-variance.1`,
/// `gradient-share.1`, and `gradient-mean.1-N` for each network `N`.
pub fn features(components: usize, networks: &Networks) -> Vec<Feature> {
    let of = |g: usize| {
        let number = g.to_string();
        let whole = ["gradient-range", "gradient-variance", "gradient-share"];
        let mut features = whole.map(|measure| Feature::new(measure, &[&number])).to_vec();
        let means = networks.members.iter().map(|(name, _)| Feature::new("gradient-mean", &[&number, name]));
        features.extend(means);
        features
    };
    (1..=components).flat_map(of).collect()
}

/// Measures the gradients of a scan, turned onto `template`:
///
/// - range: largest minus smallest value over the regions with a signal,
/// - variance over these regions (ddof 0),
/// - share: of the squared eigenvalues, from 0 to 1 ([`super::Embedding`], [`ConnectivityGradients::turned_onto`]),
/// - mean over the regions of each network with a signal: [`Missing::Dead`] if more than half of them
///   have none.
///
/// Without gradients, every value is missing for the same reason: [`Missing::Short`] for three volumes
/// or fewer (the variance of a Fisher z is 1 / (volumes - 3)), or as in [`Steps::gradients`] and
/// [`ConnectivityGradients::turned_onto`].
pub fn measure(
    steps: &Steps,
    template: &GradientTemplate,
    series: &TimeSeries,
    networks: &Networks,
) -> Vec<Measurement> {
    let turned = if too_short(series) {
        Err(Missing::Short)
    } else {
        steps.gradients(&fc(series)).and_then(|gradients| gradients.turned_onto(template))
    };
    let values: Vec<Result<f64, Missing>> = match &turned {
        Ok(gradients) => (0..steps.components).flat_map(|g| values(gradients, g, networks)).collect(),
        Err(missing) => vec![Err(*missing); steps.components * (3 + networks.members.len())],
    };
    features(steps.components, networks)
        .into_iter()
        .zip(values)
        .map(|(feature, value)| feature.is(value))
        .collect()
}

/// Returns the values of gradient `g` in the order of [`features`].
fn values(gradients: &ConnectivityGradients, g: usize, networks: &Networks) -> Vec<Result<f64, Missing>> {
    let map = gradients.map(g);
    let living = || map.iter().copied().filter(|value| !value.is_nan());
    let (low, high) = living()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let count = gradients.living.len() as f64;
    let mean = living().sum::<f64>() / count;
    let variance = living().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let of_network = |members: &Vec<usize>| {
        let alive: Vec<f64> = members.iter().map(|&roi| map[roi]).filter(|value| !value.is_nan()).collect();
        if 2 * alive.len() < members.len() {
            return Err(Missing::Dead);
        }
        Ok(alive.iter().sum::<f64>() / alive.len() as f64)
    };
    let mut values = vec![Ok(high - low), Ok(variance), Ok(gradients.shares[g])];
    values.extend(networks.members.iter().map(|(_, members)| of_network(members)));
    values
}
