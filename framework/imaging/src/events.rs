//! Reads the events of a scan, from BIDS `events.tsv` files and FSL's three-column files.

use std::path::Path;

use boldface::{Event, Result};

use crate::link;
use crate::table::{TableRow, TextTable};

/// Reads a BIDS table with the columns `onset` and `duration` in seconds, and optionally `trial_type`.
///
/// An event whose onset is `n/a`, which BIDS allows, has no place in time and is passed over.
///
/// # Errors
/// If the file cannot be read, a column is missing or a cell is not a number. The message names file and
/// line.
pub fn read(path: &Path) -> Result<Vec<Event>> {
    let read = || -> Result<Vec<Event>> {
        let table = TextTable::read(path)?;
        table.require("onset")?;
        table.require("duration")?;
        let event = |row: TableRow<'_>| -> Option<Result<Event>> {
            let event = timed(row.line, row.get("onset")?, row.get("duration").unwrap_or("0"));
            Some(event.map(|event| Event { trial_type: row.get("trial_type").map(str::to_owned), ..event }))
        };
        table.rows().filter_map(event).collect()
    };
    named(path, read()).map(sorted)
}

/// Reads an FSL file of one condition: onset, duration and weight per line. Lines of weight 0 are
/// skipped.
///
/// # Errors
/// As [`read`], and if a line does not have three numbers.
pub fn read_fsl(path: &Path, trial_type: &str) -> Result<Vec<Event>> {
    let read = || -> Result<Vec<Event>> {
        let text = link::read_text(path)?;
        let mut events = Vec::new();
        for (line, cells) in text.lines().zip(1..).map(|(text, line)| (line, text.split_whitespace())) {
            match cells.collect::<Vec<_>>()[..] {
                [] => {}
                [onset, duration, weight] => {
                    let event = timed(line, onset, duration)?;
                    if number(line, "weight", weight)? != 0.0 {
                        events.push(Event { trial_type: Some(trial_type.to_owned()), ..event });
                    }
                }
                _ => {
                    return Err(format!(
                        "line {line} does not have three numbers (onset and duration in seconds, and a weight); a table \
                         with a header must end in `.tsv`"
                    )
                    .into());
                }
            }
        }
        Ok(events)
    };
    named(path, read()).map(sorted)
}

/// Sorts events by time.
pub fn sorted(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by(|a, b| a.onset.total_cmp(&b.onset).then_with(|| a.trial_type.cmp(&b.trial_type)));
    events
}

fn timed(line: u64, onset: &str, duration: &str) -> Result<Event> {
    let (onset, duration) = (number(line, "onset", onset)?, number(line, "duration", duration)?);
    if duration < 0.0 {
        return Err(format!("line {line}: a duration of {duration} s").into());
    }
    Ok(Event { onset, duration, trial_type: None })
}

fn number(line: u64, what: &str, text: &str) -> Result<f64> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| format!("line {line}: the {what} `{text}` is not a number").into())
}

fn named<T>(path: &Path, result: Result<T>) -> Result<T> {
    result.map_err(|error| format!("events `{}`: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn event(onset: f64, duration: f64, trial_type: Option<&str>) -> Event {
        Event { onset, duration, trial_type: trial_type.map(str::to_owned) }
    }

    #[test]
    fn tables_and_fsl_files_are_read_in_order_of_time() {
        let (_dir, path) =
            file("events.tsv", "trial_type\tonset\tduration\nface\t12.5\tn/a\nn/a\t-1\t2\nhouse\t3\t0.5\n");
        let expected =
            [event(-1.0, 2.0, None), event(3.0, 0.5, Some("house")), event(12.5, 0.0, Some("face"))];
        assert_eq!(read(&path).unwrap(), expected);
        let (_dir, path) = file("events.tsv", "onset\tduration\nn/a\tn/a\n3\t1\n");
        assert_eq!(read(&path).unwrap(), [event(3.0, 1.0, None)]);
        let (_dir, path) = file("cond001.txt", "52.5\t22.5\t1\n\n15.0 22.5 1\n80 1 0\n");
        let expected = [event(15.0, 22.5, Some("house")), event(52.5, 22.5, Some("house"))];
        assert_eq!(read_fsl(&path, "house").unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_placed() {
        let said = |name: &str, text: &str| {
            let (dir, path) = file(name, text);
            let result = if name.ends_with("tsv") { read(&path) } else { read_fsl(&path, "a") };
            result.unwrap_err().to_string().replace(&format!("{}/", dir.path().display()), "")
        };
        assert_eq!(
            said("e.tsv", "onset\ttrial_type\n1\ta\n"),
            "events `e.tsv`: no column is named `duration`; the columns are `onset`, `trial_type`"
        );
        assert_eq!(
            said("e.tsv", "onset\tduration\n1\t1\nx\t1\n"),
            "events `e.tsv`: line 3: the onset `x` is not a number"
        );

        assert_eq!(said("e.tsv", "onset\tduration\n1\t-2\n"), "events `e.tsv`: line 2: a duration of -2 s");
        assert_eq!(said("c.txt", "1 2 nan\n"), "events `c.txt`: line 1: the weight `nan` is not a number");
        assert!(said("c.txt", "onset duration\n").contains("line 1 does not have three numbers"));
    }
}
