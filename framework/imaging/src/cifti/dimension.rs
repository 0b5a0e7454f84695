//! Describes the places along one dimension of a CIFTI matrix.

use super::model::{self, BrainModel};
use crate::xml::Element;

/// Description of one dimension.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Dimension {
    /// Grayordinates.
    BrainModels(Vec<BrainModel>),
    /// Volumes in time, with the seconds between them if the file gives them.
    Series { points: usize, tr: Option<f64> },
    /// Maps of numbers, by name.
    Scalars(Vec<String>),
    /// Maps of labels, by name, each with its table.
    Labels(Vec<(String, Vec<Label>)>),
    /// Parcels, by name.
    Parcels(Vec<String>),
}

/// A row of a label table.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The label's value in the data.
    pub key: i32,
    /// The label's name.
    pub name: String,
    /// Red, green, blue and opacity, 0 to 1.
    pub rgba: [f32; 4],
}

impl Dimension {
    /// Parses the description of dimension `number` from the element `Matrix`.
    pub fn parse(matrix: &Element, number: usize) -> Result<Dimension, String> {
        let number = number.to_string();
        let applies = |map: &&Element| {
            map.attribute("AppliesToMatrixDimension")
                .is_some_and(|dims| dims.split(',').any(|dim| dim.trim() == number))
        };
        let map = matrix.all("MatrixIndicesMap").find(applies);
        let map = map.ok_or_else(|| format!("its CIFTI XML does not describe dimension {number}"))?;
        match attribute(map, "IndicesMapToDataType")? {
            "CIFTI_INDEX_TYPE_BRAIN_MODELS" => Ok(Dimension::BrainModels(model::parse(map)?)),
            "CIFTI_INDEX_TYPE_SERIES" => {
                Ok(Dimension::Series { points: self::number(map, "NumberOfSeriesPoints")?, tr: tr(map)? })
            }
            "CIFTI_INDEX_TYPE_SCALARS" => Ok(Dimension::Scalars(map.all("NamedMap").map(map_name).collect())),
            "CIFTI_INDEX_TYPE_LABELS" => {
                let maps = map.all("NamedMap").map(|named| Ok((map_name(named), table(named)?)));
                Ok(Dimension::Labels(maps.collect::<Result<_, String>>()?))
            }
            "CIFTI_INDEX_TYPE_PARCELS" => {
                let names = map.all("Parcel").map(|parcel| attribute(parcel, "Name").map(str::to_owned));
                Ok(Dimension::Parcels(names.collect::<Result<_, _>>()?))
            }
            other => Err(format!("its CIFTI XML has an unknown kind of dimension `{other}`")),
        }
    }

    /// Number of places along the dimension.
    pub fn len(&self) -> usize {
        match self {
            Dimension::BrainModels(models) => models.iter().map(BrainModel::len).sum(),
            Dimension::Series { points, .. } => *points,
            Dimension::Scalars(names) | Dimension::Parcels(names) => names.len(),
            Dimension::Labels(maps) => maps.len(),
        }
    }

    /// Name of its kind, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Dimension::BrainModels(_) => "grayordinates",
            Dimension::Series { .. } => "a series",
            Dimension::Scalars(_) => "scalars",
            Dimension::Labels(_) => "labels",
            Dimension::Parcels(_) => "parcels",
        }
    }
}

/// Returns the value of a required attribute.
pub(super) fn attribute<'a>(element: &'a Element, name: &str) -> Result<&'a str, String> {
    element.attribute(name).ok_or_else(|| format!("`{}` of its CIFTI XML has no `{name}`", element.name))
}

/// Parses the number in a required attribute.
pub(super) fn number<T: std::str::FromStr>(element: &Element, name: &str) -> Result<T, String> {
    let text = attribute(element, name)?.trim();
    text.parse().map_err(|_| format!("`{name}` of its CIFTI XML is `{text}`, which is not a valid number"))
}

/// Returns the seconds between two points, or `None` if the unit is not seconds or the step is not
/// positive.
fn tr(map: &Element) -> Result<Option<f64>, String> {
    let step: f64 = number(map, "SeriesStep")?;
    let exponent: i32 = number(map, "SeriesExponent")?;
    if attribute(map, "SeriesUnit")? != "SECOND" {
        return Ok(None);
    }
    // Parse the decimal notation: `720` with exponent -3 is 0.72, but `720 * 10^-3` is not 0.72 in
    // binary.
    let tr: f64 = format!("{step}e{exponent}").parse().unwrap_or(f64::NAN);
    Ok(Some(tr).filter(|tr| tr.is_finite() && *tr > 0.0))
}

fn map_name(named: &Element) -> String {
    named.first("MapName").map_or_else(String::new, |name| name.text.trim().to_owned())
}

fn table(named: &Element) -> Result<Vec<Label>, String> {
    let table = named.first("LabelTable").ok_or("a label map of its CIFTI XML has no `LabelTable`")?;
    let mut labels: Vec<Label> = Vec::new();
    for label in table.all("Label") {
        let colour = |name| label.attribute(name).map_or(Ok(0.0), |_| number(label, name));
        labels.push(Label {
            key: number(label, "Key")?,
            name: label.text.trim().to_owned(),
            rgba: [colour("Red")?, colour("Green")?, colour("Blue")?, colour("Alpha")?],
        });
    }
    labels.sort_by_key(|label| label.key);
    match labels.windows(2).find(|two| two[0].key == two[1].key) {
        Some(two) => Err(format!("key {} occurs twice in its label table", two[0].key)),
        None => Ok(labels),
    }
}
