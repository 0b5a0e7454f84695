//! Reads XML label files: FSL's atlases and AAL's.

use boldface::Result;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::LabelEntry;

/// Parses an XML file into entries, in the order of the file.
///
/// FSL numbers the labels of a probabilistic atlas from 0, by volume, and its thresholded volume holds
/// the index plus 1. The voxels of an atlas of type `Label`, and AAL's, hold the index itself.
///
/// # Errors
/// If the file is damaged, has no labels, or its type of atlas does not define their values.
pub fn parse(text: &str) -> Result<Vec<LabelEntry>> {
    let mut reader = Reader::from_str(text);
    let (mut path, mut kind, mut found) = (Vec::<String>::new(), None::<String>, Vec::new());
    let (mut label, mut written) = (Written::default(), String::new());
    loop {
        let damaged = |error: &dyn std::fmt::Display| format!("damaged XML: {error}");
        match reader.read_event().map_err(|error| damaged(&error))? {
            Event::Start(tag) => {
                let name = String::from_utf8_lossy(tag.local_name().as_ref()).to_ascii_lowercase();
                if name == "label" {
                    label = Written::default();
                    for attribute in tag.attributes() {
                        let attribute = attribute.map_err(|error| damaged(&error))?;
                        if attribute.key.as_ref() == b"index" {
                            let value = attribute.unescape_value().map_err(|error| damaged(&error))?;
                            label.attribute = Some(whole(&value)?);
                        }
                    }
                }
                path.push(name);
                written.clear();
            }
            Event::Text(text) => written += &text.decode().map_err(|error| damaged(&error))?,
            Event::CData(text) => written += &text.decode().map_err(|error| damaged(&error))?,
            Event::GeneralRef(reference) => written += &resolved(&reference)?,
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                let parent = path.last().map(String::as_str);
                let text = written.trim().to_owned();
                match (name.as_str(), parent) {
                    ("type", Some("header")) => kind = Some(text.to_ascii_lowercase()),
                    ("index", Some("label")) => label.index = Some(whole(&text)?),
                    ("name", Some("label")) => label.name = Some(text),
                    ("label", _) => {
                        label.name = label.name.or(Some(text).filter(|text| !text.is_empty()));
                        found.push(std::mem::take(&mut label));
                    }
                    _ => {}
                }
                written.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if found.is_empty() {
        return Err("XML without `<label>`; only FSL's and AAL's atlases can be read".into());
    }
    found.into_iter().map(|label| label.entry(kind.as_deref())).collect()
}

/// A `<label>` as written in the file.
#[derive(Default)]
struct Written {
    attribute: Option<i32>,
    index: Option<i32>,
    name: Option<String>,
}

impl Written {
    fn entry(self, kind: Option<&str>) -> Result<LabelEntry> {
        let name = self.name.ok_or("a `<label>` has no name")?;
        let index = match (self.index, self.attribute, kind) {
            (Some(index), _, _) | (None, Some(index), Some("label")) => index,
            (None, Some(index), Some("probabilistic" | "statistic")) => {
                index.checked_add(1).ok_or_else(|| format!("label `{name}` has index {index}"))?
            }
            (None, Some(_), kind) => {
                return Err(format!(
                    "its `<type>` is {}, not `Probabilistic` (voxels hold index + 1) or `Label` (voxels hold \
                     the index); correct the header, or write index and name into a .tsv",
                    kind.map_or("missing".to_owned(), |kind| format!("`{kind}`"))
                )
                .into());
            }
            (None, None, _) => return Err(format!("label `{name}` has no index").into()),
        };
        Ok(LabelEntry::new(index, name))
    }
}

fn whole(text: &str) -> Result<i32> {
    Ok(text.trim().parse().map_err(|_| format!("the index `{text}` is not a whole number"))?)
}

/// Resolves a reference such as `&amp;`.
fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> Result<String> {
    let name = reference.decode().map_err(|error| format!("damaged XML: {error}"))?;
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Ok(character.to_string());
    }
    match quick_xml::escape::resolve_predefined_entity(&name) {
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("damaged XML: `&{name};` is unknown").into()),
    }
}
