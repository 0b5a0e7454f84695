//! Who can be named in a spec: plugins register themselves at link time, or when their library is loaded.

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
    /// The module it lives in; of a loaded plugin, the file of its library.
    pub source: &'static str,
    /// BLAKE3 of the library of a loaded plugin: part of the keys of the stages it serves. None if built in.
    pub content: Option<&'static str>,
    /// The JSON schema of its table; the doc comments are the descriptions.
    pub schema: SchemaOf,
    /// Makes the plugin from its table.
    pub parse: ParseInto<K>,
}

/// Tells the JSON schema of a plugin's table.
pub type SchemaOf = &'static (dyn Fn() -> Schema + Send + Sync);

/// Makes a plugin from its table.
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
pub trait Kind: 'static {
    /// What the kind is called: `task`.
    const NAME: &'static str;

    /// All plugins of the kind, sorted by name: those built in and those loaded.
    fn plugins() -> Vec<&'static Plugin<Self>>;

    /// Adds a plugin while the program runs; it stays until the program ends. Whether its name is free
    /// is for the caller to say: two specs may load two plugins of one name, one spec may not.
    fn add(plugin: Plugin<Self>);

    /// The plugin called `name`.
    fn find(name: &str) -> Option<&'static Plugin<Self>> {
        Self::plugins().into_iter().find(|plugin| plugin.name == name)
    }
}

/// Plugins of one kind that were added while the program runs.
type Loaded<K> = Mutex<Vec<&'static Plugin<K>>>;

macro_rules! kind {
    ($kind:ident, $name:literal, $loaded:ident) => {
        static $loaded: Loaded<dyn $kind> = Mutex::new(Vec::new());

        impl Kind for dyn $kind {
            const NAME: &'static str = $name;

            fn plugins() -> Vec<&'static Plugin<Self>> {
                let loaded = $loaded.lock().unwrap_or_else(PoisonError::into_inner);
                let built_in = inventory::iter::<Plugin<dyn $kind>>.into_iter();
                let mut plugins: Vec<_> = built_in.chain(loaded.iter().copied()).collect();
                // Registration order is unspecified.
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

/// A plugin of any kind, as far as a list or a reference page needs it.
#[derive(Debug)]
pub struct Entry {
    /// The kind: `dataset`, `corpus`, `tokenizer`, `backbone` or `task`.
    pub kind: &'static str,
    /// The plugin's name in specs.
    pub name: &'static str,
    /// The module it lives in; of a loaded plugin, the file of its library.
    pub source: &'static str,
    /// BLAKE3 of the library of a loaded plugin; none if built in.
    pub content: Option<&'static str>,
    /// The JSON schema of its table.
    pub schema: Schema,
}

/// Every plugin of every kind, in pipeline order and by name.
pub fn entries() -> Vec<Entry> {
    fn of<K: Kind + ?Sized>() -> impl Iterator<Item = Entry> {
        let entry = |plugin: &Plugin<K>| Entry {
            kind: K::NAME,
            name: plugin.name,
            source: plugin.source,
            content: plugin.content,
            schema: (plugin.schema)(),
        };
        K::plugins().into_iter().map(entry)
    }
    let datasets = of::<dyn Dataset>().chain(of::<dyn CorpusGenerator>());
    datasets.chain(of::<dyn Tokenizer>()).chain(of::<dyn Backbone>()).chain(of::<dyn Task>()).collect()
}

/// Reads a config from its table; the error names the key inside the table.
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
