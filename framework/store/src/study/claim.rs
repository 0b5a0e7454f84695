//! Turns a plugin's table into the plugin. The framework takes its own keys and the plugin the rest. A
//! dataset's `path` is passed as `root`, so that paths never get into a content key.

use std::path::{Path, PathBuf};

use boldface::registry::{Plugin, PluginKind};
use boldface::{Config, Problem};
use serde_json::Value;

use super::PlannedPlugin;
use super::asking::{self, Asking};
use super::template;
use super::words::WordsFile;
use crate::spec::{TASK_KEYS, Table, TaskKeys, closest, parse_all, plain, suggest};
use crate::store::export::WEIGHTS;

/// The keys that the framework takes besides `type`, by kind of plugin.
#[derive(Clone, Copy, PartialEq)]
pub enum FrameworkKeys {
    /// Only `type`, which defaults to the table's name.
    Named,
    /// Datasets: also `path`.
    Path,
    /// The tokenizer: also `seed`; `type` is required.
    Seed,
    /// The backbone: as [`FrameworkKeys::Seed`], and `weights` is a path.
    Weights,
    /// Corpora: also `words` and `template`, if they are paths of files.
    Words,
    /// Tasks: also the keys in [`crate::spec::TaskKeys`].
    Task,
}

impl FrameworkKeys {
    /// Whether the section is one plugin's table, with a seed and without a name.
    fn is_singular(self) -> bool {
        matches!(self, FrameworkKeys::Seed | FrameworkKeys::Weights)
    }

    /// Suggests a framework key for an unknown field. The plugin cannot, because it does not know these
    /// keys.
    fn hint(self, problem: Problem) -> Problem {
        let unknown = problem.message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
        let near =
            unknown.and_then(|(name, _)| closest(name, TASK_KEYS)).filter(|_| self == FrameworkKeys::Task);
        match near {
            Some(near) if problem.help.is_none() => problem.help(format!("did you mean `{near}`?")),
            _ => problem,
        }
    }
}

/// The place of a plugin's table and the values it inherits.
pub struct PluginContext<'a> {
    /// Dotted path of the table.
    pub key: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The folder of the spec.
    pub folder: &'a Path,
    /// Hashes of the libraries that the spec loads. Plugins of other loaded libraries cannot be used.
    pub libraries: &'a [String],
    /// The experiment's seed.
    pub seed: u64,
}

/// Makes the plugin named in `table` and fills `table` with every default.
///
/// # Errors
/// Returns every problem of the table, with full keys.
pub fn claim<K: PluginKind + Config + ?Sized>(
    place: &PluginContext<'_>,
    own: FrameworkKeys,
    table: &mut Table,
) -> Result<PlannedPlugin<K>, Vec<Problem>> {
    let below = |problem: Problem| problem.below(place.key);
    let mut rest = table.clone();
    let mut problems = Vec::new();
    let written = take::<String>(&mut rest, "type", &mut problems);
    let path =
        if own == FrameworkKeys::Path { take::<PathBuf>(&mut rest, "path", &mut problems) } else { None };
    let weights = if own == FrameworkKeys::Weights { weights(&mut rest, place.folder) } else { None };
    let seed = if own.is_singular() { take::<u64>(&mut rest, "seed", &mut problems) } else { None };
    let words = match own {
        FrameworkKeys::Words => WordsFile::replace(&mut rest, place.folder).unwrap_or_else(|found| {
            problems.extend(found);
            None
        }),
        _ => None,
    };
    if own == FrameworkKeys::Words {
        problems.extend(template::replace(&mut rest, place.folder).err().into_iter().flatten());
    }
    let keys =
        if own == FrameworkKeys::Task { asking::take(&mut rest, &mut problems) } else { TaskKeys::default() };
    if !problems.is_empty() {
        return Err(problems.into_iter().map(below).collect());
    }
    let plugin = find::<K>(written.as_deref(), place, own).map_err(|problem| vec![below(problem)])?;
    let located = |problem: Problem| match &words {
        Some(file) => file.locate(problem),
        None => own.hint(problem),
    };
    let config = parse_all(&Value::Object(rest), plugin.parse).map_err(|problems| {
        problems.into_iter().map(|problem| below(located(problem))).collect::<Vec<_>>()
    })?;

    let Value::Object(mut resolved) = plain(config.resolved()) else {
        return Err(vec![below(Problem::at("", format!("the config of `{}` is not a table", plugin.name)))]);
    };
    resolved.insert("type".to_owned(), plugin.name.into());
    if let Some(path) = &path {
        resolved.insert("path".to_owned(), path.to_string_lossy().into());
    }
    if let Some((written, _)) = &weights {
        resolved.insert(WEIGHTS.to_owned(), written.as_str().into());
    }
    let seed = seed.unwrap_or(place.seed);
    if own.is_singular() {
        resolved.insert("seed".to_owned(), seed.into());
    }
    let asking = if own == FrameworkKeys::Task {
        let asking = Asking::new(keys, place.folder, &resolved);
        let asking = asking.map_err(|problems| problems.into_iter().map(below).collect::<Vec<_>>())?;
        resolved.extend(asking.table());
        asking
    } else {
        Asking::default()
    };
    *table = resolved;
    let root = path.map(|path| place.folder.join(path));
    let root = root.or(weights.map(|(_, path)| path)).unwrap_or_default();
    let (name, library) = (place.name.to_owned(), plugin.content);
    Ok(PlannedPlugin { name, plugin: plugin.name, library, root, seed, config, asking })
}

/// Makes the task that a stored, resolved table describes.
///
/// # Errors
/// Fails if this build lacks the task or rejects its table.
pub fn task(name: &str, table: &Table) -> Result<PlannedPlugin<dyn boldface::Task>, String> {
    let loaded = <dyn boldface::Task>::plugins().into_iter().filter_map(|plugin| plugin.content);
    let libraries: Vec<String> = loaded.map(str::to_owned).collect();
    let place = PluginContext { key: name, name, folder: Path::new(""), libraries: &libraries, seed: 0 };
    // The keys of the framework are not the task's, and the file of paraphrases may be gone.
    let mut own = table.clone();
    own.retain(|key, _| !TASK_KEYS.contains(&key.as_str()));
    claim(&place, FrameworkKeys::Named, &mut own).map_err(|problems| {
        let words: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
        words.join("; ")
    })
}

/// Makes the plugin of a stored, resolved table of any kind. Paths are relative to `folder`.
///
/// # Errors
/// See [`corpus`].
pub fn stored<K: PluginKind + Config + ?Sized>(
    name: &str,
    own: FrameworkKeys,
    folder: &Path,
    table: &Table,
) -> Result<PlannedPlugin<K>, Vec<Problem>> {
    let loaded = K::plugins().into_iter().filter_map(|plugin| plugin.content);
    let libraries: Vec<String> = loaded.map(str::to_owned).collect();
    let place = PluginContext { key: name, name, folder, libraries: &libraries, seed: 0 };
    claim(&place, own, &mut table.clone())
}

/// Makes the corpus generator described by the table `name` and fills in defaults. Paths are relative to
/// `folder`. Plugins of all loaded libraries can be used.
///
/// # Errors
/// Returns every problem of the table, with its key below `name`.
pub fn corpus(
    name: &str,
    folder: &Path,
    table: &mut Table,
) -> Result<PlannedPlugin<dyn boldface::CorpusGenerator>, Vec<Problem>> {
    let loaded = <dyn boldface::CorpusGenerator>::plugins().into_iter().filter_map(|plugin| plugin.content);
    let libraries: Vec<String> = loaded.map(str::to_owned).collect();
    claim(
        &PluginContext { key: name, name, folder, libraries: &libraries, seed: 0 },
        FrameworkKeys::Words,
        table,
    )
}

/// Joins the path of published weights to the spec's folder, for the plugin. Returns the path as written
/// and the joined path.
fn weights(table: &mut Table, folder: &Path) -> Option<(String, PathBuf)> {
    let Some(Value::String(written)) = table.get_mut(WEIGHTS) else { return None };
    let path = folder.join(&*written);
    let written = std::mem::replace(written, path.to_string_lossy().into_owned());
    Some((written, path))
}

fn take<T: serde::de::DeserializeOwned>(
    table: &mut Table,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let value = table.remove(key)?;
    let read = parse_all(&value, boldface::registry::parse);
    read.map_err(|found| problems.extend(found.into_iter().map(|problem| problem.below(key)))).ok()
}

fn find<K: PluginKind + ?Sized>(
    written: Option<&str>,
    place: &PluginContext<'_>,
    own: FrameworkKeys,
) -> Result<&'static Plugin<K>, Problem> {
    let mut plugins = K::plugins();
    plugins.retain(|plugin| plugin.content.is_none_or(|own| place.libraries.iter().any(|hash| hash == own)));
    let wanted = written.unwrap_or(place.name);
    let mut found = plugins.iter().filter(|plugin| plugin.name == wanted);
    let names = plugins.iter().map(|plugin| plugin.name);
    match (found.next(), found.next()) {
        (Some(plugin), None) => Ok(plugin),
        (Some(one), Some(other)) => {
            let message = format!("two {} plugins are named `{wanted}`", K::NAME);
            let help = format!("rename one of `{}` and `{}`", one.source, other.source);
            Err(Problem::at("type", message).help(help))
        }
        (None, _) if written.is_none() && own.is_singular() => {
            let help = format!("add `type`; {}", suggest("", names));
            Err(Problem::at("", "missing field `type`").help(help))
        }
        (None, _) if written.is_none() => {
            let message = format!("no {} is named `{wanted}`", K::NAME);
            let help = match closest(wanted, names.clone()) {
                Some(near) => format!("did you mean `{near}`? otherwise add `type`"),
                None => format!("add `type`; {}", suggest("", names)),
            };
            Err(Problem::at("", message).help(help))
        }
        (None, _) => {
            let message = format!("no {} is named `{wanted}`", K::NAME);
            Err(Problem::at("type", message).help(suggest(wanted, names)))
        }
    }
}
