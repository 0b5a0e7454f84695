//! Encoder, code head and decoder of a discrete tokenizer, without its quantiser.
//!
//! Shapes: `B` series, `T` tokens (see [`super::encoder`]), `S` volumes per patch, `D` width, `C`
//! numbers per code.

use boldface_engine::nn::{self, Pass};
use boldface_engine::{Params, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::encoder::{STD, Vit};

/// All sizes that determine the weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AutoencoderShape {
    /// Volumes per patch.
    pub(crate) patch: usize,
    /// Maximum number of patches per series.
    pub(crate) patches: usize,
    /// Number of regions.
    pub(crate) rois: usize,
    /// Width of the transformers; for that of a feature vector see [`AutoencoderShape::features`].
    pub(crate) width: usize,
    /// Transformer blocks in the encoder, and as many in the decoder.
    pub(crate) layers: usize,
    /// Attention heads.
    pub(crate) heads: usize,
    /// Number of codes.
    pub(crate) codebook_size: usize,
    /// Numbers per code.
    pub(crate) code_dim: usize,
    /// Whether a token's inputs include its region's coupling with every region, after its signal.
    #[serde(default)]
    pub(crate) coupling: bool,
    /// Whether a token's inputs include its signal.
    #[serde(default = "yes")]
    pub(crate) signal: bool,
    /// Whether a token's inputs include its region's row of the graph of the strongest couplings.
    #[serde(default)]
    pub(crate) edges: bool,
    /// Number of measures of its region as a node of that graph among a token's inputs, after its rows.
    #[serde(default)]
    pub(crate) measures: usize,
    /// Whether a token's inputs end with the means of these rows and measures over its region's network.
    #[serde(default)]
    pub(crate) networks: bool,
}

fn yes() -> bool {
    true
}

impl AutoencoderShape {
    /// Number of inputs per token: its own, and their means over its region's network. The embedding
    /// multiplies a row by one vector per region.
    pub(crate) fn inputs(&self) -> usize {
        self.own() + usize::from(self.networks) * self.around()
    }

    /// Number of a token's own inputs: its signal, a row of correlations, a row of edges, and the measures
    /// of its region.
    pub(crate) fn own(&self) -> usize {
        usize::from(self.signal) * self.patch + self.around()
    }

    /// Number of inputs that relate a token's region to the others, which follow its signal.
    pub(crate) fn around(&self) -> usize {
        self.rows() * self.rois + self.measures
    }

    /// Numbers in a feature vector: the encoder's output, and then what bypasses the encoder: each row,
    /// projected, and the measures, once for the region and once for its network.
    pub(crate) fn features(&self) -> usize {
        let around = self.width * self.rows() + self.measures;
        self.width + around * (1 + usize::from(self.networks))
    }

    /// Rows with one number per region among the inputs of a token.
    fn rows(&self) -> usize {
        usize::from(self.coupling) + usize::from(self.edges)
    }

    /// Number of frequencies above 0 in a patch.
    pub(crate) fn frequencies(&self) -> usize {
        self.patch / 2
    }
}

/// Maps patches to features, features to code vectors, and code vectors to patches. All three maps are
/// causal in time, so the first patches of a scan have the same codes and decoded values by themselves
/// as in the whole scan.
pub(crate) struct Autoencoder {
    /// Its sizes.
    pub(crate) shape: AutoencoderShape,
    encoder: Vit,
    decoder: Vit,
}

impl Autoencoder {
    /// Creates a network of `shape`. Its weights are in a [`Params`] under `encoder`, `code`, `decoder`
    /// and `patch`, and under `coupling` and `edges` if the shape has them.
    pub(crate) fn new(shape: AutoencoderShape) -> Autoencoder {
        let grid = (shape.patches, shape.rois);
        let size = (shape.layers, shape.heads, shape.width);
        let encoder = Vit::new("encoder", shape.own(), grid, size);
        let decoder = Vit::new("decoder", shape.code_dim, grid, size);
        Autoencoder { shape, encoder, decoder }
    }

    /// Inserts fresh weights.
    pub(crate) fn init(&self, params: &mut Params, rng: &mut impl Rng) {
        let AutoencoderShape { patch, width, code_dim, .. } = self.shape;
        self.encoder.init(params, rng);
        // Scales a row of correlations of about .3 each, and a row of edges (fewer than a third of the
        // places have one) of about .15 in root mean square, to outputs around 1.
        let rows = [("coupling", self.shape.coupling, 0.3), ("edges", self.shape.edges, 0.15)];
        for (name, _, size) in rows.into_iter().filter(|(_, is_input, _)| *is_input) {
            let spread = 1.0 / (size * (self.shape.rois as f32).sqrt());
            params.normal(&format!("{name}.weight"), &[width, self.shape.rois], spread, rng);
        }
        init_head(params, "code", self.shape.features(), code_dim, rng);
        self.decoder.init(params, rng);
        init_head(params, "patch", width, patch, rng);
    }

    /// Number of weights that [`Autoencoder::init`] adds.
    pub(crate) fn parameters(&self) -> u64 {
        let AutoencoderShape { patch, width, code_dim, .. } = self.shape;
        let head = |inputs: usize, outputs: usize| ((inputs + 1) * inputs + (inputs + 1) * outputs) as u64;
        let beside = self.shape.rows() * width * self.shape.rois;
        let coded = self.encoder.parameters() + head(self.shape.features(), code_dim);
        coded + beside as u64 + self.decoder.parameters() + head(width, patch)
    }

    /// Computes features of tokens: `(B, T, inputs)` to `(B, T, features)`. These are the encoder's
    /// outputs after its last layer norm, then a linear projection of each token's row of correlations,
    /// one of its row of edges, and its measures, as far as these are inputs. The latter bypass the
    /// encoder, which would lose small differences between people among everything else it has to keep.
    pub(crate) fn features(&self, pass: &Pass<'_>, x_bti: &Tensor) -> Tensor {
        let own = self.shape.own();
        let mut parts = vec![self.encoder.forward(pass, &x_bti.narrow(2, 0, own))];
        let starts = [own - self.shape.around(), own];
        for start in starts.into_iter().take(1 + usize::from(self.shape.networks)) {
            parts.extend(self.around(pass, x_bti, start));
        }
        Tensor::concat(&parts.iter().collect::<Vec<_>>(), 2)
    }

    /// Projects the rows that begin with input `start`, which the measures follow.
    fn around(&self, pass: &Pass<'_>, x_bti: &Tensor, mut start: usize) -> Vec<Tensor> {
        let AutoencoderShape { coupling, edges, rois, measures, .. } = self.shape;
        let mut parts = Vec::new();
        for (name, _) in [("coupling", coupling), ("edges", edges)].iter().filter(|(_, is_input)| *is_input) {
            parts.push(nn::linear(pass, name, &x_bti.narrow(2, start, rois)));
            start += rois;
        }
        parts.extend((measures > 0).then(|| x_bti.narrow(2, start, measures)));
        parts
    }

    /// Returns the rows of correlations among the inputs, `(B, T, N)`; `None` without coupling.
    pub(crate) fn coupling(&self, x_bti: &Tensor) -> Option<Tensor> {
        let AutoencoderShape { coupling, rois, .. } = self.shape;
        coupling.then(|| x_bti.narrow(2, self.shape.own() - self.shape.around(), rois))
    }

    /// Computes the unit vectors to quantise: `(B, T, D)` to `(B * T, C)`.
    pub(crate) fn code_vectors(&self, pass: &Pass<'_>, features_btd: &Tensor) -> Tensor {
        let code_btc = head(pass, "code", features_btd);
        let rows = features_btd.dims()[0] * features_btd.dims()[1];
        code_btc.reshape(&[rows, self.shape.code_dim]).normalize_rows()
    }

    /// Decodes the patches of `series` series from their code vectors: `(B * T, C)` to `(B, T, S)`.
    pub(crate) fn patches(&self, pass: &Pass<'_>, series: usize, code_mc: &Tensor) -> Tensor {
        let tokens = code_mc.dims()[0] / series;
        let code_btc = code_mc.reshape(&[series, tokens, self.shape.code_dim]);
        head(pass, "patch", &self.decoder.forward(pass, &code_btc))
    }
}

/// Inserts the weights of a linear, a tanh and another linear layer.
pub(crate) fn init_head(params: &mut Params, name: &str, width: usize, outputs: usize, rng: &mut impl Rng) {
    nn::init_linear(params, &format!("{name}.hidden"), width, width, true, STD, rng);
    nn::init_linear(params, &format!("{name}.out"), width, outputs, true, STD, rng);
}

/// Applies the layers of [`init_head`] to the last dimension of `x`.
pub(crate) fn head(pass: &Pass<'_>, name: &str, x: &Tensor) -> Tensor {
    let hidden = nn::linear(pass, &format!("{name}.hidden"), x).tanh();
    nn::linear(pass, &format!("{name}.out"), &hidden)
}
