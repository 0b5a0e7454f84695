//! Mean and SD of one feature over people, by weighted least squares if columns are adjusted for.

use std::collections::BTreeMap;

use boldface::{Deserialize, Result, ScanInfo, Serialize};
use faer::Mat;
use faer::linalg::solvers::SolveLstsq;

use super::adjusted::NormCovariates;
use super::lengths::{ByLength, LengthPlace, spreads};
use crate::{Feature, Measurement, Missing};

/// Norm of one feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
pub(super) struct Norm {
    pub(super) feature: Feature,
    /// Number of training scans with a value.
    pub(super) scans: usize,
    /// Number of people with those scans.
    pub(super) people: usize,
    /// None if the training scans do not determine it.
    typical: Option<Typical>,
}

/// Expected value of a scan, and the spread around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", deny_unknown_fields)]
struct Typical {
    /// Expected value if all coded columns are 0.
    mean: f64,
    /// One slope per coded column.
    slopes: Vec<f64>,
    /// SD of the residuals; if it depends on length, that of a scan of typical length.
    sd: f64,
    /// Dependence on length; `None` if all training scans had one length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length: Option<ByLength>,
}

/// A spread below this share of the largest value is rounding noise.
const LEAST_SHARE: f64 = 1e-9;

/// A spread below this is rounding noise in any unit.
const LEAST: f64 = 1e-12;

/// A column whose own part, beside the others, is below this share carries no information.
const LEAST_OWN: f64 = 1e-10;

impl Norm {
    /// Returns how many SDs `value` is from the expected value for these coded columns and this length.
    pub(super) fn z(&self, value: f64, coded: &[f64], place: LengthPlace) -> Result<f64, Missing> {
        let Typical { mean, slopes, sd, length } = self.typical.as_ref().ok_or(Missing::NoSpread)?;
        let expected = mean + slopes.iter().zip(coded).map(|(slope, x)| slope * x).sum::<f64>();
        let z = match length {
            None => (value - expected) / sd,
            Some(by) => (value - expected - by.slope * place.mean) / (sd * by.widens(place)),
        };
        Some(z).filter(|z| z.is_finite()).ok_or(Missing::Undefined)
    }

    /// Checks a norm that was read, for `width` coded columns and with or without a dependence on length.
    pub(super) fn check(&self, width: usize, by_length: bool) -> Result<(), String> {
        let name = &self.feature;
        match &self.typical {
            None => Ok(()),
            Some(Typical { slopes, .. }) if slopes.len() != width => {
                Err(format!("`{name}` has {} slopes for {width} columns", slopes.len()))
            }
            Some(Typical { length, .. }) if length.is_some() != by_length => {
                Err(format!("`{name}` and the other norms disagree on whether length matters"))
            }
            Some(Typical { length: Some(by), .. })
                if !((0.0..=1.0).contains(&by.sampling) && by.slope.is_finite()) =>
            {
                Err(format!("`{name}` has a share of sampling error of {}", by.sampling))
            }
            Some(Typical { sd, .. }) if *sd <= 0.0 => Err(format!("`{name}` has an SD of {sd}")),
            Some(_) if self.people < 2 || self.scans < self.people => {
                Err(format!("`{name}` rests on {} scans of {} people", self.scans, self.people))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Fits every feature of `rows`, one row per scan of one of `people`. `places` has the lengths of the scans
/// if these differ.
///
/// # Errors
/// If a column follows from the others, or there are no more people than parameters.
pub(super) fn fit(
    rows: &[Vec<Measurement>],
    (scans, people): (&[&ScanInfo], &[String]),
    covariates: &NormCovariates,
    places: Option<&[LengthPlace]>,
) -> Result<Vec<Norm>> {
    let coded = scans.iter().map(|scan| covariates.code(scan)).collect::<Result<Vec<_>>>()?;
    let all: Vec<usize> = (0..scans.len()).collect();
    let whole = Design::build(&all, people, &coded, None);
    if covariates.width() > 0 {
        whole.check(covariates)?;
    }
    // Features with values in the same scans share their least squares.
    let mut alike: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
    (0..rows[0].len()).for_each(|feature| {
        let present = all.iter().copied().filter(|&scan| rows[scan][feature].value.is_ok()).collect();
        alike.entry(present).or_default().push(feature);
    });
    let mut norms: Vec<Option<Norm>> = vec![None; rows[0].len()];
    for (present, features) in &alike {
        let design = Design::build(present, people, &coded, places);
        let measures: Vec<&str> = features.iter().map(|&at| rows[0][at].feature.measure.as_str()).collect();
        let values = |place: usize, feature: usize| {
            rows[present[place]][feature].value.expect("these scans have the feature")
        };
        let values = Mat::from_fn(present.len(), features.len(), |place, at| values(place, features[at]));
        for (&feature, typical) in features.iter().zip(design.typical(&values, &measures)) {
            let name = rows[0][feature].feature.clone();
            let (scans, people) = (present.len(), design.people);
            norms[feature] = Some(Norm { feature: name, scans, people, typical });
        }
    }
    Ok(norms.into_iter().map(|norm| norm.expect("every feature is in one group")).collect())
}

/// The scans that have a value, with their weights and coded columns.
#[derive(Clone)]
struct Design {
    people: usize,
    /// Root of each scan's weight.
    roots: Vec<f64>,
    /// Scans x columns: ones first, then coded columns, then length if it has a slope; each row is
    /// multiplied by its root.
    columns: Mat<f64>,
    /// Number of coded columns.
    coded: usize,
    /// Lengths of the scans, if these differ in training.
    places: Option<Vec<LengthPlace>>,
}

impl Design {
    /// `places` are the lengths of all scans. Length has no slope if people are too few for one more, or if
    /// it follows from the coded columns, as it does from the site if every site has one length.
    fn build(
        present: &[usize],
        people: &[String],
        coded: &[Vec<f64>],
        places: Option<&[LengthPlace]>,
    ) -> Design {
        let places = places.map(|places| present.iter().map(|&scan| places[scan]).collect::<Vec<_>>());
        let plain = Design::without_slope(present, people, coded, places);
        let Some(places) = &plain.places else { return plain };
        let width = plain.columns.ncols();
        let columns = Mat::from_fn(present.len(), width + 1, |place, column| match column {
            column if column < width => plain.columns[(place, column)],
            _ => plain.roots[place] * places[place].mean,
        });
        let sloped = Design { columns, ..plain.clone() };
        if sloped.people > width + 1 && sloped.dependent().is_none() { sloped } else { plain }
    }

    fn without_slope(
        present: &[usize],
        people: &[String],
        coded: &[Vec<f64>],
        places: Option<Vec<LengthPlace>>,
    ) -> Design {
        let mut scans: BTreeMap<&str, usize> = BTreeMap::new();
        present.iter().for_each(|&scan| *scans.entry(&people[scan]).or_default() += 1);
        let roots: Vec<f64> =
            present.iter().map(|&scan| (1.0 / scans[people[scan].as_str()] as f64).sqrt()).collect();
        let width = coded.first().map_or(0, Vec::len);
        let columns = Mat::from_fn(present.len(), width + 1, |place, column| {
            roots[place] * if column == 0 { 1.0 } else { coded[present[place]][column - 1] }
        });
        Design { people: scans.len(), roots, columns, coded: width, places }
    }

    /// # Errors
    /// If a column follows from the others, or there are no more people than columns.
    fn check(&self, covariates: &NormCovariates) -> Result<()> {
        let width = self.columns.ncols();
        if self.people <= width {
            let (people, columns) = (self.people, width - 1);
            return Err(format!(
                "`adjust`: {people} training people are too few for {columns} slopes and a mean; adjust for less"
            )
            .into());
        }
        match self.dependent() {
            // The column of ones varies least, so pivoting may place it last.
            Some(0) => Err("`adjust`: the columns together are the same in every training scan".into()),
            Some(column) => {
                let name = covariates.column(column - 1);
                Err(format!(
                    "`adjust`: the training scans cannot tell `{name}` from the other columns; take it out"
                )
                .into())
            }
            None => Ok(()),
        }
    }

    /// Finds a column that the others determine: the one that pivoting places last.
    fn dependent(&self) -> Option<usize> {
        let width = self.columns.ncols();
        if self.columns.nrows() < width {
            return Some(width - 1);
        }
        let qr = self.columns.col_piv_qr();
        let diagonal = |place: usize| qr.thin_R()[(place, place)].abs();
        let place = (0..width).find(|&place| {
            let own = diagonal(place);
            own.is_nan() || own <= LEAST_OWN * diagonal(0)
        })?;
        let (order, _) = qr.P().arrays();
        Some(order[place])
    }

    /// Fits each column of `values` (scans x features). `measures` has the measure of each feature.
    fn typical(&self, values: &Mat<f64>, measures: &[&str]) -> Vec<Option<Typical>> {
        let (scans, features, width) = (values.nrows(), values.ncols(), self.columns.ncols());
        if self.people <= width || (width > 1 && self.dependent().is_some()) {
            return vec![None; features];
        }
        let means = self.means(values);
        // Centred first, so that a large mean does not drown a small spread.
        let centred =
            Mat::from_fn(scans, features, |scan, at| self.roots[scan] * (values[(scan, at)] - means[at]));
        let fitted = (width > 1).then(|| self.columns.col_piv_qr().solve_lstsq(&centred));
        let fitted = |at: usize| -> Vec<f64> {
            fitted.as_ref().map_or_else(Vec::new, |all| (0..width).map(|row| all[(row, at)]).collect())
        };
        let residuals = |at: usize| -> Vec<f64> {
            let fitted = fitted(at);
            let expected = |scan: usize| -> f64 {
                fitted.iter().enumerate().map(|(column, by)| self.columns[(scan, column)] * by).sum()
            };
            (0..scans).map(|scan| (centred[(scan, at)] - expected(scan)).powi(2)).collect()
        };
        let residuals: Vec<Vec<f64>> = (0..features).map(residuals).collect();
        let spreads = self.spreads(&residuals, measures, (self.people - width) as f64);
        let typical = |at: usize| {
            let (sampling, sd) = spreads[at];
            let largest = (0..scans).map(|scan| values[(scan, at)].abs()).fold(0.0, f64::max);
            let fitted = fitted(at);
            let (own, slopes) = fitted.split_first().map_or((0.0, &[][..]), |(own, slopes)| (*own, slopes));
            let (slopes, of_length) = slopes.split_at(self.coded.min(slopes.len()));
            let length = sampling
                .map(|sampling| ByLength { slope: of_length.first().copied().unwrap_or(0.0), sampling });
            // A NaN or infinity is not a spread either.
            let spreads = sd > LEAST && sd > LEAST_SHARE * largest && sd.is_finite();
            spreads.then(|| Typical { mean: means[at] + own, slopes: slopes.to_vec(), sd, length })
        };
        (0..features).map(typical).collect()
    }

    /// Returns the SD of each feature from its squared residuals, and the share of sampling error if
    /// lengths differ.
    fn spreads(&self, residuals: &[Vec<f64>], measures: &[&str], freedom: f64) -> Vec<(Option<f64>, f64)> {
        let Some(places) = &self.places else {
            let sd = |squares: &Vec<f64>| (None, (squares.iter().sum::<f64>() / freedom).sqrt());
            return residuals.iter().map(sd).collect();
        };
        let weights: Vec<f64> = self.roots.iter().map(|root| root * root).collect();
        let places: Vec<f64> = places.iter().map(|place| place.spread).collect();
        let chosen = spreads(residuals, measures, (&weights, &places), freedom);
        chosen.into_iter().map(|(sampling, sd)| (Some(sampling), sd)).collect()
    }

    /// Returns the weighted mean of each column of `values`.
    fn means(&self, values: &Mat<f64>) -> Vec<f64> {
        let weighted = |at: usize| -> f64 {
            (0..values.nrows()).map(|scan| self.roots[scan].powi(2) * values[(scan, at)]).sum()
        };
        (0..values.ncols()).map(|at| weighted(at) / self.people as f64).collect()
    }
}
