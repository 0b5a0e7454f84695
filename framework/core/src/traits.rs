//! The plugin kinds. A *config* can be fitted; the *fitted* thing is another type.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::{
    Card, Codes, Cohort, Descriptor, Example, Fact, FactQuestion, Features, FitContext, FmriShape, Lora,
    Metric, Outcome, Problem, Quality, Query, Recorded, Result, Runtime, Scan, ScanInfo, Sequence, Size,
    TextSource, TextSpace, TimeSeries, TrainScans, Training,
};

/// What every plugin is: a typed config that can be printed and hashed.
pub trait Config: Debug + Send + Sync {
    /// The config with all defaults filled in; part of the stage's content key.
    fn resolved(&self) -> Value;
}

impl<C: Serialize + Debug + Send + Sync> Config for C {
    fn resolved(&self) -> Value {
        serde_json::to_value(self).expect("a config is made of strings, numbers, lists and tables")
    }
}

/// What a plugin's `check` may know: everything but the signal.
#[derive(Clone, Copy, Debug)]
pub struct CheckContext<'a> {
    /// All scans of all datasets.
    pub scans: &'a [ScanInfo],
    /// Volumes of every scan after the crop.
    pub trs: usize,
    /// Volumes a token, as the tokenizer has it.
    pub patch: usize,
}

/// What a backbone's check of a training stage may know.
#[derive(Clone, Copy, Debug)]
pub struct TrainingContext<'a> {
    /// The recipe.
    pub training: &'a Training,
    /// Sequences of a micro-batch.
    pub sequences: usize,
    /// What it will read of a scan, if that is known before the tokenizer is fitted.
    pub shape: Option<FmriShape>,
    /// The device, such as `cpu`.
    pub device: &'a str,
}

/// A cohort of scans.
pub trait Dataset: Config {
    /// Every file that [`Dataset::cohort`] and [`Dataset::load`] would read, sorted; their content
    /// is part of the key. `root` is the table's `path`.
    fn files(&self, root: &Path) -> Result<Vec<PathBuf>>;

    /// Scans and regions, from tables and headers alone; `name` becomes [`crate::ScanId::dataset`].
    fn cohort(&self, root: &Path, name: &str) -> Result<Cohort>;

    /// The whole signal of one scan, as it lies on disk.
    fn load(&self, root: &Path, scan: &ScanInfo) -> Result<TimeSeries>;

    /// The whole signal of one scan and what can be measured of it; by default nothing is.
    fn record(&self, root: &Path, scan: &ScanInfo) -> Result<Recorded> {
        Ok(Recorded { series: self.load(root, scan)?, quality: Quality::default() })
    }

    /// Finds what is wrong with this config before anything runs.
    fn check(&self, _root: &Path) -> Vec<Problem> {
        Vec::new()
    }

    /// Raised when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}

/// Fits group statistics on training scans; the result describes any scan.
pub trait CorpusGenerator: Config {
    /// Fits the norms. Whatever is random, later choices of words included, follows from `seed`.
    fn fit(&self, train: &TrainScans<'_>, seed: u64) -> Result<Box<dyn Describer>>;

    /// Reads what [`Describer::save`] wrote.
    fn load(&self, dir: &Path) -> Result<Box<dyn Describer>>;

    /// Columns of the tables that its sentences tell, such as `age`: no task may ask for one of them.
    fn tells(&self) -> Vec<String> {
        Vec::new()
    }

    /// Finds what is wrong with this config, given the cohort, before anything runs.
    fn check(&self, _cohort: &Cohort) -> Vec<Problem> {
        Vec::new()
    }

    /// Raised when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}

/// A fitted corpus generator.
pub trait Describer: Send + Sync {
    /// One descriptor a sentence; what cannot be computed is said to be not available.
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>>;

    /// Every fact that can be read in `text`, in order; the inverse of [`Describer::describe`].
    ///
    /// # Errors
    /// If the generator cannot read at all; a text without a fact has none.
    fn read(&self, text: &str) -> Result<Vec<Fact>>;

    /// Questions whose answer is a band of one of its facts; none by default. Ask only for what shows in a standardised
    /// signal: no phenotype, and no amplitude.
    fn questions(&self) -> Result<Vec<FactQuestion>> {
        Ok(Vec::new())
    }

    /// The sentence for a band of a feature, without numbers; none if there is no such feature or band.
    fn say(&self, _feature: &str, _band: &str) -> Result<Option<String>> {
        Ok(None)
    }

    /// Writes the norms into `dir`.
    fn save(&self, dir: &Path) -> Result<()>;
}

/// Stage 1: turns series into features and codes, aligned with the backbone's text space.
pub trait Tokenizer: Config {
    /// Volumes a token.
    fn patch(&self) -> usize;

    /// Learns from training scans alone.
    fn fit(
        &self,
        train: &TrainScans<'_>,
        text: &TextSpace,
        cx: &mut FitContext<'_>,
    ) -> Result<Box<dyn FittedTokenizer>>;

    /// Reads what [`FittedTokenizer::save`] wrote.
    fn load(&self, dir: &Path, runtime: &Runtime) -> Result<Box<dyn FittedTokenizer>>;

    /// How large the fit will be; nothing is known of it by default.
    fn size(&self, _cx: &CheckContext<'_>) -> Size {
        Size::default()
    }

    /// What a backbone will read of a scan, if that is known before the fit.
    fn fmri_shape(&self, _cx: &CheckContext<'_>) -> Option<FmriShape> {
        None
    }

    /// Finds what is wrong with this config before anything runs.
    fn check(&self, _cx: &CheckContext<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Raised when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}

/// A fitted tokenizer.
///
/// Invariant: features and codes of a patch depend on that patch and earlier ones only.
pub trait FittedTokenizer: Send {
    /// Number of codes.
    fn codebook_size(&self) -> usize;

    /// Width of a feature vector.
    fn width(&self) -> usize;

    /// Continuous features and discrete codes of many series at once, time-major. Each series is
    /// as long as a whole number of patches.
    fn embed(&self, series: &[&TimeSeries]) -> Result<Vec<(Features, Codes)>>;

    /// The series that codes stand for; `tr` is its repetition time in seconds.
    fn decode(&self, codes: &Codes, tr: f64) -> Result<TimeSeries>;

    /// Writes the weights into `dir`.
    fn save(&self, dir: &Path) -> Result<()>;
}

/// Stages 2 and 3: a causal language model over text and fMRI tokens.
pub trait Backbone: Config {
    /// The frozen text side, trained or read before anything fMRI.
    fn text_space(&self, text: &TextSource, cx: &mut FitContext<'_>) -> Result<Box<dyn TextEncoder>>;

    /// A language model that starts from the text side saved in `text_space` and reads tokens of `shape`.
    fn init(
        &self,
        text_space: &Path,
        shape: FmriShape,
        cx: &mut FitContext<'_>,
    ) -> Result<Box<dyn LanguageModel>>;

    /// Reads what [`LanguageModel::save`] wrote.
    fn load(&self, dir: &Path, runtime: &Runtime) -> Result<Box<dyn LanguageModel>>;

    /// Every file of published weights that it would read, sorted: their content is part of the key, and where
    /// they lie is not. The runner has made the table's `weights` a path that holds from where it is called.
    fn files(&self) -> Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    /// What the page of an exported model says of the published model behind it; nothing where there is none.
    ///
    /// # Errors
    /// If there is one, and its files cannot be read.
    fn card(&self) -> Result<Card> {
        Ok(Card::default())
    }

    /// Longest sequence in tokens; none if there is no limit.
    fn context(&self) -> Option<usize> {
        None
    }

    /// How large the text side and its training will be; nothing is known of it by default.
    fn text_size(&self) -> Size {
        Size::default()
    }

    /// Finds what is wrong with a training stage before anything runs; keys are those of the stage's table.
    fn check_training(&self, _cx: &TrainingContext<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Bytes that a training stage will hold at once; nothing is known of it by default.
    fn training_memory(&self, _cx: &TrainingContext<'_>) -> Option<u64> {
        None
    }

    /// Numbers in the weights of a model that reads `shape`, the text side and adapters included.
    fn parameters(&self, _shape: FmriShape, _lora: Option<&Lora>) -> Option<u64> {
        None
    }

    /// Finds what is wrong with this config before anything runs.
    fn check(&self, _cx: &CheckContext<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Raised when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}

/// A backbone's frozen text side.
pub trait TextEncoder: Send {
    /// One pooled vector a text.
    fn pool(&self, texts: &[&str]) -> Result<Features>;

    /// Rows of the input embedding for the tokens of `texts`, in order.
    fn token_embeddings(&self, texts: &[&str]) -> Result<Features>;

    /// Writes everything [`Backbone::init`] needs into `dir`.
    fn save(&self, dir: &Path) -> Result<()>;
}

/// A language model over text and fMRI tokens.
pub trait LanguageModel: Send {
    /// Tokens before and after the fMRI block of a prompt: delimiters and chat template live here.
    /// Without `fmri` the first part is empty.
    fn prompt_tokens(&self, question: &str, fmri: bool) -> Result<(Vec<u32>, Vec<u32>)>;

    /// Gives a new model a name per region, such as its network, so that the region's token can begin as those words. By
    /// default the names are ignored.
    fn name_regions(&mut self, _names: &[String]) -> Result<()> {
        Ok(())
    }

    /// Tokens of an answer after the prompt of `question`, the end token last. A tokenizer reads prompt and answer as
    /// one text: these are the tokens after the prompt's own. If several answers follow one prompt, each has the tokens
    /// that it has as the first.
    fn answer_tokens(&self, question: &str, fmri: bool, answer: &str) -> Result<Vec<u32>>;

    /// Tokens of plain text, without delimiters or an end token.
    fn text_tokens(&self, text: &str) -> Result<Vec<u32>>;

    /// The text of generated tokens; the end token and what follows it are dropped.
    fn text(&self, tokens: &[u32]) -> Result<String>;

    /// Trains on micro-batches until `training.steps` steps are done. Stages 2 and 3 differ only in
    /// the sequences they pass.
    fn train(
        &mut self,
        training: &Training,
        batches: &mut dyn Iterator<Item = Result<Vec<Sequence>>>,
        cx: &mut FitContext<'_>,
    ) -> Result<()>;

    /// Log-likelihood in nats of each option after its prompt.
    fn rank(&self, queries: &[Query]) -> Result<Vec<Vec<f64>>>;

    /// Greedy continuation of each prompt, up to the end token or `limit` tokens.
    fn generate(&self, prompts: &[Sequence], limit: usize) -> Result<Vec<Vec<u32>>>;

    /// The most likely codes of the patch after each block, one a region.
    fn next_codes(&self, blocks: &[Sequence]) -> Result<Vec<Vec<u32>>>;

    /// One vector a prompt, all of one width: what a linear model reads a phenotype from. The prompt
    /// may show no scan; a row never depends on the other prompts.
    fn pool(&self, prompts: &[Sequence]) -> Result<Features>;

    /// Writes everything [`Backbone::load`] needs into `dir`.
    fn save(&self, dir: &Path) -> Result<()>;
}

/// A downstream task: examples to learn from and be asked, and a score for the answers.
pub trait Task: Config {
    /// Turns one scan into examples; none if the scan lacks what the task needs.
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>>;

    /// Scores every outcome of one part at once. Called again for every bootstrap resample.
    ///
    /// The first metric is the headline: reports and leaderboards state it when only one number fits.
    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>>;

    /// What is no mistake, but a reader should know of what is asked, such as how much is passed over; each
    /// a fragment of a sentence.
    fn cautions(&self, _cx: &CheckContext<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Finds what is wrong with this config, given the cohort, before anything runs.
    fn check(&self, _cx: &CheckContext<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Raised when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}
