//! Measures of the components' time courses in a scan.

use boldface::scores::{mean, pearson_r};
use boldface::{Cut, TimeSeries};

use super::Components;
use crate::signal::{detrend, lag1};
use crate::spectrum::{ALFF, LOW, Spectra};
use crate::temporal::stretches::longest;
use crate::{Feature, Measurement, Missing};

/// Minimum number of volumes for a time course.
const LEAST_TRS: usize = 10;

/// Smallest SD of a course: regions have SD 1, so anything below is rounding noise.
const ROUNDING: f64 = 1e-8;

impl Components {
    /// Measures every component and every pair of components in a scan, on the detrended time courses
    /// ([`features`]).
    ///
    /// - `component-amplitude.C`: mean absolute value; `component-variability.C`: SD (ddof 0). Both are
    ///   on the scale of the group's map (variance 1 over regions), for regions of SD 1.
    /// - `component-spectral-ratio.C`: power in 0.01-0.10 Hz over power above 0.10 to 0.25 Hz
    ///   ([`Spectra::ratio`]) at the scan's TR; `component-falff.C`: fALFF of 0.01-0.08 Hz
    ///   ([`Spectra::alff`]); `component-persistence.C`: [`lag1`]. These use the longest stretch between
    ///   `cuts`, as they need a series without gaps; spectra need 100 s of it.
    /// - `component-coupling.C-D`: Pearson correlation of two courses.
    pub fn measure(&self, series: &TimeSeries, cuts: &[Cut]) -> Vec<Measurement> {
        let components = self.maps.len();
        let courses = if series.trs() < LEAST_TRS {
            vec![Err(Missing::Short); components]
        } else {
            match self.courses(series) {
                Ok(courses) => courses.courses,
                Err(missing) => vec![Err(missing); components],
            }
        };
        let straight: Vec<Result<Vec<f64>, Missing>> = courses
            .into_iter()
            .map(|course| {
                let mut course = course?;
                detrend(&mut course);
                if spread(&course) > ROUNDING { Ok(course) } else { Err(Missing::Dead) }
            })
            .collect();
        let stretch = longest(cuts, series.trs(), series.tr());
        let spectra = Spectra::new(stretch.len(), series.tr());
        let cycle = stretch.len() as f64 * series.tr() * LOW.low >= 1.0 - 1e-9;
        let part =
            |course: &[f64]| if cycle { Ok(course[stretch.clone()].to_vec()) } else { Err(Missing::Short) };
        let mut measured = Vec::new();
        let mut each = |measure: &str, of: &dyn Fn(&[f64]) -> Result<f64, Missing>| {
            for (map, course) in self.maps.iter().zip(&straight) {
                let value = course.as_ref().map_err(|missing| *missing).and_then(|course| of(course));
                measured.push(Feature::new(measure, &[&map.name]).is(value));
            }
        };
        each("component-amplitude", &|course| Ok(mean(course.iter().map(|x| x.abs()))));
        each("component-variability", &|course| Ok(spread(course)));
        each("component-spectral-ratio", &|course| {
            let ratio = spectra.ratio(&part(course)?)?;
            if ratio < FILTERED { Ok(ratio) } else { Err(Missing::Filtered) }
        });
        each("component-falff", &|course| Ok(spectra.alff(&part(course)?, ALFF)?.falff));
        each("component-persistence", &|course| lag1(&course[stretch.clone()]));
        for (i, j) in pairs(components) {
            let of = [self.maps[i].name.as_str(), self.maps[j].name.as_str()];
            let value = match (&straight[i], &straight[j]) {
                (Ok(a), Ok(b)) => Ok(pearson_r(a, b)),
                (Err(missing), _) | (_, Err(missing)) => Err(*missing),
            };
            measured.push(Feature::new("component-coupling", &of).is(value));
        }
        measured
    }
}

/// Returns the features of [`Components::measure`] for components with these names, in its order.
pub fn features(names: &[&str]) -> Vec<Feature> {
    let of_one = EACH.iter().flat_map(|measure| names.iter().map(|name| Feature::new(measure, &[name])));
    let of_two = pairs(names.len()).map(|(i, j)| Feature::new("component-coupling", &[names[i], names[j]]));
    of_one.chain(of_two).collect()
}

/// Highest ratio of slow to fast power. Unfiltered series have some 1 to 100. Band-passed ones have 1e5
/// and more, which is the filter's noise floor and not a property of a brain.
const FILTERED: f64 = 1e4;

/// Measures of each component.
const EACH: [&str; 5] = [
    "component-amplitude",
    "component-variability",
    "component-spectral-ratio",
    "component-falff",
    "component-persistence",
];

fn pairs(components: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..components).flat_map(move |i| (i + 1..components).map(move |j| (i, j)))
}

/// Returns the SD (ddof 0) of a course of mean 0.
fn spread(course: &[f64]) -> f64 {
    mean(course.iter().map(|x| x * x)).sqrt()
}
