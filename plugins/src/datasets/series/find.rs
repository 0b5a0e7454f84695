//! Finds the signal files of a folder, by BIDS names or by a pattern.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Result, ScanId};
use boldface_imaging::folder::{FileSelection, NamedFile, SIGNALS, ScanFolder};
use boldface_imaging::names::{Name, label};
use boldface_imaging::pattern::{Pattern, PatternLabels};
use boldface_imaging::phenotype::PhenotypePaths;
use boldface_imaging::present::{SUFFIX, labels_present};

use super::{DEFAULT_SUFFIX, Series, scan_id};

/// Labels that the pattern of a signal file may have.
pub(super) const LABELS: [&str; 4] = ["subject", "session", "task", "run"];

impl Series {
    /// Finds the scans and their sidecars; with `subject`, those of one subject only.
    ///
    /// Without a pattern, files have the suffix or, if there is none with the default suffix, names of
    /// labels alone, such as `sub-01.csv`.
    pub(super) fn find(&self, root: &Path, subject: Option<&str>) -> Result<ScanFolder> {
        if let Some(pattern) = &self.pattern {
            return self.find_by_pattern(root, pattern, subject);
        }
        let select =
            |suffix| FileSelection { suffix, extensions: &SIGNALS, only: &self.only, others: &[], subject };
        let folder = ScanFolder::find(root, &select(&self.suffix))?;
        if !folder.scans.is_empty() {
            return Ok(folder);
        }
        if self.suffix == DEFAULT_SUFFIX {
            let bare = ScanFolder::find(root, &select(""))?;
            if !bare.scans.is_empty() {
                return Ok(bare);
            }
        }
        if subject.is_some() {
            return Ok(folder);
        }
        let only: String =
            self.only.iter().map(|(entity, label)| format!(" with `{entity}-{label}`")).collect();
        let mut wanted = vec![(SUFFIX, self.suffix.as_str())];
        wanted.extend(self.only.iter().map(|(entity, label)| (entity.as_str(), label.as_str())));
        let bare = if self.suffix == DEFAULT_SUFFIX { " or `sub-....csv`" } else { "" };
        Err(format!(
            "no scan in `{}`: looked for `sub-..._{}.tsv`{bare} (.tsv, .csv, .npy, .txt, .1D or .mat){only} there \
             and below `sub-...`{}; for other names, write them as `pattern`, such as `pattern = \
             \"{{subject}}_rest.csv\"`",
            root.display(),
            self.suffix,
            labels_present(root, &SIGNALS, &wanted)
        )
        .into())
    }

    /// Finds the files that fit a pattern. Each has the `.json` of its own name as its sidecar.
    fn find_by_pattern(&self, root: &Path, pattern: &str, subject: Option<&str>) -> Result<ScanFolder> {
        let parsed = Pattern::parse(pattern, &LABELS)?;
        let found = parsed.find(root, &PatternLabels::new())?;
        let mut scans = Vec::new();
        for (path, labels) in found {
            let entities: BTreeMap<String, String> =
                [("subject", "sub"), ("session", "ses"), ("task", "task"), ("run", "run")]
                    .into_iter()
                    .filter_map(|(name, entity)| {
                        Some((entity.to_owned(), label(entity, labels.get(name)?).to_owned()))
                    })
                    .collect();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if !SIGNALS.contains(&extension) {
                return Err(format!(
                    "`{}` fits the pattern `{pattern}`, but a series is a .{}",
                    path.display(),
                    SIGNALS.join(", .")
                )
                .into());
            }
            let name = Name { entities, suffix: self.suffix.clone(), extension: extension.to_owned() };
            let is_wanted = self.only.iter().all(|(entity, label)| name.has(entity, label));
            if is_wanted && subject.is_none_or(|subject| name.get("sub") == Some(subject)) {
                scans.push(NamedFile { path, name });
            }
        }
        if scans.is_empty() && subject.is_none() {
            let (root, present) = (root.display(), parsed.present(root, &PatternLabels::new()));
            let only: String =
                self.only.iter().map(|(entity, label)| format!(" with `{entity}-{label}`")).collect();
            return Err(format!("no file in `{root}` fits the pattern `{pattern}`{only}{present}").into());
        }
        Ok(ScanFolder::with_own_sidecars(scans))
    }

    /// Returns the places of the tables about people. Without `participants`, they are in the folder.
    pub(super) fn tables(&self, root: &Path) -> PhenotypePaths {
        let participants = match &self.participants {
            Some(table) => root.join(table),
            None => {
                let [tsv, csv] = ["participants.tsv", "participants.csv"].map(|file| root.join(file));
                if !tsv.exists() && csv.is_file() { csv } else { tsv }
            }
        };
        PhenotypePaths { participants, root: root.to_owned() }
    }

    /// Fails if two files belong to the same scan.
    pub(super) fn check_distinct(&self, folder: &ScanFolder, dataset: &str) -> Result<()> {
        let mut seen: BTreeMap<ScanId, &NamedFile> = BTreeMap::new();
        for scan in &folder.scans {
            let mut id = scan_id(scan, dataset);
            // Run labels are numbers: `run-01` is `run-1`.
            id.run = id.run.map(|run| run.parse::<u64>().map_or(run, |number| number.to_string()));
            let shown = id.to_string();
            if let Some(other) = seen.insert(id, scan) {
                let (a, b) = (other.path.display(), scan.path.display());
                let chosen = scan.name.entities.iter().find(|(entity, label)| {
                    other.name.get(entity) != Some(label)
                        && !["sub", "ses", "task", "run"].contains(&entity.as_str())
                });
                let help = chosen.map_or("keep one of them".to_owned(), |(entity, label)| {
                    format!("choose, such as `only = {{ {entity} = \"{label}\" }}`")
                });
                return Err(format!("`{a}` and `{b}` are both scan `{shown}`; {help}").into());
            }
        }
        Ok(())
    }
}
