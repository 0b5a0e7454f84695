//! A small vision transformer over regions and time patches, causal in time.
//!
//! Shapes: `B` series, `P` patches, `N` regions, `T = P * N` tokens in time-major order (token
//! `patch * N + roi`), `D` width.

use boldface::Layout;
use boldface_engine::nn::{self, Pass, Transformer};
use boldface_engine::{Params, Tensor};
use rand::Rng;

/// Standard deviation of every initial weight and position.
pub(crate) const STD: f32 = 0.02;

/// A pre-norm transformer between a linear patch embedding and a final layer norm.
///
/// A token sees all regions of its own and of earlier patches ([`Layout::visible`]), so the output for
/// a patch never depends on a later one. Positions are the sum of a learned row for the region and one
/// for the patch.
pub(crate) struct Vit {
    /// Number of inputs per token.
    pub(crate) inputs: usize,
    /// Number of regions.
    pub(crate) rois: usize,
    /// Maximum number of patches.
    pub(crate) patches: usize,
    /// The blocks. Names of their weights start with the prefix and `.blocks`.
    blocks: Transformer,
    prefix: String,
}

impl Vit {
    /// Creates a network whose weights are named `{prefix}.*`.
    pub(crate) fn new(
        prefix: &str,
        inputs: usize,
        (patches, rois): (usize, usize),
        (layers, heads, width): (usize, usize, usize),
    ) -> Vit {
        let blocks = Transformer {
            prefix: format!("{prefix}.blocks"),
            layers,
            heads,
            width,
            mlp_ratio: 4,
            gated: false,
        };
        Vit { inputs, rois, patches, blocks, prefix: prefix.to_owned() }
    }

    /// Inserts fresh weights.
    pub(crate) fn init(&self, params: &mut Params, rng: &mut impl Rng) {
        let width = self.blocks.width;
        nn::init_linear(params, &self.name("embed"), self.inputs, width, true, STD, rng);
        params.normal(&self.name("region"), &[self.rois, width], STD, rng);
        params.normal(&self.name("time"), &[self.patches, width], STD, rng);
        self.blocks.init(params, rng);
        nn::init_layer_norm(params, &self.name("norm"), width);
    }

    /// Number of weights that [`Vit::init`] adds.
    pub(crate) fn parameters(&self) -> u64 {
        // The embedding with its bias, positions, and the scale and shift of the last norm.
        let rows = (self.inputs + 1 + self.rois + self.patches + 2) as u64;
        rows * self.blocks.width as u64 + self.blocks.parameters()
    }

    /// Maps `(B, T, inputs)` to `(B, T, D)`, for any number of patches up to the trained one.
    pub(crate) fn forward(&self, pass: &Pass<'_>, x_bti: &Tensor) -> Tensor {
        let (series, tokens) = (x_bti.dims()[0], x_bti.dims()[1]);
        let layout = Layout { patches: tokens / self.rois, rois: self.rois, ..Layout::default() };
        let (patch, roi): (Vec<u32>, Vec<u32>) =
            (0..tokens).map(|token| ((token / self.rois) as u32, (token % self.rois) as u32)).unzip();
        let region_td = pass.params.get(&self.name("region")).rows(&roi);
        let time_td = pass.params.get(&self.name("time")).rows(&patch);
        let visible: Vec<u32> =
            (0..series).flat_map(|_| (0..tokens).map(|token| layout.visible(token) as u32)).collect();
        let x_btd = nn::linear(pass, &self.name("embed"), x_bti).add(&region_td.add(&time_td));
        let x_btd = self.blocks.forward(pass, &x_btd, &visible, None);
        nn::layer_norm(pass, &self.name("norm"), &x_btd)
    }

    fn name(&self, part: &str) -> String {
        format!("{}.{part}", self.prefix)
    }
}
