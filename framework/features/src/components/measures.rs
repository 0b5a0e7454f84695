//! What is measured of the components' time courses in a scan.

use boldface::TimeSeries;

use super::Components;
use crate::signal::{detrend, lag1};
use crate::spectrum::{ALFF, Spectra};
use crate::{Feature, Measured, Missing};

/// Volumes below which courses say nothing.
const LEAST_TRS: usize = 10;

/// Courses are of regions with SD 1: one that varies less is rounding.
const ROUNDING: f64 = 1e-8;

impl Components {
    /// Measures of every component and of every pair of components in a scan.
    ///
    /// All are of the time course without its linear trend; `z` is that with SD 1 (ddof 0). `component-amplitude.C`: mean
    /// absolute value; `component-variability.C`: SD (ddof 0); both on the scale of the group's map, for regions of SD 1.
    /// `component-spectral-ratio.C`: power in 0.01-0.10 Hz over power above 0.10 to 0.25 Hz (Welch) at the scan's TR;
    /// `component-falff.C`: fALFF of 0.01-0.08 Hz; `component-persistence.C`: lag-1 autocorrelation;
    /// `component-coupling.C-D`: Pearson correlation of two courses.
    pub fn measure(&self, series: &TimeSeries) -> Vec<Measured> {
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
        let spectra = Spectra::new(series.trs(), series.tr());
        let mut measured = Vec::new();
        let mut each = |measure: &str, of: &dyn Fn(&[f64]) -> Result<f64, Missing>| {
            for (map, course) in self.maps.iter().zip(&straight) {
                let value = course.as_ref().map_err(|missing| *missing).and_then(|course| of(course));
                measured.push(Feature::new(measure, &[&map.name]).is(value));
            }
        };
        each("component-amplitude", &|course| Ok(mean(course.iter().map(|x| x.abs()))));
        each("component-variability", &|course| Ok(spread(course)));
        each("component-spectral-ratio", &|course| spectra.ratio(course));
        each("component-falff", &|course| spectra.alff(course, ALFF).map(|alff| alff.falff));
        each("component-persistence", &lag1);
        for i in 0..components {
            for j in i + 1..components {
                let of = [self.maps[i].name.as_str(), self.maps[j].name.as_str()];
                let value = match (&straight[i], &straight[j]) {
                    (Ok(a), Ok(b)) => Ok(correlation(a, b)),
                    (Err(missing), _) | (_, Err(missing)) => Err(*missing),
                };
                measured.push(Feature::new("component-coupling", &of).is(value));
            }
        }
        measured
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// SD (ddof 0) of a course of mean 0.
fn spread(course: &[f64]) -> f64 {
    mean(course.iter().map(|x| x * x)).sqrt()
}

/// Of two courses of mean 0.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    mean(a.iter().zip(b).map(|(a, b)| a * b)) / (spread(a) * spread(b))
}
