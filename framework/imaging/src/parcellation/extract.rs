//! Reads a scan once and computes the signal of every region and the quality of the scan.

use boldface::Result;

use super::smooth::Smoother;
use super::solve::solve;
use super::spread::{Spread, SpreadSummary};
use super::weights::ParcellationWeights;
use crate::Matrix;
use crate::bold::{Bold, Space};

/// Settings for computing regional signals from voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParcellateOptions {
    /// Gaussian smoothing of each volume first, as full width at half maximum in mm; `None` for no
    /// smoothing.
    pub smoothing: Option<f64>,
    /// Share of its voxels, 0 to 1, that a region needs. A region with less is missing.
    pub minimum_coverage: f64,
}

/// The signals of a scan's regions.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcellated {
    /// Volumes x regions; a region with too little coverage is NaN in every volume.
    pub signal: Matrix,
    /// Share of each region, 0 to 1, that has a signal, in the order of the regions.
    pub coverage: Vec<f32>,
    /// DVARS in percent of the mean signal, one value per volume, the first 0; empty if the signal is
    /// centred at 0.
    ///
    /// The root mean square over voxels of the change since the volume before (Power 2012). Computed as
    /// in nipype's `ComputeDVARS` without standardisation (fMRIPrep's `dvars`), with two differences: it
    /// is in percent of the mean over voxels and volumes rather than of a median set to 1000, and it
    /// covers the voxels of all regions.
    pub dvars: Vec<f32>,
    /// Temporal signal-to-noise ratio: a voxel's mean over its standard deviation, median over the
    /// voxels of all regions. The deviation is that of the population and includes drifts, as in
    /// nipype's `TSNR`. `None` if the signal is centred at 0.
    pub tsnr: Option<f32>,
    /// Warnings about this scan, each a sentence, without those of [`ParcellationWeights`].
    pub warnings: Vec<String>,
}

impl Default for ParcellateOptions {
    /// No smoothing, and a minimum coverage of one half.
    fn default() -> ParcellateOptions {
        ParcellateOptions { smoothing: None, minimum_coverage: 0.5 }
    }
}

/// Reads a scan volume by volume and computes the signal of each region.
///
/// A region's signal is the mean over its voxels with a signal: finite in every volume and not 0 in all
/// of them. If all voxels have one, it equals the mean of nilearn's `NiftiLabelsMasker`. nilearn counts
/// the others as 0, which pulls the region towards 0 by the missing share. Here they are left out, as in
/// XCP-D, and `coverage` reports the share. For probabilistic maps the signals are the least-squares fit
/// of the maps to the volume, as in `NiftiMapsMasker`, again over the voxels with a signal.
///
/// Smoothing comes first and treats non-finite voxels as 0, as nilearn does. Coverage, DVARS and tSNR
/// are computed before smoothing, over the voxels of all regions.
///
/// Only the signals take memory in proportion to the length of the scan. A scan is read a second time if
/// a voxel is finite in some volumes only or, with smoothing, 0 in the first volume only.
///
/// # Errors
/// If the scan is on another grid than the weights, cannot be read to its end, has no volumes, has no
/// signal in any region, or is a CIFTI file that should be smoothed. The message names the file.
pub fn parcellate(
    bold: Bold,
    weights: &ParcellationWeights,
    options: &ParcellateOptions,
) -> Result<Parcellated> {
    parcellate_kept(bold, weights, options, None)
}

/// As [`parcellate`], for a scan of which only the volumes in `kept` stay: whether a voxel is finite is
/// asked of these. In the others its value before is taken instead.
///
/// # Errors
/// As [`parcellate`].
pub fn parcellate_kept(
    bold: Bold,
    weights: &ParcellationWeights,
    options: &ParcellateOptions,
    kept: Option<&[bool]>,
) -> Result<Parcellated> {
    let path = bold.path().to_owned();
    let named = |error: boldface::Error| {
        let (path, error) = (path.display().to_string(), error.to_string());
        // The reader's own errors name the file already.
        if error.contains(&path) { error.into() } else { format!("`{path}`: {error}").into() }
    };
    read(bold, weights, options, kept).map_err(named)
}

fn read(
    bold: Bold,
    weights: &ParcellationWeights,
    options: &ParcellateOptions,
    kept: Option<&[bool]>,
) -> Result<Parcellated> {
    weights.fits(bold.space())?;
    let smoother = match (options.smoothing, bold.space()) {
        (None, _) => None,
        (Some(fwhm), _) if !(fwhm.is_finite() && fwhm > 0.0) => {
            return Err(format!("`smoothing` is {fwhm} mm; give a positive width, or none").into());
        }
        (Some(fwhm), Space::Volume(grid)) => Some(Smoother::new(grid, fwhm)),
        (Some(_), _) => {
            return Err("`smoothing` is for volumes; smooth a CIFTI file along its surface beforehand".into());
        }
    };
    let path = bold.path().to_owned();
    let mut pass = Pass::new(weights, smoother, None, kept);
    pass.run(bold)?;
    if let Some(covered) = pass.differing() {
        let mut again = Pass::new(weights, pass.smoother.take(), Some(covered), kept);
        again.run(Bold::open(&path)?)?;
        pass = again;
    }
    pass.finish(options)
}

/// State of one pass over a scan.
struct Pass<'a> {
    weights: &'a ParcellationWeights,
    smoother: Option<Smoother>,
    /// Which voxels count. `None` counts all, which is correct if the others are 0.
    counted: Option<Vec<bool>>,
    /// Which volumes stay; `None` if all do.
    kept: Option<&'a [bool]>,
    spread: Spread,
    /// Volumes x regions.
    sums: Vec<f64>,
}

impl<'a> Pass<'a> {
    fn new(
        weights: &'a ParcellationWeights,
        smoother: Option<Smoother>,
        counted: Option<Vec<bool>>,
        kept: Option<&'a [bool]>,
    ) -> Pass<'a> {
        Pass { weights, smoother, counted, kept, spread: Spread::default(), sums: Vec::new() }
    }

    fn run(&mut self, mut bold: Bold) -> Result<()> {
        let (mut volume, mut values) = (Vec::new(), Vec::new());
        let mut at = 0;
        while bold.read(&mut volume)? {
            self.pick(&volume, &mut values);
            let is_kept = self.kept.and_then(|kept| kept.get(at)).is_none_or(|&kept| kept);
            at += 1;
            self.spread.add(&mut values, is_kept);
            if let Some(smoother) = &mut self.smoother {
                // The first volume decides which voxels smoothing must not fill from their neighbours.
                self.counted.get_or_insert_with(|| values.iter().map(|&value| value != 0.0).collect());
                volume.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = 0.0);
                smoother.apply(&mut volume);
                self.pick(&volume, &mut values);
            }
            if let Some(counted) = &self.counted {
                let voxels = values.iter_mut().zip(counted);
                voxels.for_each(|(value, &counts)| *value = if counts { *value } else { 0.0 });
            }
            self.weights.sums(&values, &mut self.sums);
        }
        self.spread.flush();
        Ok(())
    }

    /// Picks the voxels that belong to any region.
    fn pick(&self, volume: &[f32], values: &mut Vec<f32>) {
        values.clear();
        values.extend(self.weights.voxels.iter().map(|&voxel| volume[voxel as usize]));
    }

    /// Returns which voxels have a signal if the sums were computed over others.
    fn differing(&self) -> Option<Vec<bool>> {
        let covered = self.spread.covered();
        let differs = match &self.counted {
            Some(counted) => *counted != covered,
            // Voxels that are 0 throughout add nothing to the sums.
            None => self.spread.is_partly_broken(),
        };
        differs.then_some(covered)
    }

    fn finish(self, options: &ParcellateOptions) -> Result<Parcellated> {
        let (weights, rois, trs) = (self.weights, self.weights.rois(), self.spread.trs());
        if trs == 0 {
            return Err("it has no volumes".into());
        }
        let covered = self.spread.covered();
        if !covered.contains(&true) {
            let why = match self.spread.empty() {
                Some(volume) => format!(
                    "no voxel is finite in volume {volume} (from 0); scrub that volume, or save the image without it"
                ),
                None => "every voxel is 0 or not finite".to_owned(),
            };
            return Err(format!("it holds no signal in any region: {why}").into());
        }
        let coverage = weights.coverage(&covered);
        let mut values = solve(weights, &covered, self.sums)?;
        // Compare in 32 bits, like the coverage, so that 7 of 10 voxels are 0.7.
        let minimum = options.minimum_coverage as f32;
        let missing: Vec<usize> =
            (0..rois).filter(|&roi| coverage[roi] < minimum || coverage[roi] == 0.0).collect();
        for row in values.chunks_exact_mut(rois) {
            missing.iter().for_each(|&roi| row[roi] = f64::NAN);
        }
        let SpreadSummary { dvars, tsnr } = self.spread.measured();
        let mut warnings = Vec::new();
        if !missing.is_empty() {
            let regions = missing.iter().map(|&roi| (weights.names[roi].as_str(), coverage[roi]));
            warnings.push(super::told::missing(regions, options.minimum_coverage));
        }
        if dvars.is_empty() {
            warnings.push("its signal is centred at 0, so it has no DVARS in percent and no tSNR".to_owned());
        }
        let signal = Matrix { rows: trs, columns: rois, values };
        Ok(Parcellated { signal, coverage, dvars, tsnr, warnings })
    }
}
