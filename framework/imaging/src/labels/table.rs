//! Reads label files that are tables, by the column names in use among atlases.

use boldface::Result;

use super::{Hemisphere, LabelEntry, hemisphere};
use crate::table::{TableRow, TextTable, quoted};

/// Columns with the value in the volume, the likeliest first. If `label` holds numbers, `index` may only
/// count regions, as in the tables of [`regions`](crate::regions).
pub(super) const INDEX: [&str; 10] =
    ["label", "index", "id", "value", "label_id", "roi", "roi_id", "region_id", "parcel_id", "intensity"];

/// Columns with the region's name, the likeliest first.
pub(super) const NAME: [&str; 9] =
    ["name", "label_name", "region_name", "roi_name", "label", "region", "roi", "structure", "abbreviation"];

const HEMISPHERE: [&str; 4] = ["hemisphere", "hemi", "side", "lateralization"];
const NETWORK: [&str; 6] = ["network", "networks", "community", "network_label", "system", "yeo7"];
const COLOUR: [&str; 4] = ["color", "colour", "rgb", "hex"];

/// Columns of a centroid in mm, one spelling per row.
const CENTROID: [[&str; 3]; 4] = [
    ["x", "y", "z"],
    ["mni_x", "mni_y", "mni_z"],
    ["x_mni", "y_mni", "z_mni"],
    ["centroid_x", "centroid_y", "centroid_z"],
];

/// Columns of a colour as three numbers.
const CHANNELS: [[&str; 3]; 2] = [["r", "g", "b"], ["red", "green", "blue"]];

/// Parses a table into entries, in the order of its rows.
///
/// # Errors
/// If no column holds the numbers or the names, or a required cell is empty or not a number.
pub fn parse(text: &[u8], delimiter: u8) -> Result<Vec<LabelEntry>> {
    let table = TextTable::parse(text, delimiter)?;
    let index = column(&table, &INDEX, |cell| cell.parse::<i32>().is_ok()).ok_or_else(|| {
        format!(
            "no column holds the regions' numbers: looked for {} with whole numbers; the columns are {}",
            listed(&INDEX),
            quoted(table.columns())
        )
    })?;
    let name = column(&table, &NAME, |cell| cell.parse::<f64>().is_err())
        .or_else(|| starting(&table, "name"))
        .ok_or_else(|| {
            format!(
                "no column holds the regions' names: looked for {}; the columns are {}",
                listed(&NAME),
                quoted(table.columns())
            )
        })?;
    let side = column(&table, &HEMISPHERE, |_| true);
    let network = column(&table, &NETWORK, |_| true).or_else(|| starting(&table, "network"));
    let colour = column(&table, &COLOUR, |cell| cell.starts_with('#'));
    let channels = CHANNELS.iter().find_map(|names| all(&table, names));
    let centroid = CENTROID.iter().find_map(|names| all(&table, names));
    let entry = |row: TableRow<'_>| -> Result<LabelEntry> {
        let cell =
            |column: &str| row.get(column).ok_or_else(|| format!("line {} has no `{column}`", row.line));
        let number = cell(&index)?;
        let number = number
            .parse()
            .map_err(|_| format!("`{index}` is `{number}` on line {}, not a whole number", row.line))?;
        let numbers = |columns: &[String; 3]| {
            let [a, b, c] = columns.each_ref().map(|column| row.get(column)?.parse::<f64>().ok());
            Some([a?, b?, c?]).filter(|found| found.iter().all(|x| x.is_finite()))
        };
        let byte = |x: f64| (0.0..=255.0).contains(&x).then_some(x as u8);
        let spelled = colour.as_ref().and_then(|colour| from_hex(row.get(colour)?));
        let three = || {
            let [r, g, b] = channels.as_ref().and_then(numbers)?;
            Some([byte(r)?, byte(g)?, byte(b)?])
        };
        Ok(LabelEntry {
            index: number,
            name: cell(&name)?.to_owned(),
            rgb: spelled.or_else(three),
            hemisphere: side.as_ref().and_then(|side| said(row.get(side)?)),
            network: network.as_ref().and_then(|network| row.get(network).map(str::to_owned)),
            centroid: centroid.as_ref().and_then(numbers),
            is_numbered_by_line: false,
        })
    };
    table.rows().map(entry).collect()
}

/// Finds the first of `names` that is a column whose cells all fit, ignoring case.
fn column(table: &TextTable, names: &[&str], fits: impl Fn(&str) -> bool) -> Option<String> {
    let found = names.iter().filter_map(|name| {
        table.columns().iter().find(|column| column.trim_start_matches('#').eq_ignore_ascii_case(name))
    });
    let mut found = found.filter(|column| table.rows().all(|row| row.get(column).is_none_or(&fits)));
    found.next().cloned()
}

/// Finds the first column whose name starts with `start`: tables of two orders have `name_7net` and
/// `network17`.
fn starting(table: &TextTable, start: &str) -> Option<String> {
    table.columns().iter().find(|column| column.to_ascii_lowercase().starts_with(start)).cloned()
}

fn all(table: &TextTable, names: &[&str; 3]) -> Option<[String; 3]> {
    let [a, b, c] = names.map(|name| column(table, &[name], |cell| cell.parse::<f64>().is_ok()));
    Some([a?, b?, c?])
}

/// Parses a side as written in tables.
fn said(cell: &str) -> Option<Hemisphere> {
    match cell.to_ascii_lowercase().as_str() {
        "l" | "lh" | "left" => Some(Hemisphere::Left),
        "r" | "rh" | "right" => Some(Hemisphere::Right),
        "b" | "both" | "bilateral" | "m" | "midline" => Some(Hemisphere::Both),
        _ => hemisphere(cell),
    }
}

fn from_hex(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() >= 6 && digits.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?])
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
