//! Adds the plugins of a library to the registry.

use boldface::abi::ListedPlugin;
use boldface::registry::{Plugin as Registered, PluginKind};
use boldface::schemars::Schema;
use boldface::{CorpusGenerator, Dataset, Problem, Task};

use crate::call::LoadedPlugin;
use crate::object::{LoadedCorpus, LoadedDataset, LoadedTask, Object};
use crate::open::Opened;

/// Adds all plugins in `listed`. If there is an error, it adds none.
///
/// # Errors
/// If the list is empty or contains a kind that must be built in.
pub(crate) fn register(library: &'static Opened, listed: Vec<ListedPlugin>) -> Result<(), String> {
    let file = library.file.display();
    if listed.is_empty() {
        return Err(format!(
            "`{file}` exports no plugin; register one, such as `register!(Task \"mine\" => Mine);`"
        ));
    }
    let kinds = [<dyn Dataset>::NAME, <dyn CorpusGenerator>::NAME, <dyn Task>::NAME];
    if let Some(other) = listed.iter().find(|plugin| !kinds.contains(&plugin.kind.as_str())) {
        let ListedPlugin { kind, name, .. } = other;
        return Err(format!(
            "`{file}` exports the {kind} `{name}`; only datasets, corpora and tasks can be loaded"
        ));
    }
    for plugin in listed {
        match plugin.kind.as_str() {
            <dyn Dataset>::NAME => {
                add::<dyn Dataset>(library, plugin, |object| Ok(Box::new(LoadedDataset(object))))
            }
            <dyn CorpusGenerator>::NAME => {
                add::<dyn CorpusGenerator>(library, plugin, |object| {
                    Ok(Box::new(LoadedCorpus::new(object)?))
                });
            }
            _ => add::<dyn Task>(library, plugin, |object| Ok(Box::new(LoadedTask(object)))),
        }
    }
    Ok(())
}

/// Creates a plugin from an object in the library.
type Wrap<K> = fn(Object) -> Result<Box<K>, Problem>;

fn add<K: PluginKind + ?Sized>(library: &'static Opened, listed: ListedPlugin, wrap: Wrap<K>) {
    let ListedPlugin { name, schema, .. } = listed;
    // The registry keeps plugins until the program ends, and the library stays loaded as long.
    let plugin: &'static LoadedPlugin = Box::leak(Box::new(LoadedPlugin::new(library, K::NAME, &name)));
    let schema = move || Schema::try_from(schema.clone()).unwrap_or_default();
    let parse = move |table: &_| Object::make(plugin, table).and_then(wrap);
    K::add(Registered {
        name: plugin.name(),
        source: library.file.display().to_string().leak(),
        content: Some(&library.content),
        schema: Box::leak(Box::new(schema)),
        parse: Box::leak(Box::new(parse)),
    });
}
