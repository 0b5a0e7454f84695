//! The trained tokenizer: embeds series as features and codes, and decodes codes.

use std::fs;
use std::path::Path;

use boldface::{Codes, Features, FittedTokenizer, Result, Runtime, TimeSeries};
use boldface_engine::nn::Pass;
use boldface_engine::{Params, no_grad};

use super::Vq;
use super::data::{inputs, series, tokens};
use super::norms::PatchNorms;
use crate::nets::autoencoder::{Autoencoder, AutoencoderShape};
use crate::tokenizers::patches::whole_patches;

/// Name of the codebook among the weights.
const CODEBOOK: &str = "codebook";
/// Largest number of series embedded at once.
const BATCH: usize = 8;

/// Frozen weights and their sizes.
pub(super) struct FittedVq {
    model: Autoencoder,
    params: Params,
    norms: PatchNorms,
}

impl FittedVq {
    /// Keeps the tokenizer's own weights from `params`, and the rows of the codebook.
    pub(super) fn new(model: Autoencoder, params: &Params, codebook: &[f32], norms: PatchNorms) -> FittedVq {
        let mut kept = Params::new(params.engine());
        let own = |name: &&str| {
            ["encoder.", "coupling.", "edges.", "code.", "decoder.", "patch."]
                .iter()
                .any(|own| name.starts_with(own))
        };
        for name in params.names().filter(own) {
            let tensor = params.get(name);
            kept.insert(name, tensor.to_vec(), tensor.dims());
        }
        let AutoencoderShape { codebook_size, code_dim, .. } = model.shape;
        kept.insert(CODEBOOK, codebook.to_vec(), &[codebook_size, code_dim]);
        norms.keep(&mut kept, &model.shape);
        FittedVq { model, params: kept, norms }
    }

    /// Reads the files written by [`FittedTokenizer::save`].
    ///
    /// # Errors
    /// If a file is missing, damaged, or of another tokenizer than `config` describes.
    pub(super) fn load(config: &Vq, dir: &Path, runtime: &Runtime) -> Result<FittedVq> {
        let (sizes, weights) = (dir.join("vq.json"), dir.join("vq.safetensors"));
        let text = fs::read_to_string(&sizes).map_err(|error| format!("`{}`: {error}", sizes.display()))?;
        let shape: AutoencoderShape =
            serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", sizes.display()))?;
        if shape != config.shape(shape.patches, shape.rois) {
            return Err(
                format!("`{}` does not fit its spec; delete it and run again", sizes.display()).into()
            );
        }
        let engine = boldface_engine::Engine::for_runtime(runtime)?;
        let params = Params::load(&engine, &weights)?;
        let model = Autoencoder::new(shape);
        let mut expected = Params::new(&engine);
        model.init(&mut expected, &mut boldface::seed::stream(0, "shapes"));
        let AutoencoderShape { codebook_size, code_dim, .. } = model.shape;
        expected.constant(CODEBOOK, &[codebook_size, code_dim], 0.0);
        PatchNorms::default().keep(&mut expected, &model.shape);
        let dims = |params: &Params| -> Vec<(String, Vec<usize>)> {
            params.names().map(|name| (name.to_owned(), params.get(name).dims().to_vec())).collect()
        };
        if dims(&params) != dims(&expected) {
            let (weights, sizes) = (weights.display(), sizes.display());
            return Err(format!("`{weights}` does not hold the weights of `{sizes}`").into());
        }
        let norms = PatchNorms::read(&params);
        Ok(FittedVq { model, params, norms })
    }

    /// Embeds series of the same length at once.
    fn embed_batch(&self, batch: &[&TimeSeries], patches: usize) -> Result<Vec<(Features, Codes)>> {
        let (AutoencoderShape { patch, rois, .. }, width) = (&self.model.shape, self.model.shape.features());
        let (patch, rois) = (*patch, *rois);
        let (engine, count) = (self.params.engine(), patches * rois);
        let values = batch
            .iter()
            .flat_map(|series| inputs(&tokens(series, patch), &self.model.shape, &self.norms))
            .collect();
        let numbers = self.model.shape.inputs();
        let pass = Pass::inference(&self.params);
        let (features, codes) = no_grad(|| {
            let features = self.model.features(&pass, &engine.tensor(values, &[batch.len(), count, numbers]));
            let codes = self.model.code_vectors(&pass, &features).nearest_rows(self.params.get(CODEBOOK));
            (features.to_vec(), codes)
        });
        let each = features.chunks(count * width).zip(codes.chunks(count));
        each.map(|(features, codes)| {
            Ok((Features::new(width, features.to_vec())?, Codes { patches, rois, codes: codes.to_vec() }))
        })
        .collect()
    }

    /// Rejects scans that do not fit the trained positions.
    fn check(&self, patches: usize, rois: usize) -> Result<()> {
        let shape = &self.model.shape;
        if patches > shape.patches || rois != shape.rois {
            let (most, regions) = (shape.patches, shape.rois);
            let message = format!(
                "{patches} patches of {rois} regions; this tokenizer knows up to {most} patches of {regions} regions"
            );
            return Err(message.into());
        }
        Ok(())
    }
}

impl FittedTokenizer for FittedVq {
    fn codebook_size(&self) -> usize {
        self.model.shape.codebook_size
    }

    fn width(&self) -> usize {
        self.model.shape.features()
    }

    fn embed(&self, series: &[&TimeSeries]) -> Result<Vec<(Features, Codes)>> {
        let mut embedded = Vec::with_capacity(series.len());
        for same_length in series.chunk_by(|a, b| a.trs() == b.trs()) {
            let patches = whole_patches(same_length[0], self.model.shape.patch)?;
            for series in same_length {
                whole_patches(series, self.model.shape.patch)?;
                self.check(patches, series.rois())?;
            }
            for batch in same_length.chunks(BATCH) {
                embedded.extend(self.embed_batch(batch, patches)?);
            }
        }
        Ok(embedded)
    }

    fn decode(&self, codes: &Codes, tr: f64) -> Result<TimeSeries> {
        let AutoencoderShape { patch, codebook_size, .. } = self.model.shape;
        self.check(codes.patches, codes.rois)?;
        if codes.codes.iter().any(|&code| code as usize >= codebook_size) {
            return Err(format!("a code is not below {codebook_size}").into());
        }
        let pass = Pass::inference(&self.params);
        let decoded = no_grad(|| {
            let vectors = self.params.get(CODEBOOK).rows(&codes.codes);
            self.model.patches(&pass, 1, &vectors).to_vec()
        });
        series(&decoded, codes, patch, tr)
    }

    fn save(&self, dir: &Path) -> Result<()> {
        let path = dir.join("vq.json");
        let text = serde_json::to_string(&self.model.shape)?;
        fs::write(&path, text).map_err(|error| format!("`{}`: {error}", path.display()))?;
        Ok(self.params.save(&dir.join("vq.safetensors"))?)
    }
}
