//! Codes each patch by the quantile of its mean, without an engine.

use std::fs;
use std::path::Path;

use boldface::{
    CheckContext, Codes, Features, FitContext, FittedTokenizer, FmriShape, Metric, Problem, Result, Runtime,
    TextSpace, TimeSeries, Tokenizer, TrainScans, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::patches::{check_patch, fmri_shape, whole_patches};
use super::usage::Usage;

/// Codes each patch of a region by the quantile of its mean signal over the training scans: a fast
/// baseline that needs no engine. Its features are the mean and the linear trend of the patch.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Quantile {
    /// Volumes per token of one region.
    #[serde(default = "default_patch")]
    patch: usize,
    /// Number of codes, at least 2. Each is a bin with equally many distinct patch means of the
    /// training scans.
    #[serde(default = "default_codebook_size")]
    codebook_size: usize,
}

fn default_patch() -> usize {
    40
}

fn default_codebook_size() -> usize {
    16
}

register!(Tokenizer "quantile" => Quantile);

/// File name of [`FittedQuantile`] in its artefact.
const FILE: &str = "quantile.json";

/// Width of a feature vector: mean and trend.
const WIDTH: usize = 2;

/// The fitted bins: bin `k` contains patch means `m` with `cuts[k - 1] <= m < cuts[k]`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FittedQuantile {
    patch: usize,
    /// Lowest mean of each bin except the first, strictly rising.
    cuts: Vec<f32>,
    /// Decoded value of each code. It is within its own bin, so it is coded as the same code again.
    centres: Vec<f32>,
}

impl Tokenizer for Quantile {
    fn patch(&self) -> usize {
        self.patch
    }

    fn fit(
        &self,
        train: &TrainScans<'_>,
        _text: &TextSpace,
        cx: &mut FitContext<'_>,
    ) -> Result<Box<dyn FittedTokenizer>> {
        let total = train.len() as u64;
        let mut means = Vec::new();
        for (done, scan) in train.iter().enumerate() {
            let patches = whole_patches(&scan.series, self.patch)
                .map_err(|error| format!("scan `{}`: {error}", scan.info.id))?;
            means.extend(shapes(&scan.series, self.patch, patches).map(|(mean, _)| mean));
            cx.observer.progress(done as u64 + 1, total)?;
        }
        let fitted = FittedQuantile::divide(self.patch, self.codebook_size, &means)?;
        let errors = means.iter().map(|&mean| f64::from(mean - fitted.centres[fitted.code(mean)]).powi(2));
        let mse = errors.sum::<f64>() / means.len() as f64;
        cx.observer.record(total, Metric::lower_is_better("patch_mean_mse", mse));
        let codes = means.iter().map(|&mean| fitted.code(mean) as u32);
        for metric in Usage::count(codes, self.codebook_size).metrics() {
            cx.observer.record(total, metric);
        }
        Ok(Box::new(fitted))
    }

    fn load(&self, dir: &Path, _: &Runtime) -> Result<Box<dyn FittedTokenizer>> {
        let path = dir.join(FILE);
        let text = fs::read_to_string(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
        let fitted: FittedQuantile =
            serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
        let sizes = (fitted.patch, fitted.centres.len(), fitted.cuts.len() + 1);
        if sizes != (self.patch, self.codebook_size, self.codebook_size)
            || (0..self.codebook_size).any(|code| fitted.code(fitted.centres[code]) != code)
        {
            return Err(format!("`{}` does not fit its spec; delete it and run again", path.display()).into());
        }
        Ok(Box::new(fitted))
    }

    fn fmri_shape(&self, cx: &CheckContext<'_>) -> Option<FmriShape> {
        fmri_shape(self.patch, WIDTH, self.codebook_size, cx)
    }

    fn check(&self, cx: &CheckContext<'_>) -> Vec<Problem> {
        let too_few = Problem::at("codebook-size", "a codebook has at least 2 codes");
        let too_few = (self.codebook_size < 2).then_some(too_few);
        check_patch(self.patch, cx).into_iter().chain(too_few).collect()
    }
}

impl FittedQuantile {
    /// Divides the distinct values of `means` into equally filled bins.
    fn divide(patch: usize, codebook_size: usize, means: &[f32]) -> Result<FittedQuantile> {
        let mut distinct = means.to_vec();
        distinct.sort_unstable_by(f32::total_cmp);
        // Equal means (dead regions are all zero) must not make equal cuts.
        distinct.dedup();
        if distinct.len() < codebook_size {
            let distinct = distinct.len();
            return Err(format!(
                "the training scans have {distinct} distinct patch means, too few for `codebook-size` = {codebook_size}"
            )
            .into());
        }
        let edge = |bin: usize| bin * distinct.len() / codebook_size;
        let centre = |bin: usize| {
            let bin = &distinct[edge(bin)..edge(bin + 1)];
            let mean = bin.iter().copied().map(f64::from).sum::<f64>() / bin.len() as f64;
            // Rounding must not move the mean of a bin out of the bin.
            (mean as f32).clamp(bin[0], bin[bin.len() - 1])
        };
        let cuts = (1..codebook_size).map(|bin| distinct[edge(bin)]).collect();
        Ok(FittedQuantile { patch, cuts, centres: (0..codebook_size).map(centre).collect() })
    }

    fn code(&self, mean: f32) -> usize {
        self.cuts.partition_point(|&cut| cut <= mean)
    }
}

impl FittedTokenizer for FittedQuantile {
    fn codebook_size(&self) -> usize {
        self.centres.len()
    }

    fn width(&self) -> usize {
        WIDTH
    }

    fn embed(&self, series: &[&TimeSeries]) -> Result<Vec<(Features, Codes)>> {
        let embed = |series: &&TimeSeries| {
            let patches = whole_patches(series, self.patch)?;
            let mut features = Vec::with_capacity(patches * series.rois() * 2);
            let mut codes = Vec::with_capacity(patches * series.rois());
            for (mean, trend) in shapes(series, self.patch, patches) {
                features.extend([mean, trend]);
                codes.push(self.code(mean) as u32);
            }
            Ok((Features::new(2, features)?, Codes { patches, rois: series.rois(), codes }))
        };
        series.iter().map(embed).collect()
    }

    fn decode(&self, codes: &Codes, tr: f64) -> Result<TimeSeries> {
        let mut values = Vec::with_capacity(codes.codes.len() * self.patch);
        for patch in codes.codes.chunks(codes.rois.max(1)) {
            let centre = |&code: &u32| self.centres.get(code as usize).copied();
            let volume: Option<Vec<f32>> = patch.iter().map(centre).collect();
            let volume = volume.ok_or_else(|| format!("a code is not below {}", self.centres.len()))?;
            (0..self.patch).for_each(|_| values.extend_from_slice(&volume));
        }
        TimeSeries::new(codes.patches * self.patch, codes.rois, tr, values)
    }

    fn save(&self, dir: &Path) -> Result<()> {
        let path = dir.join(FILE);
        let text = serde_json::to_string(self)?;
        fs::write(&path, text).map_err(|error| format!("`{}`: {error}", path.display()).into())
    }
}

/// Returns mean and trend of every patch of every region, time-major. The trend is the rise of the
/// least-squares line from the first to the last volume of the patch.
fn shapes(series: &TimeSeries, patch: usize, patches: usize) -> impl Iterator<Item = (f32, f32)> + '_ {
    let middle = (patch as f64 - 1.0) / 2.0;
    let spread: f64 = (0..patch).map(|t| (t as f64 - middle).powi(2)).sum();
    let places = (0..patches).flat_map(|index| (0..series.rois()).map(move |roi| (index, roi)));
    places.map(move |(index, roi)| {
        let signal = |t: usize| f64::from(series.volume(index * patch + t)[roi]);
        let mean = (0..patch).map(signal).sum::<f64>() / patch as f64;
        let slope = (0..patch).map(|t| (t as f64 - middle) * signal(t)).sum::<f64>() / spread.max(1.0);
        (mean as f32, (slope * (patch as f64 - 1.0)) as f32)
    })
}

#[cfg(test)]
mod tests {
    use boldface::Silent;
    use proptest::prelude::*;

    use super::*;
    use crate::tokenizers::fixture;

    fn fitted(means: &[f32], codebook_size: usize) -> FittedQuantile {
        FittedQuantile::divide(2, codebook_size, means).unwrap()
    }

    #[test]
    fn bins_hold_equally_many_patches() {
        // Distinct means 1 2 3 4 5 6 in 3 bins: {1 2} {3 4} {5 6}.
        let quantile = fitted(&[6.0, 1.0, 2.0, 2.0, 5.0, 3.0, 4.0], 3);
        assert_eq!(quantile.cuts, [3.0, 5.0]);
        assert_eq!(quantile.centres, [1.5, 3.5, 5.5]);
        assert_eq!([-9.0, 2.9, 3.0, 4.9, 5.0, 9.0].map(|mean| quantile.code(mean)), [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn features_are_the_mean_and_the_trend() {
        // Two regions, one patch of 3: region 0 is 1 2 6, region 1 is constant 4. The slope of 1 2 6 is
        // (-1 * 1 + 1 * 6) / 2 = 2.5 per volume, 5 over the patch.
        let series = TimeSeries::new(3, 2, 2.0, vec![1.0, 4.0, 2.0, 4.0, 6.0, 4.0]).unwrap();
        assert_eq!(shapes(&series, 3, 1).collect::<Vec<_>>(), [(3.0, 5.0), (4.0, 0.0)]);
        assert_eq!(shapes(&series, 1, 3).nth(4), Some((6.0, 0.0)));
    }

    #[test]
    fn too_few_distinct_means_are_refused() {
        let error = FittedQuantile::divide(2, 3, &[0.0, 0.0, 1.0]).unwrap_err().to_string();
        let expected = "the training scans have 2 distinct patch means, too few for `codebook-size` = 3";
        assert_eq!(error, expected);
    }

    proptest! {
        #[test]
        fn every_code_decodes_to_a_series_that_is_coded_back(
            means in proptest::collection::vec(-5f32..5.0, 40..80),
            codes in proptest::collection::vec(0u32..16, 12),
        ) {
            let quantile = FittedQuantile::divide(7, 16, &means).unwrap();
            let codes = Codes { patches: 4, rois: 3, codes };
            let series = quantile.decode(&codes, 2.0).unwrap();
            prop_assert_eq!(series.trs(), 28);
            prop_assert_eq!(&quantile.embed(&[&series]).unwrap()[0].1, &codes);
        }
    }

    #[test]
    fn fits_saves_and_loads() {
        let rising = |from: usize| (0..16).map(|i| (i + from) as f32 / 2.0).collect();
        let series = [0, 1].map(|from| TimeSeries::new(8, 2, 2.0, rising(from)).unwrap());
        let scans = fixture::scans(series);
        let split = fixture::all_train(&scans);
        let (config, runtime) = (Quantile { patch: 4, codebook_size: 4 }, runtime());
        let mut observer = Silent;
        let mut cx = FitContext { runtime: &runtime, seed: 0, observer: &mut observer };
        let text = TextSpace { descriptions: Default::default(), tokens: Features::new(1, vec![]).unwrap() };
        let fitted = config.fit(&split.train(&scans).unwrap(), &text, &mut cx).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fitted.save(dir.path()).unwrap();
        let loaded = config.load(dir.path(), &runtime).unwrap();
        let series = &scans[0].series;
        assert_eq!(fitted.embed(&[series]).unwrap(), loaded.embed(&[series]).unwrap());
        // A prefix of a scan has the same codes as in the whole scan.
        let prefix = series.window(boldface::Window::first(4)).unwrap();
        assert_eq!(loaded.embed(&[&prefix]).unwrap()[0].1, loaded.embed(&[series]).unwrap()[0].1.first(1));

        let other = Quantile { patch: 4, codebook_size: 5 };
        assert!(
            other.load(dir.path(), &runtime).is_err_and(|e| e.to_string().contains("does not fit its spec"))
        );
        fs::write(dir.path().join(FILE), "{\"patch\": 4, \"cuts\": [0.0").unwrap();
        assert!(config.load(dir.path(), &runtime).is_err_and(|e| e.to_string().contains(FILE)));
    }

    #[test]
    fn a_code_beyond_the_codebook_is_refused() {
        let codes = Codes { patches: 1, rois: 1, codes: vec![3] };
        let error = fitted(&[1.0, 2.0, 3.0], 3).decode(&codes, 2.0).unwrap_err();
        assert_eq!(error.to_string(), "a code is not below 3");
    }

    fn runtime() -> Runtime {
        Runtime {
            engine: "none".into(),
            precision: boldface::Precision::F32,
            device: "cpu".into(),
            workers: 1,
        }
    }
}
