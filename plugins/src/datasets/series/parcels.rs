//! The regions of a folder of series: from a region table, or else from the files themselves.

use std::path::{Path, PathBuf};

use boldface::{Regions, Result};
use boldface_imaging::folder::{NamedFile, ScanFolder, files_in};
use boldface_imaging::names::Name;
use boldface_imaging::recording;
use boldface_imaging::regions::{self, NO_NETWORK};

use super::Series;

impl Series {
    /// Returns the regions of the folder's scans, in the order of their columns.
    ///
    /// Without a region table, they have the names in the header of `scan` or in its sidecar, or else
    /// numbers, and no networks.
    pub(super) fn regions_of(&self, root: &Path, folder: &ScanFolder, scan: &NamedFile) -> Result<Regions> {
        if let Some(table) = self.region_table(root, folder)? {
            return regions::read(&table, &self.networks);
        }
        // Arrays have no names, but tables of the same study may have them.
        let mut count = 0;
        let mut names = None;
        let mut seen: Vec<&str> = Vec::new();
        for other in std::iter::once(scan).chain(&folder.scans) {
            if names.is_some() || seen.contains(&other.name.extension.as_str()) {
                continue;
            }
            seen.push(&other.name.extension);
            let (own, columns) = recording::columns(&other.path, self.form())?;
            count = if count == 0 { columns } else { count };
            names = own;
            for sidecar in folder.sidecars(other) {
                if names.is_none() {
                    names = regions::declared(&sidecar.path)?;
                }
            }
        }
        let names = names.unwrap_or_else(|| (1..=count).map(|region| format!("region-{region}")).collect());
        let networks = vec![NO_NETWORK.to_owned(); names.len()];
        Ok(Regions { names, networks })
    }

    /// Returns the file of the region table; `None` if there is none and `regions` is not set.
    pub(super) fn region_table(&self, root: &Path, folder: &ScanFolder) -> Result<Option<PathBuf>> {
        if let Some(table) = &self.regions {
            return Ok(Some(root.join(table)));
        }
        let mut tables = files_in(root)?;
        tables.retain(|path| {
            let name = path.file_name().and_then(|name| Name::parse(name.to_str()?).ok());
            name.is_some_and(|name| {
                let scan = folder.scans.first();
                let differs = |(entity, label): (&String, &String)| {
                    scan.and_then(|scan| scan.name.get(entity)).is_some_and(|other| other != label)
                };
                name.suffix == "dseg" && name.extension == "tsv" && !name.entities.iter().any(differs)
            })
        });
        match &tables[..] {
            [table] => Ok(Some(table.clone())),
            [] => Ok(None),
            [a, b, ..] => Err(format!(
                "`{}` and `{}` may both be the region table; choose with `regions`",
                a.display(),
                b.display()
            )
            .into()),
        }
    }
}
