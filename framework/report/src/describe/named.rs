//! Names of scans from their files: BIDS names if possible, otherwise the file name without its
//! extension.

use std::path::Path;

use boldface::ScanId;
use boldface_imaging::names::Name;

/// A scan named by its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedScan {
    /// Its id.
    pub id: ScanId,
    /// Its name in tables: `sub-01_task-rest_run-1`, or `mine` for `mine.npy`.
    pub name: String,
}

/// Names the scan in the file `path`, as part of `dataset`.
pub fn named(path: &Path, dataset: &str) -> NamedScan {
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // A name of labels alone, as in `sub-01.csv`, has no suffix.
    let with_suffix = file.replacen('.', "_timeseries.", 1);
    let bids = [&with_suffix, file].into_iter().find_map(|file| Name::parse(file).ok()?.scan(dataset));
    if let Some(id) = bids {
        let name = id.without_dataset();
        return NamedScan { id, name };
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let id = ScanId::new(dataset, stem.clone());
    NamedScan { id, name: stem }
}

/// Returns a message if two files are the same scan.
pub fn shared<'a>(files: impl IntoIterator<Item = (&'a Path, &'a NamedScan)>) -> Option<String> {
    let mut seen: std::collections::BTreeMap<&ScanId, &Path> = std::collections::BTreeMap::new();
    for (path, scan) in files {
        if let Some(other) = seen.insert(&scan.id, path) {
            let (other, path, name) = (other.display(), path.display(), &scan.name);
            return Some(format!("`{other}` and `{path}` are both scan `{name}`; give one of them"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_scans() {
        let shown = |file: &str| {
            let scan = named(Path::new(file), "new");
            (scan.name, scan.id.to_string())
        };
        let bids = shown("a/sub-01_ses-2_task-rest_run-1_seg-A_timeseries.npy");
        let expected = "sub-01_ses-2_task-rest_run-1";
        assert_eq!(bids, (expected.to_owned(), format!("new/{expected}")));
        assert_eq!(shown("x/mine.tsv"), ("mine".to_owned(), "new/sub-mine".to_owned()));
        assert_eq!(shown("sub-01_ses-2.csv"), ("sub-01_ses-2".to_owned(), "new/sub-01_ses-2".to_owned()));
        assert_eq!(shown("sub-01_rest.npy"), ("sub-01".to_owned(), "new/sub-01".to_owned()));
    }

    #[test]
    fn two_files_of_one_scan_are_found() {
        let files = ["sub-1_seg-A_timeseries.npy", "x.npy", "b/sub-1_seg-B_timeseries.npy"].map(Path::new);
        let scans = files.map(|file| named(file, "new"));
        let message = shared(files.into_iter().zip(&scans)).unwrap();
        let expected = "`sub-1_seg-A_timeseries.npy` and `b/sub-1_seg-B_timeseries.npy` are both scan `sub-1`; give one of them";
        assert_eq!(message, expected);
        assert_eq!(shared(files.into_iter().zip(&scans).skip(1)), None);
    }
}
