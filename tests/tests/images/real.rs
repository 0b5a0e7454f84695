//! Compares the real and difficult files beside the repository with nibabel.

use std::path::{Path, PathBuf};

use boldface_tests::{Sandbox, shared, told};

use super::{assert_equal, assert_same, read};

/// Refused files by the end of their path, each with a part of the reason. nibabel and we agree on all
/// others.
const REFUSED: &[(&str, &str)] = &[
    ("nibabel/analyze.hdr", "ANALYZE 7.5"),
    ("nibabel/nifti1.hdr", "one file of a pair, but neither"),
    ("nibabel/nifti2.hdr", "one file of a pair, but neither"),
    ("resources/avg152T1_LR_nifti.hdr.gz", "one file of a pair, but neither"),
    ("complex/complex32.nii", "complex numbers"),
    ("complex/complex64.nii", "complex numbers"),
    ("rgb/3D.nii", "RGB"),
    ("rgb/4D.nii", "RGB"),
    ("rgba/4D.nii", "RGB"),
    ("crash-1.nii", "the voxels start at byte 4585"),
    ("crash-08123ef33416bd6f0c5fa63d44b681b8581d62a0", "an image of -1 x -1"),
    ("crash-98aa054390f8d3f932f190dc22ef62c6ff2d6619", "the voxels start at byte -649"),
    ("crash-d03c6346fe83a026738f6b8cd2a9335a3f8cb158", "the voxels start at byte -3998"),
    ("crash-ed7d46344d7efb3b9f0c374d66d2e02f66cc447d.nii", "an image of -1 dimensions"),
    (".dconn.nii", "CIFTI"),
    (".dtseries.nii", "CIFTI"),
    (".dlabel.nii", "CIFTI"),
];

/// Pairs that nibabel finds only if both or neither file is compressed. They contain the same image as
/// `minimal.nii`.
const MIXED: [&str; 2] = ["minimal2.hdr", "minimal2.img.gz"];

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_image = [".nii", ".hdr", ".img", ".gz"].iter().any(|ending| name.ends_with(ending));
        if path.is_dir() {
            files(&path, found);
        } else if is_image || name.starts_with("crash") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_is_read_as_nibabel_reads_it_or_refused_with_the_reason() {
    let (Some(images), Some(atlas)) = (shared("nifti"), shared("atlas450")) else { return };
    let mut found = Vec::new();
    files(&images, &mut found);
    files(&atlas, &mut found);
    found.sort();
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for path in found {
        let reason = REFUSED.iter().find(|(end, _)| path.display().to_string().ends_with(end));
        match (read(&path), reason) {
            (Ok(_), None) => good.push(path),
            (Err(error), Some((_, reason))) => {
                let message = error.to_string();
                assert!(message.contains(reason), "{message}");
                // The error names the missing partner of the header.
                assert!(message.starts_with(&format!("`{}`: ", path.display())), "{message}");
                refused.push(path);
            }
            (Ok(_), Some(_)) => panic!("{} was read", path.display()),
            (Err(error), None) => panic!("{error}"),
        }
    }
    assert_eq!((refused.len(), good.len() > 40), (REFUSED.len(), true));
    let sandbox = Sandbox::new();
    let is_mixed = |path: &PathBuf| MIXED.iter().any(|name| path.ends_with(name));
    let (mixed, good): (Vec<_>, Vec<_>) = good.into_iter().partition(is_mixed);
    assert_eq!(mixed.len(), MIXED.len());
    for path in mixed {
        let plain = read(&path.with_file_name("minimal.nii")).unwrap();
        assert_eq!(read(&path).unwrap().values, plain.values);
    }
    let mut arguments = vec![sandbox.path("").display().to_string()];
    arguments.extend(good.iter().map(|path| path.display().to_string()));
    let Some(theirs) = told("read_images.py", &arguments) else { return };
    for (number, (path, theirs)) in good.iter().zip(&theirs).enumerate() {
        let name = path.display().to_string();
        let ours = read(path).unwrap();
        assert_same(&name, &ours, theirs);
        assert_equal(&name, &ours.values, &sandbox.path(&format!("{number}.f32")));
    }
}
