//! The registry of plugins that a spec can name. Plugins register at link time or when their library is
//! loaded.
//!
//! `inventory` collects them on both sides of the plugin edge: a loaded library lists the registry of
//! its own image.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use schemars::Schema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Backbone, CorpusGenerator, Dataset, Problem, Task, Tokenizer};

/// One registered plugin of kind `K`.
pub struct Plugin<K: ?Sized + 'static> {
    /// Its name in specs.
    pub name: &'static str,
    /// Module that defines it. For a loaded plugin, the file of its library.
    pub source: &'static str,
    /// BLAKE3 hash of a loaded plugin's library, part of the keys of the stages it serves. `None` if
    /// built in.
    pub content: Option<&'static str>,
    /// JSON schema of its table, with the doc comments as descriptions.
    pub schema: SchemaOf,
    /// Creates the plugin from its table.
    pub parse: ParseInto<K>,
}

/// Returns the JSON schema of a plugin's table.
pub type SchemaOf = &'static (dyn Fn() -> Schema + Send + Sync);

/// Creates a plugin from its table.
pub type ParseInto<K> = &'static (dyn Fn(&Value) -> Result<Box<K>, Problem> + Send + Sync);

impl<K: ?Sized> fmt::Debug for Plugin<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.source)
    }
}

inventory::collect!(Plugin<dyn Dataset>);
inventory::collect!(Plugin<dyn CorpusGenerator>);
inventory::collect!(Plugin<dyn Tokenizer>);
inventory::collect!(Plugin<dyn Backbone>);
inventory::collect!(Plugin<dyn Task>);

/// A kind of plugin.
pub trait PluginKind: 'static {
    /// Name of the kind, such as `task`.
    const NAME: &'static str;

    /// Returns all plugins of the kind, built in and loaded, sorted by name.
    fn plugins() -> Vec<&'static Plugin<Self>>;

    /// Adds a plugin for the rest of the program. The caller checks for name clashes: within one spec
    /// plugin names are unique, but two specs may load different plugins of the same name.
    fn add(plugin: Plugin<Self>);

    /// Returns the plugin called `name`.
    fn find(name: &str) -> Option<&'static Plugin<Self>> {
        Self::plugins().into_iter().find(|plugin| plugin.name == name)
    }
}

/// Plugins of one kind that were added at run time.
type Loaded<K> = Mutex<Vec<&'static Plugin<K>>>;

macro_rules! kind {
    ($kind:ident, $name:literal, $loaded:ident) => {
        static $loaded: Loaded<dyn $kind> = Mutex::new(Vec::new());

        impl PluginKind for dyn $kind {
            const NAME: &'static str = $name;

            fn plugins() -> Vec<&'static Plugin<Self>> {
                let loaded = $loaded.lock().unwrap_or_else(PoisonError::into_inner);
                let built_in = inventory::iter::<Plugin<dyn $kind>>.into_iter();
                let mut plugins: Vec<_> = built_in.chain(loaded.iter().copied()).collect();
                // `inventory` yields plugins in no particular order.
                plugins.sort_by_key(|plugin| (plugin.name, plugin.source));
                plugins
            }

            fn add(plugin: Plugin<Self>) {
                let mut loaded = $loaded.lock().unwrap_or_else(PoisonError::into_inner);
                loaded.push(Box::leak(Box::new(plugin)));
            }
        }
    };
}
kind!(Dataset, "dataset", DATASETS);
kind!(CorpusGenerator, "corpus", CORPORA);
kind!(Tokenizer, "tokenizer", TOKENIZERS);
kind!(Backbone, "backbone", BACKBONES);
kind!(Task, "task", TASKS);

/// A plugin of any kind, for lists and reference pages.
#[derive(Debug)]
pub struct RegistryEntry {
    /// The kind: `dataset`, `corpus`, `tokenizer`, `backbone` or `task`.
    pub kind: &'static str,
    /// The plugin's name in specs.
    pub name: &'static str,
    /// Module that defines it. For a loaded plugin, the file of its library.
    pub source: &'static str,
    /// BLAKE3 hash of a loaded plugin's library. `None` if built in.
    pub content: Option<&'static str>,
    /// The JSON schema of its table.
    pub schema: Schema,
}

/// Returns every plugin of every kind, in pipeline order and then by name.
pub fn entries() -> Vec<RegistryEntry> {
    fn entries_of<K: PluginKind + ?Sized>() -> impl Iterator<Item = RegistryEntry> {
        let entry = |plugin: &Plugin<K>| RegistryEntry {
            kind: K::NAME,
            name: plugin.name,
            source: plugin.source,
            content: plugin.content,
            schema: (plugin.schema)(),
        };
        K::plugins().into_iter().map(entry)
    }
    let datasets = entries_of::<dyn Dataset>().chain(entries_of::<dyn CorpusGenerator>());
    datasets
        .chain(entries_of::<dyn Tokenizer>())
        .chain(entries_of::<dyn Backbone>())
        .chain(entries_of::<dyn Task>())
        .collect()
}

/// Parses a config from its table. The error names the key inside the table.
///
/// # Errors
/// One [`Problem`] for the first field that does not fit.
pub fn parse<C: DeserializeOwned>(table: &Value) -> Result<C, Problem> {
    serde_path_to_error::deserialize(table).map_err(|error| {
        let path = error.path().to_string();
        Problem::at(if path == "." { String::new() } else { path }, error.into_inner().to_string())
    })
}

/// Makes a config struct a plugin: `register!(Task "classification" => Classification);`.
#[macro_export]
macro_rules! register {
    ($kind:ident $name:literal => $config:ty) => {
        $crate::inventory::submit! {
            $crate::Plugin::<dyn $crate::$kind> {
                name: $name,
                source: module_path!(),
                content: None,
                schema: &|| $crate::schemars::schema_for!($config),
                parse: &|table| {
                    let config: $config = $crate::registry::parse(table)?;
                    Ok(Box::new(config) as Box<dyn $crate::$kind>)
                },
            }
        }
    };
}
