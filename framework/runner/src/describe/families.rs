//! Which families measure, and how: by their names, or by tables as a spec's `[corpora.NAME]` has them.

use std::path::Path;

use boldface::registry::Kind;
use boldface::{Cohort, CorpusGenerator, Problem};
use serde_json::{Value, json};

use crate::plan::{Entry, corpus};
use crate::spec::{Layered, Located, Table, suggest};

/// Families, and where their settings are from.
#[derive(Debug)]
pub struct Families {
    /// Each with its config, in the order asked for.
    pub entries: Vec<Entry<dyn CorpusGenerator>>,
    /// Names of those that somebody asked for; the others are there because they need no settings.
    asked: Vec<String>,
    settings: Option<Layered>,
}

/// Why there are no families.
#[derive(Debug)]
pub enum FamiliesError {
    /// The command line names one that is not there.
    Name(String),
    /// The file of settings is wrong, or the settings do not fit the scans.
    Settings(Vec<Located>),
}

impl Families {
    /// The families called `names`, with the settings that the file at `settings.0`, whose text is `settings.1`,
    /// has in tables of these names. Without `names` those of the file and every other built-in one that needs no
    /// settings.
    ///
    /// # Errors
    /// Everything that is wrong with the file, and a name that is neither a table of it nor a plugin.
    pub fn new(names: Option<&[String]>, settings: Option<(&Path, &str)>) -> Result<Families, FamiliesError> {
        let folder = settings.and_then(|(path, _)| path.parent()).unwrap_or(Path::new(""));
        let settings = settings.map(|(path, text)| Layered::read(path, text)).transpose();
        let settings = settings.map_err(FamiliesError::Settings)?;
        let mut problems = Vec::new();
        let mut of_file: Vec<Entry<dyn CorpusGenerator>> = Vec::new();
        for (name, value) in settings.iter().flat_map(Layered::table) {
            let Value::Object(table) = value else {
                let message = format!("`{name}` is no table of a family");
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
        let mut entries: Vec<Entry<dyn CorpusGenerator>> = Vec::new();
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

    /// Whether somebody asked for the family called `name`.
    pub fn is_asked(&self, name: &str) -> bool {
        self.asked.iter().any(|asked| asked == name)
    }

    /// Whether they can measure these scans. One that cannot and that nobody asked for is left out: which, and why.
    ///
    /// # Errors
    /// What the checks of those that were asked for find.
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

/// Built-in families that need no settings and no columns of tables, except those that `known` has already.
fn defaults(known: &[Entry<dyn CorpusGenerator>]) -> Vec<Entry<dyn CorpusGenerator>> {
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
