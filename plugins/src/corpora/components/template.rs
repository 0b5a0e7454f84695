//! The table of a template's maps: one row per region, one column per component.

use std::collections::BTreeMap;

use boldface::Result;
use boldface_features::components::ComponentTemplate;

/// Reads a table, separated by tabs (or by commas if its header has no tab), into maps in the order of
/// `regions`.
///
/// # Errors
/// If the text is not such a table (the message names the line), or if table and parcellation have
/// different regions (the message names the first).
pub(super) fn parse(text: &str, regions: &[String]) -> Result<ComponentTemplate> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, header) = lines.next().ok_or("the template is empty")?;
    let separator = if header.contains('\t') { '\t' } else { ',' };
    let cells = |line: &str| -> Vec<String> { line.split(separator).map(cell).collect() };
    let names = cells(header).split_off(1);
    if names.is_empty() {
        return Err(format!("`{}` is not a header with names of components", shown(header)).into());
    }
    if let Some(name) = twice(&names) {
        return Err(format!("two components are called `{name}`").into());
    }
    if names.iter().any(String::is_empty) {
        return Err("a component has no name".into());
    }
    let (mut rows, mut order) = (Vec::new(), Vec::new());
    for (place, line) in lines {
        let at = |what: String| format!("line {}: {what}", place + 1);
        let cells = cells(line);
        if cells.len() != names.len() + 1 {
            return Err(at(format!("{} columns, and the header has {}", cells.len(), names.len() + 1)).into());
        }
        let number = |cell: &String| {
            let number = cell.parse().ok().filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| at(format!("`{cell}` is not a number")))
        };
        rows.push(cells[1..].iter().map(number).collect::<Result<Vec<f64>, String>>()?);
        order.push(cells[0].clone());
    }
    let places = places(&order, regions)?;
    let maps = (0..names.len()).map(|k| places.iter().map(|&place| rows[place][k]).collect()).collect();
    Ok(ComponentTemplate { names, maps })
}

/// Returns the row of each region. Names may repeat if the order is the same.
fn places(table: &[String], regions: &[String]) -> Result<Vec<usize>> {
    if table == regions {
        return Ok((0..regions.len()).collect());
    }
    for (names, what) in [(regions, "parcellation"), (table, "template")] {
        if let Some(name) = twice(names) {
            let why = "its rows must be in the order of the parcellation, and are not";
            return Err(format!("two regions of the {what} are called `{name}`: {why}").into());
        }
    }
    for (these, those, what) in [
        (regions, table, "in the parcellation, but not in the template"),
        (table, regions, "in the template, but not in the parcellation"),
    ] {
        let lacking: Vec<&str> =
            these.iter().filter(|name| !those.contains(name)).map(String::as_str).collect();
        if let Some(first) = lacking.first() {
            let are = if lacking.len() == 1 { "is" } else { "and others are" };
            return Err(format!("`{first}` {are} {what} ({} of {})", lacking.len(), these.len()).into());
        }
    }
    let place_of: BTreeMap<&String, usize> =
        table.iter().enumerate().map(|(place, name)| (name, place)).collect();
    Ok(regions.iter().map(|region| place_of[region]).collect())
}

fn twice(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find_map(|(place, name)| names[..place].contains(name).then_some(name))
}

fn cell(text: &str) -> String {
    let text = text.trim();
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    quoted.unwrap_or(text).to_owned()
}

/// Returns the first 60 characters of a line.
fn shown(line: &str) -> String {
    line.chars().take(60).collect()
}
