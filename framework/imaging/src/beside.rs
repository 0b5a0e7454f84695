//! Finds the mask and the confounds beside a recording by their names: one rule for datasets and commands.

use crate::folder::NamedFile;
use crate::names::Name;

/// Entities that tell whose recording it is. A file of another session, task or run never belongs to it,
/// however few labels the file has.
const IDENTITY: [&str; 4] = ["sub", "ses", "task", "run"];

/// Entities that describe the form of a recording, not its content. Confounds are the same in all forms.
const FORMS: [&str; 5] = ["space", "res", "den", "desc", "cohort"];

/// Whether `mask` is the name of a brain mask of the recording `bold`.
///
/// It has no label that the recording lacks. It may lack some, because fMRIPrep writes one mask for all
/// echoes of a run, but not the space: without one it is a mask of the recording before warping.
pub fn is_brain_mask_of(mask: &Name, bold: &Name) -> bool {
    let is_brain = match mask.suffix.as_str() {
        "mask" => mask.get("desc") == Some("brain"),
        suffix => suffix == "brainmask",
    };
    is_brain
        && ["nii.gz", "nii"].contains(&mask.extension.as_str())
        && applies(mask, bold, &["desc"])
        && mask.agrees_in("space", bold)
}

/// Whether `table` is the name of a table of confounds of the recording `bold`.
///
/// Apart from the form, it has no label that the recording lacks. It may lack some, as a mask may.
pub fn is_confounds_of(table: &Name, bold: &Name) -> bool {
    let is_confounds = match table.suffix.as_str() {
        "timeseries" | "regressors" => table.get("desc") == Some("confounds"),
        suffix => suffix == "confounds",
    };
    is_confounds && table.extension == "tsv" && applies(table, bold, &FORMS)
}

/// Returns the files with the most labels. Several are a choice that the user has to make.
pub fn nearest<'a>(files: impl Iterator<Item = &'a NamedFile>) -> Vec<&'a NamedFile> {
    let files: Vec<&NamedFile> = files.collect();
    let most = files.iter().map(|file| file.name.entities.len()).max();
    files.into_iter().filter(|file| Some(file.name.entities.len()) == most).collect()
}

/// Whether the labels of `file`, except those in `free`, are those of `bold`.
fn applies(file: &Name, bold: &Name, free: &[&str]) -> bool {
    let is_free = |entity: &str| free.contains(&entity);
    IDENTITY.iter().all(|entity| file.agrees_in(entity, bold))
        && file.entities.iter().all(|(entity, label)| is_free(entity) || bold.has(entity, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOLD: &str = "sub-01_task-rest_run-1_echo-2_space-MNI_desc-preproc_bold.nii.gz";

    fn check(applies: fn(&Name, &Name) -> bool, files: &[(&str, bool)]) {
        let bold = Name::parse(BOLD).unwrap();
        for (file, expected) in files {
            let name = Name::parse(&format!("sub-01_task-rest_{file}")).unwrap();
            assert_eq!(applies(&name, &bold), *expected, "{file}");
        }
    }

    #[test]
    fn a_mask_may_lack_labels_but_neither_run_nor_space() {
        check(
            is_brain_mask_of,
            &[
                ("run-1_space-MNI_desc-brain_mask.nii.gz", true),
                ("run-01_echo-2_space-MNI_desc-brain_mask.nii", true),
                ("run-1_bold_space-MNI_brainmask.nii.gz", true),
                ("space-MNI_desc-brain_mask.nii.gz", false),
                ("run-1_desc-brain_mask.nii.gz", false),
                ("run-1_echo-1_space-MNI_desc-brain_mask.nii.gz", false),
                ("run-1_space-MNI_res-2_desc-brain_mask.nii.gz", false),
                ("run-1_space-MNI_desc-aparcaseg_mask.nii.gz", false),
                ("run-1_space-MNI_desc-brain_mask.json", false),
            ],
        );
    }

    #[test]
    fn confounds_are_of_the_run_in_any_form() {
        check(
            is_confounds_of,
            &[
                ("run-1_desc-confounds_timeseries.tsv", true),
                ("run-01_echo-2_desc-confounds_regressors.tsv", true),
                ("run-1_bold_confounds.tsv", true),
                ("desc-confounds_timeseries.tsv", false),
                ("run-2_desc-confounds_timeseries.tsv", false),
                ("run-1_acq-fast_desc-confounds_timeseries.tsv", false),
                ("run-1_desc-confounds_timeseries.json", false),
                ("run-1_desc-other_timeseries.tsv", false),
            ],
        );
    }

    #[test]
    fn the_nearest_file_has_the_most_labels() {
        let named = |file: &str| NamedFile { path: file.into(), name: Name::parse(file).unwrap() };
        let [near, far] = ["sub-1_run-1_echo-1_mask.nii", "sub-1_run-1_mask.nii"].map(named);
        assert_eq!(nearest([&far, &near].into_iter()), [&near]);
        assert_eq!(nearest([&far, &far].into_iter()).len(), 2);
        assert!(nearest(std::iter::empty()).is_empty());
    }
}
