//! The people of an export: the part of each, and everyone it learned from, by id or hashed id.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boldface::{Part, Result, ScanId, ScanInfo, Split};
use boldface_imaging::table::{TableRow, TextTable};

use super::artefacts::cannot;
use crate::label;

/// Name of the file with the part of each person. It can be the `[split] file` of another experiment.
pub const SPLITS: &str = "splits.tsv";

/// Name of the file with everyone the model learned from, in this run and in those it started from.
pub const LEARNED: &str = "learned.tsv";

/// Prefix of a hashed id.
const HASHED: &str = "blake3:";

/// A person in the training or validation part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Learned {
    /// Name of the dataset.
    pub dataset: String,
    /// Hash that identifies the dataset under any name.
    pub content: String,
    /// The id, such as `sub-01`, or a hash of dataset and id.
    pub id: String,
    /// The label without leading zeros, capitals and visit, hashed like the id. Older exports lack it.
    pub person: Option<String>,
    /// The number of such a label as `P01`, hashed like the id.
    pub number: Option<String>,
}

/// People of a study that gives out numbers which are unusual elsewhere.
const LARGE: usize = 500;

/// The split of an export.
#[derive(Clone, Debug, Default)]
pub struct ExportedSplit(BTreeMap<String, Part>);

impl Learned {
    /// Returns everyone in the training and validation parts.
    pub fn collect(
        scans: &[ScanInfo],
        split: &Split,
        contents: &BTreeMap<String, String>,
    ) -> Result<Vec<Learned>> {
        let mut people = BTreeSet::new();
        for ScanInfo { id, .. } in scans {
            if split.part(id)? != Part::Test {
                let content = contents.get(&id.dataset).cloned().unwrap_or_default();
                let (person, number) = forms(&id.subject);
                let (person, number) = (Some(person), number.map(|(_, number)| number));
                people.insert(Learned {
                    dataset: id.dataset.clone(),
                    content,
                    id: label(id),
                    person,
                    number,
                });
            }
        }
        Ok(people.into_iter().collect())
    }

    /// Whether this is the person of a scan, in a dataset with the hash `content`. Labels may be spelled
    /// with other zeros, capitals and visits, and with letters before the number or without.
    pub fn is(&self, id: &ScanId, content: Option<&str>) -> bool {
        let is_same_data = self.dataset == id.dataset || content == Some(&self.content);
        // No two studies share such a label.
        if !is_same_data && !label::is_telling(&id.subject, LARGE) {
            return false;
        }
        let (person, number) = forms(&id.subject);
        if self.has(Some(&self.id), &label(id)) || self.has(self.person.as_ref(), &person) {
            return true;
        }
        let Some((letters, number)) = number.filter(|_| is_same_data) else { return false };
        // `S01` and `P01` are two people; `01` may be short for either.
        let is_bare = letters.is_empty() || self.person == self.number;
        is_bare && self.has(self.number.as_ref(), &number)
    }

    /// Whether `own`, a form of the label, is `form` or its hash.
    fn has(&self, own: Option<&String>, form: &str) -> bool {
        own.is_some_and(|own| if own.starts_with(HASHED) { *own == self.hash(form) } else { own == form })
    }

    fn hash(&self, form: &str) -> String {
        hashed(&format!("{}/{form}", self.dataset))
    }

    /// Replaces the id by its hash.
    #[must_use]
    pub fn hashed(self) -> Learned {
        if self.id.starts_with(HASHED) {
            return self;
        }
        let [person, number] =
            [&self.person, &self.number].map(|form| form.as_ref().map(|form| self.hash(form)));
        Learned { id: self.hash(&self.id), person, number, ..self }
    }
}

/// Writes a list of people.
///
/// # Errors
/// Fails if it cannot be written.
pub fn write_learned(path: &Path, people: &[Learned]) -> Result<()> {
    let mut text = "dataset\tcontent\tparticipant_id\tperson\tnumber\n".to_owned();
    for Learned { dataset, content, id, person, number } in people {
        let [person, number] = [person, number].map(|form| form.as_deref().unwrap_or("n/a"));
        text += &format!("{dataset}\t{content}\t{id}\t{person}\t{number}\n");
    }
    Ok(std::fs::write(path, text).map_err(cannot("write", path))?)
}

/// Reads a list of people written by [`write_learned`].
///
/// # Errors
/// Fails if the file is not such a table.
pub fn read_learned(path: &Path) -> Result<Vec<Learned>> {
    let table = table(path, &["dataset", "content", "participant_id"])?;
    let one = |row: TableRow<'_>| {
        let of = |column: &str| -> Result<String> {
            let value = row.get(column).map(str::to_owned);
            value.ok_or_else(|| format!("`{}`: a row has no `{column}`", path.display()).into())
        };
        let id = of("participant_id")?;
        let (mut person, mut number) = (of("person").ok(), of("number").ok());
        // Exports of earlier versions have the id alone.
        if let (None, Some(label)) = (&person, id.strip_prefix("sub-")) {
            let (own, numbered) = forms(label);
            (person, number) = (Some(own), numbered.map(|(_, number)| number));
        }
        Ok(Learned { dataset: of("dataset")?, content: of("content")?, id, person, number })
    };
    table.rows().map(one).collect()
}

/// Writes the split of `scans`, with a column for the run if runs are divided.
///
/// # Errors
/// Fails if a scan is not in the split, or the file cannot be written.
pub fn write_splits(path: &Path, scans: &[ScanInfo], split: &Split, is_hashed: bool) -> Result<()> {
    let by_run = scans.iter().any(|scan| scan.id.by_run);
    let mut rows = BTreeSet::new();
    for ScanInfo { id, .. } in scans {
        let (person, label) = (id.person(), label(id));
        let known = |text: String| if is_hashed { hashed(&text) } else { text };
        let label = if is_hashed { hashed(&format!("{}/{label}", id.dataset)) } else { label };
        let run = if by_run { format!("\t{}", known(person)) } else { String::new() };
        rows.insert(format!("{}\t{label}\t{}{run}\n", id.dataset, split.part(id)?.name()));
    }
    let run = if by_run { "\trun" } else { "" };
    let text = format!("dataset\tparticipant_id\tpart{run}\n") + &rows.into_iter().collect::<String>();
    Ok(std::fs::write(path, text).map_err(cannot("write", path))?)
}

impl ExportedSplit {
    /// Reads a split written by [`write_splits`].
    ///
    /// # Errors
    /// Fails if the file is not such a table.
    pub fn read(path: &Path) -> Result<ExportedSplit> {
        let table = table(path, &["dataset", "participant_id", "part"])?;
        let mut parts = BTreeMap::new();
        for row in table.rows() {
            let said = row.get("part").unwrap_or_default();
            let part = Part::ALL.into_iter().find(|part| part.name() == said);
            let part = part.ok_or_else(|| format!("`{}`: no part is named `{said}`", path.display()))?;
            let id = row.get("participant_id").unwrap_or_default();
            let dataset = row.get("dataset").unwrap_or_default();
            let whole = if id.starts_with(HASHED) { id.to_owned() } else { format!("{dataset}/{id}") };
            parts.insert(row.get("run").map_or(whole, str::to_owned), part);
        }
        Ok(ExportedSplit(parts))
    }

    /// Returns the part of a scan, or `None` if the export does not know its person.
    pub fn part_of(&self, id: &ScanId) -> Option<Part> {
        let person = id.person();
        self.0.get(&person).or_else(|| self.0.get(&hashed(&person))).copied()
    }
}

fn table(path: &Path, columns: &[&str]) -> Result<TextTable> {
    let table = TextTable::read(path).and_then(|table| {
        columns.iter().try_for_each(|column| table.require(column))?;
        Ok(table)
    });
    table.map_err(|error| format!("`{}`: {error}", path.display()).into())
}

fn label(id: &ScanId) -> String {
    format!("sub-{}", id.subject)
}

/// Returns the forms of a label by which a person is recognised: the person, and the letters and number
/// of a numbered one.
fn forms(label: &str) -> (String, Option<(String, String)>) {
    let person = label::person(label);
    let number = label::numbered(&person).map(|(letters, number)| (letters.to_owned(), number.to_owned()));
    (person, number)
}

/// Hashes an id. This hides the id from readers, but not from someone with a list of candidates.
fn hashed(text: &str) -> String {
    let hash = blake3::hash(format!("boldface person {text}").as_bytes()).to_hex();
    format!("{HASHED}{}", &hash.as_str()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(dataset: &str, subject: &str, run: usize, by_run: bool) -> ScanInfo {
        let (dataset, subject, run) = (dataset.to_owned(), subject.to_owned(), Some(run.to_string()));
        let id = ScanId { dataset, subject, session: None, task: None, run, others: None, by_run };
        let phenotype = BTreeMap::new();
        ScanInfo { id, tr: 2.0, trs: 9, rois: 1, phenotype, events: vec![], cuts: vec![] }
    }

    #[test]
    fn people_are_known_by_id_and_by_hash_in_their_own_dataset_alone() {
        let dir = tempfile::tempdir().unwrap();
        let scans = [scan("a", "01", 1, false), scan("a", "02", 1, false), scan("b", "01", 1, false)];
        let parts = [("a/sub-01", Part::Train), ("a/sub-02", Part::Test), ("b/sub-01", Part::Validation)];
        let split = Split { parts: parts.map(|(person, part)| (person.to_owned(), part)).into() };
        let contents =
            [("a", "x"), ("b", "y")].map(|(name, content)| (name.to_owned(), content.to_owned())).into();
        let plain = Learned::collect(&scans, &split, &contents).unwrap();
        assert_eq!(plain.len(), 2);
        for is_hashed in [false, true] {
            let (learned, splits) = (dir.path().join(LEARNED), dir.path().join(SPLITS));
            let people: Vec<Learned> =
                plain.iter().cloned().map(|one| if is_hashed { one.hashed() } else { one }).collect();
            write_learned(&learned, &people).unwrap();
            write_splits(&splits, &scans, &split, is_hashed).unwrap();
            let text =
                std::fs::read_to_string(&learned).unwrap() + &std::fs::read_to_string(&splits).unwrap();
            assert_eq!(text.contains("sub-0"), !is_hashed, "{text}");
            let read = read_learned(&learned).unwrap();
            assert_eq!(read, people);
            let known = |id: &ScanId, content| read.iter().any(|one| one.is(id, content));
            assert!(known(&scans[0].id, None) && !known(&scans[1].id, None));
            // The same data under another name, and another study with a subject of the same id.
            let other = scan("c", "01", 3, false).id;
            assert!(known(&other, Some("x")) && !known(&other, Some("z")) && !known(&other, None));
            // The same people under other spellings.
            for label in ["1", "001", "P01", "s1"] {
                assert!(known(&scan("a", label, 1, false).id, None), "{label}");
            }
            for label in ["10", "011", "P1b"] {
                assert!(!known(&scan("a", label, 1, false).id, None), "{label}");
            }
            let parts = ExportedSplit::read(&splits).unwrap();
            let found = scans.iter().map(|scan| parts.part_of(&scan.id).unwrap());
            assert_eq!(found.collect::<Vec<_>>(), [Part::Train, Part::Test, Part::Validation]);
            assert_eq!(parts.part_of(&scan("a", "03", 1, false).id), None);
        }
    }

    #[test]
    fn unusual_labels_are_known_under_any_name_of_a_dataset() {
        let one = |dataset: &str, subject: &str, other: &str| {
            let scans = [scan("a", subject, 1, false)];
            let split = Split { parts: [(scans[0].id.person(), Part::Train)].into() };
            let learned = Learned::collect(&scans, &split, &BTreeMap::new()).unwrap().remove(0);
            let found = learned.is(&scan(dataset, other, 1, false).id, None);
            assert_eq!(learned.hashed().is(&scan(dataset, other, 1, false).id, None), found);
            found
        };
        assert!(one("b", "50003", "0050003") && one("b", "NDARINV0A1", "NDARINV0A1"));
        assert!(one("b", "002S4000bl", "002S4000m12"));
        assert!(!one("b", "12", "12") && !one("b", "1012", "1012") && !one("b", "P50003", "50003"));
        // Patients and controls of one study are two people.
        assert!(!one("a", "P01", "C01") && one("a", "P01", "1"));
    }

    #[test]
    fn where_runs_are_divided_every_run_has_its_part() {
        let dir = tempfile::tempdir().unwrap();
        let scans = [scan("a", "01", 1, true), scan("a", "01", 2, true)];
        let parts = scans.each_ref().map(|scan| scan.id.person());
        let split = Split { parts: parts.into_iter().zip([Part::Train, Part::Test]).collect() };
        for is_hashed in [false, true] {
            let path = dir.path().join(SPLITS);
            write_splits(&path, &scans, &split, is_hashed).unwrap();
            let parts = ExportedSplit::read(&path).unwrap();
            assert_eq!(
                scans.each_ref().map(|scan| parts.part_of(&scan.id).unwrap()),
                [Part::Train, Part::Test]
            );
        }
    }
}
