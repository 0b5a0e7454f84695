//! Replaces the path of a corpus's table of maps by the text of the file.

use std::path::Path;

use boldface::Problem;
use serde_json::Value;

use crate::spec::{Table, read_text};

/// The key of a corpus's table with the path.
const KEY: &str = "template";

/// Replaces the path in `template`, relative to `folder`, by the text of the file. Keys then depend on
/// the content and not on the path, and plugins read no files. A value with several lines is already the
/// text.
///
/// # Errors
/// Fails if the file cannot be read.
pub(super) fn replace(table: &mut Table, folder: &Path) -> Result<(), Vec<Problem>> {
    let Some(Value::String(written)) = table.get(KEY) else { return Ok(()) };
    if written.contains('\n') {
        return Ok(());
    }
    let path = folder.join(written);
    let text = read_text(&path).map_err(|error| {
        let help = format!("a path is relative to the spec: this one is `{}`", path.display());
        vec![Problem::at(KEY, format!("cannot read `{written}`: {error}")).help(help)]
    })?;
    table.insert(KEY.to_owned(), Value::String(text));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn the_text_takes_the_place_of_the_path() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("maps.tsv"), "region\tA\nx\t1\n").unwrap();
        let replaced = |value: Value| {
            let Value::Object(mut table) = json!({ "template": value }) else { panic!("a table") };
            let found = replace(&mut table, folder.path());
            (found.map_err(|problems| problems[0].to_string()), table["template"].clone())
        };
        assert_eq!(replaced(json!("maps.tsv")), (Ok(()), json!("region\tA\nx\t1\n")));
        assert_eq!(replaced(json!("region\tA\n")), (Ok(()), json!("region\tA\n")));
        assert_eq!(replaced(json!(3)), (Ok(()), json!(3)));
        let (error, _) = replaced(json!("map.tsv"));
        assert!(error.unwrap_err().contains("cannot read `map.tsv`"));
    }
}
