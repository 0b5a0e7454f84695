//! CompCor components: which of a table's columns they are, and which mask each is from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use boldface::{Deserialize, Result, serde_json};

use super::names::number;
use super::table::ConfoundTable;

/// What fMRIPrep (1.4 and later) writes of its components beside a table.
#[derive(Clone, Debug)]
pub(super) struct Sidecar {
    components: BTreeMap<String, Component>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(crate = "boldface::serde", rename_all = "PascalCase")]
struct Component {
    /// `combined`, `CSF` or `WM`; temporal components have none.
    #[serde(default)]
    mask: Option<String>,
    /// Whether fMRIPrep counts it among those that explain half of the variance.
    #[serde(default)]
    retained: Option<bool>,
}

impl Sidecar {
    /// The `.json` beside a table, if there is one.
    ///
    /// # Errors
    /// If it is no JSON object.
    pub(super) fn beside(table: &Path) -> Result<Option<Sidecar>> {
        let path = table.with_extension("json");
        if !path.is_file() {
            return Ok(None);
        }
        let named = |error: &dyn std::fmt::Display| format!("sidecar `{}`: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| named(&error))?;
        let entries: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(&text).map_err(|error| named(&error))?;
        let known = entries.into_iter().filter(|(name, _)| name.contains("_comp_cor_"));
        let component = |(name, entry): (String, serde_json::Value)| {
            let component = serde_json::from_value(entry);
            Ok((name.clone(), component.map_err(|error| named(&format!("`{name}`: {error}")))?))
        };
        Ok(Some(Sidecar { components: known.map(component).collect::<Result<_>>()? }))
    }
}

/// Anatomical components of the combined mask of white matter and CSF, those that explain most first.
///
/// # Errors
/// If it cannot be known which columns these are.
pub(super) fn anatomical(table: &ConfoundTable) -> Result<Vec<String>> {
    let all = numbered(table, "a_comp_cor_");
    let has = |part: &str| table.names().iter().any(|name| name.contains(part));
    match table.sidecar() {
        Some(sidecar) => {
            let of = |name: &String| sidecar.components.get(name);
            let described: Vec<&String> = all.iter().filter(|name| of(name).is_some()).collect();
            if let Some(unknown) = all.iter().find(|name| of(name).is_none_or(|of| of.mask.is_none())) {
                let path = table.path().with_extension("json");
                return Err(format!("`{}` does not say the `Mask` of `{unknown}`", path.display()).into());
            }
            let is_combined = |name: &&&String| {
                of(name)
                    .is_some_and(|of| of.mask.as_deref() == Some("combined") && of.retained != Some(false))
            };
            Ok(described.iter().filter(is_combined).map(|name| (*name).clone()).collect())
        }
        // Before 1.4 there was one mask, and there were no expansions; since 20.2 the other masks' names differ.
        None if !has("_derivative1") || has("c_comp_cor_") && has("w_comp_cor_") => Ok(all),
        None if all.is_empty() => Ok(all),
        None => Err(format!(
            "confounds `{}`: which mask a component is of stands in `{}`, which is not there; \
             copy it beside the table, or list columns",
            table.path().display(),
            table.path().with_extension("json").display(),
        )
        .into()),
    }
}

/// Temporal components, those that explain most first.
pub(super) fn temporal(table: &ConfoundTable) -> Vec<String> {
    let retained = |name: &String| {
        let of = table.sidecar().and_then(|sidecar| sidecar.components.get(name));
        of.is_none_or(|of| of.retained != Some(false))
    };
    numbered(table, "t_comp_cor_").into_iter().filter(retained).collect()
}

/// The columns of a prefix in the order of their numbers: 100 comes after 99.
pub(super) fn numbered(table: &ConfoundTable, prefix: &str) -> Vec<String> {
    let names = table.names().iter();
    let mut found: Vec<(u32, &String)> =
        names.filter_map(|name| Some((number(name, prefix)?, name))).collect();
    found.sort();
    found.into_iter().map(|(_, name)| name.clone()).collect()
}
