//! Everything a boldface plugin author imports.
//!
//! A plugin is a config struct with doc comments, an implementation of one of five traits, and one
//! [`register!`] line:
//!
//! | trait | a plugin of this kind |
//! |---|---|
//! | [`Dataset`] | finds scans and reads their regional time series |
//! | [`CorpusGenerator`] | describes scans in sentences |
//! | [`Tokenizer`] | turns time series into features and codes |
//! | [`Backbone`] | provides the language model |
//! | [`Task`] | asks questions about scans and scores the answers |
//!
//! The fields of the struct are the keys of the plugin's table in a spec, and their doc comments become
//! the key descriptions in its JSON schema. Traits exchange plain data, such as [`TimeSeries`],
//! [`Features`], [`Codes`], [`Sequence`] and [`Metric`], but never tensors or data frames. [`testing`]
//! makes scans for a plugin's tests.

pub mod abi;
mod card;
mod cohort;
mod corpus;
mod error;
pub mod files;
mod guard;
mod known;
mod layout;
mod metric;
mod prompt;
mod quality;
pub mod registry;
mod runtime;
pub mod scores;
pub mod seed;
mod sequence;
mod series;
mod size;
pub mod testing;
mod training;
mod traits;

pub use card::Card;
pub use cohort::{Cohort, Cut, Event, Part, Regions, Scan, ScanId, ScanInfo, Split, TrainScans};
pub use corpus::{Band, Descriptor, Fact, FactQuestion, TextSource, TextSpace};
pub use error::{Error, Interrupted, Problem, Result, messages};
pub use guard::guard;
pub use known::{CheckContext, TrainingContext};
pub use layout::{Layout, Token};
pub use metric::{Metric, MetricRow};
pub use prompt::{Answer, Decoding, Example, Outcome, Prediction};
pub use quality::{Exclusion, Quality, Recorded};
pub use registry::{Plugin, PluginKind};
pub use runtime::{FitContext, Observer, Precision, Runtime, Silent};
pub use sequence::{FmriBlock, FmriShape, Objective, Query, Sequence};
pub use series::{Codes, Features, TimeSeries, Window};
pub use size::Size;
pub use training::{Lora, Training, Tuning};
pub use traits::{
    Backbone, Config, CorpusGenerator, Dataset, Describer, FittedTokenizer, LanguageModel, Task, TextEncoder,
    Tokenizer,
};

pub use inventory;
pub use schemars::{self, JsonSchema};
pub use serde::{self, Deserialize, Serialize};
pub use serde_json;
