//! The plugin traits. A config and its fitted result are separate types, such as [`Tokenizer`] and
//! [`FittedTokenizer`].

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::{
    Card, CheckContext, Codes, Cohort, Descriptor, Example, Fact, FactQuestion, Features, FitContext,
    FmriShape, Lora, Metric, Outcome, Problem, Quality, Query, Recorded, Result, Runtime, Scan, ScanInfo,
    Sequence, Size, TextSource, TextSpace, TimeSeries, TrainScans, Training, TrainingContext,
};

/// The typed config of a plugin. It can be printed and hashed.
pub trait Config: Debug + Send + Sync {
    /// Returns the config with all defaults filled in. It is part of the stage's content key.
    fn resolved(&self) -> Value;
}

impl<C: Serialize + Debug + Send + Sync> Config for C {
    fn resolved(&self) -> Value {
        serde_json::to_value(self).expect("a config is made of strings, numbers, lists and tables")
    }
}

/// A source of scans.
///
/// The framework passes the table's `path` as `root`, so that paths never enter a content key.
pub trait Dataset: Config {
    /// Lists every file that [`Dataset::cohort`] and [`Dataset::load`] would read, sorted. The content
    /// of these files is part of the key.
    fn files(&self, root: &Path) -> Result<Vec<PathBuf>>;

    /// Reads scans and regions from tables and headers alone. `name` becomes [`crate::ScanId::dataset`].
    fn cohort(&self, root: &Path, name: &str) -> Result<Cohort>;

    /// Reads the whole signal of one scan. The framework crops and standardises it.
    fn load(&self, root: &Path, scan: &ScanInfo) -> Result<TimeSeries>;

    /// Reads the whole signal of one scan and its quality measures. By default, nothing is measured.
    fn record(&self, root: &Path, scan: &ScanInfo) -> Result<Recorded> {
        Ok(Recorded { series: self.load(root, scan)?, quality: Quality::default() })
    }

    /// Reports the settings under which a volume depends on later volumes of its recording, such as a
    /// trend fitted to the whole run. None by default.
    ///
    /// Each is a [`Problem`] at its key that says how it looks ahead and what to set instead. They are no
    /// mistakes, unless a task [forecasts](Task::forecasts): what it shows would then know what it asks.
    fn looks_ahead(&self, _root: &Path) -> Vec<Problem> {
        Vec::new()
    }

    /// Reports problems with this config before anything runs.
    fn check(&self, _root: &Path) -> Vec<Problem> {
        Vec::new()
    }

    /// Version of the plugin's results. Raise it when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}

/// Fits group statistics on training scans and returns a [`Describer`] for any scan.
///
/// Generators and describers receive scans that are cropped but not standardised, so amplitudes keep
/// their meaning.
pub trait CorpusGenerator: Config {
    /// Fits the norms. All randomness, including later choices of words, follows from `seed`.
    ///
    /// A library sees the columns in [`CorpusGenerator::tells`] and those that its table names, here and in
    /// [`Describer::describe`]. Other columns may be what a task asks for.
    ///
    /// `seed` does not depend on the spec's `seed`: answers are scored against the captions, so three
    /// seeds must not mean three test sets.
    fn fit(&self, train: &TrainScans<'_>, seed: u64) -> Result<Box<dyn Describer>>;

    /// Reads the files that [`Describer::save`] wrote.
    fn load(&self, dir: &Path) -> Result<Box<dyn Describer>>;

    /// Lists the table columns that the sentences reveal, such as `age`. No task may ask for one of
    /// them.
    ///
    /// Include the columns that norms are adjusted for: a scan's z is computed with its own value of
    /// that column.
    fn tells(&self) -> Vec<String> {
        Vec::new()
    }

    /// Returns the [`Describer::questions`] for scans of this cohort. `None` if they are known only after the
    /// fit.
    fn asks(&self, _cohort: &Cohort) -> Option<Vec<FactQuestion>> {
        None
    }

    /// Reports problems with this config for the given cohort, before anything runs.
    fn check(&self, _cohort: &Cohort) -> Vec<Problem> {
        Vec::new()
    }

    /// Version of the plugin's results. Raise it when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}

/// A fitted corpus generator.
pub trait Describer: Send + Sync {
    /// Describes a scan in one descriptor per sentence. A fact that cannot be computed is described as
    /// not available.
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>>;

    /// Reads every fact stated in `text`, in order. This is the inverse of [`Describer::describe`].
    ///
    /// # Errors
    /// If the generator does not support reading. A text without facts is no error and returns an empty
    /// list.
    fn read(&self, text: &str) -> Result<Vec<Fact>>;

    /// Returns the questions whose answer is a band of a fact; empty by default. Ask only about features
    /// that survive standardisation, so not about phenotypes or amplitudes.
    fn questions(&self) -> Result<Vec<FactQuestion>> {
        Ok(Vec::new())
    }

    /// Returns the sentence for a band of a feature, without numbers. `None` if there is no such feature
    /// or band.
    fn say(&self, _feature: &str, _band: &str) -> Result<Option<String>> {
        Ok(None)
    }

    /// Writes the norms into `dir`.
    fn save(&self, dir: &Path) -> Result<()>;
}

/// Stage 1: turns series into features and codes, aligned with the backbone's text space.
pub trait Tokenizer: Config {
    /// Number of volumes per token.
    fn patch(&self) -> usize;

    /// Fits the tokenizer on training scans only. `text` comes from the backbone's text side, but has
    /// plain vectors, so a tokenizer needs no backbone.
    fn fit(
        &self,
        train: &TrainScans<'_>,
        text: &TextSpace,
        cx: &mut FitContext<'_>,
    ) -> Result<Box<dyn FittedTokenizer>>;

    /// Reads the files that [`FittedTokenizer::save`] wrote.
    fn load(&self, dir: &Path, runtime: &Runtime) -> Result<Box<dyn FittedTokenizer>>;

    /// Estimates the size of the fit. By default, nothing is known.
    fn size(&self, _cx: &CheckContext<'_>) -> Size {
        Size::default()
    }

    /// Returns the shape of a backbone's fMRI input, if it is known before the fit.
    fn fmri_shape(&self, _cx: &CheckContext<'_>) -> Option<FmriShape> {
        None
    }

    /// Reports problems with this config before anything runs.
    fn check(&self, _cx: &CheckContext<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Version of the plugin's results. Raise it when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}

/// A fitted tokenizer.
///
/// Features and codes of a patch must depend on that patch and earlier ones only.
pub trait FittedTokenizer: Send {
    /// Number of codes.
    fn codebook_size(&self) -> usize;

    /// Width of a feature vector.
    fn width(&self) -> usize;

    /// Computes the continuous features and discrete codes of many series at once, time-major. The
    /// length of each series is a multiple of the patch length.
    fn embed(&self, series: &[&TimeSeries]) -> Result<Vec<(Features, Codes)>>;

    /// Reconstructs a series from codes. `tr` is its repetition time in seconds.
    fn decode(&self, codes: &Codes, tr: f64) -> Result<TimeSeries>;

    /// Writes the weights into `dir`.
    fn save(&self, dir: &Path) -> Result<()>;
}

/// Stages 2 and 3: a causal language model over text and fMRI tokens.
pub trait Backbone: Config {
    /// Trains or reads the text side, which is frozen from then on. This happens before any fMRI stage.
    fn text_space(&self, text: &TextSource, cx: &mut FitContext<'_>) -> Result<Box<dyn TextEncoder>>;

    /// Creates a language model that reads tokens of `shape`, from the text side saved in `text_space`.
    fn init(
        &self,
        text_space: &Path,
        shape: FmriShape,
        cx: &mut FitContext<'_>,
    ) -> Result<Box<dyn LanguageModel>>;

    /// Reads the files that [`LanguageModel::save`] wrote.
    fn load(&self, dir: &Path, runtime: &Runtime) -> Result<Box<dyn LanguageModel>>;

    /// Lists every file of published weights that it would read, sorted. Their content is part of the
    /// key, but their location is not. The runner has already made the table's `weights` a path that is
    /// valid from the working directory.
    fn files(&self) -> Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    /// Describes the published model behind this backbone, for the card of an export. Empty by default.
    ///
    /// # Errors
    /// If the files of the published model cannot be read.
    fn card(&self) -> Result<Card> {
        Ok(Card::default())
    }

    /// Longest sequence in tokens. `None` means no limit.
    fn context(&self) -> Option<usize> {
        None
    }

    /// Counts the tokens of text in prompts about a scan, each a question with an answer, without the scan's
    /// own. `None` if the vocabulary is known only after the fit.
    fn prompt_lengths(&self, _prompts: &[(String, String)]) -> Option<Vec<usize>> {
        None
    }

    /// Whether it can read tokens that are means over regions; codes have no mean.
    fn reads_means(&self) -> bool {
        false
    }

    /// Whether its text side learns language from the experiment's texts, so that it cannot do without any.
    fn needs_text(&self) -> bool {
        false
    }

    /// Estimates the size of the text side and its training. By default, nothing is known.
    fn text_size(&self) -> Size {
        Size::default()
    }

    /// Reports problems with a training stage before anything runs, with keys relative to its table.
    fn check_training(&self, _cx: &TrainingContext<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Estimates the peak memory of a training stage in bytes. By default, nothing is known.
    fn training_memory(&self, _cx: &TrainingContext<'_>) -> Option<u64> {
        None
    }

    /// Counts the parameters of a model that reads `shape`, including the text side and adapters.
    fn parameters(&self, _shape: FmriShape, _lora: Option<&Lora>) -> Option<u64> {
        None
    }

    /// Reports problems with this config before anything runs.
    fn check(&self, _cx: &CheckContext<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Version of the plugin's results. Raise it when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}

/// A backbone's frozen text side.
pub trait TextEncoder: Send {
    /// Computes one pooled vector per text.
    fn pool(&self, texts: &[&str]) -> Result<Features>;

    /// Returns the rows of the input embedding for the tokens of `texts`, in order.
    fn token_embeddings(&self, texts: &[&str]) -> Result<Features>;

    /// Writes everything that [`Backbone::init`] needs into `dir`.
    fn save(&self, dir: &Path) -> Result<()>;
}

/// A language model over text and fMRI tokens.
pub trait LanguageModel: Send {
    /// Returns the prompt's tokens before and after its fMRI block, including delimiters and chat
    /// template. Without `fmri`, the first part is empty.
    fn prompt_tokens(&self, question: &str, fmri: bool) -> Result<(Vec<u32>, Vec<u32>)>;

    /// Names the regions of a new model, for example by network, so that a region's token can start from
    /// the embedding of these words. By default, the names are ignored.
    fn name_regions(&mut self, _names: &[String]) -> Result<()> {
        Ok(())
    }

    /// Returns the tokens of `answer` after the prompt of `question`, with the end token last.
    ///
    /// A tokenizer reads prompt and answer as one text; the result is the tokens after the prompt's own.
    /// When several answers follow one prompt, each is tokenised as if it came first.
    fn answer_tokens(&self, question: &str, fmri: bool, answer: &str) -> Result<Vec<u32>>;

    /// Tokenises plain text, without delimiters or an end token.
    fn text_tokens(&self, text: &str) -> Result<Vec<u32>>;

    /// Decodes generated tokens. The end token and everything after it are dropped.
    fn text(&self, tokens: &[u32]) -> Result<String>;

    /// Trains on micro-batches until `training.steps` steps are done. Stages 2 and 3 differ only in the
    /// sequences they pass.
    fn train(
        &mut self,
        training: &Training,
        batches: &mut dyn Iterator<Item = Result<Vec<Sequence>>>,
        cx: &mut FitContext<'_>,
    ) -> Result<()>;

    /// Returns the log-likelihood in nats of each option after its prompt, end token included.
    ///
    /// The framework applies a softmax over the options. Because the end token is scored, no length
    /// normalisation is needed.
    fn rank(&self, queries: &[Query]) -> Result<Vec<Vec<f64>>>;

    /// Continues each prompt greedily, up to the end token or `limit` tokens.
    fn generate(&self, prompts: &[Sequence], limit: usize) -> Result<Vec<Vec<u32>>>;

    /// Predicts the most likely codes of the patch after each block, one code per region.
    ///
    /// It predicts one patch at a time: the framework decodes the patch and embeds it again before the
    /// next call.
    fn next_codes(&self, blocks: &[Sequence]) -> Result<Vec<Vec<u32>>>;

    /// Computes one vector per prompt, all of the same width, from which a linear model predicts a
    /// phenotype. A prompt may contain no scan. No row depends on the other prompts.
    fn pool(&self, prompts: &[Sequence]) -> Result<Features>;

    /// Writes everything that [`Backbone::load`] needs into `dir`.
    fn save(&self, dir: &Path) -> Result<()>;
}

/// A downstream task: it makes questions about scans and scores the answers.
pub trait Task: Config {
    /// Turns one scan into examples. Empty if the scan lacks what the task needs.
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>>;

    /// Whether an answer is about volumes that come after the example's window in the same scan. Answers
    /// of the form [`crate::Answer::Series`] always are.
    fn forecasts(&self) -> bool {
        false
    }

    /// Scores all outcomes of one part at once. The framework calls it again for every bootstrap
    /// resample. The first metric is the headline: reports and leaderboards state it when only one
    /// number fits.
    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>>;

    /// Notes for the reader that are not problems, such as how many scans were skipped. Each is a
    /// sentence fragment.
    fn cautions(&self, _cx: &CheckContext<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Reports problems with this config for the given scans, before anything runs.
    fn check(&self, _cx: &CheckContext<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Version of the plugin's results. Raise it when the same config gives different results.
    fn version(&self) -> u32 {
        1
    }
}
