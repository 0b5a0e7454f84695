//! Reads the label files of atlases, which map numbers to regions, in the common formats.

mod catalog;
mod confirm;
mod hemisphere;
mod network;
mod order;
mod places;
mod table;
mod text;
mod text_lines;
mod xml;

use std::collections::BTreeMap;
use std::path::Path;

use boldface::Result;

pub use catalog::{AttributeSource, Catalog, CatalogRow};
pub use confirm::{confirm, same_networks};
pub use hemisphere::{Hemisphere, hemisphere};
pub use network::network;
pub use order::{AtlasOrder, Recognized, fingerprint, networks_of_file, recognize, same_order, swap};
pub use places::{Atlas, LabelLocation, atlas, places};

/// One entry of a label file.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelEntry {
    /// Value of the region's voxels in the atlas.
    pub index: i32,
    /// Name of the region.
    pub name: String,
    /// Red, green and blue, if the file has colours.
    pub rgb: Option<[u8; 3]>,
    /// Side of the brain, if the file has a column for it; not inferred from the name.
    pub hemisphere: Option<Hemisphere>,
    /// Network, if the file has a column for it; not inferred from the name.
    pub network: Option<String>,
    /// Centroid in mm, if the file has columns for it.
    pub centroid: Option<[f64; 3]>,
    /// Whether the file has names alone, so that `index` is the place of the name in the file.
    pub is_numbered_by_line: bool,
}

impl LabelEntry {
    /// Makes an entry with only an index and a name.
    pub fn new(index: i32, name: impl Into<String>) -> LabelEntry {
        let (rgb, hemisphere, network, centroid) = (None, None, None, None);
        let (name, is_numbered_by_line) = (name.into(), false);
        LabelEntry { index, name, rgb, hemisphere, network, centroid, is_numbered_by_line }
    }
}

/// Reads a label file. Entries are sorted by index, without the background (index 0).
///
/// The extension and the content select the format:
///
/// - a table (`.tsv`, `.csv`) with a header: the number under `index`, `id`, `value` or `label`, the
///   name under `name`, `label` or `region`
/// - XML of FSL's atlases (where the value of a probabilistic label is `index + 1`) and AAL's
/// - text: pairs of lines `name` / `index r g b a` (Workbench, FSL), `index name r g b a` (FreeSurfer),
///   `index r g b a vis mesh "name"` (ITK-SNAP), `index r g b name` (FSLeyes), `index name`, `index name
///   code` and `abbreviation name index` (AAL), `name,index`, a table with a header, or one name per line
///   without any number, numbered from 1 (from 0 if the first is `Background`)
///
/// # Errors
/// If the file cannot be read, has another format, or gives an index twice. The message names the file.
pub fn read_label_file(path: &Path) -> Result<Vec<LabelEntry>> {
    let read = || -> Result<Vec<LabelEntry>> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let extension = extension.to_ascii_lowercase();
        if let Some(help) = foreign(&extension) {
            return Err(help.into());
        }
        let bytes = crate::link::read(path)?;
        let entries = match extension.as_str() {
            "tsv" => table::parse(&bytes, b'\t')?,
            "csv" => table::parse(&bytes, b',')?,
            _ => {
                let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
                let text = std::str::from_utf8(text).map_err(|error| {
                    let line = 1 + text[..error.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
                    format!("line {line} is not UTF-8 text; save the file as UTF-8")
                })?;
                if text.trim_start().starts_with('<') { xml::parse(text)? } else { text::parse(text)? }
            }
        };
        sorted(entries)
    };
    read().map_err(|error| format!("label file `{}`: {error}", path.display()).into())
}

/// Sorts entries by index and removes the background.
///
/// # Errors
/// If an index occurs twice or is negative, a name is empty, or there are no entries besides the
/// background.
pub fn sorted(entries: Vec<LabelEntry>) -> Result<Vec<LabelEntry>> {
    let mut known: BTreeMap<i32, LabelEntry> = BTreeMap::new();
    for entry in entries {
        if entry.index < 0 {
            return Err(format!("`{}` has index {}; labels count from 1", entry.name, entry.index).into());
        }
        if entry.name.is_empty() {
            return Err(format!("index {} has no name", entry.index).into());
        }
        let name = entry.name.clone();
        if let Some(other) = known.insert(entry.index, entry) {
            return Err(format!("`{}` and `{name}` both have index {}", other.name, other.index).into());
        }
    }
    known.remove(&0);
    if known.is_empty() {
        return Err("it names no region".into());
    }
    Ok(known.into_values().collect())
}

/// Returns advice for an extension of another format, or `None` if the file may be readable.
fn foreign(extension: &str) -> Option<String> {
    let help = match extension {
        "annot" => "a FreeSurfer annotation of a surface; give its colour table as text",
        "gii" => "a GIFTI file; export its label table with `wb_command -label-export-table`",
        "gz" | "nii" => "an image, not a label file; name the file with the regions' names",
        "json" => "a JSON file; write index and name into a .tsv",
        "mat" => "a MATLAB file; write index and name into a .tsv",
        "xls" | "xlsx" => "a spreadsheet; save it as .csv",
        _ => return None,
    };
    Some(help.to_owned())
}

/// Formats a colour as BIDS does, such as `#cd3e4e`.
pub fn hex(rgb: [u8; 3]) -> String {
    format!("#{:02x}{:02x}{:02x}", rgb[0], rgb[1], rgb[2])
}

#[cfg(test)]
mod catalog_tests;
#[cfg(test)]
mod tests;
