//! Mean and SD of one feature over people, by weighted least squares if columns are adjusted for.

use std::collections::BTreeMap;

use boldface::{Deserialize, Result, ScanInfo, Serialize};
use faer::Mat;
use faer::linalg::solvers::SolveLstsq;

use super::adjusted::NormCovariates;
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
    /// SD of the residuals.
    sd: f64,
}

/// A spread below this share of the largest value is rounding noise.
const LEAST_SHARE: f64 = 1e-9;

/// A spread below this is rounding noise in any unit.
const LEAST: f64 = 1e-12;

/// A column whose own part, beside the others, is below this share carries no information.
const LEAST_OWN: f64 = 1e-10;

impl Norm {
    /// Returns how many SDs `value` is from the expected value for these coded columns.
    pub(super) fn z(&self, value: f64, coded: &[f64]) -> Result<f64, Missing> {
        let Typical { mean, slopes, sd } = self.typical.as_ref().ok_or(Missing::NoSpread)?;
        let expected = mean + slopes.iter().zip(coded).map(|(slope, x)| slope * x).sum::<f64>();
        Some((value - expected) / sd).filter(|z| z.is_finite()).ok_or(Missing::Undefined)
    }

    /// Checks a norm that was read, for `width` coded columns.
    pub(super) fn check(&self, width: usize) -> Result<(), String> {
        let name = &self.feature;
        match &self.typical {
            None => Ok(()),
            Some(Typical { slopes, .. }) if slopes.len() != width => {
                Err(format!("`{name}` has {} slopes for {width} columns", slopes.len()))
            }
            Some(Typical { sd, .. }) if *sd <= 0.0 => Err(format!("`{name}` has an SD of {sd}")),
            Some(_) if self.people < 2 || self.scans < self.people => {
                Err(format!("`{name}` rests on {} scans of {} people", self.scans, self.people))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Fits every feature of `rows`, one row per scan.
///
/// # Errors
/// If a column follows from the others, or there are no more people than parameters.
pub(super) fn fit(
    rows: &[Vec<Measurement>],
    scans: &[&ScanInfo],
    covariates: &NormCovariates,
) -> Result<Vec<Norm>> {
    let people: Vec<String> = scans.iter().map(|scan| scan.id.person()).collect();
    let coded = scans.iter().map(|scan| covariates.code(scan)).collect::<Result<Vec<_>>>()?;
    let all: Vec<usize> = (0..scans.len()).collect();
    let whole = Design::build(&all, &people, &coded);
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
        let design = Design::build(present, &people, &coded);
        let values = |place: usize, feature: usize| {
            rows[present[place]][feature].value.expect("these scans have the feature")
        };
        let values = Mat::from_fn(present.len(), features.len(), |place, at| values(place, features[at]));
        for (&feature, typical) in features.iter().zip(design.typical(&values)) {
            let name = rows[0][feature].feature.clone();
            let (scans, people) = (present.len(), design.people);
            norms[feature] = Some(Norm { feature: name, scans, people, typical });
        }
    }
    Ok(norms.into_iter().map(|norm| norm.expect("every feature is in one group")).collect())
}

/// The scans that have a value, with their weights and coded columns.
struct Design {
    people: usize,
    /// Root of each scan's weight.
    roots: Vec<f64>,
    /// Scans x columns: ones first, then coded columns; each row is multiplied by its root.
    columns: Mat<f64>,
}

impl Design {
    fn build(present: &[usize], people: &[String], coded: &[Vec<f64>]) -> Design {
        let mut scans: BTreeMap<&str, usize> = BTreeMap::new();
        present.iter().for_each(|&scan| *scans.entry(&people[scan]).or_default() += 1);
        let roots: Vec<f64> =
            present.iter().map(|&scan| (1.0 / scans[people[scan].as_str()] as f64).sqrt()).collect();
        let width = coded.first().map_or(0, Vec::len);
        let columns = Mat::from_fn(present.len(), width + 1, |place, column| {
            roots[place] * if column == 0 { 1.0 } else { coded[present[place]][column - 1] }
        });
        Design { people: scans.len(), roots, columns }
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

    /// Fits each column of `values` (scans x features).
    fn typical(&self, values: &Mat<f64>) -> Vec<Option<Typical>> {
        let (scans, features, width) = (values.nrows(), values.ncols(), self.columns.ncols());
        if self.people <= width || (width > 1 && self.dependent().is_some()) {
            return vec![None; features];
        }
        let means = self.means(values);
        // Centred first, so that a large mean does not drown a small spread.
        let centred =
            Mat::from_fn(scans, features, |scan, at| self.roots[scan] * (values[(scan, at)] - means[at]));
        let fitted = (width > 1).then(|| self.columns.col_piv_qr().solve_lstsq(&centred));
        let typical = |at: usize| {
            let fitted: Vec<f64> =
                fitted.as_ref().map_or_else(Vec::new, |all| (0..width).map(|row| all[(row, at)]).collect());
            let expected = |scan: usize| -> f64 {
                fitted.iter().enumerate().map(|(column, by)| self.columns[(scan, column)] * by).sum()
            };
            let squares: f64 = (0..scans).map(|scan| (centred[(scan, at)] - expected(scan)).powi(2)).sum();
            let sd = (squares / (self.people - width) as f64).sqrt();
            let largest = (0..scans).map(|scan| values[(scan, at)].abs()).fold(0.0, f64::max);
            let (own, slopes) = fitted.split_first().map_or((0.0, &[][..]), |(own, slopes)| (*own, slopes));
            // A NaN or infinity is not a spread either.
            let spreads = sd > LEAST && sd > LEAST_SHARE * largest && sd.is_finite();
            spreads.then(|| Typical { mean: means[at] + own, slopes: slopes.to_vec(), sd })
        };
        (0..features).map(typical).collect()
    }

    /// Returns the weighted mean of each column of `values`.
    fn means(&self, values: &Mat<f64>) -> Vec<f64> {
        let weighted = |at: usize| -> f64 {
            (0..values.nrows()).map(|scan| self.roots[scan].powi(2) * values[(scan, at)]).sum()
        };
        (0..values.ncols()).map(|at| weighted(at) / self.people as f64).collect()
    }
}
