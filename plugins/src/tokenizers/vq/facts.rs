//! Facts of training scans as targets of the encoder, which trains its features for later questions.

use boldface::{Descriptor, TrainScans};
use boldface_engine::nn::{self, Pass};
use boldface_engine::{Params, Tensor};
use rand::Rng;

use crate::nets::encoder::STD;

/// Largest z in the loss, in SD. Larger ones are clipped, so that one odd scan does not dominate.
const FURTHEST: f64 = 3.0;

/// The z of every fact with a question, and the networks of the regions.
pub(super) struct FactDeviations {
    /// z of each fact, scan by scan; `None` if it is not available.
    z: Vec<Vec<Option<f32>>>,
    /// `networks * rois` weights that average over each network.
    means: Vec<f32>,
    networks: usize,
}

impl FactDeviations {
    /// Collects the facts of the training scans.
    pub(super) fn collect(train: &TrainScans<'_>) -> FactDeviations {
        let is_asked = |said: &&Descriptor| said.question.is_some();
        let name = |said: &Descriptor| (said.corpus.clone(), said.fact.feature.clone());
        let mut names: Vec<(String, String)> = Vec::new();
        for scan in train.iter() {
            names.extend(scan.descriptors.iter().filter(is_asked).map(name));
        }
        names.sort_unstable();
        names.dedup();
        let of_scan = |scan: &boldface::Scan| {
            let mut z = vec![None; names.len()];
            for said in scan.descriptors.iter().filter(is_asked) {
                if let (Ok(place), Some(known)) = (names.binary_search(&name(said)), said.fact.z) {
                    z[place] = Some(known.clamp(-FURTHEST, FURTHEST) as f32);
                }
            }
            z
        };
        let z = train.iter().map(of_scan).collect();
        let Some(first) = train.iter().next() else {
            return FactDeviations { z, means: Vec::new(), networks: 0 };
        };
        let networks = first.regions.network_names();
        let mean = |network: &&str| {
            let of = first.regions.networks.iter().map(|own| f32::from(u8::from(own == network)));
            let regions: f32 = of.clone().sum();
            of.map(move |own| own / regions).collect::<Vec<f32>>()
        };
        FactDeviations { z, means: networks.iter().flat_map(mean).collect(), networks: networks.len() }
    }

    fn count(&self) -> usize {
        self.z.first().map_or(0, Vec::len)
    }

    /// Inserts the weights of the head, if there are facts.
    pub(super) fn init(&self, params: &mut Params, width: usize, rng: &mut impl Rng) {
        if self.count() > 0 && self.networks > 0 {
            nn::init_linear(params, "facts", self.networks * width, self.count(), true, STD, rng);
        }
    }
}

/// Mean squared error of the facts' z, predicted linearly from the mean feature of every network in the
/// last patch; `None` without facts. `features_md` has the tokens of all scans, scan by scan.
pub(super) fn loss(
    pass: &Pass<'_>,
    features_md: &Tensor,
    (batch, patches): (&[usize], usize),
    facts: &FactDeviations,
) -> Option<Tensor> {
    pass.params.try_get("facts.weight")?;
    let engine = pass.params.engine();
    let width = features_md.dims()[1];
    let rois = features_md.dims()[0] / batch.len() / patches;
    let means = engine.tensor(facts.means.clone(), &[facts.networks, rois]);
    let mut pooled = Vec::new();
    for place in 0..batch.len() {
        let start = (place * patches + patches - 1) * rois;
        let of_network = means.matmul(&features_md.narrow(0, start, rois));
        pooled.push(of_network.reshape(&[1, facts.networks * width]));
    }
    let told = nn::linear(pass, "facts", &Tensor::concat(&pooled.iter().collect::<Vec<_>>(), 0));
    let dims = [batch.len(), facts.count()];
    let z = || batch.iter().flat_map(|&scan| &facts.z[scan]);
    let known = z().filter(|z| z.is_some()).count();
    let truth = engine.tensor(z().map(|z| z.unwrap_or_default()).collect(), &dims);
    let mask = engine.tensor(z().map(|z| f32::from(u8::from(z.is_some()))).collect(), &dims);
    (known > 0).then(|| told.sub(&truth).mul(&mask).square().sum().scale(1.0 / known as f32))
}
