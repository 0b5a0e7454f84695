//! A finished run as a folder that others can use without our store: to verify scores or start from it.
//!
//! ```text
//! DIR/README.md          the model's card
//!     manifest.json      what it is, and the hash of every file
//!     tokenizer/ model/  what was fitted, as the plugins save it; `aligned/` where a task asked the model before stage 3
//!     norms/             what the corpus generators learned: statistics of groups
//!     normaliser.json regions.tsv splits.tsv learned.tsv prompts/
//!     spec.toml versions.json metrics.parquet metrics.md LICENCE.md
//! ```

mod card;
mod find;
mod licence;
mod manifest;
mod people;
mod verify;
mod versions;
mod write;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::plan::WEIGHTS;
use crate::plan::key::canonical_json;

pub use find::find;
pub use manifest::{Export, Refused};
pub(crate) use people::{LEARNED, Learned, SPLITS, read_learned};
pub use verify::{Unverified, VerificationRequest, Verified, verify};
pub use write::{Exported, write};

/// Folder of the fitted tokenizer.
pub(crate) const TOKENIZER: &str = "tokenizer";

/// Folder of the corpus generators' learned parts.
pub(crate) const NORMS: &str = "norms";

/// File with the table of regions.
pub(crate) const REGIONS: &str = "regions.tsv";

/// Returns the content of published weights from the config of the stage `text-space`, or null if there
/// are none.
pub(crate) fn base(text_space: &Value) -> Value {
    text_space["backbone"][WEIGHTS].clone()
}

/// Returns a hash per dataset from the config of the stage `series`: of its files, or of its table if it
/// has none. It identifies a dataset under any name.
pub(crate) fn fingerprints(series: &Value) -> BTreeMap<String, String> {
    let short = |bytes: &[u8]| blake3::hash(bytes).to_hex().as_str()[..32].to_owned();
    let nothing = short(b"");
    let one = |(name, table): (&String, &Value)| {
        let content = table["content"].as_str().filter(|content| *content != nothing);
        (name.clone(), content.map_or_else(|| short(canonical_json(table).as_bytes()), str::to_owned))
    };
    series["datasets"].as_object().map(|tables| tables.iter().map(one).collect()).unwrap_or_default()
}
