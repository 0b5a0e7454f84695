//! Reads each section of a spec on its own, so that a mistake in one does not hide another's.

use std::collections::{BTreeMap, BTreeSet};

use boldface::Problem;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::bounds;
use super::wording::{closest, parse_all, suggest};
use super::{Experiment, MissingRegions, QuestionTokens, Signal, Standardize, Table};

/// An experiment, with defaults in place of broken sections.
pub struct ExperimentDraft {
    /// The sections.
    pub experiment: Experiment,
    /// Problems found in them.
    pub problems: Vec<Problem>,
    broken: BTreeSet<&'static str>,
}

impl ExperimentDraft {
    /// Whether a section was read without problems.
    pub fn is_sound(&self, section: &str) -> bool {
        !self.broken.contains(section)
    }
}

/// All sections, in the order of a spec.
pub(super) const SECTIONS: &[&str] = &[
    "seed",
    "engine",
    "precision",
    "plugins",
    "datasets",
    "signal",
    "split",
    "corpora",
    "facts",
    "text",
    "tokenizer",
    "backbone",
    "start",
    "alignment",
    "instruction",
    "tasks",
    "evaluation",
    "nuisances",
    "harmonization",
    "leakage",
    "runtime",
];

/// Reads every section of a spec.
pub fn read(mut table: Table) -> ExperimentDraft {
    let problems = bounds::clamp(&mut table);
    let is_of =
        |section: &&str| problems.iter().any(|problem| problem.key.split('.').next() == Some(*section));
    let broken = SECTIONS.iter().copied().filter(is_of).collect();
    let mut reader = Reader { table, problems, broken };
    let experiment = Experiment {
        seed: reader.optional("seed").unwrap_or_default(),
        engine: reader.optional("engine").unwrap_or_else(super::experiment::default_engine),
        precision: reader.optional("precision").unwrap_or_default(),
        plugins: reader.optional("plugins").unwrap_or_default(),
        datasets: reader.named("datasets", true),
        signal: reader.required("signal").unwrap_or(Signal {
            trs: 0,
            min_trs: None,
            start: 0,
            standardize: Standardize::default(),
            mixed_tr: false,
            shown_patches: None,
            shown_tokens: QuestionTokens::default(),
            missing_regions: MissingRegions::default(),
        }),
        split: reader.optional("split").unwrap_or_default(),
        corpora: reader.named("corpora", false),
        facts: reader.optional("facts").unwrap_or_default(),
        text: reader.optional("text"),
        tokenizer: reader.required("tokenizer").unwrap_or_default(),
        backbone: reader.required("backbone").unwrap_or_default(),
        start: reader.optional("start"),
        alignment: reader.optional("alignment"),
        instruction: reader.optional("instruction"),
        tasks: reader.named("tasks", true),
        evaluation: reader.optional("evaluation").unwrap_or_default(),
        nuisances: reader.optional("nuisances").unwrap_or_default(),
        harmonization: reader.optional("harmonization"),
        leakage: reader.optional("leakage").unwrap_or_default(),
        runtime: reader.optional("runtime").unwrap_or_default(),
    };
    // Do not also report a misspelt section as missing.
    let meant = reader.table.keys().filter_map(|name| closest(name, known())).map(missing_section);
    let meant: BTreeSet<String> = meant.collect();
    reader.problems.retain(|problem| !meant.contains(&problem.message));
    for name in reader.table.keys() {
        let problem = Problem::at(name, format!("unknown section `{name}`"));
        reader.problems.push(problem.help(suggest(name, known())));
    }
    ExperimentDraft { experiment, problems: reader.problems, broken: reader.broken }
}

/// Returns the keys allowed at the top of a file. Layers have removed `extends` before.
fn known() -> impl Iterator<Item = &'static str> + Clone {
    std::iter::once("extends").chain(SECTIONS.iter().copied())
}

fn missing_section(name: &str) -> String {
    format!("missing section `{name}`")
}

struct Reader {
    table: Table,
    problems: Vec<Problem>,
    broken: BTreeSet<&'static str>,
}

impl Reader {
    fn optional<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let value = self.table.remove(name)?;
        let parsed = parse_all(&value, boldface::registry::parse);
        parsed.map_err(|problems| self.report(name, name, problems)).ok()
    }

    fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        if !self.table.contains_key(name) {
            self.missing(name, format!("add a table `[{name}]`"));
        }
        self.optional(name)
    }

    /// Reads tables under names that the author chose.
    fn named(&mut self, name: &'static str, is_required: bool) -> BTreeMap<String, Table> {
        let tables: Table = self.optional(name).unwrap_or_default();
        if is_required && tables.is_empty() && self.is_sound(name) {
            self.missing(name, format!("add a table such as `[{name}.NAME]`"));
        }
        let mut read = BTreeMap::new();
        for (own, table) in tables {
            let path = format!("{name}.{own}");
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if own.is_empty() || !own.chars().all(is_plain) {
                let problem = Problem::at("", format!("`{own}` cannot be the name of a folder"));
                let help = "name it with letters, digits, `-` and `_`";
                self.report(name, &path, vec![problem.help(help)]);
            }
            match table {
                Value::Object(table) => {
                    read.insert(own, table);
                }
                _ => self.report(name, &path, vec![Problem::at("", format!("`{own}` is not a table"))]),
            }
        }
        read
    }

    fn is_sound(&self, name: &str) -> bool {
        !self.broken.contains(name)
    }

    fn missing(&mut self, name: &'static str, help: String) {
        self.report(name, name, vec![Problem::at("", missing_section(name)).help(help)]);
    }

    fn report(&mut self, section: &'static str, path: &str, problems: Vec<Problem>) {
        self.broken.insert(section);
        self.problems.extend(problems.into_iter().map(|problem| problem.below(path)));
    }
}
