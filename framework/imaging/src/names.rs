//! Parses BIDS file names, such as `sub-01_task-rest_seg-CC200_timeseries.npy`.

use std::collections::BTreeMap;

use boldface::ScanId;

/// Reasons why a file name is not a BIDS name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The name has no extension.
    #[error("`{0}` has no extension")]
    NoExtension(String),
    /// A part between two underscores is not `entity-label`.
    #[error("`{part}` in `{name}` is not an entity and its label, such as `run-1`")]
    Part {
        /// The whole name.
        name: String,
        /// The part.
        part: String,
    },
    /// An entity occurs twice.
    #[error("`{entity}` occurs twice in `{name}`")]
    Twice {
        /// The whole name.
        name: String,
        /// The entity.
        entity: String,
    },
}

/// A parsed file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Label of each entity, such as `01` for `sub`.
    pub entities: BTreeMap<String, String>,
    /// Kind of content, such as `timeseries`.
    pub suffix: String,
    /// The extension without its first dot, such as `npy` or `nii.gz`.
    pub extension: String,
}

impl Name {
    /// Parses a file name.
    ///
    /// # Errors
    /// If it is not a chain of `entity-label` parts, a suffix and an extension.
    pub fn parse(name: &str) -> Result<Name, NameError> {
        let stem = name.split_once('.').ok_or_else(|| NameError::NoExtension(name.to_owned()))?;
        let (stem, extension) = stem;
        let (parts, suffix) = stem.rsplit_once('_').unwrap_or(("", stem));
        let mut entities = BTreeMap::new();
        // fMRIPrep up to 1.1 wrote `sub-01_task-rest_bold_space-MNI_preproc.nii.gz`.
        for part in parts.split('_').filter(|part| !parts.is_empty() && *part != "bold") {
            let pair = part.split_once('-').filter(|(entity, label)| !entity.is_empty() && !label.is_empty());
            let (entity, label) =
                pair.ok_or_else(|| NameError::Part { name: name.to_owned(), part: part.to_owned() })?;
            if entities.insert(entity.to_owned(), label.to_owned()).is_some() {
                return Err(NameError::Twice { name: name.to_owned(), entity: entity.to_owned() });
            }
        }
        Ok(Name { entities, suffix: suffix.to_owned(), extension: extension.to_owned() })
    }

    /// Returns the label of an entity.
    pub fn get(&self, entity: &str) -> Option<&str> {
        self.entities.get(entity).map(String::as_str)
    }

    /// Whether the name has this label of an entity, by [`same_label`].
    pub fn has(&self, entity: &str, label: &str) -> bool {
        self.get(entity).is_some_and(|own| same_label(entity, own, label))
    }

    /// Whether a file with this name applies to `other`: every entity here has the same label there.
    /// BIDS assigns sidecars and region tables to files by this rule.
    pub fn applies_to(&self, other: &Name) -> bool {
        self.entities.iter().all(|(entity, label)| other.has(entity, label))
    }

    /// Whether two names agree in an entity: both lack it, or both have the same label.
    pub fn agrees_in(&self, entity: &str, other: &Name) -> bool {
        match self.get(entity) {
            Some(label) => other.has(entity, label),
            None => other.get(entity).is_none(),
        }
    }

    /// Returns the labels of [`ScanId::OTHERS`] in the name, in their order.
    fn others(&self) -> Option<String> {
        let labels =
            ScanId::OTHERS.iter().filter_map(|entity| Some(format!("{entity}-{}", self.get(entity)?)));
        Some(labels.collect::<Vec<_>>().join("_")).filter(|others| !others.is_empty())
    }

    /// Returns the scan of `dataset` that the name belongs to; `None` without `sub-`.
    pub fn scan(&self, dataset: &str) -> Option<ScanId> {
        let label = |entity| self.entities.get(entity).cloned();
        Some(ScanId {
            dataset: dataset.to_owned(),
            subject: label("sub")?,
            session: label("ses"),
            task: label("task"),
            run: label("run"),
            others: self.others(),
            by_run: false,
        })
    }
}

/// Strips the entity from a label in a table: `sub-01` and `01` are the same subject.
pub fn label<'a>(entity: &str, written: &'a str) -> &'a str {
    written.strip_prefix(entity).and_then(|rest| rest.strip_prefix('-')).unwrap_or(written)
}

/// Entities whose labels are numbers in BIDS (format `index`).
const NUMBERED: [&str; 6] = ["run", "echo", "flip", "inv", "split", "chunk"];

/// Whether two labels of an entity are equal. BIDS numbers runs, echoes and the like, so `run-1` is
/// `run-01`; all other labels are text.
pub fn same_label(entity: &str, a: &str, b: &str) -> bool {
    if NUMBERED.contains(&entity) { same_run(a, b) } else { a == b }
}

/// Whether two run labels are equal. BIDS numbers runs, so `1` and `01` are the same run.
pub fn same_run(a: &str, b: &str) -> bool {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart() {
        let name = Name::parse("sub-01_ses-a_task-pain_run-3_seg-MIST122_stat-mean_timeseries.npy").unwrap();
        let found: Vec<_> = name.entities.iter().map(|(e, l)| (e.as_str(), l.as_str())).collect();
        let expected = [
            ("run", "3"),
            ("seg", "MIST122"),
            ("ses", "a"),
            ("stat", "mean"),
            ("sub", "01"),
            ("task", "pain"),
        ];
        assert_eq!(found, expected);
        assert_eq!((name.suffix.as_str(), name.extension.as_str()), ("timeseries", "npy"));
        assert_eq!(name.scan("pain").unwrap().to_string(), "pain/sub-01_ses-a_task-pain_run-3");
        let directed = Name::parse("sub-01_task-pain_dir-AP_acq-mb_run-3_space-T1w_bold.nii.gz").unwrap();
        let scan = directed.scan("pain").unwrap();
        assert_eq!(scan.to_string(), "pain/sub-01_task-pain_acq-mb_dir-AP_run-3");
        assert_eq!(
            ["dir", "acq", "rec", "run"].map(|entity| scan.label(entity)),
            [Some("AP"), Some("mb"), None, Some("3")]
        );
        assert_ne!(
            scan,
            Name::parse("sub-01_task-pain_dir-PA_acq-mb_run-3_bold.nii.gz").unwrap().scan("pain").unwrap()
        );
        let bold = Name::parse("sub-01_bold.nii.gz").unwrap();
        assert_eq!((bold.suffix.as_str(), bold.extension.as_str()), ("bold", "nii.gz"));
        assert_eq!(Name::parse("participants.tsv").unwrap().scan("pain"), None);
        let old = Name::parse("sub-01_task-rest_bold_space-MNI_preproc.nii.gz").unwrap();
        assert_eq!((old.get("space"), old.suffix.as_str()), (Some("MNI"), "preproc"));
    }

    #[test]
    fn a_name_that_is_not_bids_says_where() {
        let message = |name| Name::parse(name).unwrap_err().to_string();
        assert_eq!(
            message("sub-01_rest_timeseries.npy"),
            "`rest` in `sub-01_rest_timeseries.npy` is not an entity and its label, such as `run-1`"
        );
        assert_eq!(
            message("sub-_timeseries.npy"),
            "`sub-` in `sub-_timeseries.npy` is not an entity and its label, such as `run-1`"
        );
        assert_eq!(
            message("sub-01_run-1_run-2_timeseries.npy"),
            "`run` occurs twice in `sub-01_run-1_run-2_timeseries.npy`"
        );
        assert_eq!(message("sub-01_timeseries"), "`sub-01_timeseries` has no extension");
    }

    #[test]
    fn a_sidecar_applies_to_the_names_that_agree_with_it() {
        let scan = Name::parse("sub-01_task-rest_seg-CC200_timeseries.npy").unwrap();
        for (sidecar, applies) in [
            ("timeseries.json", true),
            ("task-rest_seg-CC200_timeseries.json", true),
            ("task-pain_timeseries.json", false),
            ("task-rest_run-1_timeseries.json", false),
        ] {
            assert_eq!(Name::parse(sidecar).unwrap().applies_to(&scan), applies, "{sidecar}");
        }
        // Runs and echoes are numbers, subjects and tasks are text.
        let scan = Name::parse("sub-01_task-1_run-01_echo-2_bold.nii.gz").unwrap();
        for (sidecar, applies) in [
            ("sub-01_task-1_run-1_bold.json", true),
            ("run-001_echo-02_bold.json", true),
            ("run-10_bold.json", false),
            ("sub-1_bold.json", false),
            ("task-01_bold.json", false),
        ] {
            assert_eq!(Name::parse(sidecar).unwrap().applies_to(&scan), applies, "{sidecar}");
        }
    }

    #[test]
    fn labels_are_compared_as_bids_means_them() {
        assert_eq!((label("sub", "sub-01"), label("sub", "01"), label("run", "run-3")), ("01", "01", "3"));
        assert!(same_run("1", "01") && !same_run("1", "10") && same_run("a", "a") && !same_run("a", "b"));
        assert!(same_label("echo", "1", "01") && !same_label("sub", "1", "01"));
    }
}
