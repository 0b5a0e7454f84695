//! One pass over a scan: the signal of every region, and how good the scan is.

use boldface::Result;

use super::smooth::Smoother;
use super::solve::solve;
use super::spread::{Measured, Spread};
use super::weights::Weights;
use crate::Matrix;
use crate::bold::{Bold, Space};

/// How regions are made of voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParcellateOptions {
    /// Gaussian smoothing of each volume before, full width at half maximum in mm; none for no smoothing.
    pub smoothing: Option<f64>,
    /// Share of its voxels, 0 to 1, that a region needs: with less it is missing.
    pub minimum_coverage: f64,
}

/// The signals of a scan's regions.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcellated {
    /// Volumes x regions; a region that is covered too little is NaN in every volume.
    pub signal: Matrix,
    /// Share of each region, 0 to 1, that holds a signal, in the order of the regions.
    pub coverage: Vec<f32>,
    /// DVARS in percent of the mean signal, one a volume, the first 0; empty if the signal is centred at 0.
    ///
    /// The root of the mean over voxels of the squared change since the volume before (Power 2012): as nipype's
    /// `ComputeDVARS` without standardisation, which is fMRIPrep's `dvars`, but in percent of the mean over voxels
    /// and volumes and not of a median set to 1000; and over the voxels of all regions.
    pub dvars: Vec<f32>,
    /// Temporal signal to noise: mean over standard deviation of a voxel (of the population, drifts included, as
    /// nipype's `TSNR`), median over the voxels of all regions; none if the signal is centred at 0.
    pub tsnr: Option<f32>,
    /// What a reader should know of this scan, each a sentence; those of [`Weights`] are not repeated.
    pub warnings: Vec<String>,
}

impl Default for ParcellateOptions {
    /// No smoothing, and half of a region is enough.
    fn default() -> ParcellateOptions {
        ParcellateOptions { smoothing: None, minimum_coverage: 0.5 }
    }
}

/// Reads a scan once, volume by volume, and makes each region's signal.
///
/// A region's signal is the mean over its voxels that hold a signal: those that are finite in every volume and not
/// 0 in all of them. Where every voxel does, it is the mean of nilearn's `NiftiLabelsMasker`. Where some do not,
/// nilearn counts them as 0, which pulls the region towards 0 by the share that is missing; here they do not count,
/// as in XCP-D, and the share is told as `coverage`. For probabilistic maps the signals are the least-squares fit of
/// the maps to the volume, as `NiftiMapsMasker`, again over the voxels that hold a signal.
///
/// Smoothing comes first, with voxels that are not finite set to 0, as nilearn does; coverage, DVARS and tSNR are of
/// the volume before smoothing, over the voxels of all regions.
///
/// Memory does not grow with the length of the scan but for the signals themselves. A scan of which a voxel is
/// finite only at times, or is smoothed and 0 in the first volume only, is read twice.
///
/// # Errors
/// If the scan is on another grid than the weights, cannot be read to its end, has no volumes, or holds no signal in
/// any region; if smoothing is asked of what is no volume. The message names the file.
pub fn parcellate(bold: Bold, weights: &Weights, options: &ParcellateOptions) -> Result<Parcellated> {
    let path = bold.path().to_owned();
    let named = |error: boldface::Error| {
        let (path, error) = (path.display().to_string(), error.to_string());
        // The reader names the file itself.
        if error.contains(&path) { error.into() } else { format!("`{path}`: {error}").into() }
    };
    read(bold, weights, options).map_err(named)
}

fn read(bold: Bold, weights: &Weights, options: &ParcellateOptions) -> Result<Parcellated> {
    weights.fits(bold.space())?;
    let smoother = match (options.smoothing, bold.space()) {
        (None, _) => None,
        (Some(fwhm), _) if !(fwhm.is_finite() && fwhm > 0.0) => {
            return Err(format!("`smoothing` is {fwhm} mm; give a positive width, or none").into());
        }
        (Some(fwhm), Space::Volume(grid)) => Some(Smoother::new(grid, fwhm)),
        (Some(_), _) => {
            return Err(
                "`smoothing` is for volumes; a CIFTI file has to be smoothed along its surface, before"
                    .into(),
            );
        }
    };
    let path = bold.path().to_owned();
    let mut pass = Pass::new(weights, smoother, None);
    pass.run(bold)?;
    if let Some(covered) = pass.differing() {
        let mut again = Pass::new(weights, pass.smoother.take(), Some(covered));
        again.run(Bold::open(&path)?)?;
        pass = again;
    }
    pass.finish(options)
}

/// The state of one reading of a scan.
struct Pass<'a> {
    weights: &'a Weights,
    smoother: Option<Smoother>,
    /// Which voxels count; none for all, which is right where the others are 0.
    counted: Option<Vec<bool>>,
    spread: Spread,
    /// Volumes x regions.
    sums: Vec<f64>,
}

impl<'a> Pass<'a> {
    fn new(weights: &'a Weights, smoother: Option<Smoother>, counted: Option<Vec<bool>>) -> Pass<'a> {
        Pass { weights, smoother, counted, spread: Spread::default(), sums: Vec::new() }
    }

    fn run(&mut self, mut bold: Bold) -> Result<()> {
        let (mut volume, mut values) = (Vec::new(), Vec::new());
        while bold.read(&mut volume)? {
            self.pick(&volume, &mut values);
            self.spread.add(&mut values);
            if let Some(smoother) = &mut self.smoother {
                // Only now is it known which voxels a smoothed neighbour must not fill.
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

    /// The voxels that some region has.
    fn pick(&self, volume: &[f32], values: &mut Vec<f32>) {
        values.clear();
        values.extend(self.weights.voxels.iter().map(|&voxel| volume[voxel as usize]));
    }

    /// Which voxels hold a signal, if the sums are of others.
    fn differing(&self) -> Option<Vec<bool>> {
        let covered = self.spread.covered();
        let differs = match &self.counted {
            Some(counted) => *counted != covered,
            // Voxels that are 0 throughout added nothing.
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
            return Err("it holds no signal in any region: every voxel is 0 or not finite".into());
        }
        let coverage = weights.coverage(&covered);
        let mut values = solve(weights, &covered, self.sums)?;
        // In 32 bits as the coverage, so that 7 of 10 voxels are 0.7.
        let minimum = options.minimum_coverage as f32;
        let missing: Vec<usize> =
            (0..rois).filter(|&roi| coverage[roi] < minimum || coverage[roi] == 0.0).collect();
        for row in values.chunks_exact_mut(rois) {
            missing.iter().for_each(|&roi| row[roi] = f64::NAN);
        }
        let Measured { dvars, tsnr } = self.spread.measured();
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
