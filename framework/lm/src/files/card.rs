//! The licence in the front matter of a model card.

use std::path::Path;

/// Returns `license:` of `README.md`, or `license_name:` if that is `other`.
pub(super) fn licence(folder: &Path) -> Option<String> {
    let text = super::read_text(&folder.join("README.md")).ok()?;
    let mut lines = text.lines();
    if lines.next()?.trim() != "---" {
        return None;
    }
    let matter: Vec<&str> = lines.take_while(|line| line.trim() != "---").collect();
    let value = |key: &str| {
        let found = matter.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        let found = found.trim().trim_matches(['"', '\'']);
        (!found.is_empty()).then(|| found.to_owned())
    };
    match value("license")?.as_str() {
        "other" => value("license_name").or_else(|| Some("other".to_owned())),
        licence => Some(licence.to_owned()),
    }
}
