//! Finds scans and their related files by BIDS names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use boldface::{Result, ScanId};
use boldface_imaging::beside::{is_brain_mask_of, is_confounds_of, nearest};
use boldface_imaging::folder::{FileSelection, NamedFile, ScanFolder};
use boldface_imaging::names::Name;
use boldface_imaging::present::{SUFFIX, labels_present};
use boldface_imaging::recipe::ScanFiles;

use super::Bids;
use super::events::EventFile;
use super::patterned::SearchedScan;
use super::scan::{FoundScan, labels};

/// Extensions of images.
const IMAGES: [&str; 4] = ["nii.gz", "nii", "dtseries.nii", "ptseries.nii"];

/// Suffixes of files beside images. The last of each kind are from old versions of fMRIPrep.
const BESIDE: [&str; 6] = ["mask", "brainmask", "timeseries", "regressors", "confounds", "events"];

impl Bids {
    /// Finds every scan below `root`; with `subject`, those of one subject only.
    pub fn by_name(&self, root: &Path, dataset: &str, subject: Option<&str>) -> Result<Vec<FoundScan>> {
        let wanted = FileSelection {
            suffix: &self.suffix,
            extensions: &IMAGES,
            only: &self.only,
            others: &BESIDE,
            subject,
        };
        let folder = ScanFolder::find(root, &wanted)?;
        let raw = self.raw.as_ref().map(|raw| root.join(raw));
        // Raw images have other labels than those in `only`. Only the files beside them are needed.
        let beside = FileSelection { only: &BTreeMap::new(), ..wanted };
        let raw = raw.map(|raw| ScanFolder::find(&raw, &beside).map(|folder| (raw, folder))).transpose()?;
        let images: Vec<&NamedFile> = folder.scans.iter().filter(|scan| self.is_wanted(scan)).collect();
        if images.is_empty() && subject.is_none() {
            return Err(self.nothing(root, &folder).into());
        }
        let mut by_id: BTreeMap<ScanId, Vec<&NamedFile>> = BTreeMap::new();
        for image in images {
            let mut id = scan_id(image, dataset);
            // Run labels are numbers: `run-01` is `run-1`.
            id.run = id.run.map(|run| run.parse::<u64>().map_or(run, |number| number.to_string()));
            by_id.entry(id).or_default().push(image);
        }
        self.check_distinct(&by_id)?;
        let images = by_id.into_values().flatten();
        images.map(|image| self.found(root, image, dataset, &folder, raw.as_ref())).collect()
    }

    fn is_wanted(&self, image: &NamedFile) -> bool {
        let desc = image.name.get("desc");
        desc.unwrap_or_default() == self.desc || (desc.is_none() && is_cifti(&image.name))
    }

    /// Collects the files of a scan.
    fn found(
        &self,
        root: &Path,
        image: &NamedFile,
        dataset: &str,
        folder: &ScanFolder,
        raw: Option<&(PathBuf, ScanFolder)>,
    ) -> Result<FoundScan> {
        let id = scan_id(image, dataset);
        let place = SearchedScan { root, id: &id, labels: &labels(&id) };
        let beside = folder.beside(image);
        let mask = match self.mask.as_str() {
            "auto" => {
                let masks = beside.iter().filter(|file| is_brain_mask_of(&file.name, &image.name));
                one(&nearest(masks), &id, "mask")?
            }
            _ => self.mask_at(&place)?,
        };
        let confounds = match &self.confounds_file {
            Some(_) => self.confounds_at(&place)?,
            None => {
                let tables = beside.iter().filter(|file| is_confounds_of(&file.name, &image.name));
                one(&nearest(tables), &id, "table of confounds")?
            }
        };
        // The place of the raw image, even if it does not exist.
        let raw = raw.map(|(root, folder)| {
            (NamedFile { path: raw_path(root, &id), name: image.name.clone() }, folder)
        });
        let mut sidecars: Vec<PathBuf> = folder.sidecars(image).map(|file| file.path.clone()).collect();
        let raw_name = Name { suffix: "bold".to_owned(), ..image.name.clone() };
        if let Some((image, folder)) = &raw {
            sidecars.extend(folder.inherited(image, &raw_name, "json").map(|file| file.path.clone()));
        }
        let events = match &self.events {
            Some(_) => self.events_at(&place)?,
            None => {
                let name = Name { suffix: "events".to_owned(), ..image.name.clone() };
                let mut tables: Vec<PathBuf> =
                    folder.inherited(image, &name, "tsv").map(|file| file.path.clone()).collect();
                if let Some((image, folder)) = &raw {
                    tables.extend(folder.inherited(image, &name, "tsv").map(|file| file.path.clone()));
                }
                tables.into_iter().take(1).map(EventFile::Table).collect()
            }
        };
        let files = ScanFiles { bold: image.path.clone(), mask, confounds, sidecar_tr: None };
        Ok(FoundScan { id, files, sidecars, events })
    }

    /// Fails if two files belong to the same scan, and suggests how to choose.
    fn check_distinct(&self, by_id: &BTreeMap<ScanId, Vec<&NamedFile>>) -> Result<()> {
        let twice: Vec<(&ScanId, &Vec<&NamedFile>)> =
            by_id.iter().filter(|(_, images)| images.len() > 1).collect();
        let Some((id, images)) = twice.first() else { return Ok(()) };
        let named: Vec<String> = images.iter().map(|image| format!("`{}`", image.path.display())).collect();
        let entities: BTreeSet<&String> =
            images.iter().flat_map(|image| image.name.entities.keys()).collect();
        let mut choices = Vec::new();
        for entity in entities
            .into_iter()
            .filter(|entity| !["sub", "ses", "task", "run", "desc"].contains(&entity.as_str()))
        {
            let labels: BTreeSet<Option<&str>> = images.iter().map(|image| image.name.get(entity)).collect();
            if labels.len() > 1 {
                let each = labels
                    .into_iter()
                    .flatten()
                    .map(|label| format!("`only = {{ {entity} = \"{label}\" }}`"));
                choices.extend(each);
            }
        }
        let help = match choices.is_empty() {
            true => "keep one of them".to_owned(),
            false => format!("choose one form, such as {}", choices.join(" or ")),
        };
        let more = match twice.len() - 1 {
            0 => String::new(),
            n => format!(" (and {n} more with the same problem)"),
        };
        let all = if images.len() == 2 { "both" } else { "all" };
        Err(format!("{} are {all} scan `{id}`{more}; {help}", named.join(" and ")).into())
    }

    /// Explains why no image was found.
    fn nothing(&self, root: &Path, folder: &ScanFolder) -> String {
        let only: String =
            self.only.iter().map(|(entity, label)| format!(" with `{entity}-{label}`")).collect();
        let desc = if self.desc.is_empty() { String::new() } else { format!("_desc-{}", self.desc) };
        let looked = format!(
            "no image in `{}`: looked for `sub-..{desc}_{}.nii.gz` (or `.nii`, `.dtseries.nii`, `.ptseries.nii`){only} \
             there and below `sub-..`",
            root.display(),
            self.suffix
        );
        // Raw images have no `desc-` at all.
        let are_raw =
            !folder.scans.is_empty() && folder.scans.iter().all(|scan| scan.name.get("desc").is_none());
        if are_raw {
            return format!(
                "{looked}; {} have no `desc-`: if these are raw images, name the folder of their derivatives, and if \
                 they are preprocessed, set `desc = \"\"`",
                folder.scans.len()
            );
        }
        let mut wanted = vec![(SUFFIX, self.suffix.as_str()), ("desc", self.desc.as_str())];
        wanted.extend(self.only.iter().map(|(entity, label)| (entity.as_str(), label.as_str())));
        looked + &labels_present(root, &IMAGES, &wanted)
    }
}

fn scan_id(image: &NamedFile, dataset: &str) -> ScanId {
    image.name.scan(dataset).expect("an image's file name starts with `sub-`")
}

fn is_cifti(name: &Name) -> bool {
    name.extension.ends_with("series.nii")
}

/// Returns the path of the only file, if any.
fn one(files: &[&NamedFile], id: &ScanId, what: &str) -> Result<Option<PathBuf>> {
    match files[..] {
        [] => Ok(None),
        [file] => Ok(Some(file.path.clone())),
        [a, b, ..] => Err(format!(
            "`{}` and `{}` may both be the {what} of scan `{id}`; keep one of them",
            a.path.display(),
            b.path.display()
        )
        .into()),
    }
}

/// Returns a path in the folder of a scan's raw images.
fn raw_path(root: &Path, id: &ScanId) -> PathBuf {
    let subject = root.join(format!("sub-{}", id.subject));
    let session = id.session.as_ref().map(|session| subject.join(format!("ses-{session}")));
    session.unwrap_or(subject).join("func").join("bold")
}
