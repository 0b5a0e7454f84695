//! Describes the positions of networks on the main axes of connectivity.

#[cfg(test)]
mod tests;

use boldface::{Cohort, Deserialize, JsonSchema, Problem, Result, Scan, Serialize, TrainScans, register};
use boldface_features::gradient::{self, Embedding, GradientTemplate, Kernel, Steps};
use boldface_features::{Feature, Measurement, Missing, Networks};

use super::described::Described;
use super::family::{FeatureFamily, Telling};
use super::words::WordTable;

/// Sentences about connectivity gradients: how far each one reaches, how much regions vary along it,
/// its share of all differences between regions, and the position of each network on it.
///
/// A gradient is an axis that orders regions by the similarity of their functional connectivity,
/// computed as in BrainSpace: keep the strongest entries of each row of the FC matrix (Pearson, over
/// the whole cropped scan), compute affinities between rows, and embed them. Orthogonal Procrustes
/// rotates and mirrors the gradients of every scan onto a template, so that gradient 1 means the same
/// in all scans. The template is computed from the mean FC of the training scans, where every person
/// has the same weight. Its sign makes the region furthest from 0 positive and has no anatomical
/// meaning.
///
/// The norm is the mean and SD over the training people, never over regions, after the same steps.
/// Regions without a signal have no position on a gradient. A scan has no gradients at all if more than
/// half of its regions have no signal, if its affinities are not connected, or if it has three volumes
/// or fewer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Gradient {
    /// Similarity of two regions, computed from the strongest entries of their rows of FC.
    kernel: Kernel,
    /// Share of each row of FC set to 0, weakest entries first; at least 0 and below 1.
    sparsity: f64,
    /// Method that turns affinities into gradients.
    embedding: Embedding,
    /// Number of gradients. All are rotated onto the template together, so the first ones change a
    /// little with this number.
    components: usize,
    /// Your own words: the path of a TOML file, or the table itself. Built-in words apply to everything
    /// it leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<WordTable>,
    /// Whether the wording of each sentence is drawn from the grammar, by seed, scan and feature. If
    /// false, every sentence has the plain form.
    paraphrase: bool,
    /// Table columns to adjust for before a scan is compared, such as `["age", "sex", "site"]`. A
    /// column is numeric if every training scan has a number in it, else categorical. Every scan needs
    /// a value. Leave out columns that a task asks for, because adjustment puts them into the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjust: Vec<String>,
}

impl Default for Gradient {
    fn default() -> Gradient {
        Gradient {
            kernel: Kernel::default(),
            sparsity: 0.9,
            embedding: Embedding::default(),
            components: 3,
            words: None,
            paraphrase: true,
            adjust: Vec::new(),
        }
    }
}

register!(CorpusGenerator "gradient" => Described<Gradient>);

impl Gradient {
    fn steps(&self) -> Steps {
        let Gradient { kernel, sparsity, embedding, components, .. } = *self;
        Steps { kernel, sparsity, embedding, components }
    }
}

impl FeatureFamily for Gradient {
    const NAME: &'static str = "gradient";
    const VERSION: u32 = 1;
    const NEEDS_NETWORKS: bool = true;
    const WORDS: &'static str = include_str!("words.toml");
    type Learned = GradientTemplate;

    fn telling(&self) -> Telling<'_> {
        Telling { words: self.words.as_ref(), paraphrase: self.paraphrase, adjust: &self.adjust }
    }

    fn learn(&self, train: &TrainScans<'_>, _seed: u64) -> Result<GradientTemplate> {
        let scans: Vec<_> = train.iter().map(|scan| (scan.info.id.person(), &scan.series)).collect();
        GradientTemplate::fit(&self.steps(), &scans).map_err(|missing| {
            let help = match missing {
                Missing::Pieces => "; a lower `sparsity` or the kernel `normalized-angle` keeps it together",
                _ => "",
            };
            format!("the mean FC of {} training scans has no gradients: {missing}{help}", scans.len()).into()
        })
    }

    fn measure(&self, template: &GradientTemplate, scan: &Scan, _seed: u64) -> Result<Vec<Measurement>> {
        if !template.is_of(self.components, scan.series.rois()) {
            let rois = scan.series.rois();
            let message = format!("is not of {} gradients and {rois} regions", self.components);
            return Err(format!("the saved template {message}; build the corpus again").into());
        }
        Ok(gradient::measure(&self.steps(), template, &scan.series, &Networks::group(&scan.regions)))
    }

    fn check(&self, cohort: &Cohort) -> Vec<Problem> {
        let rois = cohort.regions.names.len();
        if !(0.0..1.0).contains(&self.sparsity) {
            let message = format!("`{}` is not from 0 to below 1", self.sparsity);
            return vec![Problem::at("sparsity", message).help("0.9 keeps the strongest tenth of each row")];
        }
        if self.components == 0 {
            return vec![Problem::at("components", "no gradient would be described").help("3 is usual")];
        }
        if rois < 4 {
            let message = format!("gradients need four regions or more, and there are {rois}");
            return vec![Problem::at("", message).help("use a finer parcellation")];
        }
        let mut problems = Vec::new();
        if rois < self.steps().least_rois() {
            let message = format!("{rois} regions have no more than {} gradients", rois - 2);
            problems.push(Problem::at("components", message).help("ask for fewer"));
        }
        if gradient::kept(rois, self.sparsity) < 2 {
            let message =
                format!("at a sparsity of {} each of {rois} regions keeps nothing but itself", self.sparsity);
            problems.push(Problem::at("sparsity", message).help("lower it"));
        }
        problems
    }

    fn features(&self, cohort: &Cohort) -> Vec<Feature> {
        gradient::features(self.components, &Networks::group(&cohort.regions))
    }
}
