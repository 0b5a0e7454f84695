//! BOLD signals put into words: everything a plugin author imports.
//!
//! A plugin is a config struct with doc comments, one trait from [`traits`](Task) and one
//! [`register!`] line. No tensor and no data frame crosses a trait: plugins and the framework
//! speak [`TimeSeries`], [`Features`], [`Codes`], [`Sequence`] and [`Metric`].

pub mod abi;
mod card;
mod cohort;
mod corpus;
mod error;
mod guard;
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
pub use error::{Error, Interrupted, Problem, Result};
pub use guard::guard;
pub use layout::{Layout, Token};
pub use metric::{Metric, MetricRow};
pub use prompt::{Answer, Decoding, Example, Outcome, Prediction};
pub use quality::{Exclusion, Quality, Recorded};
pub use registry::{Kind, Plugin};
pub use runtime::{FitContext, Observer, Precision, Runtime, Silent};
pub use sequence::{FmriBlock, FmriShape, Objective, Query, Sequence};
pub use series::{Codes, Features, TimeSeries, Window};
pub use size::Size;
pub use training::{Lora, Training, Tuning};
pub use traits::{
    Backbone, CheckContext, Config, CorpusGenerator, Dataset, Describer, FittedTokenizer, LanguageModel,
    Task, TextEncoder, Tokenizer, TrainingContext,
};

pub use inventory;
pub use schemars::{self, JsonSchema};
pub use serde::{self, Deserialize, Serialize};
pub use serde_json;
