//! Finds the CompCor components of a table and the masks they are from.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Deserialize, Result, serde_json};

use super::names::number;
use super::table::ConfoundTable;
use crate::json;
use crate::link;

/// Description of the components in the sidecar of a table, as fMRIPrep writes it since 1.4.
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
    /// Whether fMRIPrep counts it among the components that together explain half of the variance.
    #[serde(default)]
    retained: Option<bool>,
}

impl Sidecar {
    /// Reads the `.json` beside a table, if there is one.
    ///
    /// # Errors
    /// If it is not a JSON object.
    pub(super) fn beside(table: &Path) -> Result<Option<Sidecar>> {
        let path = table.with_extension("json");
        if !link::is_listed(&path) {
            return Ok(None);
        }
        let named = |error: &dyn std::fmt::Display| format!("sidecar `{}`: {error}", path.display());
        let text = link::read(&path).map_err(|error| named(&error))?;
        let entries: BTreeMap<String, serde_json::Value> =
            json::parse(&text).map_err(|error| named(&error))?;
        let known = entries.into_iter().filter(|(name, _)| name.contains("_comp_cor_"));
        let component = |(name, entry): (String, serde_json::Value)| {
            let component = serde_json::from_value(entry);
            Ok((name.clone(), component.map_err(|error| named(&format!("`{name}`: {error}")))?))
        };
        Ok(Some(Sidecar { components: known.map(component).collect::<Result<_>>()? }))
    }
}

/// Returns the anatomical components of the combined mask of white matter and CSF, by explained
/// variance.
///
/// # Errors
/// If the table and its sidecar do not determine which columns these are.
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
        // Before 1.4 there was one mask and no expansions. Since 20.2 the other masks have prefixes of
        // their own.
        None if !has("_derivative1") || has("c_comp_cor_") && has("w_comp_cor_") => Ok(all),
        None if all.is_empty() => Ok(all),
        None => Err(format!(
            "confounds `{}`: the masks of its components are described in `{}`, which is missing; \
             copy it beside the table, or list columns",
            table.path().display(),
            table.path().with_extension("json").display(),
        )
        .into()),
    }
}

/// Returns the temporal components, by explained variance.
pub(super) fn temporal(table: &ConfoundTable) -> Vec<String> {
    let retained = |name: &String| {
        let of = table.sidecar().and_then(|sidecar| sidecar.components.get(name));
        of.is_none_or(|of| of.retained != Some(false))
    };
    numbered(table, "t_comp_cor_").into_iter().filter(retained).collect()
}

/// Returns the columns with a prefix, in the order of their numbers, so that 100 follows 99.
pub(super) fn numbered(table: &ConfoundTable, prefix: &str) -> Vec<String> {
    let names = table.names().iter();
    let mut found: Vec<(u32, &String)> =
        names.filter_map(|name| Some((number(name, prefix)?, name))).collect();
    found.sort();
    found.into_iter().map(|(_, name)| name.clone()).collect()
}
