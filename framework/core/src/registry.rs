//! Who can be named in a spec: plugins register themselves at link time.

use std::fmt;

use schemars::Schema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Backbone, CorpusGenerator, Dataset, Problem, Task, Tokenizer};

/// One registered plugin of kind `K`.
pub struct Plugin<K: ?Sized + 'static> {
    /// Its name in specs.
    pub name: &'static str,
    /// The module it lives in.
    pub source: &'static str,
    /// The JSON schema of its table; the doc comments are the descriptions.
    pub schema: fn() -> Schema,
    /// Makes the plugin from its table.
    pub parse: fn(&Value) -> Result<Box<K>, Problem>,
}

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

    /// All plugins of the kind, sorted by name.
    fn plugins() -> Vec<&'static Plugin<Self>>;

    /// The plugin called `name`.
    fn find(name: &str) -> Option<&'static Plugin<Self>> {
        Self::plugins().into_iter().find(|plugin| plugin.name == name)
    }
}

macro_rules! kind {
    ($kind:ident, $name:literal) => {
        impl Kind for dyn $kind {
            const NAME: &'static str = $name;

            fn plugins() -> Vec<&'static Plugin<Self>> {
                let mut plugins: Vec<_> = inventory::iter::<Plugin<dyn $kind>>.into_iter().collect();
                // Registration order is unspecified.
                plugins.sort_by_key(|plugin| (plugin.name, plugin.source));
                plugins
            }
        }
    };
}
kind!(Dataset, "dataset");
kind!(CorpusGenerator, "corpus");
kind!(Tokenizer, "tokenizer");
kind!(Backbone, "backbone");
kind!(Task, "task");

/// A plugin of any kind, as far as a list or a reference page needs it.
#[derive(Debug)]
pub struct Entry {
    /// The kind: `dataset`, `corpus`, `tokenizer`, `backbone` or `task`.
    pub kind: &'static str,
    /// The plugin's name in specs.
    pub name: &'static str,
    /// The module it lives in.
    pub source: &'static str,
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
                schema: || $crate::schemars::schema_for!($config),
                parse: |table| {
                    let config: $config = $crate::registry::parse(table)?;
                    Ok(Box::new(config) as Box<dyn $crate::$kind>)
                },
            }
        }
    };
}
