//! Says where networks lie on the main axes of connectivity.

#[cfg(test)]
mod tests;

use boldface::{Cohort, Deserialize, JsonSchema, Problem, Result, Scan, Serialize, TrainScans, register};
use boldface_features::gradient::{self, Embedding, Kernel, Steps, Template};
use boldface_features::{Feature, Measured, Missing, Networks};

use super::described::Described;
use super::family::{Family, Telling};
use super::words::WordTable;

/// Sentences about connectivity gradients: how far each reaches, how much regions vary along it, how much of all
/// differences between regions it holds, and where each network lies on it.
///
/// A gradient is an axis along which regions are ordered by how alike their functional connectivity is, as BrainSpace
/// computes it: of each row of the FC matrix (Pearson, over the whole cropped scan) the strongest entries, affinities
/// between rows, an embedding. The gradients of every scan are turned and mirrored (orthogonal Procrustes) onto a
/// template, so that gradient 1 of one scan is the same thing as gradient 1 of another: the gradients of the mean FC of
/// the training scans, of which every person counts once. The template's own sign makes the region furthest from 0
/// positive; which end of the brain that is, the data say.
///
/// Typical is what the training scans have after the same steps: mean and SD over people, never over regions.
/// Regions without a signal have no place on a gradient. Nothing is available for a scan in which more than half of the
/// regions have no signal, whose affinities fall into pieces, or that has three volumes or fewer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Gradient {
    /// How alike two regions are, going by the strongest entries of their rows of FC.
    kernel: Kernel,
    /// Share of each row of FC that is set to 0, the weakest first; from 0 to below 1.
    sparsity: f64,
    /// How affinities become gradients.
    embedding: Embedding,
    /// How many gradients. All of them are turned onto the template together, so the first ones change a little with
    /// their number.
    components: usize,
    /// Words of your own: the path of a TOML file, or the table itself. What it does not say stays as it is shipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<WordTable>,
    /// Whether the wording of each sentence is drawn from the grammar, by seed, scan and feature; if not, every sentence
    /// has the plain form.
    paraphrase: bool,
    /// Columns of the tables that are adjusted for before a scan is compared, such as `["age", "sex", "site"]`: numbers
    /// if every training scan has a number, else categories. Every scan needs a value. Never what a task asks for: it
    /// would be put into the text.
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

impl Family for Gradient {
    const NAME: &'static str = "gradient";
    const VERSION: u32 = 1;
    const WORDS: &'static str = include_str!("words.toml");
    type Learned = Template;

    fn telling(&self) -> Telling<'_> {
        Telling { words: self.words.as_ref(), paraphrase: self.paraphrase, adjust: &self.adjust }
    }

    fn learn(&self, train: &TrainScans<'_>, _seed: u64) -> Result<Template> {
        let scans: Vec<_> = train.iter().map(|scan| (scan.info.id.person(), &scan.series)).collect();
        Template::fit(&self.steps(), &scans).map_err(|missing| {
            let help = match missing {
                Missing::Pieces => "; a lower `sparsity` or the kernel `normalized-angle` keeps it together",
                _ => "",
            };
            format!("the mean FC of {} training scans has no gradients: {missing}{help}", scans.len()).into()
        })
    }

    fn measure(&self, template: &Template, scan: &Scan, _seed: u64) -> Result<Vec<Measured>> {
        if !template.is_of(self.components, scan.series.rois()) {
            let rois = scan.series.rois();
            let message = format!("is not of {} gradients and {rois} regions", self.components);
            return Err(format!("the saved template {message}; build the corpus again").into());
        }
        Ok(gradient::measure(&self.steps(), template, &scan.series, &Networks::of(&scan.regions)))
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
        gradient::features(self.components, &Networks::of(&cohort.regions))
    }
}
