//! Writes `versions.json`: the versions that an export was made with.

use std::path::Path;

use boldface::abi;
use boldface::registry::PluginKind;
use boldface::{Backbone, Config, CorpusGenerator, Dataset, Task, Tokenizer};
use serde_json::{Value, json};

use crate::spec::Table;
use crate::store::Record;
use crate::study::{FrameworkKeys, PlannedPlugin, stored};

/// Returns all versions. A plugin that this build does not have is listed without its version.
pub fn versions(record: &Record, folder: &Path) -> Value {
    let experiment = &record.experiment;
    let mut plugins = serde_json::Map::new();
    let mut of = |name: String, one: Value| drop(plugins.insert(name, one));
    for (name, table) in &experiment.datasets {
        of(
            format!("datasets.{name}"),
            plugin::<dyn Dataset>(name, FrameworkKeys::Path, folder, table, |e| e.config.version()),
        );
    }
    for (name, table) in &experiment.corpora {
        let version = |entry: &PlannedPlugin<dyn CorpusGenerator>| entry.config.version();
        of(format!("corpora.{name}"), plugin(name, FrameworkKeys::Words, folder, table, version));
    }
    let version = |entry: &PlannedPlugin<dyn Tokenizer>| entry.config.version();
    of("tokenizer".into(), plugin("tokenizer", FrameworkKeys::Seed, folder, &experiment.tokenizer, version));
    let version = |entry: &PlannedPlugin<dyn Backbone>| entry.config.version();
    of("backbone".into(), plugin("backbone", FrameworkKeys::Weights, folder, &experiment.backbone, version));
    for (name, table) in &experiment.tasks {
        let version = |entry: &PlannedPlugin<dyn Task>| entry.config.version();
        of(format!("tasks.{name}"), plugin(name, FrameworkKeys::Task, folder, table, version));
    }
    json!({
        "boldface": record.versions,
        "exported-by": env!("CARGO_PKG_VERSION"),
        "engine": experiment.engine,
        "precision": experiment.precision,
        "plugin-edge": abi::VERSION,
        "compiler": abi::COMPILER,
        "plugins": plugins,
    })
}

fn plugin<K: PluginKind + Config + ?Sized>(
    name: &str,
    own: FrameworkKeys,
    folder: &Path,
    table: &Table,
    version: impl Fn(&PlannedPlugin<K>) -> u32,
) -> Value {
    let named = table.get("type").cloned().unwrap_or_else(|| name.into());
    match stored::<K>(name, own, folder, table) {
        Ok(entry) => json!({ "type": named, "version": version(&entry), "library": entry.library }),
        Err(_) => json!({ "type": named }),
    }
}
