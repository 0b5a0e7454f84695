//! The table of corpus descriptors: one sentence per row, with its scan and its fact.

use std::path::Path;

use boldface::{Descriptor, Fact, ScanId, Window};
use polars::prelude::{Column, NamedFrom, Series};

use crate::TableResult;
use crate::frame::{self, ParquetTable};

/// Writes the descriptors to `path` in the given order.
///
/// The columns are `dataset`, `subject`, `session`, `task`, `run`, `window_start`, `window_trs`
/// (volumes), `corpus`, `text`, `feature`, `value`, `z`, `band`, `reason` (why the value or z is
/// missing), `norm_scans`, `norm_people` and `norm` (its version).
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, descriptors: &[Descriptor]) -> TableResult<()> {
    let text = |name: &str, of: fn(&Descriptor) -> Option<&str>| -> Column {
        Series::new(name.into(), descriptors.iter().map(of).collect::<Vec<Option<&str>>>()).into()
    };
    let number = |name: &str, of: fn(&Descriptor) -> Option<f64>| -> Column {
        let known = |descriptor| of(descriptor).filter(|value| !value.is_nan());
        Series::new(name.into(), descriptors.iter().map(known).collect::<Vec<Option<f64>>>()).into()
    };
    let count = |name: &str, of: fn(&Descriptor) -> usize| -> Column {
        let counts: Vec<u64> = descriptors.iter().map(|descriptor| of(descriptor) as u64).collect();
        Series::new(name.into(), counts).into()
    };
    let columns = vec![
        text("dataset", |descriptor| Some(&descriptor.scan.dataset)),
        text("subject", |descriptor| Some(&descriptor.scan.subject)),
        text("session", |descriptor| descriptor.scan.session.as_deref()),
        text("task", |descriptor| descriptor.scan.task.as_deref()),
        text("run", |descriptor| descriptor.scan.run.as_deref()),
        count("window_start", |descriptor| descriptor.window.start),
        count("window_trs", |descriptor| descriptor.window.trs),
        text("corpus", |descriptor| Some(&descriptor.corpus)),
        text("text", |descriptor| Some(&descriptor.text)),
        text("feature", |descriptor| Some(&descriptor.fact.feature)),
        number("value", |descriptor| descriptor.fact.value),
        number("z", |descriptor| descriptor.fact.z),
        text("band", |descriptor| Some(&descriptor.fact.band)),
        text("reason", |descriptor| descriptor.fact.reason.as_deref()),
        count("norm_scans", |descriptor| descriptor.norm_scans),
        count("norm_people", |descriptor| descriptor.norm_people),
        text("norm", |descriptor| Some(&descriptor.norm)),
    ];
    frame::write(path, descriptors.len(), columns)
}

/// Reads the descriptors of `path`.
///
/// # Errors
/// If the file is not a complete descriptor table. The error names the file and the column.
pub fn read(path: &Path) -> TableResult<Vec<Descriptor>> {
    let table = ParquetTable::read(path)?;
    let text = |name: &str| table.required(name, table.strings(name)?);
    let count = |name: &str| table.required(name, table.counts(name)?);
    let names = ["dataset", "subject", "corpus", "text", "feature", "band", "norm"];
    let [dataset, subject, corpus, sentence, feature, band, norm] = names.map(text);
    let mut texts = [dataset?, subject?, corpus?, sentence?, feature?, band?, norm?].map(Vec::into_iter);
    let labels = ["session", "task", "run", "reason"].map(|name| table.strings(name));
    let [session, task, run, reason] = labels;
    let mut labels = [session?, task?, run?, reason?].map(Vec::into_iter);
    let mut numbers = [table.floats("value")?, table.floats("z")?].map(Vec::into_iter);
    let [people, start, trs] = ["norm_people", "window_start", "window_trs"].map(count);
    let mut counts = [people?, start?, trs?].map(Vec::into_iter);
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);

    let mut descriptors = Vec::new();
    for norm_scans in count("norm_scans")? {
        const SAME: &str = "all columns of a table have the same number of rows";
        let [dataset, subject, corpus, text, feature, band, norm] =
            texts.each_mut().map(|column| column.next().expect(SAME));
        let [session, task, run, reason] = labels.each_mut().map(|column| column.next().expect(SAME));
        let [value, z] = numbers.each_mut().map(|column| column.next().expect(SAME));
        let [norm_people, start, trs] = counts.each_mut().map(|column| size(column.next().expect(SAME)));
        descriptors.push(Descriptor {
            scan: ScanId { dataset, subject, session, task, run, by_run: false },
            corpus,
            text,
            fact: Fact { feature, value, z, band, reason },
            norm_scans: size(norm_scans),
            norm_people,
            norm,
            window: Window { start, trs },
            question: None,
        });
    }
    Ok(descriptors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(subject: &str, session: Option<&str>, value: Option<f64>) -> Descriptor {
        let label = |text: &str| Some(text.to_owned());
        Descriptor {
            scan: ScanId {
                dataset: "pain".into(),
                subject: subject.into(),
                session: session.map(str::to_owned),
                task: label("regulate"),
                run: label("02"),
                by_run: false,
            },
            corpus: "connectivity".into(),
            text: "Connectivity within Default is \"average\" (r = 0.31).".into(),
            fact: Fact {
                feature: "Default-Default".into(),
                value,
                z: value,
                band: "average".into(),
                reason: value.is_none().then(|| "the network has one region".into()),
            },
            norm_scans: 68,
            norm_people: 23,
            norm: "connectivity-1-00f3".into(),
            window: Window { start: 3, trs: 160 },
            question: None,
        }
    }

    #[test]
    fn descriptors_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("descriptors.parquet");
        let descriptors = vec![descriptor("01", None, Some(0.31)), descriptor("02", Some("a"), None)];
        write(&path, &descriptors).unwrap();
        assert_eq!(read(&path).unwrap(), descriptors);
    }

    #[test]
    fn columns_are_found_by_name_not_by_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("descriptors.parquet");
        let descriptors = vec![descriptor("01", None, Some(0.31))];
        write(&path, &descriptors).unwrap();
        let mut turned = ParquetTable::read(&path).unwrap().into_columns();
        turned.reverse();
        frame::write(&path, 1, turned.clone()).unwrap();
        assert_eq!(read(&path).unwrap(), descriptors);

        turned.retain(|column| column.name() != "band");
        frame::write(&path, 1, turned).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains("descriptors.parquet` has no column `band`; it has `norm`, `norm_people`, `norm_scans`, `reason`, `z`"),
            "{error}"
        );
    }
}
