//! Computes features and codes of the full crop of every scan, and measures what the codes keep.

use std::collections::BTreeMap;

use boldface::{Codes, Features, FmriShape, Metric, Observer, Part, Result, Scan, ScanId, TimeSeries};
use boldface_features::fc;
use serde::Serialize;

use super::StageContext;
use crate::store::arrays::{self, Array};
use crate::store::{self, FEATURES, RECONSTRUCTION, Reconstruction, SCANS, SHAPE};

/// Increase when the same config gives different results.
pub const VERSION: u32 = 1;

/// The stage reads nothing but its inputs.
#[derive(Debug, Serialize)]
pub struct CodesConfig {}

/// Number of scans embedded at once.
const BATCH: usize = 8;

/// Number of regions in `reconstruction.json`.
const SHOWN: usize = 6;

/// Saves features and codes of every scan, their shape, and one scan's reconstruction.
pub fn run(work: &mut StageContext<'_, CodesConfig>) -> Result<()> {
    let (scans, split, tokenizer) = (work.inputs.scans()?, work.inputs.split()?, work.inputs.tokenizer()?);
    let mut coded: Vec<(&Scan, Features, Codes)> = Vec::new();
    for batch in scans.chunks(BATCH) {
        let series: Vec<&TimeSeries> = batch.iter().map(|scan| &scan.series).collect();
        let embedded = tokenizer.embed(&series)?;
        coded.extend(batch.iter().zip(embedded).map(|(scan, (features, codes))| (scan, features, codes)));
        work.recorder.progress(coded.len() as u64, scans.len() as u64)?;
    }
    let (_, features, codes) = coded.first().ok_or("there are no scans")?;
    let patches = coded.iter().map(|(_, _, codes)| codes.patches).max().unwrap_or(codes.patches);
    let shape = FmriShape {
        rois: codes.rois,
        patches,
        width: features.width,
        codebook_size: tokenizer.codebook_size(),
    };
    let patch = work.inputs.patch().max(1);
    coded.iter().try_for_each(|(scan, features, codes)| {
        let shape = FmriShape { patches: scan.series.trs() / patch, ..shape };
        check(&scan.info.id, features, codes, shape)
    })?;

    for part in Part::ALL {
        let mut kept = Kept::default();
        for (scan, _, codes) in &coded {
            if split.part(&scan.info.id)? == part {
                let decoded = tokenizer.decode(codes, scan.series.tr())?;
                if part == Part::Validation && kept.scans == 0 {
                    work.write_json(RECONSTRUCTION, &reconstruction(scan, part, &decoded))?;
                }
                kept.add(&scan.series, &decoded, codes)?;
            }
        }
        for metric in kept.metrics(shape.codebook_size) {
            work.recorder.part(part, metric, kept.scans);
        }
    }

    let name = |scan: &&Scan| scan.info.id.to_string();
    let of_features = |(scan, features, _): &'_ (_, Features, _)| {
        (name(scan), (vec![features.rows, features.width], features.values.clone()))
    };
    let features: BTreeMap<_, _> = coded.iter().map(of_features).collect();
    let features =
        features.iter().map(|(name, (shape, values))| (name.clone(), Array::F32(shape.clone(), values)));
    arrays::write(&work.dir.join(FEATURES), &features.collect())?;
    let codes = coded.iter().map(|(scan, _, codes)| {
        (name(scan), Array::U32(vec![codes.patches, codes.rois], codes.codes.as_slice()))
    });
    arrays::write(&work.dir.join(store::CODES), &codes.collect())?;
    work.write_json(SCANS, &coded.iter().map(|(scan, _, _)| &scan.info.id).collect::<Vec<_>>())?;
    work.write_json(SHAPE, &shape)
}

/// Checks a tokenizer plugin's output for a scan of `shape`, which the language model relies on.
fn check(id: &ScanId, features: &Features, codes: &Codes, shape: FmriShape) -> Result<()> {
    let tokens = shape.patches * shape.rois;
    let is_shaped = (codes.patches, codes.rois, codes.codes.len()) == (shape.patches, shape.rois, tokens)
        && (features.rows, features.width) == (tokens, shape.width);
    if !is_shaped {
        return Err(format!(
            "`{id}` has {} codes and {} features, not {tokens}",
            codes.codes.len(),
            features.rows
        )
        .into());
    }
    if let Some(code) = codes.codes.iter().find(|&&code| code as usize >= shape.codebook_size) {
        return Err(format!("`{id}` has code {code}, but the codebook has {}", shape.codebook_size).into());
    }
    if features.values.iter().any(|value| !value.is_finite()) {
        return Err(format!("`{id}` has features that are not finite").into());
    }
    Ok(())
}

/// Measurements of how well codes reconstruct several scans.
#[derive(Default)]
struct Kept {
    scans: usize,
    mse: f64,
    correlations: Vec<f64>,
    used: BTreeMap<u32, usize>,
}

impl Kept {
    fn add(&mut self, series: &TimeSeries, decoded: &TimeSeries, codes: &Codes) -> Result<()> {
        if (series.trs(), series.rois()) != (decoded.trs(), decoded.rois()) {
            return Err(format!("{} volumes were decoded to {}", series.trs(), decoded.trs()).into());
        }
        let errors = series.values().iter().zip(decoded.values()).map(|(a, b)| f64::from(a - b).powi(2));
        self.mse += errors.sum::<f64>() / series.values().len() as f64;
        let (real, of_decoded) = (fc(series), fc(decoded));
        let pairs = real.upper().zip(of_decoded.upper()).filter(|(a, b)| a.is_finite() && b.is_finite());
        let (real, of_decoded): (Vec<f64>, Vec<f64>) = pairs.unzip();
        self.correlations.push(boldface::scores::pearson_r(&real, &of_decoded));
        codes.codes.iter().for_each(|&code| *self.used.entry(code).or_default() += 1);
        self.scans += 1;
        Ok(())
    }

    fn metrics(&self, codebook_size: usize) -> [Metric; 4] {
        let total: usize = self.used.values().sum();
        let entropy: f64 = self
            .used
            .values()
            .map(|&count| count as f64 / total as f64)
            .map(|share| -share * share.ln())
            .sum();
        let defined: Vec<f64> = self.correlations.iter().copied().filter(|r| r.is_finite()).collect();
        let perplexity = if total == 0 { f64::NAN } else { entropy.exp() };
        [
            Metric::lower_is_better("reconstruction_mse", self.mse / self.scans as f64),
            Metric::higher_is_better("fc_correlation", defined.iter().sum::<f64>() / defined.len() as f64),
            Metric::higher_is_better("codebook_perplexity", perplexity),
            Metric::higher_is_better("codebook_use", self.used.len() as f64 / codebook_size as f64),
        ]
    }
}

/// Shows a few regions, spread over the parcellation.
fn reconstruction(scan: &Scan, part: Part, decoded: &TimeSeries) -> Reconstruction {
    let rois = scan.series.rois();
    let shown: Vec<usize> = (0..rois.min(SHOWN)).map(|i| i * rois / rois.min(SHOWN)).collect();
    let of = |series: &TimeSeries| shown.iter().map(|&roi| series.roi(roi).collect()).collect();
    Reconstruction {
        scan: scan.info.id.clone(),
        part,
        tr: scan.series.tr(),
        regions: shown.iter().map(|&roi| scan.regions.names[roi].clone()).collect(),
        actual: of(&scan.series),
        decoded: of(decoded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_codes_keep_is_counted_by_hand() {
        let series = |values: [f32; 6]| TimeSeries::new(3, 2, 2.0, values.to_vec()).unwrap();
        let real = series([1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        let decoded = series([1.0, 1.0, 2.0, 2.0, 3.0, 6.0]);
        let mut kept = Kept::default();
        kept.add(&real, &decoded, &Codes { patches: 2, rois: 2, codes: vec![0, 0, 1, 1] }).unwrap();
        kept.add(&real, &real, &Codes { patches: 2, rois: 2, codes: vec![0, 0, 1, 1] }).unwrap();
        let values = kept.metrics(4).map(|metric| metric.value);
        // One error of 3 in 6 values gives 9 / 6 = 1.5, the other scan 0: mean 0.75. A single pair has
        // no correlation over pairs.
        assert_eq!(values[0], 0.75);
        assert!(values[1].is_nan());
        // Two of four codes, used equally often: perplexity 2, use 2 / 4.
        assert!((values[2] - 2.0).abs() < 1e-12);
        assert_eq!(values[3], 0.5);
    }

    #[test]
    fn a_tokenizer_that_breaks_its_word_is_named() {
        let id = ScanId::new("d", "1");
        let shape = FmriShape { rois: 2, patches: 1, width: 1, codebook_size: 4 };
        let codes = |codes: Vec<u32>| Codes { patches: 1, rois: 2, codes };
        let features = |values: Vec<f32>| Features::new(1, values).unwrap();
        let said = |f, c| check(&id, &f, &c, shape).map_err(|error| error.to_string());
        assert_eq!(said(features(vec![0.0; 2]), codes(vec![0, 3])), Ok(()));
        let expected = "`d/sub-1` has code 4, but the codebook has 4";
        assert_eq!(said(features(vec![0.0; 2]), codes(vec![0, 4])), Err(expected.into()));
        assert!(said(features(vec![0.0; 3]), codes(vec![0, 3])).is_err());
        assert!(said(features(vec![f32::NAN; 2]), codes(vec![0, 3])).is_err());
    }
}
