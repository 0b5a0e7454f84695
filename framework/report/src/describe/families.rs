//! Selects families of features and their settings: by name, or by tables like a spec's
//! `[corpora.NAME]`.

use std::path::Path;

use boldface::registry::PluginKind;
use boldface::{Cohort, CorpusGenerator, Problem};
use serde_json::{Value, json};

use crate::spec::{Layered, Located, Table, suggest};
use crate::study::{PlannedPlugin, corpus};

/// Families of features, with the origin of their settings.
#[derive(Debug)]
pub struct Families {
    /// The families with their configs, in the requested order.
    pub entries: Vec<PlannedPlugin<dyn CorpusGenerator>>,
    /// Names of requested families. The others were added because they need no settings.
    asked: Vec<String>,
    settings: Option<Layered>,
}

/// Reason why the families cannot be used.
#[derive(Debug)]
pub enum FamiliesError {
    /// An unknown name on the command line.
    Name(String),
    /// A mistake in the file of settings, or settings that do not fit the scans.
    Settings(Vec<Located>),
}

impl Families {
    /// Makes the families called `names`. Their settings are the tables of these names in the file at
    /// `settings.0`, whose text is `settings.1`. Without `names`, it makes the families of the file and
    /// every other built-in family that needs no settings.
    ///
    /// # Errors
    /// Returns every problem of the file, or a name that is neither one of its tables nor a plugin.
    pub fn new(names: Option<&[String]>, settings: Option<(&Path, &str)>) -> Result<Families, FamiliesError> {
        let folder = settings.and_then(|(path, _)| path.parent()).unwrap_or(Path::new(""));
        let settings = settings.map(|(path, text)| Layered::read(path, text)).transpose();
        let settings = settings.map_err(FamiliesError::Settings)?;
        let mut problems = Vec::new();
        let mut of_file: Vec<PlannedPlugin<dyn CorpusGenerator>> = Vec::new();
        for (name, value) in settings.iter().flat_map(Layered::table) {
            let Value::Object(table) = value else {
                let message = format!("`{name}` is not a table with the settings of a family");
                problems.push(
                    Problem::at(name, message).help("write its settings below `[graph]` or another name"),
                );
                continue;
            };
            match corpus(name, folder, &mut table.clone()) {
                Ok(entry) => of_file.push(entry),
                Err(found) => problems.extend(found),
            }
        }
        if let Some(settings) = settings.as_ref().filter(|_| !problems.is_empty()) {
            return Err(FamiliesError::Settings(settings.locate_all(problems)));
        }
        let Some(names) = names else {
            let asked = of_file.iter().map(|entry| entry.name.clone()).collect();
            let others = defaults(&of_file);
            let mut entries: Vec<_> = of_file.into_iter().chain(others).collect();
            entries.sort_by(|a, b| a.name.cmp(&b.name));
            return Ok(Families { entries, asked, settings });
        };
        let mut entries: Vec<PlannedPlugin<dyn CorpusGenerator>> = Vec::new();
        for name in names {
            if entries.iter().any(|entry| entry.name == *name) {
                return Err(FamiliesError::Name(format!("--families names `{name}` twice")));
            }
            let entry = match of_file.iter().position(|entry| entry.name == *name) {
                Some(place) => of_file.swap_remove(place),
                None => {
                    corpus(name, folder, &mut Table::new()).map_err(|problems| unknown(name, &problems))?
                }
            };
            entries.push(entry);
        }
        Ok(Families { entries, asked: names.to_vec(), settings })
    }

    /// Whether the family called `name` was requested.
    pub fn is_asked(&self, name: &str) -> bool {
        self.asked.iter().any(|asked| asked == name)
    }

    /// Checks whether the families can measure these scans. Removes families that cannot and were not
    /// requested, and returns a message for each.
    ///
    /// # Errors
    /// Returns the problems of requested families.
    pub fn check(&mut self, cohort: &Cohort) -> Result<Vec<String>, FamiliesError> {
        let (mut problems, mut left_out) = (Vec::new(), Vec::new());
        let asked = &self.asked;
        self.entries.retain(|entry| {
            let mut found = entry.config.check(cohort);
            if asked.contains(&entry.name) {
                problems.extend(found.into_iter().map(|problem| problem.below(&entry.name)));
                return true;
            }
            let first = found.drain(..).next();
            left_out.extend(
                first.iter().map(|problem| format!("`{}` is left out: {}", entry.name, problem.message)),
            );
            first.is_none()
        });
        match &self.settings {
            _ if problems.is_empty() => Ok(left_out),
            Some(settings) => Err(FamiliesError::Settings(settings.locate_all(problems))),
            None => {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Err(FamiliesError::Name(lines.join("\nerror: ")))
            }
        }
    }
}

/// Returns built-in families that need neither settings nor phenotype columns, except those in `known`.
fn defaults(known: &[PlannedPlugin<dyn CorpusGenerator>]) -> Vec<PlannedPlugin<dyn CorpusGenerator>> {
    let plugins = <dyn CorpusGenerator>::plugins().into_iter();
    let is_wanted = |plugin: &&'static boldface::Plugin<dyn CorpusGenerator>| {
        plugin.content.is_none()
            && known.iter().all(|entry| entry.plugin != plugin.name)
            && (plugin.parse)(&json!({})).is_ok()
    };
    let entry = |plugin: &'static boldface::Plugin<dyn CorpusGenerator>| {
        corpus(plugin.name, Path::new(""), &mut Table::new()).ok()
    };
    plugins.filter(is_wanted).filter_map(entry).collect()
}

fn unknown(name: &str, problems: &[Problem]) -> FamiliesError {
    let known = <dyn CorpusGenerator>::plugins();
    if known.iter().all(|plugin| plugin.name != name) {
        let help = suggest(name, known.iter().map(|plugin| plugin.name));
        return FamiliesError::Name(format!("--families: no family is named `{name}`; {help}"));
    }
    let words: Vec<String> = problems.iter().map(|problem| problem.message.clone()).collect();
    let help = format!("write what it needs below `[{name}]` in a file, and name it with --config");
    FamiliesError::Name(format!("--families `{name}`: {}; {help}", words.join("; ")))
}
