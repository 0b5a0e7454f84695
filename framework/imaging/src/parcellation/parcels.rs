//! Regions of a scan that is parcellated already (CIFTI ptseries).

use std::collections::BTreeMap;

use boldface::Result;

use super::volume::blocks;
use super::weights::{ParcellationWeights, Rows};
use super::{Parcellation, told};
use crate::bold::Space;

/// Finds the parcel of each region by its name.
pub(super) fn by_name(atlas: &Parcellation, parcels: &[String]) -> Result<ParcellationWeights> {
    let mut places: BTreeMap<&str, u32> = BTreeMap::new();
    for (place, name) in parcels.iter().enumerate() {
        let place = u32::try_from(place).map_err(|_| "the scan has more than 2^32 parcels")?;
        if places.insert(name, place).is_some() {
            return Err(format!(
                "two parcels of the scan are named `{name}`, so regions cannot be told apart"
            )
            .into());
        }
    }
    let names = atlas.regions().names.clone();
    let mut seen: Vec<&str> = names.iter().map(String::as_str).collect();
    seen.sort_unstable();
    if let Some(pair) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two regions are named `{}`, so parcels cannot be told apart", pair[0]).into());
    }
    let members: Vec<Vec<u32>> =
        names.iter().map(|name| places.remove(name.as_str()).into_iter().collect()).collect();
    let (voxels, starts) = blocks(&members);
    if voxels.is_empty() {
        return Err(format!(
            "no region has the name of a parcel of the scan; its parcels are {}",
            told::names(parcels.iter().map(String::as_str))
        )
        .into());
    }
    let mut warnings = Vec::new();
    if !places.is_empty() {
        let count = told::counted(places.len(), "parcel of the scan matches", "parcels of the scan match");
        warnings.push(format!("{count} no region, left out: {}", told::names(places.keys().copied())));
    }
    let whole = vec![1.0; names.len()];
    Ok(ParcellationWeights {
        warnings,
        space: Space::Parcels(parcels.to_vec()),
        names,
        voxels,
        rows: Rows::Blocks(starts),
        whole,
    })
}
